"use strict";

/* What the wall shows is told by the payload: this places it. It knows no channel and no language; what goes on between
   two payloads, or without any, it says by the messages of the page. */

const LOST_MS = 3000;       // three payloads missed: the stream is broken, whatever the browser thinks of it
const RECONNECT_MS = 10000; // a connection this silent is replaced: it may be half dead, or closed for good
const TICK_MS = 250;        // often enough that no second is skipped on the screen

const LONG_CHARACTERS = {tiles: {count: 2, seconds: 7, ratio: 5}, table: {count: 7, seconds: 7, ratio: 7}}; // without spaces
const LONG_NAME_CHARACTERS = {table: 13, brief: 15};
const TILE_UNITS = 18;                            // the height of a row of tiles,
const TABLE_UNITS = (rows) => 5.5 + 4.1 * rows;   // and of a table (pages.py has both)
const NAME_WIDTH = {table: 18.6, brief: 21};
const WIDTHS = {
  tiles: {count: 14, seconds: 22, ratio: 19, now: 26},
  table: {count: 8.4, seconds: 24.2, ratio: 24.2, now: 24.6},
  brief: {count: 10, seconds: 17, ratio: 18, now: 17}, // a table on one of several pages: longer names, verdicts as signs
};
const WORST_SHOWN = 3;
const SCROLLS = matchMedia("(max-width: 820px), (max-aspect-ratio: 1/1)"); // as in the style: there is one long page

let payload = null;     // the last payload,
let arrivedAt = 0;      // when it came, by the browser's steady clock,
let lost = false;       // and whether the next one is overdue
let askedAt = 0;        // when the stream was last asked for
let source = null;
let pageVersion = null;
let shape = "";         // what the panels on the page were built for
let panels = [];

const byId = (id) => document.getElementById(id);
const setText = (node, text) => { if (node.textContent !== text) node.textContent = text; };
const setState = (node, state) => { if (node.dataset.state !== state) node.dataset.state = state; };

const messages = JSON.parse(byId("messages").textContent);
const fill = (pattern, values) => pattern.replace(/\{(\w+)\}/g, (_, name) => values[name]);
const two = (value) => String(value).padStart(2, "0");
const dateFormat = new Intl.DateTimeFormat(messages.locale, {
  timeZone: "UTC", weekday: "long", day: "numeric", month: "long",
});

/** Whole seconds as "38 s", "2 min 05 s" or "1 h 05 min". */
function duration(seconds) {
  if (seconds < 60) return fill(messages.duration_seconds, {seconds});
  if (seconds < 3600) {
    return fill(messages.duration_minutes, {minutes: Math.floor(seconds / 60), seconds: two(seconds % 60)});
  }
  return fill(messages.duration_hours, {hours: Math.floor(seconds / 3600), minutes: two(Math.floor(seconds % 3600 / 60))});
}

function make(tag, className, ...children) {
  const node = document.createElement(tag);
  node.className = className;
  node.append(...children);
  return node;
}

// --- the panels -----------------------------------------------------------------------------------------------

/** The cell as it is now: the longest wait grows between two payloads. */
function grown(cell, extraSeconds) {
  if (cell.limit_seconds === undefined) return cell;
  const seconds = Math.floor(cell.value + extraSeconds);
  const isOver = seconds > cell.limit_seconds;
  return {...cell, text: duration(seconds), verdict: isOver ? cell.over : "", state: isOver ? "bad" : "none"};
}

/** Where one figure stands: the function returned shows it, smaller when it is longer than `roomFor` characters. */
function place(valueNode, verdictNode, stateNode, roomFor) {
  let shown = null;
  return (cell) => {
    if (cell.text !== shown) {
      valueNode.classList.toggle("words", cell.is_words === true);
      valueNode.classList.toggle("long", cell.text.replace(/\s/g, "").length > roomFor);
      valueNode.replaceChildren(...(cell.is_words ? [cell.text] : withSmallUnits(cell.text)));
      shown = cell.text;
    }
    setText(verdictNode, cell.verdict ?? "");
    setState(stateNode, cell.state ?? "none");
  };
}

const withSmallUnits = (text) => text.split(/(\s?[\p{L}%]+\s?)/u).filter(Boolean)
  .map((part) => (/[\p{L}%]/u.test(part) ? make("span", "unit", part) : part));

/** The sign that a verdict begins with. */
const sign = (verdict) => verdict.split(" ", 1)[0];

const width = (form, column) => WIDTHS[form][column.is_now && column.unit === "seconds" ? "now" : column.unit];
const widths = (form, channel) => channel.columns.map((column) => `${width(form, column)}fr`).join(" ");

function makeTile(column) {
  const norm = make("dd", "norm"), value = make("dd", "value"), note = make("dd", "note"), verdict = make("dd", "verdict");
  const className = `tile ${column.unit}${column.is_now ? " now" : ""}`;
  const node = make("div", className, make("dt", "", column.label), norm, value, note, verdict);
  const show = place(value, verdict, node, LONG_CHARACTERS.tiles[column.unit]);
  return {node, show: (cell) => { show(cell); setText(norm, cell.norm ?? ""); setText(note, cell.note ?? ""); }};
}

function makeAge() {
  const age = make("p", "age");
  age.hidden = true;
  return age;
}

/** A channel whose clusters have a row of large tiles each. */
function makeTiles(channel, root) {
  root.style.setProperty("--units", TILE_UNITS * channel.clusters.length);
  root.style.setProperty("--panel-units", TILE_UNITS);
  root.style.setProperty("--columns", widths("tiles", channel));
  return channel.clusters.map((cluster) => {
    const tiles = channel.columns.map(makeTile);
    const name = make("h2", "", cluster.cluster);
    name.title = cluster.cluster;
    const head = make("div", "head", name, make("p", "kind", channel.title), makeAge());
    const list = make("dl", "tiles", ...tiles.map((tile) => tile.node));
    root.append(make("section", "holder", make("div", "panel", head, list)));
    return (now, extraSeconds) => {
      now.cells.forEach((cell, index) => tiles[index].show(grown(cell, extraSeconds)));
    };
  });
}

function makeCell(column) {
  const value = make("span", "value"), verdict = make("span", "verdict");
  const node = make("td", column.unit, make("span", "label", column.label), value, verdict);
  return {node, show: place(value, verdict, node, LONG_CHARACTERS.table[column.unit])};
}

/** How a cluster stands: its longest wait over the norm comes before its average. */
const standing = (cells, cluster) =>
  cells.some((cell) => cell.limit_seconds !== undefined && cell.state === "bad") ? "bad" : cluster.state;

const tableForm = (channel) => channel.part ? "brief" : "table";

function makeRow(channel, cluster) {
  const form = tableForm(channel);
  const isLong = cluster.cluster.length > LONG_NAME_CHARACTERS[form];
  const name = make("span", isLong ? "long" : "", cluster.cluster), note = make("td", "note");
  name.title = cluster.cluster;
  const beside = make("span", "norm", cluster.norm); // the norm, and who serves
  const head = make("th", "", name, beside);
  head.scope = "row";
  const cells = channel.columns.map(makeCell);
  const row = make("tr", "", head, ...cells.map((cell) => cell.node), note);
  const show = (now, extraSeconds) => {
    const all = now.cells.map((cell) => grown(cell, extraSeconds));
    all.forEach((cell, index) => cells[index].show(form === "brief" ? {...cell, verdict: sign(cell.verdict ?? "")} : cell));
    const serves = now.cells.filter((_, index) => channel.columns[index].is_now).map((cell) => cell.note);
    setText(beside, [now.norm, ...serves].filter(Boolean).join(", "));
    setText(note, now.note);
    const state = standing(all, now);
    if (row.dataset.row !== state) row.dataset.row = state;
  };
  return {row, show};
}

/** Which clusters of a channel these are, where they are not all. */
function range({part}) {
  if (!part || part.count === part.total) return [];
  return [make("p", "kind", fill(messages.part, {first: part.first + 1, last: part.first + part.count, total: part.total}))];
}

/** A channel that is one table, with a row for each of its clusters. */
function makeTable(channel, root) {
  const units = TABLE_UNITS(channel.clusters.length);
  root.style.setProperty("--units", units);
  root.style.setProperty("--panel-units", units);
  const form = tableForm(channel);
  root.classList.toggle("brief", form === "brief");
  root.style.setProperty("--columns", `${NAME_WIDTH[form]}fr ${widths(form, channel)}`);
  const heads = [make("span", "unseen", channel.place), ...channel.columns.map((column) => column.label)].map((title) => {
    const head = make("th", "", title);
    head.scope = "col";
    return head;
  });
  const rows = channel.clusters.map((cluster) => makeRow(channel, cluster));
  const body = make("tbody", "", ...rows.map((each) => each.row));
  const table = make("table", "", make("thead", "", make("tr", "", ...heads)), body);
  const section = make("section", "holder",
    make("div", "panel", make("div", "head", make("h2", "", channel.title), ...range(channel), makeAge()), table));
  section.setAttribute("aria-label", channel.title);
  root.append(section);
  return rows.map((each) => each.show);
}

const FORMS = {tiles: makeTiles, table: makeTable};

/** The channels as they stand on the page of this moment: all of each, or a part of some. */
function view(elapsedSeconds) {
  const {pages, turn_seconds: turn, channels} = payload;
  const page = pages.length && !SCROLLS.matches
    ? Math.floor((Date.parse(payload.at) / 1000 + elapsedSeconds) / turn) % pages.length : null;
  if (page === null) return {page, shown: channels.map((channel, index) => ({...channel, index}))};
  const shown = pages[page].map((part) => {
    const channel = channels[part.channel], clusters = channel.clusters.slice(part.first, part.first + part.count);
    return {...channel, clusters, index: part.channel, part: {...part, total: channel.clusters.length}};
  });
  return {page, shown};
}

/** Build the panels anew when what is shown is another than before; otherwise leave them standing. */
function build(shown) {
  const wanted = JSON.stringify(shown.map(({channel, form, title, place: one, columns, clusters, part}) =>
    [channel, form, title, one, columns, part, clusters.map((each) => [each.cluster, each.norm])]));
  if (wanted === shape) return;
  for (const old of document.querySelectorAll(".channel")) old.remove();
  panels = shown.map((channel) => {
    const root = make("div", "channel");
    root.dataset.channel = channel.channel;
    byId("wall").append(root);
    return {root, clusters: FORMS[channel.part?.form ?? channel.form](channel, root)};
  });
  shape = wanted;
}

// --- what stays in view while pages turn ----------------------------------------------------------------------

/** The figure by which a cluster breaks its norm, and by how much; null where it breaks none. */
function breach(cluster, extraSeconds) {
  const cells = cluster.cells.map((cell) => grown(cell, extraSeconds));
  if (standing(cells, cluster) !== "bad") return null;
  const waits = cells.find((cell) => cell.limit_seconds !== undefined && cell.state === "bad");
  const cell = waits ?? cells.find((each) => each.state === "bad");
  return {name: cluster.cluster, text: cell?.text ?? "", ratio: waits ? waits.value / waits.limit_seconds : 0};
}

/** How many break their norm, the worst by name, and which page this is: what is old is not judged. */
function showSummary(page, elapsedSeconds, extraSeconds) {
  byId("summary").hidden = page === null;
  document.body.classList.toggle("paged", page !== null);
  if (page === null) return;
  const reasons = payload.channels.map((channel) => staleWords(channel, elapsedSeconds));
  const fresh = payload.channels.filter((_, index) => reasons[index] === null).flatMap((channel) => channel.clusters);
  const worst = fresh.map((cluster) => breach(cluster, extraSeconds)).filter((each) => each !== null);
  worst.sort((one, other) => other.ratio - one.ratio);
  const why = reasons.find((each) => each !== null) ?? "";
  const count = fill(messages.above, {count: worst.length, total: fresh.length});
  setText(byId("above"), fresh.length ? count : why);
  setState(byId("summary"), fresh.length ? (worst.length ? "bad" : "good") : "stale");
  setText(byId("pages"), fill(messages.page, {page: page + 1, pages: payload.pages.length}));
  showWorst(worst.slice(0, WORST_SHOWN).map(({name, text}) => [name, text]));
}

/** As many of them as there is room for: a name that is cut off tells nothing. */
function showWorst(named) {
  const list = byId("worst"), shown = JSON.stringify([named, byId("above").textContent, byId("pages").textContent, innerWidth]);
  if (shown === list.dataset.shown) return;
  list.dataset.shown = shown;
  list.replaceChildren(...named.map(([name, text]) =>
    make("li", "", make("span", "name", name), make("span", "value", ...withSmallUnits(text)))));
  while (list.childElementCount > 1 && list.scrollWidth > list.clientWidth) list.lastElementChild.remove();
}

// --- how fresh it is ------------------------------------------------------------------------------------------

/** Why a channel's figures are stale, in words, or null while they are fresh. */
function staleWords(channel, elapsedSeconds) {
  if (!lost && channel.stale) return channel.stale;
  if (channel.never) return channel.never;
  if (!lost && channel.silent_seconds === null) return null;
  return fill(channel.age, {duration: duration(Math.floor((channel.silent_seconds ?? 0) + elapsedSeconds))});
}

function showStale(root, words) {
  for (const holder of root.querySelectorAll(".holder")) {
    const age = holder.querySelector(".age");
    holder.classList.toggle("stale", words !== null);
    age.hidden = words === null;
    setText(age, words ?? "");
  }
}

function showHeader(elapsedSeconds) {
  const offset = /([+-])(\d\d):(\d\d)$/.exec(payload.at);
  const minutes = offset ? Number(`${offset[1]}1`) * (Number(offset[2]) * 60 + Number(offset[3])) : 0;
  const local = new Date(Date.parse(payload.at) + (minutes * 60 + elapsedSeconds) * 1000);
  setText(byId("clock"), `${two(local.getUTCHours())}:${two(local.getUTCMinutes())}:${two(local.getUTCSeconds())}`);
  setText(byId("date"), dateFormat.format(local));
  byId("demo").hidden = !payload.demo;
  setText(byId("link"), lost ? messages.lost : payload.link.text);
  setState(byId("link"), lost ? "lost" : payload.link.state);
}

// --- the stream -----------------------------------------------------------------------------------------------

function show() {
  if (payload === null) return;
  const elapsed = performance.now() - arrivedAt;
  lost = elapsed > LOST_MS;
  const {page, shown} = view(elapsed / 1000);
  build(shown);
  const extraSeconds = Math.min(elapsed, LOST_MS) / 1000;
  showSummary(page, elapsed / 1000, extraSeconds);
  shown.forEach((channel, index) => {
    const {root, clusters} = panels[index];
    channel.clusters.forEach((cluster, row) => clusters[row](cluster, extraSeconds));
    showStale(root, staleWords(channel, elapsed / 1000));
  });
  showHeader(elapsed / 1000);
  setText(byId("announce"), lost ? messages.stale : payload.announcement);
}

function tick() {
  const now = performance.now();
  if (payload === null && now > LOST_MS) setText(byId("notice"), messages.unreachable);
  if (now - Math.max(arrivedAt, askedAt) > RECONNECT_MS) connect();
  show();
}

function receive(event) {
  payload = JSON.parse(event.data);
  arrivedAt = performance.now();
  byId("notice").hidden = true;
  show();
}

/** A screen hangs for months: it takes up the page of a new version by itself. */
function checkVersion(event) {
  if (pageVersion !== null && pageVersion !== event.data) location.reload();
  pageVersion = event.data;
}

function connect() {
  source?.close();
  source = new EventSource("/wall/events");
  source.addEventListener("message", receive);
  source.addEventListener("page", checkVersion);
  askedAt = performance.now();
}

connect();
setInterval(tick, TICK_MS);

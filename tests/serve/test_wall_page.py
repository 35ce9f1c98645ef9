"""The wall page in a real Chromium: what hangs on the wall at half past nine on a Monday.

The browser's clock is stopped where time matters and moved by hand, so that no test waits for time to pass.
"""

import re
from bisect import bisect_left
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
import pytest
import pytest_asyncio
from aiohttp.web import AppRunner
from playwright.async_api import Browser, Locator, Page, ViewportSize, expect

from streams.core.norms import OwnServiceLevel, ServiceLevel
from streams.core.rules import Channel
from streams.serve.wall.moment import ClusterNow, Moment, Trouble
from streams.serve.wall.page import read_page
from streams.serve.wall.pages import TURN_SECONDS
from streams.serve.wall.payload import BEHIND_AFTER_SECONDS, HealthPayload, Opening, WallChannel, WallPayload
from streams.serve.web import create_web, serve
from streams.words import Language, message
from tests.browser import chromium
from tests.serve.wall_payloads import (
    BUSY_DAY,
    BUSY_QUARTER,
    NO_CALLS,
    NO_VISITS,
    desk,
    lier_desks,
    phone,
    wall_moment,
    wall_payload,
    with_feeds,
)

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

PATIENCE_MS: Final = 60_000
"""How long a screen may take to show what it should, on the busiest machine."""

INTERVAL_SECONDS: Final = 0.2
"""Between two payloads: each is drawn anew, which takes more time than all else."""
ONCE_SECONDS: Final = 3600.0
"""An interval that no test lives through: one payload for each connection, so that none is on its way unseen."""

TITLE: Final = "Wachtmonitor: wachttijden op dit moment"
TELEVISION: Final = ViewportSize(width=1920, height=1080)
SMALL_SCREEN: Final = ViewportSize(width=1280, height=720)
TELEPHONE: Final = ViewportSize(width=390, height=844)
LONG_NAME: Final = (
    "Dienst Ruimtelijke Ordening en Omgevingsvergunningen voor Ondernemers en Particulieren in de Binnenstad"[:100]
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """One for all tests, with patience."""
    expect.set_options(timeout=PATIENCE_MS)
    async with chromium() as started:
        yield started


@dataclass
class Wall:
    """A server with figures that a test sets, and a screen that shows them."""

    browser: Browser
    moment: Moment = field(default_factory=wall_moment)
    language: Language = Language.DUTCH
    extra: tuple[WallChannel, ...] = ()
    failing: bool = False
    runner: AppRunner | None = None
    port: int = 0
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def figures(self) -> WallPayload:
        """What the server shows now."""
        if self.failing:
            raise RuntimeError("no figures for this test")
        payload = wall_payload(self.moment, self.language)
        return msgspec.structs.replace(payload, channels=(*payload.channels, *self.extra))

    async def start(self, interval_seconds: float = INTERVAL_SECONDS) -> None:
        """Serve, on the same port as before if there was one."""
        application = create_web(
            metrics=bytes,
            months=bytes,
            wall=self.figures,
            health=HealthPayload,
            worker_health=HealthPayload,
            language=self.language,
            interval_seconds=interval_seconds,
        )
        self.runner = await serve(application, "127.0.0.1", self.port)
        self.port = self.runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop serving, as a worker does that goes down."""
        if self.runner is not None:
            await self.runner.cleanup()
            self.runner = None

    async def screen(self, viewport: ViewportSize = TELEVISION, *, stopped_clock: bool = False) -> Page:
        """A screen with the page on it, in a zone that is not the city's; its complaints and requests are kept."""
        context = await self.browser.new_context(
            viewport=viewport, locale="en-US", timezone_id="America/New_York", reduced_motion="reduce"
        )
        page = await context.new_page()
        page.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))
        if stopped_clock:
            await page.clock.install(time=0)
            await page.clock.pause_at(1000)
        await page.goto(f"http://127.0.0.1:{self.port}/wall")
        await expect(page.locator("#notice")).to_be_hidden()
        return page

    async def show(self, moment: Moment, viewport: ViewportSize = TELEVISION) -> Page:
        """A screen that shows this moment."""
        self.moment = moment
        await self.start()
        return await self.screen(viewport)


@pytest_asyncio.fixture(loop_scope="module")
async def wall(browser: Browser) -> AsyncIterator[Wall]:
    """A wall that is taken down after the test."""
    hung = Wall(browser)
    yield hung
    for context in browser.contexts:
        await context.close()
    await hung.stop()


def tile(page: Page, label: str) -> Locator:
    """The tile of the telephone with this label."""
    return page.locator(".tile", has=page.get_by_text(label, exact=True))


def desk_cell(page: Page, desk_name: str, column: int) -> Locator:
    """A desk's cell: 0 waiting, 1 longest wait, 2 average of the recent window, 3 average of today."""
    return page.get_by_role("row", name=desk_name).locator("td").nth(column)


# --- figures ----------------------------------------------------------------------------------------------------


async def test_every_figure_of_the_payload_stands_on_the_wall(wall: Wall) -> None:
    page = await wall.show(wall_moment())
    await expect(tile(page, "wachtend nu").locator(".value")).to_have_text("3")
    await expect(tile(page, "gemiddeld 15 min")).to_have_text(re.compile(r"norm < 45 s.*39 s.*41 beantwoord"))
    await expect(tile(page, "binnen 30 s vandaag")).to_have_text(re.compile(r"norm ≥ 70\s%.*74\s%.*812 beantwoord"))
    await expect(tile(page, "gemist vandaag")).to_have_text(re.compile(r"norm ≤ 20\s%.*6,9\s%.*60 oproepen"))
    await expect(page.get_by_role("row", name="Burgerzaken").locator("th")).to_have_text("Burgerzakennorm ≤ 1 min")
    await expect(desk_cell(page, "Burgerzaken", 0).locator(".value")).to_have_text("4")
    await expect(desk_cell(page, "Burgerzaken", 2).locator(".value")).to_have_text("1 min 14 s")
    await expect(desk_cell(page, "Burgerzaken", 3).locator(".value")).to_have_text("52 s")
    await expect(page.get_by_role("row")).to_have_count(7)


async def test_new_figures_appear_without_a_reload(wall: Wall) -> None:
    page = await wall.show(wall_moment(phone(waiting=3), desk("Wonen", 300, 1)))
    waiting = tile(page, "wachtend nu").locator(".value")
    await expect(waiting).to_have_text("3")
    wall.moment = wall_moment(phone(waiting=11), desk("Wonen", 300, 2))
    await expect(waiting).to_have_text("11")
    await expect(desk_cell(page, "Wonen", 0).locator(".value")).to_have_text("2")
    assert sum(url.endswith("/wall") for url in wall.requests) == 1


async def test_clusters_that_come_and_go_are_followed(wall: Wall) -> None:
    page = await wall.show(wall_moment(phone(), desk("Wonen", 300, 1)))
    wall.moment = wall_moment(desk("Sport", 300, 1), desk("Bibliotheek", 300, 1))
    await expect(page.locator("tbody th span:first-child")).to_have_text(["Sport", "Bibliotheek"])
    await expect(page.locator("[data-channel=phone]")).to_have_count(0)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0 s"),
        (38.2, "38 s"),
        (59.6, "1 min 00 s"),
        (125.0, "2 min 05 s"),
        (725.0, "12 min 05 s"),
        (3900.0, "1 u 05 min"),
    ],
)
async def test_waits_are_written_for_people(wall: Wall, seconds: float, text: str) -> None:
    page = await wall.show(wall_moment(desk("Wonen", 300, 1, None, seconds, seconds)))
    await expect(desk_cell(page, "Wonen", 2).locator(".value")).to_have_text(text)


async def test_numbers_are_written_the_dutch_way(wall: Wall) -> None:
    today = msgspec.structs.replace(BUSY_DAY, count=1234, missed=1021, missed_ratio=0.4528)
    page = await wall.show(wall_moment(phone(today=today)))
    await expect(tile(page, "gemist vandaag").locator(".value")).to_have_text("45,3 %")
    await expect(tile(page, "gemist vandaag").locator(".note")).to_have_text("1.021 oproepen")
    await expect(tile(page, "binnen 30 s vandaag").locator(".note")).to_have_text("1.234 beantwoord")
    wall.moment = wall_moment(phone(today=msgspec.structs.replace(today, without_short_ratio=0.4012)))
    await expect(tile(page, "gemist vandaag").locator(".note")).to_have_text("zonder korte: 40,1 %")
    await expect(tile(page, "gemist vandaag").locator(".value")).to_have_text("45,3 %")


async def test_the_service_level_is_named_by_its_own_bound(wall: Wall) -> None:
    norms = msgspec.structs.replace(wall.moment.norms, service_level_seconds=60)
    page = await wall.show(msgspec.structs.replace(wall.moment, norms=norms))
    await expect(tile(page, "binnen 1 min vandaag").locator(".value")).to_have_text("74 %")


async def test_the_clock_is_the_citys_and_not_the_screens(wall: Wall) -> None:
    wall.moment = wall_moment(at="2026-11-23T00:05:09+01:00")
    await wall.start(ONCE_SECONDS)
    page = await wall.screen(stopped_clock=True)
    await expect(page.locator("#clock")).to_have_text("00:05:09")
    await expect(page.locator("#date")).to_have_text("maandag 23 november")


async def test_the_longest_wait_and_the_clock_tick_between_payloads(wall: Wall) -> None:
    wall.moment = wall_moment(phone(longest=32.1), desk("Wonen", 300, 1, 58.0))
    await wall.start(ONCE_SECONDS)
    page = await wall.screen(stopped_clock=True)
    await expect(tile(page, "langste wacht nu").locator(".value")).to_have_text("32 s")
    await page.clock.run_for(3_000)
    await expect(tile(page, "langste wacht nu").locator(".value")).to_have_text("35 s")
    await expect(desk_cell(page, "Wonen", 1).locator(".value")).to_have_text("1 min 01 s")
    await expect(page.locator("#clock")).to_have_text("10:31:08")


# --- norms: a word and a symbol beside each colour ----------------------------------------------------------------


async def test_within_the_norm_is_said_in_words(wall: Wall) -> None:
    page = await wall.show(wall_moment())
    await expect(tile(page, "gemiddeld 15 min").locator(".verdict")).to_have_text("✓ binnen norm")
    await expect(tile(page, "binnen 30 s vandaag").locator(".verdict")).to_have_text("✓ norm gehaald")
    await expect(tile(page, "gemist vandaag").locator(".verdict")).to_have_text("✓ binnen norm")
    await expect(desk_cell(page, "Wonen", 2).locator(".verdict")).to_have_text("✓ binnen norm")


async def test_a_broken_norm_is_said_in_words(wall: Wall) -> None:
    quarter = msgspec.structs.replace(BUSY_QUARTER, average_wait_seconds=71.0)
    today = msgspec.structs.replace(BUSY_DAY, within_ratio=0.61, missed_ratio=0.229)
    page = await wall.show(wall_moment(phone(longest=95.0, quarter=quarter, today=today), *lier_desks()))
    for label in ("langste wacht nu", "gemiddeld 15 min", "gemist vandaag"):
        await expect(tile(page, label).locator(".verdict")).to_have_text("▲ boven norm")
    await expect(tile(page, "binnen 30 s vandaag").locator(".verdict")).to_have_text("▼ onder norm")
    await expect(desk_cell(page, "Burgerzaken", 2).locator(".verdict")).to_have_text("▲ boven norm")
    await expect(page.get_by_role("status")).to_have_text("Boven norm: Klantencontactcentrum, Burgerzaken.")


def averaging(seconds: float) -> ClusterNow:
    """A telephone line with this average in the recent window."""
    return phone(quarter=msgspec.structs.replace(BUSY_QUARTER, average_wait_seconds=seconds))


@pytest.mark.parametrize(
    ("seconds", "text", "verdict"),
    [(44.7, "44 s", "✓ binnen norm"), (45.0, "45 s", "▲ boven norm"), (45.3, "45 s", "▲ boven norm")],
)
async def test_the_telephone_stays_under_its_norm_and_the_figure_agrees(
    wall: Wall, seconds: float, text: str, verdict: str
) -> None:
    page = await wall.show(wall_moment(averaging(seconds)))
    await expect(tile(page, "gemiddeld 15 min").locator(".value")).to_have_text(text)
    await expect(tile(page, "gemiddeld 15 min").locator(".verdict")).to_have_text(verdict)


@pytest.mark.parametrize(
    ("seconds", "text", "verdict"),
    [
        (59.7, "1 min 00 s", "✓ binnen norm"),
        (60.0, "1 min 00 s", "✓ binnen norm"),
        (60.3, "1 min 01 s", "▲ boven norm"),
    ],
)
async def test_a_desk_may_reach_its_norm_and_the_figure_agrees(
    wall: Wall, seconds: float, text: str, verdict: str
) -> None:
    page = await wall.show(wall_moment(desk("Burgerzaken", 60, 1, None, seconds, seconds)))
    await expect(desk_cell(page, "Burgerzaken", 2).locator(".value")).to_have_text(text)
    await expect(desk_cell(page, "Burgerzaken", 2).locator(".verdict")).to_have_text(verdict)


@pytest.mark.parametrize(
    ("within_30", "within_30_text", "missed", "missed_text"),
    [
        (0.70, "70 %✓ norm gehaald", 0.2, "20,0 %✓ binnen norm"),
        (0.6999, "69 %▼ onder norm", 0.2001, "20,1 %▲ boven norm"),
        (0.703, "70 %✓ norm gehaald", 0.1998, "20,0 %✓ binnen norm"),
        (1.0, "100 %✓ norm gehaald", 1.0, "100,0 %▲ boven norm"),
    ],
)
async def test_a_share_beside_its_norm_never_contradicts_its_verdict(
    wall: Wall, within_30: float, within_30_text: str, missed: float, missed_text: str
) -> None:
    today = msgspec.structs.replace(BUSY_DAY, within_ratio=within_30, missed_ratio=missed)
    page = await wall.show(wall_moment(phone(today=today)))
    for label, text in (("binnen 30 s vandaag", within_30_text), ("gemist vandaag", missed_text)):
        shown = tile(page, label)
        parts = [await shown.locator(part).text_content() for part in (".value", ".verdict")]
        assert "".join(part or "" for part in parts).replace("\N{NO-BREAK SPACE}", " ") == text


# --- no figure is not zero ----------------------------------------------------------------------------------------


async def test_an_empty_window_says_so(wall: Wall) -> None:
    line = phone(waiting=0, longest=None, quarter=NO_CALLS, today=NO_CALLS)
    page = await wall.show(wall_moment(line, desk("Wonen", 300)))
    for label in ("gemiddeld 15 min", "binnen 30 s vandaag", "gemist vandaag"):
        await expect(tile(page, label).locator(".value")).to_have_text("geen oproepen")
        await expect(tile(page, label).locator(".verdict")).to_have_text("")
    for column in (2, 3):
        await expect(desk_cell(page, "Wonen", column).locator(".value")).to_have_text("geen bezoekers")
    await expect(tile(page, "wachtend nu").locator(".value")).to_have_text("0")
    await expect(tile(page, "langste wacht nu").locator(".value")).to_have_text("\N{EN DASH}")


async def test_only_missed_calls_are_not_called_no_calls(wall: Wall) -> None:
    missed = msgspec.structs.replace(NO_CALLS, missed=3, missed_ratio=1.0)
    walk_ins = msgspec.structs.replace(NO_VISITS, walk_ins=2)
    visited = msgspec.structs.replace(desk("Wonen", 300), windows={"15m": walk_ins, "today": walk_ins})
    page = await wall.show(wall_moment(phone(quarter=missed, today=missed), visited))
    await expect(tile(page, "gemiddeld 15 min").locator(".value")).to_have_text("geen beantwoorde oproepen")
    await expect(tile(page, "gemist vandaag").locator(".value")).to_have_text("100,0 %")
    await expect(desk_cell(page, "Wonen", 2).locator(".value")).to_have_text("geen afspraken")


@pytest.mark.parametrize(
    ("opening", "word"), [("outside_opening_hours", "gesloten"), ("closing_day", "vandaag gesloten")]
)
async def test_closed_is_said_and_silence_is_then_no_fault(wall: Wall, opening: Opening, word: str) -> None:
    line = phone(waiting=0, longest=None, quarter=NO_CALLS)
    page = await wall.show(wall_moment(line, desk("Wonen", 300), opening=opening, ages=(40_000.0, None)))
    await expect(page.locator("#link")).to_have_text(f"■ {word}")
    await expect(tile(page, "gemiddeld 15 min").locator(".value")).to_have_text("gesloten")
    await expect(desk_cell(page, "Wonen", 2).locator(".value")).to_have_text("gesloten")
    await expect(tile(page, "gemist vandaag").locator(".value")).to_have_text("6,9 %")
    await expect(page.locator(".age:visible")).to_have_count(0)


async def test_who_still_waits_after_closing_is_shown(wall: Wall) -> None:
    page = await wall.show(wall_moment(desk("Wonen", 300, 2, 100.0), opening="outside_opening_hours"))
    await expect(desk_cell(page, "Wonen", 0).locator(".value")).to_have_text("2")


async def test_a_demonstration_is_called_one(wall: Wall) -> None:
    page = await wall.show(wall_moment())
    await expect(page.locator("#demo")).to_be_hidden()
    wall.moment = wall_moment(demo=True)
    await expect(page.get_by_text("Demo: geen actuele cijfers")).to_be_visible()


# --- stale figures ------------------------------------------------------------------------------------------------


async def colour(page: Page, selector: str) -> str:
    """The colour of the text of the first element found."""
    computed: str = await page.locator(selector).first.evaluate("node => getComputedStyle(node).color")
    return computed


GREY: Final = "rgb(139, 151, 163)"


async def test_a_silent_feed_turns_its_own_panel_grey_until_it_speaks_again(wall: Wall) -> None:
    page = await wall.show(wall_moment(ages=(130.4, 2.0), lag=1234))
    await expect(page.locator("[data-channel=phone] .age")).to_have_text(
        "gegevens van 2 min 10 s geleden · nog 1.234 te lezen"
    )
    await expect(page.locator("[data-channel=phone] .value").first).to_have_css("color", GREY)
    await expect(page.locator("[data-channel=desk] .age")).to_be_hidden()
    assert await colour(page, "[data-channel=desk] .value") != GREY
    await expect(page.get_by_role("status")).to_have_text("De gegevens zijn verouderd.")
    wall.moment = wall_moment()
    await expect(page.locator("[data-channel=phone] .age")).to_be_hidden()
    await expect(page.locator("[data-channel=phone] .value").first).not_to_have_css("color", GREY)


@pytest.mark.parametrize("state", ["overfull", "quiet"])
async def test_every_stale_figure_is_grey_whatever_it_says(wall: Wall, state: str) -> None:
    fresh = STATES[state]()
    page = await wall.show(with_feeds(fresh, age_seconds=100.0))
    await expect(page.locator(".age:visible")).to_have_count(2)
    colours = await page.locator(".value, .verdict, .unit").evaluate_all(
        "nodes => nodes.map((node) => getComputedStyle(node).color)"
    )
    assert set(colours) == {GREY}


async def test_a_feed_is_stale_only_after_its_own_threshold(wall: Wall) -> None:
    page = await wall.show(wall_moment(ages=(89.0, 91.0)))
    await expect(page.locator("[data-channel=desk] .age")).to_have_text(re.compile("gegevens van 1 min 31 s geleden"))
    await expect(page.locator("[data-channel=phone] .age")).to_be_hidden()
    wall.moment = with_feeds(wall.moment, stale_after_seconds=300.0)
    await expect(page.locator("[data-channel=desk] .age")).to_be_hidden()


@pytest.mark.parametrize("opening", ["open", "outside_opening_hours"])
async def test_a_feed_with_a_backlog_is_not_shown_as_live_however_new_its_newest_event(
    wall: Wall, opening: Opening
) -> None:
    fresh = wall_moment(opening=opening, lag=12_345)
    calls, tickets = fresh.feeds.values()
    behind = {Channel.PHONE: msgspec.structs.replace(calls, behind_seconds=7_600.0), Channel.DESK: tickets}
    page = await wall.show(msgspec.structs.replace(fresh, feeds=behind))
    await expect(page.locator("[data-channel=phone] .age")).to_have_text(
        "loopt 2 u 06 min achter · nog 12.345 te lezen"
    )
    await expect(page.locator("[data-channel=phone] .value").first).to_have_css("color", GREY)
    await expect(page.locator("#link")).to_have_text("▲ haalt achterstand in")
    await expect(page.locator("[data-channel=desk] .age")).to_be_hidden()
    wall.moment = fresh
    await expect(page.locator("[data-channel=phone] .age")).to_be_hidden()
    await expect(page.locator("#link")).not_to_have_text("▲ haalt achterstand in")


async def test_a_feed_is_behind_only_after_more_than_a_takeover_takes(wall: Wall) -> None:
    fresh = wall_moment(lag=3)
    page = await wall.show(with_feeds(fresh, behind_seconds=BEHIND_AFTER_SECONDS))
    await expect(page.locator("#link")).to_have_text("● live")
    wall.moment = with_feeds(fresh, behind_seconds=BEHIND_AFTER_SECONDS + 1)
    await expect(page.locator(".age:visible")).to_have_count(2)


CUT_OFF: Final = Trouble(message=message("problem-cut-off"), channels=tuple(Channel))
CUT_OFF_SAID: Final = "De monitor heeft geen verbinding met Kafka"
MISSING: Final = Trouble(
    message=message("problem-part-missing", contacts=message("contacts-phone"), missing=1, count=4),
    channels=(Channel.PHONE,),
)
MISSING_SAID: Final = "Deel ontbreekt: oproepen 1 van 4"


async def test_a_problem_turns_its_channel_grey_and_is_said_in_words_until_it_is_over(wall: Wall) -> None:
    page = await wall.show(wall_moment(problems=[MISSING]))
    await expect(page.locator("#link")).to_have_text(f"✕ {MISSING_SAID}")
    await expect(page.locator("[data-channel=phone] .age")).to_have_text(MISSING_SAID)
    await expect(page.locator("[data-channel=phone] .value").first).to_have_css("color", GREY)
    await expect(page.locator("[data-channel=desk] .age")).to_be_hidden()
    assert await colour(page, "[data-channel=desk] .value") != GREY
    await expect(page.get_by_role("status")).to_have_text(f"{MISSING_SAID}.")
    wall.moment = wall_moment()
    await expect(page.locator(".age:visible")).to_have_count(0)
    await expect(page.locator("#link")).to_have_text("● live")


@pytest.mark.parametrize("opening", ["open", "closing_day"])
async def test_a_problem_of_all_turns_all_grey_at_any_hour(wall: Wall, opening: Opening) -> None:
    """Before what the figures say of themselves: whoever is cut off does not know how far behind it is."""
    fresh = wall_moment(opening=opening, lag=12_345, problems=[CUT_OFF, MISSING])
    page = await wall.show(with_feeds(fresh, behind_seconds=7_600.0))
    await expect(page.locator("#link")).to_have_text(f"✕ {CUT_OFF_SAID}")
    for panel in ("[data-channel=phone]", "[data-channel=desk]"):
        await expect(page.locator(f"{panel} .age")).to_have_text(CUT_OFF_SAID)
    colours = await page.locator(".value, .verdict, .unit").evaluate_all(
        "nodes => nodes.map((node) => getComputedStyle(node).color)"
    )
    assert set(colours) == {GREY}


async def test_a_problem_that_touches_no_figure_is_said_and_turns_nothing_grey(wall: Wall) -> None:
    page = await wall.show(wall_moment(problems=[msgspec.structs.replace(MISSING, channels=())]))
    await expect(page.locator("#link")).to_have_text(f"✕ {MISSING_SAID}")
    await expect(page.locator(".age:visible")).to_have_count(0)


async def test_a_feed_without_any_record_says_so(wall: Wall) -> None:
    page = await wall.show(wall_moment(ages=(None, 1.0)))
    await expect(page.locator("[data-channel=phone] .age")).to_have_text("nog geen gegevens ontvangen")


async def test_a_broken_stream_turns_all_grey_counts_the_age_and_recovers(wall: Wall) -> None:
    await wall.start(ONCE_SECONDS)
    page = await wall.screen(stopped_clock=True)
    await wall.stop()
    await page.clock.fast_forward(2_900)
    await expect(page.locator("#link")).to_have_text("● live")
    await page.clock.fast_forward(127_100)
    await expect(page.locator("#link")).to_have_text("✕ geen verbinding")
    for panel in ("[data-channel=phone]", "[data-channel=desk]"):
        await expect(page.locator(f"{panel} .age")).to_have_text("gegevens van 2 min 10 s geleden")
        await expect(page.locator(f"{panel} .value").first).to_have_css("color", GREY)
    await page.clock.run_for(2_000)
    await expect(page.locator("[data-channel=phone] .age")).to_have_text("gegevens van 2 min 12 s geleden")
    await wall.start()
    await page.clock.fast_forward(11_000)
    await expect(page.locator("#link")).to_have_text("● live")
    await expect(page.locator(".age:visible")).to_have_count(0)


async def test_a_dropped_connection_is_taken_up_again_by_the_browser(wall: Wall) -> None:
    page = await wall.show(wall_moment(phone(waiting=3)))
    await wall.stop()
    wall.moment = wall_moment(phone(waiting=8))
    await wall.start()
    await expect(tile(page, "wachtend nu").locator(".value")).to_have_text("8")


async def test_an_open_but_silent_stream_is_stale_too_and_is_replaced(wall: Wall) -> None:
    await wall.start(ONCE_SECONDS)
    page = await wall.screen(stopped_clock=True)
    await page.clock.fast_forward(6_000)
    await expect(page.locator("#link")).to_have_text("✕ geen verbinding")
    async with page.expect_request("**/wall/events"):
        await page.clock.fast_forward(6_000)
    await expect(page.locator("#link")).to_have_text("● live")


async def test_a_stale_longest_wait_stops_growing(wall: Wall) -> None:
    wall.moment = wall_moment(phone(longest=30.0))
    await wall.start(ONCE_SECONDS)
    page = await wall.screen(stopped_clock=True)
    await wall.stop()
    await page.clock.fast_forward(60_000)
    await expect(tile(page, "langste wacht nu").locator(".value")).to_have_text("33 s")


async def test_a_page_that_never_gets_figures_says_so(wall: Wall) -> None:
    wall.failing = True
    await wall.start()
    page = await wall.browser.new_page()
    await page.clock.install(time=0)
    await page.goto(f"http://127.0.0.1:{wall.port}/")
    await expect(page.locator("#notice")).to_have_text("Verbinden met de monitor…")
    await page.clock.fast_forward(6_000)
    await expect(page.locator("#notice")).to_have_text(re.compile("Geen verbinding met de monitor"))


async def test_a_new_version_of_the_page_is_taken_up(wall: Wall, monkeypatch: pytest.MonkeyPatch) -> None:
    page = await wall.show(wall_moment())
    await wall.stop()
    newer = read_page(Language.DUTCH).replace(b"<h1>Wachtmonitor</h1>", b"<h1>Wachtmonitor 2</h1>")
    monkeypatch.setattr("streams.serve.web.read_page", lambda _: newer)
    await wall.start()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Wachtmonitor 2")


async def test_the_page_knows_no_channel_and_shows_whatever_it_is_told(wall: Wall) -> None:
    """A channel that nobody thought of, in either form, beside the two that there are."""
    calls, desks = wall_payload(wall_moment(phone(), *lier_desks())).channels
    chats = [
        msgspec.structs.replace(calls, channel="chat", title="chat", columns=calls.columns[:3], clusters=()),
        msgspec.structs.replace(desks, channel="mail", title="Mails", clusters=desks.clusters[:1]),
    ]
    cells = msgspec.structs.replace(calls.clusters[0], cluster="Infochat", cells=calls.clusters[0].cells[:3])
    chats[0] = msgspec.structs.replace(chats[0], clusters=(cells,))
    wall.extra = tuple(chats)
    page = await wall.show(wall_moment(phone(), *lier_desks()))
    chat = page.locator("[data-channel=chat]")
    await expect(chat.locator("h2")).to_have_text("Infochat")
    await expect(chat.locator(".tile dt")).to_have_text(["wachtend nu", "langste wacht nu", "gemiddeld 15 min"])
    await expect(page.locator("[data-channel=mail] h2")).to_have_text("Mails")
    await expect(page.locator("[data-channel=mail] tbody tr")).to_have_count(1)
    texts = await page.evaluate(TEXTS_SCRIPT)
    assert [box["text"] for box in texts if outside_of_its_frame(box)] == []


# --- safety and quiet ---------------------------------------------------------------------------------------------


async def test_the_page_complains_of_nothing_and_asks_nothing_of_others(wall: Wall) -> None:
    page = await wall.show(wall_moment())
    await expect(page).to_have_title(TITLE)
    await expect(page.locator("html")).to_have_attribute("lang", "nl")
    assert wall.complaints == []
    own = f"http://127.0.0.1:{wall.port}/wall"
    assert {url for url in wall.requests if not url.startswith("data:")} == {own, f"{own}/events"}


async def test_markup_in_a_cluster_name_is_only_text(wall: Wall) -> None:
    nasty = '<img src=x onerror="document.title=\'taken\'"><script>document.title="taken"</script>'
    page = await wall.show(wall_moment(phone(cluster=nasty), desk(nasty, 60, 1)))
    await expect(page.locator("[data-channel=phone] h2")).to_have_text(nasty)
    await expect(page.locator("tbody th span").first).to_have_text(nasty)
    await expect(page.locator("main img, main script")).to_have_count(0)
    await expect(page).to_have_title(TITLE)
    assert wall.complaints == []


async def test_a_screen_reader_hears_verdicts_and_not_every_second(wall: Wall) -> None:
    page = await wall.show(wall_moment(phone(), desk("Wonen", 300, 1, 10.0, 20.0, 20.0)))
    status = page.get_by_role("status")
    await expect(status).to_have_text("Geen gemiddelde wacht boven norm.")
    await expect(page.get_by_role("heading", level=2)).to_have_text(["Klantencontactcentrum", "Loketten"])
    await expect(page.get_by_role("columnheader")).to_have_text(
        ["loket", "wachtend", "langste wacht nu", "gemiddeld 15 min", "gemiddeld vandaag"]
    )
    assert await page.locator("[aria-live]").count() == 0, "the status region is the only one that speaks"


async def test_nothing_moves_for_who_wants_no_motion(wall: Wall) -> None:
    page = await wall.show(wall_moment())
    await expect(page.locator(".value").first).to_have_css("transition-duration", "0s")
    await page.emulate_media(reduced_motion="no-preference")
    await expect(page.locator(".value").first).to_have_css("transition-duration", re.compile("0.4s"))


# --- the layout ---------------------------------------------------------------------------------------------------


OVERFULL_QUARTER: Final = msgspec.structs.replace(BUSY_QUARTER, average_wait_seconds=725.0, count=1041)
OVERFULL_DAY: Final = msgspec.structs.replace(
    BUSY_DAY,
    count=10_812,
    within_ratio=0.082,
    missed=12_409,
    missed_ratio=1.0,
    without_short_ratio=1.0,
    average_wait_seconds=725.0,
)


def overfull() -> Moment:
    """Everything as wide as it gets, and over its norm."""
    desks = [
        desk(name.cluster, 60, 128, wait, 1505.0, 2585.0)
        for name, wait in zip(lier_desks(), [2585.0, 3725.0, 7325.0, 725.0, 612.0, 1512.0], strict=True)
    ]
    return wall_moment(phone(waiting=128, longest=2585.0, quarter=OVERFULL_QUARTER, today=OVERFULL_DAY), *desks)


def quiet() -> Moment:
    """Nothing has happened yet."""
    line = phone(waiting=0, longest=None, quarter=NO_CALLS, today=NO_CALLS)
    return wall_moment(line, *(desk(name.cluster, name.norm_seconds) for name in lier_desks()))


def only_missed() -> Moment:
    """The longest words that a window can say."""
    missed = msgspec.structs.replace(NO_CALLS, missed=3, missed_ratio=1.0)
    return wall_moment(phone(quarter=missed, today=missed), *lier_desks())


def long_names() -> Moment:
    """Names as long as the contract allows, stale, so that the age competes for the room."""
    desks = (
        msgspec.structs.replace(one, cluster=f"{index} {LONG_NAME}"[:100]) for index, one in enumerate(lier_desks())
    )
    return wall_moment(phone(cluster=LONG_NAME), *desks, ages=(7_600.0, 7_600.0), lag=123_456)


def many() -> Moment:
    """More lines and desks than Lier has."""
    return wall_moment(
        phone(), phone(cluster="Sociale lijn"), *lier_desks(), desk("Sport", 120), desk("Bibliotheek", 120)
    )


def own_bounds(moment: Moment) -> Moment:
    """Each line but the first with a service level of its own."""
    _, *lines = moment.named(Channel.PHONE)
    own = tuple(OwnServiceLevel(Channel.PHONE, line, ServiceLevel(120, 0.85)) for line in lines)
    return msgspec.structs.replace(moment, norms=msgspec.structs.replace(moment.norms, own_service_levels=own))


def crowd(lines: int, desks: int, *, cluster: str = "Loket") -> Moment:
    """As many as a large city has; each seventh desk is over its norm, the last of them most of all."""
    over = {number: 300.0 + number for number in range(3, desks, 7)}
    return wall_moment(
        *(phone(cluster=f"Lijn {number:03d}") for number in range(lines)),
        *(desk(f"{cluster} {number:03d}", 300, 2, over.get(number, 41.0), 64.0, 71.0) for number in range(desks)),
    )


def overfull_crowd() -> Moment:
    """Many of which everything is as wide as it gets."""
    line = phone(waiting=128, longest=2585.0, quarter=OVERFULL_QUARTER, today=OVERFULL_DAY)
    lines = [msgspec.structs.replace(line, cluster=f"{number} {LONG_NAME}"[:100]) for number in range(9)]
    desks = [desk(f"{number} {LONG_NAME}"[:100], 60, 128, 2585.0, 1505.0, 2585.0) for number in range(60)]
    return wall_moment(*lines, *desks)


STATES: Final[dict[str, Callable[[], Moment]]] = {
    "normal": wall_moment,
    "overfull": overfull,
    "quiet": quiet,
    "only missed": only_missed,
    "stale": lambda: wall_moment(ages=(7_600.0, None), lag=123_456),
    "cut off": lambda: wall_moment(problems=[CUT_OFF]),
    "part missing": lambda: wall_moment(problems=[MISSING]),
    "closed": lambda: wall_moment(opening="closing_day", at="2026-09-30T23:59:59+02:00"),
    "demo": lambda: wall_moment(demo=True, opening="closing_day"),
    "long names": long_names,
    "many": many,
    "bounds of their own": lambda: own_bounds(many()),
    "many bounds of their own": lambda: own_bounds(crowd(9, 27)),
    "28 clusters": lambda: crowd(1, 27),
    "400 clusters": lambda: crowd(40, 360),
    "400 clusters, stale": lambda: msgspec.structs.replace(
        crowd(40, 360), feeds=wall_moment(ages=(7_600.0, None), lag=123_456).feeds
    ),
    "a crowd of long names": overfull_crowd,
    "telephone only": lambda: wall_moment(phone()),
    "desks only": lambda: wall_moment(*lier_desks()),
}

TEXTS_SCRIPT: Final = """
() => {
  const boxes = [];
  let owners = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, owner = node.parentElement;
    if (!node.data.trim() || owner.closest(".unseen, script, noscript")) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    owners += 1;
    for (const box of range.getClientRects()) {
      const clip = owner.closest("h2, tbody th > span, #worst .name"); // these end in an ellipsis where the room ends
      const holder = owner.closest(".tile, td, th, .age, .pill, .head, #summary, header") ?? document.body;
      const frame = holder.getBoundingClientRect();
      const end = clip ? Math.min(box.right, clip.getBoundingClientRect().right) : box.right;
      boxes.push({owner: owners, text: node.data.trim(), left: box.left, top: box.top, right: end, bottom: box.bottom,
                  cut: clip !== null && clip.scrollWidth > clip.clientWidth,
                  frame: [frame.left, frame.top, frame.right, frame.bottom]});
    }
  }
  return boxes;
}
"""


def outside_of_its_frame(box: dict[str, Any]) -> bool:
    """Whether a text sticks out of its tile, cell or bar, by more than the rounding of a pixel.

    Below and above, a line's box is taller than its letters by a fifth.
    """
    left, top, right, bottom = box["frame"]
    slack = (box["bottom"] - box["top"]) / 5
    return bool(
        box["left"] < left - 1
        or box["right"] > right + 1
        or box["top"] < top - slack
        or box["bottom"] > bottom + slack
    )


def overlap(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two texts lie over one another, judged by their letters: the middle three fifths of their lines."""
    if one["owner"] == other["owner"]:
        return False
    inner = [((box["bottom"] - box["top"]) / 5) for box in (one, other)]
    beside = one["right"] <= other["left"] + 1 or other["right"] <= one["left"] + 1
    above = one["bottom"] - inner[0] <= other["top"] + inner[1] or other["bottom"] - inner[1] <= one["top"] + inner[0]
    return not (beside or above)


def overlapping(texts: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """The pairs that lie over one another; of a page with thousands only those of one height are compared."""
    found = []
    down = sorted(texts, key=lambda box: float(box["top"]))
    for index, one in enumerate(down):
        lower = bisect_left(down, one["bottom"], key=lambda box: float(box["top"]))
        found += [(one["text"], other["text"]) for other in down[index + 1 : lower] if overlap(one, other)]
    return found


async def test_texts_that_lie_over_one_another_are_found() -> None:
    sides = {"left": 0, "right": 9, "owner": 0}
    texts = [{**sides, "text": str(top), "owner": top, "top": top, "bottom": top + 10} for top in (40, 0, 4, 20, 28)]
    assert overlapping(texts) == [("0", "4")]


SCREENS: Final = [
    *((Language.DUTCH, viewport) for viewport in (TELEVISION, SMALL_SCREEN)),
    *((language, TELEVISION) for language in Language if language is not Language.DUTCH),
]


@pytest.mark.parametrize(
    ("language", "viewport"),
    SCREENS,
    ids=[f"{each.value}-{size['width']}x{size['height']}" for each, size in SCREENS],
)
@pytest.mark.parametrize("state", STATES)
async def test_a_television_shows_all_of_it_without_scrolling_or_overlap(
    wall: Wall, language: Language, viewport: ViewportSize, state: str
) -> None:
    wall.language = language
    page = await wall.show(STATES[state](), viewport)
    size = await page.evaluate("() => [document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
    assert size == [viewport["width"], viewport["height"]]
    texts = await page.evaluate(TEXTS_SCRIPT)
    assert len(texts) > 20
    assert "long names" in state or not [box["text"] for box in texts if box["cut"]]
    screen = [0, 0, viewport["width"], viewport["height"]]
    assert [box["text"] for box in texts if outside_of_its_frame(box)] == []
    assert [box["text"] for box in texts if outside_of_its_frame({**box, "frame": screen})] == []
    assert overlapping(texts) == []


@pytest.mark.parametrize("state", STATES)
async def test_a_telephone_scrolls_down_but_never_sideways(wall: Wall, state: str) -> None:
    page = await wall.show(STATES[state](), TELEPHONE)
    assert await page.evaluate("() => document.documentElement.scrollWidth") == TELEPHONE["width"]
    texts = await page.evaluate(TEXTS_SCRIPT)
    assert [box["text"] for box in texts if outside_of_its_frame(box)] == []
    assert overlapping(texts) == []


# --- pages in turn ------------------------------------------------------------------------------------------------

LEGIBLE: Final = 0.0235
"""Of the height of the screen, about a fortieth: letters of that height are read from 5 m."""

SMALLEST_SCRIPT: Final = """() => {
  let smallest = Infinity;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, owner = node.parentElement;
    if (!node.data.trim() || owner.closest(".unseen, script, noscript") || !owner.getClientRects().length) continue;
    smallest = Math.min(smallest, parseFloat(getComputedStyle(owner).fontSize));
  }
  return smallest;
}"""


async def turned(wall: Wall, moment: Moment, page_number: int, viewport: ViewportSize = TELEVISION) -> Page:
    """A screen at the moment at which this page is shown."""
    pages = len(wall_payload(moment).pages)
    at = datetime.fromisoformat("2026-11-23T00:00:00+01:00")
    skipped = (page_number - int(at.timestamp()) // TURN_SECONDS) % pages * TURN_SECONDS
    return await wall.show(
        msgspec.structs.replace(moment, at=(at + timedelta(seconds=skipped)).isoformat()), viewport
    )


@pytest.mark.parametrize("viewport", [TELEVISION, SMALL_SCREEN], ids=["1920x1080", "1280x720"])
@pytest.mark.parametrize("moment", [crowd(1, 27), crowd(4, 24), crowd(40, 360), crowd(400, 0)])
async def test_every_page_of_a_crowd_is_legible_and_every_cluster_stands_on_one(
    wall: Wall, moment: Moment, viewport: ViewportSize
) -> None:
    pages = wall_payload(moment).pages
    page = await turned(wall, moment, 0, viewport)
    seen: list[str] = []
    for number in [0, 1, 2, len(pages) - 2, len(pages) - 1] if len(pages) > 5 else range(len(pages)):
        at = datetime.fromisoformat(wall.moment.at)
        now = int(at.timestamp()) // TURN_SECONDS % len(pages)
        later = at + timedelta(seconds=(number - now) % len(pages) * TURN_SECONDS)
        wall.moment = msgspec.structs.replace(wall.moment, at=later.isoformat())
        await expect(page.locator("#pages")).to_have_text(f"blad {number + 1} van {len(pages)}")
        assert await page.evaluate(SMALLEST_SCRIPT) >= LEGIBLE * viewport["height"]
        shown = await page.locator("tbody th > span:first-child, h2[title]").all_text_contents()
        assert len(shown) == sum(part.count for part in pages[number])
        seen += shown
    assert len(set(seen)) == len(seen)
    assert len(pages) > 5 or set(seen) == {each.cluster for each in moment.clusters}


async def test_the_worst_stay_in_view_whichever_page_it_is(wall: Wall) -> None:
    moment = crowd(1, 27)
    page = await turned(wall, moment, 0)
    for _ in range(2):
        await expect(page.locator("#above")).to_have_text("Boven norm: 4 van 28")
        await expect(page.locator("#worst .name")).to_have_text(["Loket 024", "Loket 017", "Loket 010"])
        await expect(page.locator("#worst .value").first).to_have_text("5 min 24 s")
        at = datetime.fromisoformat(wall.moment.at) + timedelta(seconds=TURN_SECONDS)
        wall.moment = msgspec.structs.replace(wall.moment, at=at.isoformat())
        await expect(page.locator("#pages")).to_have_text("blad 2 van 4")
    wall.moment = msgspec.structs.replace(wall.moment, clusters=tuple(lier_desks()))
    await expect(page.locator("#summary")).to_be_hidden()
    await expect(page.get_by_role("row", name="Wonen")).to_be_visible()


async def test_old_figures_are_not_summed_up_as_good(wall: Wall) -> None:
    """Of a channel that is stale nobody says whether it is over its norm."""
    stale = wall_moment(ages=(7_600.0, 7_600.0)).feeds
    page = await turned(wall, msgspec.structs.replace(crowd(1, 27), feeds=stale), 0)
    await expect(page.locator("#above")).to_have_text(re.compile("gegevens van 2 u 06 min geleden"))
    await expect(page.locator("#worst li")).to_have_count(0)
    wall.moment = msgspec.structs.replace(
        wall.moment, feeds={**crowd(1, 27).feeds, Channel.DESK: stale[Channel.DESK]}
    )
    await expect(page.locator("#above")).to_have_text("Boven norm: 0 van 1")


async def test_pages_turn_by_the_citys_clock_while_no_figures_come(wall: Wall) -> None:
    """All screens show the same page, and one that was cut off goes on."""
    wall.moment = crowd(1, 27)
    await wall.start(ONCE_SECONDS)
    page = await wall.screen(stopped_clock=True)
    await page.clock.run_for(250)
    before = await page.locator("#pages").text_content()
    await page.clock.run_for(6000)  # from 10:31:05, and before the stream is asked for anew
    await expect(page.locator("#pages")).not_to_have_text(before or "")
    await expect(page.locator("#summary")).to_have_attribute("data-state", "stale")


async def test_seven_clusters_stand_on_one_page_as_ever(wall: Wall) -> None:
    page = await wall.show(wall_moment())
    await expect(page.locator("#summary")).to_be_hidden()
    assert await page.evaluate("() => document.body.className") == ""


async def test_a_telephone_scrolls_through_all_of_a_crowd(wall: Wall) -> None:
    page = await wall.show(crowd(1, 27), TELEPHONE)
    await expect(page.get_by_role("row", name="Loket 026")).to_be_attached()
    await expect(page.locator("#summary")).to_be_hidden()


async def test_a_telephone_also_tells_walk_ins_and_no_shows(wall: Wall) -> None:
    page = await wall.show(wall_moment(desk("Wonen", 300, 1, 12.0, 88.0, 240.0)), TELEPHONE)
    await expect(page.get_by_text("vandaag 33 op afspraak, 5 zonder afspraak, 1 niet gekomen")).to_be_visible()


async def test_nothing_jumps_when_the_figures_change(wall: Wall) -> None:
    places = """() => [...document.querySelectorAll(".tile, .tile dt, .head, h2, tr, td, th")].map((node) => {
      const {x, y, width, height} = node.getBoundingClientRect();
      return [x, y, width, height];
    })"""
    page = await wall.show(wall_moment())
    before = await page.evaluate(places)
    wall.moment = msgspec.structs.replace(
        overfull(),
        clusters=tuple(
            msgspec.structs.replace(new, norm_seconds=old.norm_seconds)
            for new, old in zip(overfull().clusters, wall_moment().clusters, strict=True)
        ),
    )
    await expect(tile(page, "wachtend nu").locator(".value")).to_have_text("128")
    assert await page.evaluate(places) == before
    wall.moment = quiet()
    await expect(tile(page, "wachtend nu").locator(".value")).to_have_text("0")
    assert await page.evaluate(places) == before

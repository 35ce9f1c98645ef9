"""The Month dashboard, filled: a small one of our own with everything that a dashboard may have, and the city's."""

import copy
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from streams.months.closing.due import Author, freeze
from streams.months.month import Sources
from streams.months.snapshot.dashboard import DashboardError
from streams.months.snapshot.make import AwaitedError, Picture, SnapshotError, picture
from streams.months.snapshot.prometheus import Prometheus, PrometheusError, QueryError
from streams.records.closings import Account
from streams.settings import PrometheusSettings
from tests.brokers.ports import next_port
from tests.core.builders import BURGERZAKEN, KCC, MINUTE, OCMW, answered, ms, offered, requested, started
from tests.months.grafana_stub import check_snapshot, running_grafana
from tests.months.making import lier, sources_of, states_of
from tests.months.scraped import Scraped, hurry, pages, running_prometheus

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[1]
NOW: Final = ms("2026-11-03 07:00")
AT: Final = ms("2026-10-05 10:00")
CITY: Final = ROOT / "dashboards" / "json" / "nl" / "month.json"

Json = dict[str, Any]


def visit(ticket: str, cluster: str, minutes_late: int, at: int = AT) -> list[Any]:
    """A visitor with an appointment, received this late."""
    return [
        requested(at - 90_000_000, at, ticket, cluster),
        started(at + minutes_late * MINUTE, None, ticket, cluster),
    ]


def call(name: str, wait_ms: int, at: int = AT) -> list[Any]:
    """An answered call."""
    return [offered(at, name), answered(at + wait_ms, name)]


EVENTS: Final = [
    *call("a", 20_000),
    *call("b", 40_000),
    *visit("t1", BURGERZAKEN, 3),
    *visit("t2", BURGERZAKEN, 1),
    *visit("t3", OCMW, 6),
    *call("later", 5_000, ms("2026-11-02 10:00")),
    *call("earlier", 60_000, ms("2026-09-07 10:00")),
]


UNTIL_OCTOBER: Final = [event for event in EVENTS if getattr(event, "call_id", None) != "later"]


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scraped]:
    """Prometheus, which is shown these events."""
    with pytest.MonkeyPatch.context() as patch, running_prometheus(tmp_path_factory.mktemp("prometheus")) as running:
        hurry(patch)
        show(running, EVENTS)
        yield running


def show(prometheus: Scraped, events: list[Any], account: Account | None = None) -> Sources:
    """Let Prometheus see these events and closings from now on; what stands on Kafka then."""
    states = states_of(events, lier(), record_ms=NOW)
    sources = sources_of(events, lier(), now_ms=NOW, account=account)
    page = pages(states, sources, lier(), NOW)
    prometheus.show = lambda: page
    return sources


def taken(prometheus: Scraped, sources: Sources, given: Json, month: str = "2026-10") -> Picture:
    """The snapshot, once Prometheus has come to what counts."""
    deadline = time.monotonic() + 120
    while True:
        try:
            return picture(
                sources, month, lier(), given, figures=Prometheus(prometheus.settings, attempts=1), now_ms=NOW
            )
        except AwaitedError:
            assert time.monotonic() < deadline
            time.sleep(0.2)


def dashboard() -> Json:
    """Our own."""
    found: Json = json.loads((HERE / "dashboard.json").read_text())
    return found


Drawing = Callable[..., Picture]


@pytest.fixture
def drawn(prometheus: Scraped) -> Drawing:
    """Draws the month's snapshot."""

    def draw(given: Json | None = None, month: str = "2026-10") -> Picture:
        return taken(prometheus, sources_of(EVENTS, lier(), now_ms=NOW), given or dashboard(), month)

    return draw


def panel(shown: Picture, title: str) -> Json:
    """The panel with this title."""
    (found,) = [each for each in shown.dashboard["panels"] if each.get("title") == title]
    return dict(found)


def frames(found: Json) -> list[Json]:
    """The frames that a panel holds."""
    return [frame for target in found["targets"] for frame in target["snapshot"]]


def columns(frame: Json) -> dict[str, list[Any]]:
    """A frame's columns by the names of its fields."""
    names = [each["name"] for each in frame["schema"]["fields"]]
    return dict(zip(names, frame["data"]["values"], strict=True))


def test_it_needs_nothing_but_itself(drawn: Drawing) -> None:
    """No data source, no query, no repeat, an absolute time, and a name that a person understands."""
    shown = drawn()
    check_snapshot(shown.dashboard)
    assert shown.name == shown.dashboard["title"] == "Wachttijden oktober 2026 (voorlopig)"
    assert shown.dashboard["time"] == {"from": "2026-09-30T22:00:00.000Z", "to": "2026-10-31T22:59:59.999Z"}
    assert shown.dashboard["timezone"] == "Europe/Brussels"
    assert shown.dashboard["uid"] == "maand"
    assert shown.dashboard["links"] == shown.dashboard["annotations"]["list"] == []
    assert panel(shown, "Wachttijd 2026-10")["links"] == []


def test_variables_have_the_values_of_the_month(drawn: Drawing) -> None:
    """Those over months the month, others what there is or what was chosen; they stand in every text."""
    shown = drawn()
    chosen = {each["name"]: each["current"]["value"] for each in shown.dashboard["templating"]["list"]}
    assert chosen == {"maand": "2026-10", "loket": [BURGERZAKEN, OCMW], "eenheid": "min", "bron": "p"}
    assert panel(shown, "Uitleg over 2026-10")["options"]["content"] == "Alles in min"
    assert shown.dashboard["description"] == "De indicatoren van 2026-10"


def test_a_series_is_named_by_its_legend(drawn: Drawing) -> None:
    """As the data source would name it, so that overrides find it."""
    (frame,) = frames(panel(drawn(), "Wachttijd 2026-10"))
    value = frame["schema"]["fields"][1]
    assert value["config"] == {"displayNameFromDS": f"{KCC} in 2026-10"}
    assert columns(frame) == {"Time": [ms("2026-11-01 00:00") - 1], "Value": [30.0]}


def test_a_table_has_the_columns_that_its_transformations_name(drawn: Drawing) -> None:
    """One for each label, and the values under the query's letter."""
    counts, shares = (columns(frame) for frame in frames(panel(drawn(), "Categorieën")))
    by_bound = dict(zip(counts["up_to_seconds"], counts["Value #A"], strict=True))
    assert by_bound == {"30": 1, "60": 1, "90": 0, "120": 0, "300": 0, "+Inf": 0}
    assert dict(zip(shares["up_to_seconds"], shares["Value #B"], strict=True))["30"] == 0.5


def test_repeats_are_resolved_and_push_down_what_is_below(drawn: Drawing) -> None:
    """Two panels beside each other for two desks, two rows with a panel each, and the last row below all."""
    shown = drawn()
    places = {each.get("title"): each["gridPos"] for each in shown.dashboard["panels"]}
    assert places[BURGERZAKEN] == {"x": 0, "y": 7, "w": 12, "h": 3}
    assert places[OCMW] == {"x": 12, "y": 7, "w": 12, "h": 3}
    assert places["Samen"]["y"] == 10
    assert [places[f"Alleen {name}"]["y"] for name in (BURGERZAKEN, OCMW)] == [13, 17]
    assert [places[f"Bezoekers {name}"]["y"] for name in (BURGERZAKEN, OCMW)] == [14, 18]
    assert places["Onderaan"]["y"] == 21
    values = {name: columns(frames(panel(shown, name))[0])["Value"] for name in (BURGERZAKEN, OCMW, "Samen")}
    assert values == {BURGERZAKEN: [2.0], OCMW: [6.0], "Samen": [3.0]}


def test_repeats_below_each_other_grow_their_band(drawn: Drawing) -> None:
    """Three rows of one: what was below moves down by two heights, what was beside stays."""
    given = dashboard()
    repeated = given["panels"][3]["panels"][0]
    repeated |= {"repeatDirection": "v", "gridPos": {"x": 0, "y": 7, "w": 12, "h": 3}}
    given["panels"][3]["panels"].insert(
        1, {"id": 20, "type": "text", "title": "Ernaast", "gridPos": {"x": 12, "y": 7, "w": 12, "h": 3}}
    )
    places = {each.get("title"): each["gridPos"] for each in drawn(given).dashboard["panels"]}
    assert [places[name]["y"] for name in (BURGERZAKEN, OCMW, "Ernaast", "Samen")] == [7, 10, 7, 13]
    assert places["Onderaan"]["y"] == 24


def test_no_figure_is_no_number(drawn: Drawing) -> None:
    """NaN and infinity do not exist in JSON: the frame says where they are."""
    given = dashboard()
    given["panels"][1]["targets"] = [{"refId": "A", "format": "table", "expr": "vector(0) / 0 or on () vector(1)"}]
    (frame,) = frames(panel(drawn(given), "Wachttijd 2026-10"))
    assert frame["data"]["values"][-1] == [None]
    assert frame["data"]["entities"] == [None, {"NaN": [0]}]
    given["panels"][1]["targets"] = [{"refId": "A", "expr": "nothing_at_all"}]
    (empty,) = frames(panel(drawn(given), "Wachttijd 2026-10"))
    assert empty["schema"]["fields"] == empty["data"]["values"] == []


def test_later_months_stay_out(prometheus: Scraped, drawn: Drawing) -> None:
    """So that an old month can be shown again and looks the same: the city's own dashboard as well."""
    for given in (dashboard(), json.loads(CITY.read_text())):
        with_november, november = drawn(given), drawn(given, "2026-11")
        try:
            until_october = show(prometheus, UNTIL_OCTOBER)
            until_gone(prometheus, "2026-11")
            alone = taken(prometheus, until_october, given)
        finally:
            show(prometheus, EVENTS)
        assert with_november.digest == alone.digest != november.digest


def until_gone(prometheus: Scraped, month: str) -> None:
    """Wait until Prometheus knows nothing of a month any more."""
    deadline = time.monotonic() + 120
    selector = f'cluster_month:wachtmonitor_month_served_contacts:sum{{month="{month}"}}'
    while Prometheus(prometheus.settings).query(selector):
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_a_snapshot_waits_for_the_figures_of_the_closing(prometheus: Scraped) -> None:
    """Prometheus still has what it scraped before: without the closing, or without a call that it holds."""
    sources = sources_of(EVENTS, lier(), now_ms=NOW)
    taken(prometheus, sources, dashboard())  # open, and as it counts
    closing = freeze(sources, "2026-10", lier(), Author("schedule", NOW), {})
    closed = msgspec.structs.replace(sources, account={"2026-10": [closing]})
    assert "closed_month_timestamp_seconds" in str(picture_now(prometheus, closed))
    more = sources_of([*EVENTS, *call("one more", 1_000)], lier(), now_ms=NOW)
    assert "is 2 there, and 3 counts" in str(picture_now(prometheus, more))
    try:
        show(prometheus, [*EVENTS, *call("late", 300_000)], {"2026-10": [closing]})
        found = taken(prometheus, closed, dashboard())
    finally:
        show(prometheus, EVENTS)
        taken(prometheus, sources, dashboard())
    assert found.name == "Wachttijden oktober 2026"
    assert columns(frames(panel(found, "Wachttijd 2026-10"))[0])["Value"] == [30.0]


def picture_now(prometheus: Scraped, sources: Sources) -> AwaitedError | None:
    """What a snapshot waits for at this moment; None if there is one."""
    figures = Prometheus(prometheus.settings, attempts=1)
    try:
        picture(sources, "2026-10", lier(), dashboard(), figures=figures, now_ms=NOW)
    except AwaitedError as error:
        return error
    return None


def test_a_prometheus_that_is_away_or_is_none_is_said() -> None:
    """With what to do; and one that is not set."""
    with pytest.raises(PrometheusError, match=r"No Prometheus is set.*url in \[prometheus\]"):
        Prometheus(PrometheusSettings())
    away = Prometheus(PrometheusSettings(url=f"http://127.0.0.1:{next_port()}"), attempts=1)
    with pytest.raises(PrometheusError, match=r"could not be asked: Connection refused\. Is it up"):
        away.at()
    with running_grafana() as other:
        none = Prometheus(PrometheusSettings(url=other.url), attempts=1)
        with pytest.raises(PrometheusError, match="is no Prometheus"):
            none.at()


def test_a_question_that_prometheus_refuses_is_said_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many samples for its bound, before anything is drawn."""

    def refused(*_: object) -> None:
        raise QueryError("query processing would load too many samples into memory")

    monkeypatch.setattr(Prometheus, "query", refused)
    figures = Prometheus(PrometheusSettings(url="http://127.0.0.1:9"), attempts=1)
    with pytest.raises(SnapshotError, match=r"too many samples.*--query\.max-samples"):
        picture(sources_of(EVENTS, lier(), now_ms=NOW), "2026-10", lier(), dashboard(), figures=figures, now_ms=NOW)


def test_what_comes_after_a_closing_is_no_part_of_the_picture(drawn: Drawing) -> None:
    """It goes on coming, and the picture stays."""
    shown = drawn(json.loads(CITY.read_text()))
    assert "late_facts" not in json.dumps(shown.dashboard)
    assert "Na de afsluiting binnengekomen" not in {each.get("title") for each in shown.dashboard["panels"]}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            {"expr": "no:such:rule"},
            "query A of panel 2 .Wachttijd 2026-10.*the recording rule no:such:rule is not known",
        ),
        ({"expr": "up[5m]"}, "it gives a matrix, and a snapshot is of one moment"),
        ({"expr": "sum("}, "parse error"),
        ({"expr": None}, "Query A of panel 2 .* is none of Prometheus"),
    ],
)
def test_what_cannot_be_filled_is_refused_with_its_place(change: Json, problem: str, drawn: Drawing) -> None:
    """Never an empty panel in an official snapshot."""
    given = dashboard()
    given["panels"][1]["targets"][0] |= change
    with pytest.raises(SnapshotError, match=problem):
        drawn(given)


def test_a_dashboard_of_another_schema_is_refused(drawn: Drawing) -> None:
    """The new schema has elements and a layout instead of panels."""
    with pytest.raises(SnapshotError, match="no panels in the classic schema"):
        drawn({"uid": "maand", "elements": {}, "layout": {}})
    given = dashboard()
    given["templating"]["list"][0]["query"] = "query_result(up)"
    with pytest.raises(SnapshotError, match=r"The variable maand asks 'query_result\(up\)'"):
        drawn(given)
    assert issubclass(DashboardError, ValueError)


# The city's own.


@pytest.fixture(scope="module")
def city_picture(prometheus: Scraped) -> Picture:
    """The Month dashboard of this repository, filled."""
    sources = sources_of(EVENTS, lier(), now_ms=NOW)
    closing = freeze(sources, "2026-10", lier(), Author("schedule", NOW), {})
    account: Account = {"2026-10": [closing]}
    try:
        closed = show(prometheus, EVENTS, account)
        return taken(prometheus, closed, json.loads(CITY.read_text()))
    finally:
        show(prometheus, EVENTS)
        taken(prometheus, sources, dashboard())


def test_the_citys_dashboard_can_be_filled(city_picture: Picture) -> None:
    """Every query of it is answered from the figures of months, and every panel with queries has frames."""
    check_snapshot(city_picture.dashboard)
    for each in city_picture.dashboard["panels"]:
        if each.get("targets"):
            assert any(frame["data"]["values"] for frame in frames(each)), each["title"]


def test_the_citys_panels_find_their_columns(city_picture: Picture) -> None:
    """Whatever a transformation renames, sorts or crosses is a field of the frames or comes of a step before."""
    for each in city_picture.dashboard["panels"]:
        known = (
            {field["name"] for frame in frames(each) for field in frame["schema"]["fields"]}
            if each.get("targets")
            else set()
        )
        for step in each.get("transformations", []):
            known = _after(step, known, each["title"])


def _after(step: Json, known: set[str], where: str) -> set[str]:
    options = step["options"]
    if step["id"] == "organize":
        renamed = options.get("renameByName", {})
        assert known >= renamed.keys(), where
        return {renamed.get(name, name) for name in known}
    if step["id"] == "sortBy":
        assert known >= {each["field"] for each in options["sort"]}, where
    if step["id"] == "groupingToMatrix":
        row, column = options["rowField"], options["columnField"]
        assert known >= {row, column, options["valueField"]}, where
        return {f"{row}\\{column}", row, *known}
    return known


def test_our_own_dashboard_is_not_changed_by_filling_it(drawn: Drawing) -> None:
    """The dashboard belongs to whoever handed it over."""
    given = dashboard()
    before = copy.deepcopy(given)
    drawn(given)
    assert given == before
    assert msgspec.json.encode(given)

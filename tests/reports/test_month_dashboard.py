"""The Month dashboard, filled: a small one of our own with everything that a dashboard may have, and the city's."""

import copy
import json
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from streams.publish.catalogue import CATALOGUE
from streams.reports.month import month_of
from streams.reports.month_dashboard import DashboardError
from streams.reports.month_series import month_series
from streams.reports.promql import NAME
from streams.reports.snapshots import Picture, SnapshotError, picture, read_rules
from streams.settings import GrafanaSettings, Settings
from tests.core.builders import BURGERZAKEN, KCC, MINUTE, OCMW, answered, ms, offered, requested, started
from tests.reports.grafana_stub import check_snapshot
from tests.reports.making import lier, sources_of

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[1]
NOW: Final = ms("2026-11-03 07:00")
AT: Final = ms("2026-10-05 10:00")
CITY: Final = ROOT / "dashboards" / "json" / "maand.json"
CITY_RULES: Final = ROOT / "deploy" / "prometheus" / "rules"

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


def city(rules: Path = HERE / "rules.yml") -> Settings:
    """Lier, with the recording rules of the dashboard."""
    files = tuple(sorted(rules.glob("*.yml"))) if rules.is_dir() else (rules,)
    return lier(grafana=GrafanaSettings(rules_files=files))


def dashboard() -> Json:
    """Our own."""
    found: Json = json.loads((HERE / "dashboard.json").read_text())
    return found


def drawn(given: Json | None = None, month: str = "2026-10") -> Picture:
    """The month's snapshot."""
    return picture(sources_of(EVENTS, city(), now_ms=NOW), month, city(), given or dashboard())


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


def test_it_needs_nothing_but_itself() -> None:
    """No data source, no query, no repeat, an absolute time, and a name that a person understands."""
    shown = drawn()
    check_snapshot(shown.dashboard)
    assert shown.name == shown.dashboard["title"] == "Wachttijden oktober 2026 (voorlopig)"
    assert shown.dashboard["time"] == {"from": "2026-09-30T22:00:00.000Z", "to": "2026-10-31T22:59:59.999Z"}
    assert shown.dashboard["timezone"] == "Europe/Brussels"
    assert shown.dashboard["uid"] == "maand"
    assert shown.dashboard["links"] == shown.dashboard["annotations"]["list"] == []
    assert panel(shown, "Wachttijd 2026-10")["links"] == []


def test_variables_have_the_values_of_the_month() -> None:
    """Those over months the month, others what there is or what was chosen; they stand in every text."""
    shown = drawn()
    chosen = {each["name"]: each["current"]["value"] for each in shown.dashboard["templating"]["list"]}
    assert chosen == {"maand": "2026-10", "loket": [BURGERZAKEN, OCMW], "eenheid": "min", "bron": "p"}
    assert panel(shown, "Uitleg over 2026-10")["options"]["content"] == "Alles in min"
    assert shown.dashboard["description"] == "De indicatoren van 2026-10"


def test_a_series_is_named_by_its_legend() -> None:
    """As the data source would name it, so that overrides find it."""
    (frame,) = frames(panel(drawn(), "Wachttijd 2026-10"))
    value = frame["schema"]["fields"][1]
    assert value["config"] == {"displayNameFromDS": f"{KCC} in 2026-10"}
    assert columns(frame) == {"Time": [ms("2026-11-01 00:00") - 1], "Value": [30.0]}


def test_a_table_has_the_columns_that_its_transformations_name() -> None:
    """One for each label, and the values under the query's letter."""
    counts, shares = (columns(frame) for frame in frames(panel(drawn(), "Categorieën")))
    by_bound = dict(zip(counts["up_to_seconds"], counts["Value #A"], strict=True))
    assert by_bound == {"30": 1, "60": 1, "90": 0, "120": 0, "300": 0, "+Inf": 0}
    assert dict(zip(shares["up_to_seconds"], shares["Value #B"], strict=True))["30"] == 0.5


def test_repeats_are_resolved_and_push_down_what_is_below() -> None:
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


def test_repeats_below_each_other_grow_their_band() -> None:
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


def test_no_figure_is_no_number() -> None:
    """NaN and infinity do not exist in JSON: the frame says where they are."""
    given = dashboard()
    given["panels"][1]["targets"] = [{"refId": "A", "format": "table", "expr": "vector(0) / 0 or on () vector(1)"}]
    (frame,) = frames(panel(drawn(given), "Wachttijd 2026-10"))
    assert frame["data"]["values"][-1] == [None]
    assert frame["data"]["entities"] == [None, {"NaN": [0]}]
    given["panels"][1]["targets"] = [{"refId": "A", "expr": "nothing_at_all"}]
    (empty,) = frames(panel(drawn(given), "Wachttijd 2026-10"))
    assert empty["schema"]["fields"] == empty["data"]["values"] == []


def test_later_months_stay_out() -> None:
    """So that an old month can be shown again and looks the same."""
    until_october = [event for event in EVENTS if getattr(event, "call_id", None) != "later"]
    alone = picture(sources_of(until_october, city(), now_ms=NOW), "2026-10", city(), dashboard())
    assert drawn(month="2026-10").digest == alone.digest != drawn(month="2026-11").digest


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            {"expr": "no:such:rule"},
            "query A of panel 2 .Wachttijd 2026-10.*the recording rule no:such:rule is not known",
        ),
        ({"expr": "rate(x[5m])"}, "the function rate is not known here"),
        ({"expr": "sum("}, "is not PromQL"),
        ({"expr": None}, "Query A of panel 2 .* is none of Prometheus"),
    ],
)
def test_what_cannot_be_filled_is_refused_with_its_place(change: Json, problem: str) -> None:
    """Never an empty panel in an official snapshot."""
    given = dashboard()
    given["panels"][1]["targets"][0] |= change
    with pytest.raises(SnapshotError, match=problem):
        drawn(given)


def test_a_dashboard_of_another_schema_is_refused() -> None:
    """The new schema has elements and a layout instead of panels."""
    with pytest.raises(SnapshotError, match="no panels in the classic schema"):
        drawn({"uid": "maand", "elements": {}, "layout": {}})
    given = dashboard()
    given["templating"]["list"][0]["query"] = "query_result(up)"
    with pytest.raises(SnapshotError, match=r"The variable maand asks 'query_result\(up\)'"):
        drawn(given)
    assert issubclass(DashboardError, ValueError)


def test_rules_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    """A file that is not there, one that is no YAML, one that is something else."""
    with pytest.raises(SnapshotError, match=r"cannot be read .*: correct rules_files"):
        read_rules([tmp_path / "gone.yml"])
    for text in ("a: [", "groups: 3", "just text"):
        (tmp_path / "x.yml").write_text(text)
        with pytest.raises(SnapshotError, match="is no file of rules"):
            read_rules([tmp_path / "x.yml"])


# The city's own.


@pytest.fixture(scope="module")
def city_picture() -> Picture:
    """The Month dashboard of this repository, filled."""
    if not CITY.exists():
        pytest.skip("the Month dashboard is not in this tree")
    settings = city(CITY_RULES)
    return picture(sources_of(EVENTS, settings, now_ms=NOW), "2026-10", settings, json.loads(CITY.read_text()))


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


def test_the_series_are_those_of_the_catalogue() -> None:
    """The worker's page of whole months and the snapshot call the same things by the same names and labels."""
    catalogue = {metric.name: metric for metric in CATALOGUE}
    if "wachtmonitor_month_served_contacts" not in catalogue:
        pytest.skip("the catalogue has no page of whole months in this tree")
    settings = city()
    sources = sources_of(EVENTS, settings, now_ms=NOW)
    months = [month_of(sources, month, settings) for month in sources.months()]
    series = month_series(months, settings, months[-1].basis)
    for sample in series:
        labels = set(sample.labels) - {NAME}
        assert labels == set(catalogue[sample.labels[NAME]].labels), sample
    whole_months = {name for name in catalogue if name.startswith("wachtmonitor_month_")}
    assert {sample.labels[NAME] for sample in series} >= whole_months


def test_our_own_dashboard_is_not_changed_by_filling_it() -> None:
    """The dashboard belongs to whoever handed it over."""
    given = dashboard()
    before = copy.deepcopy(given)
    drawn(given)
    assert given == before
    assert msgspec.json.encode(given)

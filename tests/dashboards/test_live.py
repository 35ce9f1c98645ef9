"""Every query of every panel, asked of a real Prometheus that scrapes two real workers on a simulated day."""

import json
import math
import re
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import pytest

from dashboards import queries
from dashboards.alarms.rules import ALARMS, Alarm
from dashboards.queries import LONGER, Query
from dashboards.team import queries as team
from dashboards.wall import queries as wall
from streams.channels.calls.counts import PhoneTally
from streams.channels.visits.counts import DeskTally
from streams.commands.check.finding import Status
from streams.commands.check.prometheus import prometheus_findings
from streams.contracts.rejections import Reason
from streams.core.counts import Tally
from streams.core.measure import Exclusion
from streams.core.rules import Channel
from streams.months.reading import read_sources
from streams.settings import PrometheusSettings
from tests.alerting.prometheus import RecordingRule, recording_rules
from tests.dashboards.built import DASHBOARDS, Asked, Json, asked, panels, with_values
from tests.dashboards.frames import Ask, Curve, curves, table, text_of, values
from tests.dashboards.monitored import RULES, Monitored
from tests.dashboards.preview import asking
from tests.months.making import month_in
from tests.runtime.workers import month_totals, until

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="session")]

RANGE_SECONDS: Final = 20

SILENT_WHILE_ALL_IS_WELL: Final = {wall.MONITOR_STOPPED.expr}
"""Queries that are to say nothing now; tests in `test_judging` make them speak."""


ONLY_IF_MANY: Final = {"line"}
"""A label that names telephone lines where there are more than one."""


def numbers(series: list[dict[str, Any]]) -> list[float]:
    """Every value that is a number."""
    points = [point for each in series for point in each.get("values", [each.get("value")])]
    return [value for _, text in points if not math.isnan(value := float(text))]


def answers(monitored: Monitored, query: Asked) -> list[dict[str, Any]]:
    """What Grafana gets for a query of a panel."""
    expr = with_values(query.expr, monitored.chosen("month", query.expr))
    return monitored.query(expr) if query.target["instant"] else monitored.query_range(expr, RANGE_SECONDS)


UNTOLD: Final = re.compile(r"\bsource:|wachtmonitor_(staff|desks_open)")
"""In names of rules that record nothing here: by these settings there is no source, and nobody tells who serves."""


@pytest.mark.parametrize("query", asked(), ids=str)
async def test_a_query_returns_data(query: Asked, monitored: Monitored) -> None:
    """On a busy machine a scrape may fail, and takes its series away until the next one."""
    if query.expr in SILENT_WHILE_ALL_IS_WELL or UNTOLD.search(query.expr):
        assert answers(monitored, query) == []
    else:
        await until(lambda: bool(numbers(answers(monitored, query))), f"data for {query.expr}")


@pytest.mark.parametrize("query", [each for each in asked() if each.target["legendFormat"] != "__auto"], ids=str)
async def test_a_name_is_made_of_labels_that_the_series_have(query: Asked, monitored: Monitored) -> None:
    """Grafana shows nothing, without a word, for a label that is not there."""
    named = {part.partition("}}")[0].strip() for part in query.target["legendFormat"].split("{{")[1:]} - ONLY_IF_MANY
    for each in answers(monitored, query):
        assert all(each["metric"].get(label) for label in named), each["metric"]


CODES: Final = {*Reason, *Exclusion, *Channel, *queries.REASONS, "today", "month"}
"""What labels hold and people in Lier do not read."""

OF_STAFF: Final = ("Wie nu bedient", "Pauzes")
"""Panels that are empty here, since nobody tells who serves."""


@pytest.mark.parametrize(
    ("name", "panel"),
    [
        (name, panel)
        for name, built in DASHBOARDS.items()
        for panel in panels(built)
        if panel["title"] not in OF_STAFF
    ],
    ids=lambda each: each if isinstance(each, str) else each["title"],
)
async def test_no_code_is_on_a_screen(name: str, panel: Json, monitored: Monitored) -> None:
    text = json.dumps(panel)
    filled = json.loads(with_values(text, monitored.chosen(name, text)))
    shown: list[str] = []

    def look() -> bool:
        shown[:] = words(filled, asking(monitored))
        return bool(shown)

    await until(look, f"something on {panel['title']}")
    assert CODES.isdisjoint(re.findall(r"\w+", " ".join(shown)))


@pytest.mark.parametrize(
    "panel",
    [each for name in ("team", "health") for each in panels(DASHBOARDS[name]) if each["type"] == "timeseries"],
    ids=lambda each: each["title"],
)
async def test_no_two_figures_are_drawn_alike(panel: Json, monitored: Monitored) -> None:
    shown: list[Curve] = []

    def look() -> bool:
        shown[:] = curves(panel, asking(monitored))
        return bool(shown)

    await until(look, f"something on {panel['title']}")
    figures = [curve.config for curve in shown if not curve.name.startswith("norm")]
    drawn = [(each["color"], each["custom"].get("lineStyle")) for each in figures if each["color"]["mode"] == "fixed"]
    assert not [one for one, other in combinations(drawn, 2) if one == other]


def words(panel: Json, ask: Ask) -> list[str]:
    """The names and texts that a panel shows."""
    match panel["type"]:
        case "stat":
            return [word for each in values(panel, ask) for word in (each.name, each.text)]
        case "timeseries":
            return [curve.name for curve in curves(panel, ask)]
    found = table(panel, ask)
    cells = [
        text_of(value, column[1]) for row in found.rows for column, value in zip(found.columns, row, strict=True)
    ]
    return [*(name for name, _ in found.columns), *cells] if cells else []


async def test_tiles_show_clusters_in_the_order_of_the_alphabet(monitored: Monitored) -> None:
    """Whoever watches a wall learns where to look; Grafana leaves series in the order in which they come."""
    desks = sorted(each.name for each in monitored.settings.rules.clusters if each.channel is Channel.DESK)
    for query in (wall.DESK_LONGEST, wall.DESK_AVERAGE_SHORT, wall.DESK_AVERAGE_DAY):
        assert await labels_of(monitored, query, "cluster") == desks


async def test_speed_categories_sort_by_their_bounds(monitored: Monitored) -> None:
    bounds = [f"{each // 1000:04}" for each in monitored.settings.rules.speed_categories_ms] + [LONGER]
    for query in team.CATEGORY_TABLE.values():
        assert sorted(await labels_of(monitored, query, "bound")) == bounds


async def labels_of(monitored: Monitored, query: Query, label: str) -> list[str]:
    """The values of a label, in the order of the answer, once there is one."""
    found: list[str] = []

    def ask() -> bool:
        found[:] = [each["metric"][label] for each in monitored.query(query.expr)]
        return bool(found)

    await until(ask, f"data for {query.expr}")
    return found


async def test_the_months_are_exactly_those_of_the_report(monitored: Monitored) -> None:
    """What Prometheus makes of all workers, to the last call: the frozen figures of the closed month, to which a fact
    has come since, and of the others what stands on the topic of month totals."""
    sources = await read_sources(monitored.kafka)
    months = [month_in(sources, month, monitored.settings) for month in sources.months()]
    assert [each.month for each in months if each.late] == [monitored.closed]
    expected = {
        (rule, each.month, channel.value, cluster): count
        for each in months
        for (channel, cluster), tally in each.totals.items()
        for rule, count in counts(tally).items()
    }
    assert len({month for _, month, _, _ in expected}) > 2
    found: dict[tuple[str, str, str, str], float] = {}

    def ask() -> bool:
        for each in monitored.query('{__name__=~"cluster_month:wachtmonitor_month_.+:sum"}'):
            labels = each["metric"]
            rule = labels["__name__"].removeprefix("cluster_month:wachtmonitor_month_").removesuffix(":sum")
            # tenths of seconds are not exact in binary
            found[rule, labels["month"], labels["channel"], labels["cluster"]] = round(float(each["value"][1]), 3)
        return found.keys() >= expected.keys()

    await until(ask, "every month in Prometheus")
    assert monitored.value("sum(cluster_month:wachtmonitor_closed_month_late_facts:sum)") == 1
    assert {place: found[place] for place in expected} == expected


async def test_the_wait_until_an_appointment_of_the_city_is_that_of_all_its_requests(monitored: Monitored) -> None:
    """Added up over clusters and workers, to the last working day."""
    sums: dict[str, tuple[int, int]] = {}
    for (month, _, _), tally in (await month_totals(monitored.kafka)).items():
        if isinstance(tally, DeskTally) and tally.requests:
            requests, days = sums.get(month, (0, 0))
            sums[month] = (requests + tally.requests, days + tally.lead_days)
    assert sums
    found: dict[str, float] = {}

    def ask() -> bool:
        for each in monitored.query("month:wachtmonitor_month_lead_workdays:avg"):
            found[each["metric"]["month"]] = float(each["value"][1])
        return found == {month: days / requests for month, (requests, days) in sums.items()}

    await until(ask, f"the city's {sums}, of which there is {found}")


def counts(tally: Tally) -> dict[str, float]:
    """What a tally says of the official indicators, by the names of the rules."""
    if isinstance(tally, PhoneTally):
        return {
            "served_contacts": tally.answered,
            "wait_seconds": tally.wait_ms / 1000,
            "offered_calls": tally.offered,
            "missed_calls": tally.missed,
        }
    assert isinstance(tally, DeskTally)
    return {
        "served_contacts": tally.served,
        "wait_seconds": tally.wait_ms / 1000,
        "requested_appointments": tally.requests,
        "lead_workdays": tally.lead_days,
        "requested_within_norm_appointments": tally.requests_within_norm,
    }


async def test_every_rule_is_evaluated_without_an_error(monitored: Monitored) -> None:
    rules = [rule for group in monitored.ask("rules")["groups"] for rule in group["rules"]]
    assert len(rules) == len(recording_rules())
    assert [(rule["name"], rule.get("lastError")) for rule in rules if rule["health"] != "ok"] == []


@pytest.mark.parametrize(
    "rule",
    [rule for rule in recording_rules() if not UNTOLD.search(rule.name)],
    ids=lambda rule: rule.name,
)
async def test_every_rule_records_something(rule: RecordingRule, monitored: Monitored) -> None:
    await until(lambda: bool(numbers(monitored.query_range(rule.name, RANGE_SECONDS))), f"data of {rule.expr}")


@pytest.mark.parametrize(
    "alarm", [alarm for alarm in ALARMS if not UNTOLD.search(alarm.series)], ids=lambda alarm: alarm.uid
)
async def test_every_alarm_has_something_to_compare_and_to_tell(alarm: Alarm, monitored: Monitored) -> None:
    asked_for = [alarm.series, alarm.figure, *([alarm.norm] if alarm.norm else [])]
    await until(
        lambda: all(numbers(monitored.query_range(expr, RANGE_SECONDS)) for expr in asked_for), f"data of {asked_for}"
    )


async def test_the_command_check_finds_this_prometheus_good_and_what_it_lacks(
    monitored: Monitored, tmp_path: Path
) -> None:
    """It scrapes both workers and evaluates every rule, but not one that it was never given."""
    settings, files = PrometheusSettings(url=monitored.url), sorted(RULES.glob("*.yml"))
    workers, rules = await prometheus_findings(settings, files, patience_seconds=10)
    assert (workers.status, workers.text) == (Status.GOOD, "answers, and scrapes 2 workers")
    assert rules.status is Status.GOOD
    unknown = tmp_path / "unknown.yml"
    unknown.write_text("groups: [{name: x, rules: [{record: 'city:unknown:sum', expr: '1'}]}]")
    _, lacking = await prometheus_findings(settings, [*files, unknown], patience_seconds=10)
    assert lacking.status is Status.WRONG
    assert lacking.text.startswith("lacks city:unknown:sum: name the files")

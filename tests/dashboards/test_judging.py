"""Judged figures, asked of a real Prometheus that holds chosen samples: signs, norms, and what is missing."""

import math
import os
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

import pytest

from dashboards import queries
from dashboards.month import queries as months
from dashboards.queries import BAD, GOOD, NEUTRAL
from dashboards.team import queries as team
from dashboards.wall import queries as wall
from tests.alerting.prometheus import MissingProgramError, Prometheus, Span

AT: Final = 1_790_000_000
"""A second within a day of 2026."""

LINE: Final = 'cluster="Klantencontactcentrum",channel="phone"'
OTHER: Final = 'cluster="Afspraken",channel="phone"'
NORM_LEVEL: Final = "cluster:wachtmonitor_norm_cluster_service_level"
NORM: Final = "cluster:wachtmonitor_norm_wait_seconds:max"
AVERAGE: Final = "cluster_window:wachtmonitor_wait_seconds:avg"
LEVEL: Final = "cluster_window:wachtmonitor_service_level:ratio"
MISSED: Final = "cluster_window:wachtmonitor_missed_calls:ratio"

LEAD: Final = "month:wachtmonitor_month_lead_workdays:avg"

SAMPLES: Final = {
    f"{NORM}{{{LINE}}}": 45,
    f'{NORM}{{cluster="Burgerzaken",channel="desk"}}': 60,
    f'{NORM}{{cluster="OCMW",channel="desk"}}': 600,
    f'{NORM}{{cluster="Wonen",channel="desk"}}': 300,
    f"{NORM_LEVEL}_ratio:max{{{LINE}}}": 0.7,
    f"{NORM_LEVEL}_seconds:max{{{LINE}}}": 30,
    "city:wachtmonitor_norm_missed_ratio:max": 0.2,
    # the telephone's norm is "below", the desks' is "at most": both stand exactly on it
    f'{AVERAGE}{{{LINE},window="today"}}': 45,
    f'{AVERAGE}{{{LINE},window="15m"}}': 44.999,
    f'{AVERAGE}{{cluster="Burgerzaken",channel="desk",window="today"}}': 60,
    f'{AVERAGE}{{cluster="OCMW",channel="desk",window="today"}}': 600.001,
    f'{LEVEL}{{{LINE},window="today"}}': 0.7,
    f'{MISSED}{{{LINE},window="today"}}': 0.2,
    'cluster:wachtmonitor_waiting_contacts:sum{cluster="Burgerzaken",channel="desk"}': 3,
    'cluster:wachtmonitor_waiting_contacts:sum{cluster="OCMW",channel="desk"}': 0,
    'cluster:wachtmonitor_waiting_contacts:sum{cluster="Wonen",channel="desk"}': 0,
    'cluster:wachtmonitor_longest_wait_seconds:max{cluster="Burgerzaken",channel="desk"}': 90,
    # by what each month is judged; today's norm of the city is another one
    "city:wachtmonitor_norm_lead_workdays:max": 3,
    **{
        f'month:wachtmonitor_month_{name}:max{{year="2026",month="2026-{month:02d}"}}': value
        for month in (8, 9, 10)
        for name, value in (("norm_lead_workdays", 5), ("begin_timestamp_seconds", 2_678_400 * month))
    },
    **{
        f'cluster_month:wachtmonitor_month_norm_wait_seconds:max{{cluster="{cluster}",channel="desk",year="2026",'
        f'month="2026-09"}}': norm
        for cluster, norm in (("Burgerzaken", 60), ("OCMW", 600), ("Wonen", 300))
    },
    f'{LEAD}{{year="2026",month="2026-08"}}': 5.001,
    f'{LEAD}{{year="2026",month="2026-09"}}': 5,
    f'cluster_{LEAD}{{cluster="OCMW",channel="desk",year="2026",month="2026-09"}}': 9,
    "city:wachtmonitor_open:max": 1,
    'topic:wachtmonitor_feed_age_seconds:min{topic="gesprekken"}': 90,
    'topic:wachtmonitor_feed_age_seconds:min{topic="tickets"}': 901,
    'topic:wachtmonitor_feed_stale_seconds:max{topic="gesprekken"}': 90,
    'topic:wachtmonitor_feed_stale_seconds:max{topic="tickets"}': 900,
    'wachtmonitor_feed_stale_seconds{topic="gesprekken",channel="phone"}': 90,
    'wachtmonitor_feed_stale_seconds{topic="tickets",channel="desk"}': 900,
    "city:wachtmonitor_workers:count": 0,
}

CLOSED: Final = AT + 60
"""A minute later the city is closed, and everything else as it was."""

MANY: Final = AT + 120
"""And then there is a second telephone line, with a service level of its own, of whose calls little is known."""


class Tile(NamedTuple):
    """What a tile shows: the label `sign`, that of the norm, and the value; None where there is none."""

    sign: str
    norm: str
    value: float | None


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Prometheus with the samples; skipped without it, but never in CI."""
    try:
        holding = Prometheus(tmp_path_factory.mktemp("judging"))
    except MissingProgramError as missing:
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up(str(missing))
    with holding:
        closed = SAMPLES | {"city:wachtmonitor_open:max": 0, "city:wachtmonitor_workers:count": 2}
        many = SAMPLES | {
            f"{NORM}{{{OTHER}}}": 60,
            f"{NORM_LEVEL}_ratio:max{{{OTHER}}}": 0.9,
            f"{NORM_LEVEL}_seconds:max{{{OTHER}}}": 120,
            f'{LEVEL}{{{OTHER},window="today"}}': 0.8,
        }
        holding.add(
            [f"{name} {value} {at}" for name, value in samples.items()]
            for at, samples in ((AT, SAMPLES), (CLOSED, closed), (MANY, many))
        )
        yield holding


def shown(prometheus: Prometheus, query: queries.Query, by: str = "cluster", at: int = AT) -> Mapping[str, Tile]:
    """What a query shows, by the value of a label."""
    found = {}
    for labels, ((_, value),) in prometheus.range(query.expr, Span(at, at), 1, 0).items():
        named = dict(labels)
        found[named[by]] = Tile(named.get("sign", ""), named.get("norm", ""), None if math.isnan(value) else value)
    return found


def test_the_norm_of_a_line_is_broken_at_its_bound(prometheus: Prometheus) -> None:
    assert shown(prometheus, wall.LINE_AVERAGE_SHORT)["Klantencontactcentrum"] == Tile(GOOD, "45", 44.999)
    assert shown(prometheus, wall.LINE_AVERAGE_DAY)["Klantencontactcentrum"] == Tile(BAD, "45", 45)


def test_a_line_is_named_where_there_are_more(prometheus: Prometheus) -> None:
    one = shown(prometheus, wall.LINE_AVERAGE_DAY, by="line", at=MANY)
    assert one == {"Klantencontactcentrum: ": Tile(BAD, "45", 45), "Afspraken: ": Tile(NEUTRAL, "60", None)}
    (alone,) = prometheus.range(wall.LINE_AVERAGE_DAY.expr, Span(AT, AT), 1, 0)
    assert "line" not in dict(alone)


def test_the_norm_of_a_desk_holds_its_bound_and_stands_in_minutes(prometheus: Prometheus) -> None:
    tiles = shown(prometheus, wall.DESK_AVERAGE_DAY)
    assert tiles["Burgerzaken"] == Tile(GOOD, "1", 1)
    assert tiles["OCMW"].sign == BAD
    assert tiles["OCMW"].norm == "10"


def test_a_cluster_without_a_figure_stays_on_the_wall_without_one(prometheus: Prometheus) -> None:
    assert shown(prometheus, wall.DESK_AVERAGE_DAY)["Wonen"] == Tile(NEUTRAL, "5", None)
    assert shown(prometheus, wall.LINE_LONGEST)["Klantencontactcentrum"] == Tile(NEUTRAL, "45", None)


def test_shares_keep_their_norms_at_the_bound(prometheus: Prometheus) -> None:
    assert shown(prometheus, wall.LINE_SERVICE_LEVEL_DAY)["Klantencontactcentrum"] == Tile(GOOD, "70", 0.7)
    assert shown(prometheus, wall.LINE_MISSED_SHARE_DAY)["Klantencontactcentrum"] == Tile(GOOD, "20", 0.2)


def test_the_bound_of_the_service_level_is_in_the_name(prometheus: Prometheus) -> None:
    assert set(shown(prometheus, wall.LINE_SERVICE_LEVEL_DAY, by="bound")) == {"30"}


def test_a_line_is_judged_by_its_own_service_level(prometheus: Prometheus) -> None:
    query = wall.LINE_SERVICE_LEVEL_DAY
    assert shown(prometheus, query, at=MANY) == {
        "Klantencontactcentrum": Tile(GOOD, "70", 0.7),
        "Afspraken": Tile(BAD, "90", 0.8),
    }
    assert set(shown(prometheus, query, by="bound", at=MANY)) == {"30", "120"}
    assert set(shown(prometheus, query, by="line", at=MANY)) == {"Klantencontactcentrum: ", "Afspraken: "}


def test_the_number_of_waiting_visitors_is_in_the_name(prometheus: Prometheus) -> None:
    assert shown(prometheus, wall.DESK_LONGEST, by="waiting")["3"] == Tile(BAD, "1", 1.5)
    assert shown(prometheus, wall.DESK_LONGEST)["OCMW"] == Tile(NEUTRAL, "10", None)


def test_a_feed_is_old_after_the_silence_of_the_settings_whatever_its_topic_is_called(prometheus: Prometheus) -> None:
    ages = shown(prometheus, wall.FEED_AGE, by="words")
    assert ages == {"<<grafana-channel-phone>>": Tile(GOOD, "", 90), "<<grafana-channel-desk>>": Tile(BAD, "", 901)}


def test_a_feed_may_be_silent_when_the_city_is_closed(prometheus: Prometheus) -> None:
    ages = shown(prometheus, wall.FEED_AGE, by="words", at=CLOSED)
    assert ages == {
        "<<grafana-channel-phone>>": Tile(NEUTRAL, "", 90),
        "<<grafana-channel-desk>>": Tile(NEUTRAL, "", 901),
    }


def test_the_wall_says_when_the_monitor_stands_still_and_only_then(prometheus: Prometheus) -> None:
    expr = wall.MONITOR_STOPPED.expr
    assert list(prometheus.range(expr, Span(AT, AT), 1, 0).values()) == [[(AT, 0.0)]]
    assert prometheus.range(expr, Span(CLOSED, CLOSED), 1, 0) == {}


def test_a_column_of_verdicts_is_1_where_the_norm_is_broken(prometheus: Prometheus) -> None:
    verdicts = shown(prometheus, team.DESK_TABLE["verdict-today"])
    assert {cluster: tile.value for cluster, tile in verdicts.items()} == {"Burgerzaken": 0, "OCMW": 1}


@pytest.mark.parametrize(
    ("month", "tile"),
    [
        ("2026-08", Tile(BAD, "5", 5.001)),
        ("2026-09", Tile(GOOD, "5", 5)),
        ("2026-10", Tile(NEUTRAL, "5", None)),
    ],
)
def test_the_city_has_one_wait_until_an_appointment_and_may_wait_the_norm_itself(
    prometheus: Prometheus, month: str, tile: Tile
) -> None:
    """Whatever its clusters do; a month in which nobody asked has a tile without a figure."""
    query = queries.Query(months.MONTH_CITY_LEAD.expr.replace(months.CHOSEN_MONTH, month))
    assert list(shown(prometheus, query, by="norm").values()) == [tile]


def test_the_city_stands_below_its_clusters_and_is_judged_by_itself(prometheus: Prometheus) -> None:
    """On the norm, beside a desk that is above it."""
    values = {
        name: {cluster: tile.value for cluster, tile in shown(prometheus, in_month(query)).items()}
        for name, query in months.MONTH_LEAD_TABLE.items()
    }
    assert values["workdays"] == {"OCMW": 9, months.CITY: 5}
    assert values["verdict"] == {"OCMW": 1, months.CITY: 0}
    assert values["norm"] == dict.fromkeys(["Burgerzaken", "OCMW", "Wonen", months.CITY], 5)


def in_month(query: queries.Query) -> queries.Query:
    """The query for September."""
    return queries.Query(query.expr.replace(months.CHOSEN_MONTH, "2026-09"))


def test_the_city_is_a_column_beside_its_desks(prometheus: Prometheus) -> None:
    """Named as they are, with the norm; and no month that comes after the one that is chosen."""
    city = f"{months.CITY} ≤ 5"
    assert leads_until(prometheus, "2026-08") == {("2026-08", city): 5.001}
    both = {("2026-09", "OCMW ≤ 5"): 9, ("2026-08", city): 5.001, ("2026-09", city): 5}
    assert leads_until(prometheus, "2026-10") == both


def leads_until(prometheus: Prometheus, month: str) -> dict[tuple[str, str], float]:
    """The table of the year up to a month, by month and column."""
    expr = months.YEAR_LEADS.expr.replace(months.CHOSEN_YEAR, "2026").replace(months.CHOSEN_MONTH, month)
    return {
        (named["month"], named["desk"]): value
        for labels, ((_, value),) in prometheus.range(expr, Span(AT, AT), 1, 0).items()
        for named in [dict(labels)]
    }

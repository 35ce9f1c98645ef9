"""Judged figures, asked of a real Prometheus that holds chosen samples: signs, norms, and what is missing."""

import math
import os
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

import pytest

from dashboards import queries
from dashboards.queries import BAD, GOOD, NEUTRAL
from tests.alerting.prometheus import MissingProgramError, Prometheus, Span

AT: Final = 1_790_000_000
"""A second within a day of 2026."""

LINE: Final = 'cluster="Klantencontactcentrum",channel="phone"'
NORM: Final = "cluster:wachtmonitor_norm_wait_seconds:max"
AVERAGE: Final = "cluster_window:wachtmonitor_wait_seconds:avg"
LEVEL: Final = "cluster_window:wachtmonitor_service_level:ratio"
MISSED: Final = "cluster_window:wachtmonitor_missed_calls:ratio"

SAMPLES: Final = {
    f"{NORM}{{{LINE}}}": 45,
    f'{NORM}{{cluster="Burgerzaken",channel="desk"}}': 60,
    f'{NORM}{{cluster="OCMW",channel="desk"}}': 600,
    f'{NORM}{{cluster="Wonen",channel="desk"}}': 300,
    "city:wachtmonitor_norm_service_level_ratio:max": 0.7,
    "city:wachtmonitor_norm_service_level_seconds:max": 30,
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
"""And then there is a second telephone line, on which nobody has called."""


class Tile(NamedTuple):
    """What a tile shows: the label `teken`, that of the norm, and the value; None where there is none."""

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
        many = SAMPLES | {f'{NORM}{{cluster="Afspraken",channel="phone"}}': 60}
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
        found[named[by]] = Tile(named.get("teken", ""), named.get("norm", ""), None if math.isnan(value) else value)
    return found


def test_the_norm_of_a_line_is_broken_at_its_bound(prometheus: Prometheus) -> None:
    assert shown(prometheus, queries.LINE_AVERAGE_SHORT)["Klantencontactcentrum"] == Tile(GOOD, "45", 44.999)
    assert shown(prometheus, queries.LINE_AVERAGE_DAY)["Klantencontactcentrum"] == Tile(BAD, "45", 45)


def test_a_line_is_named_where_there_are_more(prometheus: Prometheus) -> None:
    one = shown(prometheus, queries.LINE_AVERAGE_DAY, by="lijn", at=MANY)
    assert one == {"Klantencontactcentrum: ": Tile(BAD, "45", 45), "Afspraken: ": Tile(NEUTRAL, "60", None)}
    (alone,) = prometheus.range(queries.LINE_AVERAGE_DAY.expr, Span(AT, AT), 1, 0)
    assert "lijn" not in dict(alone)


def test_the_norm_of_a_desk_holds_its_bound_and_stands_in_minutes(prometheus: Prometheus) -> None:
    tiles = shown(prometheus, queries.DESK_AVERAGE_DAY)
    assert tiles["Burgerzaken"] == Tile(GOOD, "1", 1)
    assert tiles["OCMW"].sign == BAD
    assert tiles["OCMW"].norm == "10"


def test_a_cluster_without_a_figure_stays_on_the_wall_without_one(prometheus: Prometheus) -> None:
    assert shown(prometheus, queries.DESK_AVERAGE_DAY)["Wonen"] == Tile(NEUTRAL, "5", None)
    assert shown(prometheus, queries.LINE_LONGEST)["Klantencontactcentrum"] == Tile(NEUTRAL, "45", None)


def test_shares_keep_their_norms_at_the_bound(prometheus: Prometheus) -> None:
    assert shown(prometheus, queries.LINE_SERVICE_LEVEL_DAY)["Klantencontactcentrum"] == Tile(GOOD, "70", 0.7)
    assert shown(prometheus, queries.LINE_MISSED_SHARE_DAY)["Klantencontactcentrum"] == Tile(GOOD, "20", 0.2)


def test_the_bound_of_the_service_level_is_in_the_name(prometheus: Prometheus) -> None:
    assert set(shown(prometheus, queries.LINE_SERVICE_LEVEL_DAY, by="grens")) == {"30"}


def test_the_number_of_waiting_visitors_is_in_the_name(prometheus: Prometheus) -> None:
    assert shown(prometheus, queries.DESK_LONGEST, by="aantal")["3"] == Tile(BAD, "1", 1.5)
    assert shown(prometheus, queries.DESK_LONGEST)["OCMW"] == Tile(NEUTRAL, "10", None)


def test_a_feed_is_old_after_the_silence_of_the_settings_whatever_its_topic_is_called(prometheus: Prometheus) -> None:
    ages = shown(prometheus, queries.FEED_AGE, by="bron")
    assert ages == {"telefoon": Tile(GOOD, "", 90), "loketten": Tile(BAD, "", 901)}


def test_a_feed_may_be_silent_when_the_city_is_closed(prometheus: Prometheus) -> None:
    ages = shown(prometheus, queries.FEED_AGE, by="bron", at=CLOSED)
    assert ages == {"telefoon": Tile(NEUTRAL, "", 90), "loketten": Tile(NEUTRAL, "", 901)}


def test_the_wall_says_when_the_monitor_stands_still_and_only_then(prometheus: Prometheus) -> None:
    expr = queries.MONITOR_STOPPED.expr
    assert list(prometheus.range(expr, Span(AT, AT), 1, 0).values()) == [[(AT, 0.0)]]
    assert prometheus.range(expr, Span(CLOSED, CLOSED), 1, 0) == {}


def test_a_column_of_verdicts_is_1_where_the_norm_is_broken(prometheus: Prometheus) -> None:
    verdicts = shown(prometheus, queries.DESK_TABLE["oordeel vandaag"])
    assert {cluster: tile.value for cluster, tile in verdicts.items()} == {"Burgerzaken": 0, "OCMW": 1}

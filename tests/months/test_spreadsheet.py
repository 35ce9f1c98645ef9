"""The spreadsheet: period, cluster and name of a row say which figure it is, in whatever report it stands."""

import csv
import io
from typing import Any, Final

import msgspec

from streams.commands.report import FORMATS
from streams.core.rules import Channel, Cluster
from streams.months.report.report import build_report
from streams.settings import Settings
from tests.core.builders import BURGERZAKEN, MINUTE, SECOND, abandoned, answered, ms, offered, requested, started
from tests.months.making import lier, sources_of

NOW: Final = ms("2026-11-24 12:00")
MISSED: Final = "Aandeel gemiste oproepen"
EVENING: Final = "19:00"
SECOND_LINE: Final = "Noodlijn"


def city() -> Settings:
    """Two lines and several desks, one of which has the name of a line."""
    rules = lier().rules
    more = (Cluster(SECOND_LINE, Channel.PHONE, 45 * SECOND), Cluster(BURGERZAKEN, Channel.PHONE, 45 * SECOND))
    return lier(rules=msgspec.structs.replace(rules, clusters=(*rules.clusters, *more)))


def events_of_a_year() -> list[Any]:
    """Each month another number of calls answered and missed, and of visits, some outside opening hours."""
    events: list[Any] = []
    lines = [each.name for each in city().rules.clusters if each.channel is Channel.PHONE]
    for month in range(1, 11):
        for number in range(3 + month):
            for hour in ("10:00", EVENING):
                at = ms(f"2026-{month:02d}-{13 if month != 6 else 15} {hour}") + number * MINUTE
                line, name = lines[number % len(lines)], f"{month}-{number}-{hour}"
                end = abandoned if number % (2 + month % 3) == 0 else answered
                events += [offered(at, f"c{name}", line), end(at + number * 10 * SECOND, f"c{name}", line)]
                events += [
                    requested(at - 9 * 86_400_000, at, f"t{name}"),
                    started(at + number * SECOND, None, f"t{name}"),
                ]
    return events


def rows_of(period: str, settings: Settings) -> list[dict[str, str]]:
    """The rows of the report of a period."""
    report = build_report(sources_of(events_of_a_year(), settings, now_ms=NOW), period, settings, NOW)
    text = FORMATS["csv"](report).removeprefix("\ufeff")
    return list(csv.DictReader(io.StringIO(text), delimiter=";"))


def key(row: dict[str, str]) -> tuple[str, str, str]:
    """What says which figure it is."""
    return row["periode"], row["cluster"], row["gegeven"]


def test_the_same_key_is_the_same_figure_in_every_report() -> None:
    """Of ten months and of their year: each key once in a file, and always with the same value, unit and verdict."""
    settings = city()
    known: dict[tuple[str, str, str], dict[str, str]] = {}
    for period in [*(f"2026-{month:02d}" for month in range(1, 11)), "2026"]:
        rows = rows_of(period, settings)
        assert len({key(row) for row in rows}) == len(rows), period
        for row in rows:
            assert known.setdefault(key(row), row) == row
    assert len(known) > 1_000


def test_the_share_of_missed_calls_says_of_which_months_it_is() -> None:
    """The month's own, without a norm, and that of the year up to it, which is judged."""
    settings = city()
    month, year = ({key(row): row for row in rows_of(period, settings)} for period in ("2026-10", "2026"))
    own, so_far = (month[period, "alle samen", MISSED] for period in ("2026-10", "2026-01 t.e.m. 2026-10"))
    assert own["waarde"] != so_far["waarde"]
    assert (own["norm"], own["norm gehaald"]) == ("", "geen norm")
    assert so_far["norm"] == "≤ 0,2"
    assert year["2026-10", "alle samen", MISSED] == own
    assert year["2026", "alle samen", MISSED]["waarde"] == so_far["waarde"]

"""The mute timing is the closed time of any city, and Alertmanager's own reader takes it: Grafana reads with the same
code, and does not start with a file that this refuses."""

import subprocess
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards.alarms.alerts import MUTE_TIMING, MUTED_YEARS, mute_timings_file
from streams.core.calendar import Calendar, Opening
from streams.core.rules import MINUTE_MS, DatedHours, OpenInterval, Rules
from streams.settings import load
from tests.alerting.schema import ContactPointsFile, MuteTimesFile, PoliciesFile, read
from tests.deploy.tools import needs

WEEK: Final = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
"""Alertmanager's week: a range of days that runs over its end is refused."""

DAY_MINUTES: Final = 24 * 60

LIER: Final = load(None, {}).rules

Hours = tuple[OpenInterval, ...]

CLOSED: Final[Hours] = ()
ALL_DAY: Final[Hours] = (OpenInterval(0, DAY_MINUTES),)
NIGHT: Final[Hours] = (OpenInterval(0, 6 * 60), OpenInterval(22 * 60, DAY_MINUTES))
"""Open over midnight, as the settings have it: split over two days."""


def city(opening_hours: Sequence[Hours], *, closing: bool = True) -> Rules:
    """Lier with other hours, and perhaps without a single closing day; Monday first."""
    days = (LIER.public_holidays, ("2026-07-13",)) if closing else ((), ())
    return msgspec.structs.replace(
        LIER, opening_hours=tuple(opening_hours), public_holidays=days[0], closing_days=days[1]
    )


@st.composite
def hours(draw: st.DrawFn) -> Hours:
    """Opening hours of a day: any number of intervals in their order, which may touch; midnight often."""
    minute = st.sampled_from((0, 1, DAY_MINUTES - 1, DAY_MINUTES)) | st.integers(0, DAY_MINUTES)
    edges = sorted(draw(st.sets(minute, max_size=6)))
    pairs = zip(edges[::2], edges[1::2], strict=False) if draw(st.booleans()) else pairwise(edges)
    return tuple(OpenInterval(start, end) for start, end in pairs)


DAYS: Final = st.sampled_from((CLOSED, ALL_DAY, NIGHT)) | hours()
CITIES: Final = st.builds(
    city, st.lists(DAYS, min_size=7, max_size=7) | DAYS.map(lambda day: [day] * 7), closing=st.booleans()
)

EDGES: Final = (
    *(city([ALL_DAY if number >> day & 1 else CLOSED for day in range(7)], closing=False) for number in range(128)),
    city([NIGHT] * 7),
    city([CLOSED] * 7, closing=False),
    city([(OpenInterval(0, 1), OpenInterval(DAY_MINUTES - 1, DAY_MINUTES))] * 7),
)
"""Each set of days, the whole week and none of it, nights, the first and the last minute."""


def intervals(rules: Rules) -> list[dict[str, Any]]:
    """As a reader of the file finds them."""
    (timing,) = yaml.safe_load(yaml.safe_dump(mute_timings_file(rules)))["muteTimes"]
    assert timing["name"] == MUTE_TIMING
    found: list[dict[str, Any]] = timing["time_intervals"]
    return found


def amtool(configuration: dict[str, Any], directory: Path) -> str:
    """What Alertmanager's reader has against a configuration; empty when it takes it."""
    file = directory / "alertmanager.yml"
    file.write_text(yaml.safe_dump(configuration))
    done = subprocess.run(
        [needs("amtool"), "check-config", file], capture_output=True, text=True, check=False, timeout=60
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def configuration(timings: Iterable[list[dict[str, Any]]]) -> dict[str, Any]:
    """As many mute timings as there are, in one file."""
    named = [{"name": f"timing-{number}", "time_intervals": each} for number, each in enumerate(timings)]
    return {"route": {"receiver": "one"}, "receivers": [{"name": "one"}], "time_intervals": named}


def muted_minutes(found: list[dict[str, Any]]) -> set[int]:
    """Minutes of a week without closing days, Sunday first, by Alertmanager's definition of its fields."""
    muted: set[int] = set()
    for interval in (each for each in found if not each.keys() & {"days_of_month", "months", "years"}):
        for day in map(WEEK.index, interval.get("weekdays", WEEK)):
            for span in interval["times"]:
                start, end = (int(at[:2]) * 60 + int(at[3:]) for at in (span["start_time"], span["end_time"]))
                assert start < end
                muted.update(range(day * DAY_MINUTES + start, day * DAY_MINUTES + end))
    return muted


def closed_minutes(rules: Rules) -> set[int]:
    """The same of the settings, whose week begins on Monday."""
    opened = {
        (day + 1) % 7 * DAY_MINUTES + minute
        for day, hours_of_day in enumerate(rules.opening_hours)
        for each in hours_of_day
        for minute in range(each.from_minute, each.to_minute)
    }
    return set(range(7 * DAY_MINUTES)) - opened


@settings(max_examples=5, deadline=None)
@given(st.lists(CITIES, min_size=20, max_size=40))
def test_alertmanager_takes_the_closed_time_of_any_city(
    tmp_path_factory: pytest.TempPathFactory, cities: list[Rules]
) -> None:
    """Many in one file: a program is started for each."""
    assert amtool(configuration(map(intervals, cities)), tmp_path_factory.mktemp("amtool")) == ""


def test_alertmanager_takes_each_set_of_days_and_every_edge(tmp_path: Path) -> None:
    assert amtool(configuration(map(intervals, EDGES)), tmp_path) == ""


def test_alertmanager_refuses_a_week_that_runs_backwards(tmp_path: Path) -> None:
    """So what it takes above it has read."""
    backwards = [{"weekdays": ["saturday:sunday"]}]
    assert "start day cannot be before end day" in amtool(configuration([backwards]), tmp_path)


@settings(deadline=None)
@given(CITIES)
def test_the_mute_timing_is_the_closed_minutes_of_a_week(rules: Rules) -> None:
    assert muted_minutes(intervals(rules)) == closed_minutes(rules)


@pytest.mark.parametrize("rules", EDGES[::7] + EDGES[-4:])
def test_the_mute_timing_is_the_closed_minutes_at_the_edges(rules: Rules) -> None:
    assert muted_minutes(intervals(rules)) == closed_minutes(rules)


def test_a_city_that_never_closes_has_a_mute_timing_that_mutes_nothing() -> None:
    """It must be there, since the policies name it; and an interval without any field would mute always."""
    found = intervals(city([ALL_DAY] * 7, closing=False))
    assert found
    assert all(int(year) < MUTED_YEARS[0] for each in found for year in each["years"])


def test_closing_days_are_muted_day_by_day() -> None:
    """Each quarter of an hour of a year of Lier, closing days and the clock's changes as well."""
    calendar = Calendar(LIER)
    found = intervals(LIER)
    first_ms = 1_798_758_000_000  # 2027-01-01 00:00 in Brussels
    differing = [
        at
        for at in range(first_ms, first_ms + 365 * DAY_MINUTES * MINUTE_MS, 15 * MINUTE_MS)
        if _muted(found, at) is (calendar.opening(at) is Opening.OPEN)
    ]
    assert differing == []


def test_dates_and_lines_with_hours_of_their_own_open_and_close_for_that_day_alone(tmp_path: Path) -> None:
    """A half holiday, an extra Saturday, an opened holiday and an evening line, in every quarter of two years."""
    evening = msgspec.structs.replace(
        LIER.clusters[0],
        opening_hours=((OpenInterval(12 * 60, 20 * 60),), *LIER.opening_hours[1:]),
        dated_hours=(DatedHours("2027-07-21", (OpenInterval(600, 660),)), DatedHours("2028-01-04", ())),
    )
    rules = msgspec.structs.replace(
        LIER,
        clusters=(evening, *LIER.clusters[1:]),
        dated_hours=(
            DatedHours("2027-12-24", (OpenInterval(8 * 60 + 30, 12 * 60),)),
            DatedHours("2027-12-04", (OpenInterval(540, 720),)),
            DatedHours("2028-01-03", ()),
        ),
    )
    calendar, found = Calendar(rules), intervals(rules)
    first_ms = 1_798_758_000_000  # 2027-01-01 00:00 in Brussels
    differing = [
        at
        for at in range(first_ms, first_ms + 400 * DAY_MINUTES * MINUTE_MS, 15 * MINUTE_MS)
        if _muted(found, at) is (calendar.opening_of_any(at) is Opening.OPEN)
    ]
    assert differing == []
    assert amtool(configuration([found]), tmp_path) == ""


def _muted(found: list[dict[str, Any]], at_ms: int) -> bool:
    """By Alertmanager's definition: every field that is given must hold, and within a field any."""
    local = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(ZoneInfo(LIER.zone))
    read_as = {"weekdays": WEEK[local.isoweekday() % 7], "days_of_month": str(local.day)}
    read_as |= {"months": str(local.month), "years": str(local.year)}
    clock = f"{local:%H:%M}"
    return any(
        all(_holds(value, each[field]) for field, value in read_as.items() if field in each)
        and ("times" not in each or any(t["start_time"] <= clock < t["end_time"] for t in each["times"]))
        for each in found
    )


def _holds(value: str, listed: Sequence[str]) -> bool:
    """Whether it is one of those listed, or within a range of years."""
    ranges = (each.split(":") for each in listed if ":" in each)
    return value in listed or any(int(first) <= int(value) <= int(last) for first, last in ranges)


def test_the_mute_timing_reaches_into_the_future() -> None:
    assert MUTED_YEARS[-1] >= 2030


def policies() -> dict[str, Any]:
    """The committed policies, contact points and mute timings as one file of Alertmanager."""
    (policy,) = read("policies.yml", PoliciesFile).policies
    (timing,) = read("mute-timings.yml", MuteTimesFile).mute_times
    route = msgspec.to_builtins(policy)
    del route["orgId"]
    for each in route["routes"]:
        each["matchers"] = [f'{name}{operator}"{value}"' for name, operator, value in each.pop("object_matchers")]
    return {
        "route": route,
        "receivers": [{"name": each.name} for each in read("contact-points.yml", ContactPointsFile).contact_points],
        "time_intervals": [{"name": timing.name, "time_intervals": intervals(LIER)}],
    }


def test_alertmanager_takes_the_policies_with_what_they_name(tmp_path: Path) -> None:
    assert amtool(policies(), tmp_path) == ""


@pytest.mark.parametrize("part", ["receivers", "time_intervals"])
def test_alertmanager_refuses_policies_that_name_what_is_not_there(part: str, tmp_path: Path) -> None:
    dangling = policies()
    dangling[part] = [{"name": "another"}]
    assert amtool(dangling, tmp_path) != ""

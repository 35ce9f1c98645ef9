"""The hour that comes twice: told by the order of a row's times where that tells it, and a guess said where not."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.sources.times import Moment, NonexistentTimeError
from streams.sources.times.order import BACK_MAX, in_order

BRUSSELS: Final = ZoneInfo("Europe/Brussels")
CHANGE: Final = datetime(2026, 10, 25, 1, tzinfo=UTC)
"""Clocks go back from 3:00 to 2:00."""

HOUR: Final = timedelta(hours=1)


def on_the_wall(instant: datetime) -> datetime:
    return instant.astimezone(BRUSSELS).replace(tzinfo=None, fold=0)


def read(*locals_: datetime) -> tuple[list[datetime], bool]:
    return in_order([Moment.of_local(local, BRUSSELS) for local in locals_])


def at(*clocks: str) -> tuple[list[str], bool]:
    """What times of that night are, in UTC."""
    found, is_ambiguous = read(*(datetime.fromisoformat(f"2026-10-25 {clock}") for clock in clocks))
    return [f"{instant:%H:%M:%S}" for instant in found], is_ambiguous


@pytest.mark.parametrize(
    ("clocks", "instants", "is_ambiguous"),
    [
        pytest.param(["02:59:50", "02:00:15"], ["00:59:50", "01:00:15"], False, id="over the change"),
        pytest.param(["02:55:00", "03:01:00"], ["01:55:00", "02:01:00"], False, id="before an hour that comes once"),
        pytest.param(["01:58:00", "02:05:00"], ["23:58:00", "00:05:00"], False, id="after an hour that comes once"),
        pytest.param(["01:58:00", "02:05:00", "03:02:00"], ["23:58:00", "00:05:00", "02:02:00"], True, id="between"),
        pytest.param(["02:10:00", "02:10:12"], ["00:10:00", "00:10:12"], True, id="within"),
        pytest.param(["02:10:12", "02:10:11"], ["00:10:12", "00:10:11"], True, id="a clock a second off"),
        pytest.param(["02:30:00"], ["00:30:00"], True, id="alone"),
        pytest.param(["03:10:00", "02:50:00"], ["02:10:00", "00:50:00"], True, id="in no order"),
        pytest.param(["09:30:00", "09:29:00"], ["08:30:00", "08:29:00"], False, id="no hour that comes twice"),
    ],
)
def test_the_order_of_the_times_tells_the_coming(clocks: list[str], instants: list[str], is_ambiguous: bool) -> None:
    assert at(*clocks) == (instants, is_ambiguous)


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Europe/Brussels", "2026-10-25"),
        ("Europe/Brussels", "2026-03-29"),
        ("Europe/Brussels", "2026-07-21"),
        ("Australia/Lord_Howe", "2026-04-05"),  # by half an hour
        ("Asia/Beirut", "2021-03-28"),  # at midnight
        ("Asia/Beirut", "2021-10-30"),
    ],
)
def test_every_time_of_a_day_is_what_the_zone_says(zone: str, day: str) -> None:
    where, midnight = ZoneInfo(zone), datetime.fromisoformat(day)
    for local in (midnight + timedelta(minutes=10) * count for count in range(6 * 24)):
        comings = [local.replace(tzinfo=where, fold=fold).astimezone(UTC) for fold in (0, 1)]
        if comings[0].astimezone(where).replace(tzinfo=None) != local:
            with pytest.raises(NonexistentTimeError):
                Moment.of_local(local, where)
        else:
            told = Moment.of_local(local, where)
            assert [told.first, told.second or told.first] == comings


steps = st.lists(st.timedeltas(timedelta(0), timedelta(minutes=12)), max_size=4)


@given(st.timedeltas(-2 * HOUR, 2 * HOUR), steps)
def test_what_took_less_than_an_hour_is_read_as_it_was_or_said_to_be_a_guess(
    since: timedelta, steps: list[timedelta]
) -> None:
    true = [CHANGE + since + sum(steps[:count], timedelta(0)) for count in range(len(steps) + 1)]
    found, is_ambiguous = read(*map(on_the_wall, true))
    assert is_ambiguous or found == true
    assert [on_the_wall(each) for each in found] == [on_the_wall(each) for each in true]


@given(st.lists(st.timedeltas(-2 * HOUR, 2 * HOUR), min_size=1, max_size=6))
def test_no_time_goes_back_where_some_reading_keeps_the_order(since: list[timedelta]) -> None:
    found, is_ambiguous = read(*(on_the_wall(CHANGE + each) for each in since))
    goes_back = any(earlier - later > BACK_MAX for earlier, later in pairwise(found))
    comes_twice = any(Moment.of_local(on_the_wall(each), BRUSSELS).second for each in found)
    assert is_ambiguous or not goes_back or not comes_twice

"""Local clocks: midnight, both changes of summer time, and formats that do not name a moment."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.sources.times import (
    Holds,
    Moment,
    NonexistentTimeError,
    check_date_formats,
    day_parser,
    moment_parser,
    past_midnight,
    time_of_day_parser,
    what_formats_hold,
)

BRUSSELS = ZoneInfo("Europe/Brussels")
INSTANTS = st.datetimes(datetime(1996, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds
MOMENTS_OF_A_DAY = st.timedeltas(timedelta(0), timedelta(days=1) - timedelta(microseconds=1))


@given(INSTANTS)
def test_a_local_time_is_its_instant_and_in_an_hour_that_comes_twice_one_of_two(instant: datetime) -> None:
    on_the_wall = instant.astimezone(BRUSSELS)
    first, second = Moment.of_local(on_the_wall.replace(tzinfo=None, fold=0), BRUSSELS)
    assert instant == (second if on_the_wall.fold else first)
    assert second is None or second - first == timedelta(hours=1)


@given(st.integers(1996, 2037), st.timedeltas(timedelta(0), timedelta(hours=1) - timedelta(microseconds=1)))
def test_the_hour_skipped_in_spring_never_was(year: int, into: timedelta) -> None:
    change = _last_sunday(year, 3) + timedelta(hours=2)
    with pytest.raises(NonexistentTimeError):
        Moment.of_local(change + into, BRUSSELS)


def test_clocks_in_brussels_change_as_written() -> None:
    def utc(text: str) -> str:
        return Moment.of_local(datetime.fromisoformat(text), BRUSSELS).first.isoformat()

    assert utc("2024-03-31T01:59:59") == "2024-03-31T00:59:59+00:00"
    assert utc("2024-03-31T03:00:00") == "2024-03-31T01:00:00+00:00"
    assert utc("2024-10-27T01:59:59") == "2024-10-26T23:59:59+00:00"
    assert utc("2024-10-27T02:00:00") == "2024-10-27T00:00:00+00:00"
    assert utc("2024-10-27T02:59:59") == "2024-10-27T00:59:59+00:00"
    assert utc("2024-10-27T03:00:00") == "2024-10-27T02:00:00+00:00"


def _last_sunday(year: int, month: int) -> datetime:
    day = datetime(year, month, 31)  # noqa: DTZ001 - a day on the wall
    return day - timedelta(days=(day.weekday() + 1) % 7)


@given(MOMENTS_OF_A_DAY, MOMENTS_OF_A_DAY)
def test_midnight_has_passed_only_where_the_clock_stands_more_than_twelve_hours_back(
    first: timedelta, later: timedelta
) -> None:
    day = datetime(2024, 6, 1)  # noqa: DTZ001 - a day on the wall
    read = past_midnight(day + later, day + first)
    assert read in {day + later, day + later + timedelta(days=1)}
    assert day + first - read <= timedelta(hours=12)
    assert (read != day + later) == (first - later > timedelta(hours=12))


@pytest.mark.parametrize(
    ("time_format", "text", "instant"),
    [
        ("RFC 3339", "2024-03-31T09:00:00+02:00", "2024-03-31T07:00:00+00:00"),
        ("RFC 3339", "2024-03-31T07:00:00.250Z", "2024-03-31T07:00:00.250000+00:00"),
        ("epoch seconds", "1711868400.5", "2024-03-31T07:00:00.500000+00:00"),
        ("epoch milliseconds", "1711868400500", "2024-03-31T07:00:00.500000+00:00"),
        ("%d/%m/%Y %H:%M %z", "31/03/2024 09:00 +0200", "2024-03-31T07:00:00+00:00"),
    ],
)
def test_formats_that_hold_an_instant(time_format: str, text: str, instant: str) -> None:
    assert what_formats_hold([time_format]) is Holds.INSTANT
    assert moment_parser([time_format])(text).astimezone(UTC).isoformat() == instant


@pytest.mark.parametrize(
    ("time_format", "text"),
    [
        ("RFC 3339", "2024-03-31T09:00:00"),
        ("RFC 3339", "2024-03-31"),
        ("epoch seconds", "nan"),
        ("epoch seconds", "inf"),
        ("epoch seconds", "1e300"),
        ("epoch seconds", "soon"),
        ("epoch milliseconds", "1711868400"),
        ("epoch milliseconds", "nan"),
        ("epoch milliseconds", "inf"),
    ],
)
def test_texts_that_are_no_instant(time_format: str, text: str) -> None:
    with pytest.raises((ValueError, OverflowError)):
        moment_parser([time_format])(text)


@pytest.mark.parametrize(
    ("time_format", "holds"),
    [
        ("%d/%m/%Y %H:%M", Holds.LOCAL),
        ("%Y%m%d%H%M%S", Holds.LOCAL),
        ("%y%j %I:%M %p", Holds.LOCAL),
        ("%H:%M:%S", Holds.TIME_OF_DAY),
        ("%H:%M:%S.%f", Holds.TIME_OF_DAY),
        ("%I:%M %p", Holds.TIME_OF_DAY),
    ],
)
def test_a_format_says_by_itself_whether_it_holds_a_date(time_format: str, holds: Holds) -> None:
    assert what_formats_hold([time_format]) is holds


def test_a_time_of_day_counts_from_midnight() -> None:
    assert time_of_day_parser(["%H:%M:%S"])("7:02:47") == timedelta(hours=7, minutes=2, seconds=47)
    assert time_of_day_parser(["%I:%M %p"])("12:05 AM") == timedelta(minutes=5)


def test_dates_are_read_at_midnight_with_two_digit_years_around_1999() -> None:
    check_date_formats(["%y%m%d"])
    assert day_parser(["%y%m%d"])("990201").isoformat() == "1999-02-01T00:00:00"
    assert day_parser(["%y%m%d"])("240201").isoformat() == "2024-02-01T00:00:00"

"""Instants: exact milliseconds for every moment that an event can hold."""

from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.events import EPOCH_SECONDS_MAX, EPOCH_SECONDS_MIN, Instant, instant_ms
from tests.contracts.decoders import STEADY

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
OFFSETS: st.SearchStrategy[Any] = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
DATETIMES = st.datetimes(timezones=OFFSETS)
EPOCH_SECONDS = st.floats(EPOCH_SECONDS_MIN, EPOCH_SECONDS_MAX)


@pytest.mark.parametrize(
    ("text", "expected_ms"),
    [
        ('"1970-01-01T00:00:00Z"', 0),
        ('"1969-12-31T23:59:59.999Z"', -1),
        ('"2024-05-31T11:40:02.5+02:00"', 1_717_148_402_500),
        ("1717148402.5", 1_717_148_402_500),
        ("-0.001", -1),
        ('"0001-01-01T00:00:00+23:59"', EPOCH_SECONDS_MIN * 1000 - (23 * 60 + 59) * 60_000),
        ('"9999-12-31T23:59:59.999-23:59"', EPOCH_SECONDS_MAX * 1000 + 999 + (23 * 60 + 59) * 60_000),
        (str(EPOCH_SECONDS_MIN), EPOCH_SECONDS_MIN * 1000),
        (str(EPOCH_SECONDS_MAX), EPOCH_SECONDS_MAX * 1000),
    ],
)
def test_known_moments(text: str, expected_ms: int) -> None:
    """The edges of the calendar are instants like all others."""
    assert instant_ms(msgspec.json.decode(text, type=Instant)) == expected_ms


@STEADY
@given(DATETIMES)
def test_a_datetime_is_rounded_to_the_nearest_millisecond(moment: datetime) -> None:
    since = moment - EPOCH
    microseconds = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    assert abs(instant_ms(moment) - Fraction(microseconds, 1000)) <= Fraction(1, 2)


@STEADY
@given(EPOCH_SECONDS)
def test_seconds_are_rounded_to_the_nearest_millisecond_that_a_float_can_tell(seconds: float) -> None:
    assert abs(instant_ms(seconds) - Fraction(seconds) * 1000) <= Fraction(1, 2) + Fraction(1, 16)


@STEADY
@given(DATETIMES.filter(lambda moment: 1 < moment.year < 9999), OFFSETS)
def test_the_zone_does_not_change_the_moment(moment: datetime, zone: timezone) -> None:
    assert instant_ms(moment.astimezone(zone)) == instant_ms(moment)


@STEADY
@given(st.integers(EPOCH_SECONDS_MIN * 1000, EPOCH_SECONDS_MAX * 1000))
def test_both_spellings_of_a_millisecond_are_the_same_moment(moment_ms: int) -> None:
    as_datetime = EPOCH + timedelta(milliseconds=moment_ms)
    assert instant_ms(as_datetime) == instant_ms(moment_ms / 1000) == moment_ms


def test_offsets_of_the_time_before_the_railways_have_seconds() -> None:
    """Brussels was 17 minutes and 30 seconds ahead of Greenwich until 1892."""
    assert instant_ms(datetime(1890, 1, 1, 12, tzinfo=ZoneInfo("Europe/Brussels"))) == instant_ms(
        datetime(1890, 1, 1, 11, 42, 30, tzinfo=UTC)
    )


@pytest.mark.parametrize("instant", [datetime(2024, 5, 31), float("nan")])  # noqa: DTZ001 - what must be refused
def test_what_has_no_place_in_time_is_an_error(instant: datetime | float) -> None:
    with pytest.raises(ValueError, match=r"expected a datetime with an offset|NaN"):
        instant_ms(instant)


def test_the_hour_that_the_clock_shows_twice() -> None:
    """02:30 on the last Sunday of October comes twice in Brussels, an hour apart."""
    brussels = ZoneInfo("Europe/Brussels")
    first, second = (datetime(2024, 10, 27, 2, 30, tzinfo=brussels, fold=fold) for fold in (0, 1))
    assert instant_ms(second) - instant_ms(first) == 3_600_000


@pytest.mark.parametrize(
    "text",
    [
        '"2024-05-31T11:40:02"',
        '"2024-05-31"',
        '"1717148402"',
        '"2024-02-30T00:00:00Z"',
        '"0000-01-01T00:00:00Z"',
        '"2024-05-31T11:40:02+24:00"',
        str(EPOCH_SECONDS_MIN - 1),
        str(EPOCH_SECONDS_MAX + 1),
        "1717148402000",
        "1e999",
        "true",
        "null",
    ],
)
def test_what_is_no_instant(text: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(text, type=Instant)

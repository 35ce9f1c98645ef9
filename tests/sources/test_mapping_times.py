"""Local clocks: midnight, both changes of summer time, and formats that do not name a moment."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from babel.dates import format_datetime
from hypothesis import given
from hypothesis import strategies as st

from streams.sources.times import (
    Holds,
    Moment,
    NonexistentTimeError,
    check_date_formats,
    check_time_formats,
    day_parser,
    moment_parser,
    other_format,
    past_midnight,
    time_of_day_parser,
    what_formats_hold,
)
from streams.words.language import Language

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


@given(INSTANTS, st.sampled_from([2, 1, -5]), st.booleans())
def test_a_timestamp_of_postgresql_is_read_with_its_offset_or_by_the_local_clock(
    instant: datetime, offset_hours: int, has_offset: bool
) -> None:
    local = instant.astimezone(timezone(timedelta(hours=offset_hours)))
    text = f"{local:%Y-%m-%d %H:%M:%S}" + (f".{local.microsecond:06}".rstrip("0") if local.microsecond else "")
    read = moment_parser(["postgresql"])(f"{text}{offset_hours:+03}" if has_offset else text)
    assert read == (instant if has_offset else local.replace(tzinfo=None))


@given(st.datetimes(datetime(1900, 3, 1), datetime(2100, 1, 1)), st.integers(5, 12))  # noqa: DTZ001 - local times
def test_a_day_of_a_spreadsheet_is_read_to_its_second_however_many_decimals_it_has(
    local: datetime, decimals: int
) -> None:
    whole = local.replace(microsecond=0)
    days = (whole - datetime(1899, 12, 30)) / timedelta(days=1)  # noqa: DTZ001 - day 0 of the count
    assert moment_parser(["excel days"])(f"{days:.{decimals}f}") == whole
    days_1904 = days - 1462
    if days_1904 >= 0:
        assert moment_parser(["excel days 1904"])(f"{days_1904:.{decimals}f}".replace(".", ",")) == whole


@pytest.mark.parametrize(
    ("days", "date"), [("1", "1900-01-01"), ("59", "1900-02-28"), ("61", "1900-03-01"), ("46178", "2026-06-05")]
)
def test_the_29th_of_february_1900_never_was(days: str, date: str) -> None:
    assert moment_parser(["excel days"])(days).isoformat() == f"{date}T00:00:00"
    assert day_parser(["excel days"])(days).isoformat() == f"{date}T00:00:00"


@pytest.mark.parametrize(
    "text", ["0", "0.5", "60", "60.25", "46178.4", "46178.40", "46178.3958", "4.6E4", "-1", "9999999"]
)
def test_numbers_that_are_no_day_or_have_lost_their_second_are_none(text: str) -> None:
    """46178.4 is 9:36, and so is what was rounded to 46178.40: the zero shows it."""
    if text == "46178.4":
        assert moment_parser(["excel days"])(text).isoformat() == "2026-06-05T09:36:00"
        return
    with pytest.raises((ValueError, OverflowError)):
        moment_parser(["excel days"])(text)


@given(INSTANTS, st.sampled_from(list(Language)), st.sampled_from(["MMM", "MMMM"]), st.booleans())
def test_months_and_days_are_read_by_their_names_in_every_language(
    instant: datetime, language: Language, month: str, has_weekday: bool
) -> None:
    local = instant.replace(tzinfo=None, microsecond=0)
    weekday, code = ("EEE ", "%a ") if has_weekday else ("", "")
    text = format_datetime(local, f"{weekday}d {month} y HH:mm:ss", locale=language.locale)
    read = moment_parser([f"{code}%d %b %Y %H:%M:%S"])
    for spelt in (text, text.upper(), text.replace(".", "")):
        assert read(spelt) == local, spelt


@pytest.mark.parametrize(
    ("time_format", "text"),
    [
        ("%d-%b-%Y %H:%M", "5-okt-2026 08:30"),
        ("%d %b %Y %H:%M", "5 okt. 2026 08:30"),
        ("%d.%b.%Y %H:%M", "5.okt.2026 08:30"),
        ("%d.%b.%Y %H:%M", "5.oct..2026 08:30"),
        ("%d%B%Y %H:%M", "05OCTOBRE2026 08:30"),
        ("%A %d %B %Y %H:%M", "lundi 5 octobre 2026 08:30"),
        ("%b %d, %Y %I:%M %p", "Oct 5, 2026 8:30 AM"),
    ],
)
def test_names_are_read_with_or_without_a_dot_in_any_case_and_place(time_format: str, text: str) -> None:
    assert moment_parser([time_format])(text).isoformat() == "2026-10-05T08:30:00"


@pytest.mark.parametrize(
    "text", ["5 octopus 2026 08:30", "5 2026 08:30", "5 okt okt 2026 08:30", "5 xokt 2026 08:30"]
)
def test_what_is_no_name_of_a_month_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"no name|does not match"):
        moment_parser(["%d %b %Y %H:%M"])(text)


FORMATS = [
    *("RFC 3339", "epoch seconds", "epoch milliseconds", "postgresql", "excel days", "excel days 1904"),
    *("%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M", "%Y-%m-%d %H:%M", "%d/%m/%y %H:%M:%S", "%y%m%d%H%M", "%Y%m%d%H%M%S"),
    *("%d %b %Y %H:%M", "%H:%M", "%H%M", "%H%M%S", "%I:%M %p"),
]


@given(st.lists(st.sampled_from(FORMATS), min_size=2, max_size=3, unique=True), INSTANTS)
def test_of_formats_that_are_accepted_together_none_takes_what_another_wrote_for_another_time(
    formats: list[str], instant: datetime
) -> None:
    try:
        check_time_formats(formats)
    except ValueError:
        return
    if what_formats_hold(formats) is Holds.TIME_OF_DAY:
        read, alone = time_of_day_parser(formats), time_of_day_parser
    else:
        read, alone = moment_parser(formats), moment_parser  # type: ignore[assignment]  # a moment instead of a time
    for each in formats:
        if "%" in each:
            text = instant.strftime(each)
            assert read(text) == alone([each])(text)


@pytest.mark.parametrize(
    "formats",
    [
        ["%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M"],
        ["%H%M", "%H%M%S"],
        ["epoch seconds", "excel days"],
        ["excel days", "excel days 1904"],
        ["%y%j %H:%M", "%y%m%d %H:%M"],
    ],
)
def test_formats_that_take_one_text_for_two_times_are_refused_together(formats: list[str]) -> None:
    for each in (formats, formats[::-1]):
        with pytest.raises(ValueError, match=r"is another time as .* leave one out"):
            check_time_formats(each)


def test_times_with_and_without_their_date_are_refused_together() -> None:
    with pytest.raises(ValueError, match="cannot be mixed"):
        check_time_formats(["%H:%M", "%d/%m/%Y %H:%M"])


@pytest.mark.parametrize(
    ("formats", "text", "other"),
    [
        (["epoch seconds"], "1780300800000", "epoch milliseconds"),
        (["epoch milliseconds"], "1780300800", "epoch seconds"),
        (["%d/%m/%Y %H:%M"], "46178.3958333", "excel days"),
        (["RFC 3339"], "2026-06-05 09:30:00.25+02", "postgresql"),
        (["%Y-%m-%d %H:%M:%S"], "2026-06-05 09:30:00.25", "postgresql"),
        (["postgresql"], "2026-06-05T09:30:00Z", "RFC 3339"),
        (["RFC 3339"], "soon", ""),
        (["RFC 3339"], "12", ""),
    ],
)
def test_a_text_that_another_format_reads_as_a_moment_of_these_days_is_told(
    formats: list[str], text: str, other: str
) -> None:
    assert other_format(formats, text) == other

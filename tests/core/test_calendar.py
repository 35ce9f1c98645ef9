"""Days, months, opening hours and working days by the clock on the wall, against a second way to compute them."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.core.calendar import Calendar, Opening
from streams.core.rules import Channel, Cluster, DatedHours, OpenInterval
from tests.core.builders import DAY, HOUR, MINUTE, RULES, STEADY, hours, ms, rules_with

BELGIAN_HOLIDAYS: Final = frozenset(
    {
        *("2026-01-01", "2026-04-05", "2026-04-06", "2026-05-01", "2026-05-14", "2026-05-24", "2026-05-25"),
        *("2026-07-21", "2026-08-15", "2026-11-01", "2026-11-11", "2026-12-25"),
        *("2027-01-01", "2027-03-28", "2027-03-29", "2027-05-01", "2027-05-06", "2027-05-16", "2027-05-17"),
        *("2027-07-21", "2027-08-15", "2027-11-01", "2027-11-11", "2027-12-25"),
        *("2028-01-01", "2028-04-16", "2028-04-17", "2028-05-01", "2028-05-25", "2028-06-04", "2028-06-05"),
        *("2028-07-21", "2028-08-15", "2028-11-01", "2028-11-11", "2028-12-25"),
    }
)
"""The ten legal holidays and the two Sundays of Easter and Pentecost, from the published calendars of those years."""

FIRST_DAY: Final = date(2026, 1, 1)
LAST_DAY: Final = date(2028, 12, 31)

ZONES: Final = (
    "Europe/Brussels",
    "Asia/Jerusalem",  # changes on a Friday and a Sunday
    "Asia/Kolkata",  # +05:30
    "Asia/Kathmandu",  # +05:45
    "Australia/Lord_Howe",  # changes by half an hour
    "Pacific/Chatham",  # +12:45, changes
    "America/New_York",
    "UTC",
)


EVERY_KIND_OF_DAY: Final = (
    hours("08:30-12:00", "13:15-17:00"),
    hours("00:00-24:00"),
    hours("22:00-24:00"),
    (),
    hours("00:00-02:45"),
    hours("02:15-03:30"),
    hours("23:59-24:00"),
)
"""Opening hours with edges on, before and after midnight and in the hour that daylight saving takes and gives."""


@cache
def zone_changes(zone: str) -> list[int]:
    """The instants (ms) in the tested years at which the zone changes its offset from UTC."""
    info = ZoneInfo(zone)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    moments = [start + timedelta(minutes=30 * index) for index in range(3 * 366 * 48)]
    return [
        int(after.timestamp() * 1000)
        for before, after in pairwise(moments)
        if before.astimezone(info).utcoffset() != after.astimezone(info).utcoffset()
    ]


@st.composite
def zoned_instants(draw: st.DrawFn) -> tuple[str, int]:
    """A zone and an instant in it: anywhere in the years, near a change of offset, or on the edge of a minute."""
    zone = draw(st.sampled_from(ZONES))
    start, end = ms("2026-01-01 00:00", zone), ms("2028-12-31 23:59", zone)
    anywhere = st.integers(start, end)
    kinds = [
        anywhere,
        anywhere.map(lambda at: at // MINUTE * MINUTE),
        anywhere.map(lambda at: at // MINUTE * MINUTE - 1),
    ]
    if changes := zone_changes(zone):
        near = st.builds(lambda change, off: change + off, st.sampled_from(changes), st.integers(-4 * HOUR, 4 * HOUR))
        kinds += [near, near.map(lambda at: at // MINUTE * MINUTE)]
    return zone, draw(st.one_of(kinds))


def wall_clock(zone: str, at_ms: int) -> datetime:
    """What the clock on the wall reads, by datetime arithmetic alone."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at_ms)).astimezone(ZoneInfo(zone))


def is_within(reading: time, interval: OpenInterval) -> bool:
    """Whether a reading of the clock lies in an interval, compared as clock readings."""
    first = time(interval.from_minute // 60, interval.from_minute % 60)
    if interval.to_minute == 24 * 60:
        return first <= reading
    return first <= reading < time(interval.to_minute // 60, interval.to_minute % 60)


@cache
def calendar_of(zone: str) -> Calendar:
    """The calendar of a zone with every kind of day, shared by the tests so that it remembers a lot."""
    return Calendar(rules_with(zone=zone, opening_hours=EVERY_KIND_OF_DAY))


@STEADY
@given(zoned_instants())
@example(("Europe/Brussels", ms("2026-03-29 03:00")))
@example(("Europe/Brussels", ms("2026-10-25 02:15", fold=1)))
@example(("Asia/Kathmandu", ms("2028-02-29 23:59:59.999", "Asia/Kathmandu")))
def test_day_month_and_opening_are_those_of_the_clock_on_the_wall(zoned: tuple[str, int]) -> None:
    """For any instant of three years in eight zones."""
    zone, at_ms = zoned
    calendar = calendar_of(zone)
    local = wall_clock(zone, at_ms)
    assert calendar.day(at_ms) == local.date().toordinal()
    assert calendar.month(at_ms) == local.strftime("%Y-%m")
    day = local.date().isoformat()
    if day in BELGIAN_HOLIDAYS or day in RULES.closing_days:
        expected = Opening.CLOSING_DAY
    elif any(is_within(local.time(), interval) for interval in EVERY_KIND_OF_DAY[local.weekday()]):
        expected = Opening.OPEN
    else:
        expected = Opening.OUTSIDE_OPENING_HOURS
    assert calendar.opening(at_ms) is expected


@pytest.mark.parametrize("at", ["2026-03-31", "2026-12-31", "2028-02-28", "2028-02-29", "2026-03-29", "2026-10-25"])
@pytest.mark.parametrize("zone", ZONES)
def test_the_day_turns_at_local_midnight(zone: str, at: str) -> None:
    """At month's end, year's end, leap day and the days on which the clock changes: a millisecond is enough."""
    calendar = calendar_of(zone)
    following = date.fromisoformat(at) + timedelta(days=1)
    midnight = ms(f"{following} 00:00", zone)
    assert date.fromordinal(calendar.day(midnight - 1)).isoformat() == at
    assert date.fromordinal(calendar.day(midnight)).isoformat() == following.isoformat()
    assert calendar.month(midnight - 1) == at[:7]
    assert calendar.month(midnight) == following.isoformat()[:7]


@pytest.mark.parametrize(("day", "length_hours"), [("2026-03-28", 24), ("2026-03-29", 23), ("2026-10-25", 25)])
def test_a_day_is_as_long_as_the_clock_makes_it(day: str, length_hours: int) -> None:
    """23 hours when summer time begins in Brussels, 25 when it ends."""
    calendar = calendar_of("Europe/Brussels")
    start = ms(f"{day} 00:00")
    inside = [
        at
        for at in range(start - DAY, start + 2 * DAY, HOUR)
        if date.fromordinal(calendar.day(at)).isoformat() == day
    ]
    assert len(inside) == length_hours


def sunday_hours(*intervals: str) -> Calendar:
    """A calendar that is open on Sundays only, the days on which Brussels changes its clocks."""
    return Calendar(rules_with(opening_hours=((),) * 6 + (hours(*intervals),), public_holidays=()))


def test_opening_hours_are_read_off_the_clock_when_an_hour_is_skipped() -> None:
    """2026-03-29: after 01:59:59.999 the clock reads 03:00, so 02:30-03:30 opens at 03:00."""
    calendar = sunday_hours("02:30-03:30")
    turn = ms("2026-03-29 01:00", "UTC")
    readings = [
        calendar.opening(at) is Opening.OPEN for at in (turn - 1, turn, turn + 30 * MINUTE - 1, turn + 30 * MINUTE)
    ]
    assert readings == [False, True, True, False]


def test_opening_hours_are_read_off_the_clock_when_an_hour_comes_twice() -> None:
    """2026-10-25: 02:00 to 03:00 is read twice, so 02:30-03:00 is open twice."""
    calendar = sunday_hours("02:30-03:00")
    first, second = ms("2026-10-25 02:30", fold=0), ms("2026-10-25 02:30", fold=1)
    assert second - first == HOUR
    for start in (first, second):
        edges = (start - 1, start, start + 30 * MINUTE - 1, start + 30 * MINUTE)
        assert [calendar.opening(at) is Opening.OPEN for at in edges] == [False, True, True, False]


@STEADY
@given(
    st.dates(FIRST_DAY, LAST_DAY),
    st.integers(-5, 90),
    st.sets(st.dates(date(2026, 1, 1), date(2026, 3, 31)), max_size=5),
)
@example(date(2028, 2, 28), 2, set())
@example(date(2026, 12, 31), 4, set())
def test_working_days_against_a_walk_from_day_to_day(start: date, length: int, closing: set[date]) -> None:
    """One step a day, counting those that are no weekend, holiday or closing day."""
    end = min(start + timedelta(days=length), LAST_DAY)
    closed = BELGIAN_HOLIDAYS | {day.isoformat() for day in closing}
    expected, day = 0, start
    while day < end:
        day += timedelta(days=1)
        if day.strftime("%a") not in {"Sat", "Sun"} and day.isoformat() not in closed:
            expected += 1
    calendar = Calendar(rules_with(closing_days=tuple(sorted(each.isoformat() for each in closing))))
    for _ in range(2):  # the second answer comes from memory
        assert calendar.working_days(start.toordinal(), end.toordinal()) == expected


@STEADY
@given(st.dates(FIRST_DAY, LAST_DAY), st.integers(0, 60), st.integers(0, 60))
def test_working_days_add_up_over_a_day_in_between(start: date, first: int, second: int) -> None:
    """From A to C is from A to B and from B to C: no day is counted twice or lost."""
    calendar = calendar_of("Europe/Brussels")
    a, b, c = start.toordinal(), start.toordinal() + first, start.toordinal() + first + second
    assert calendar.working_days(a, c) == calendar.working_days(a, b) + calendar.working_days(b, c)


@pytest.mark.parametrize(
    ("day", "closing", "working"),
    [
        ("2026-04-03", False, True),  # Good Friday
        ("2026-04-04", False, False),  # a Saturday is no closing day, and no working day
        ("2026-04-06", True, False),  # Easter Monday
        ("2026-07-21", True, False),
        ("2026-06-05", True, False),  # local
        ("2026-12-26", False, False),  # a Saturday
        ("2028-12-26", False, True),  # Boxing Day is none in Belgium
    ],
)
def test_closing_days_and_working_days(day: str, closing: bool, working: bool) -> None:
    """The two are not each other's opposite."""
    calendar = calendar_of("Europe/Brussels")
    ordinal = date.fromisoformat(day).toordinal()
    assert (calendar.is_closing_day(ordinal), calendar.is_working_day(ordinal)) == (closing, working)


def test_every_holiday_of_three_years() -> None:
    """The library's Belgian holidays are those of the published calendars, no more and no fewer."""
    calendar = Calendar(rules_with(closing_days=()))
    days = range(FIRST_DAY.toordinal(), LAST_DAY.toordinal() + 1)
    assert {date.fromordinal(day).isoformat() for day in days if calendar.is_closing_day(day)} == BELGIAN_HOLIDAYS


def test_what_is_remembered_does_not_change_an_answer() -> None:
    """A calendar asked in another order, and asked twice, says the same."""
    moments = [ms("2026-03-29 00:00") + step * 7 * MINUTE for step in range(300)]
    once, again = Calendar(RULES), Calendar(RULES)
    forwards = [(once.day(at), once.month(at), once.opening(at)) for at in moments]
    backwards = [(again.day(at), again.month(at), again.opening(at)) for at in reversed(moments)]
    assert forwards == backwards[::-1] == [(once.day(at), once.month(at), once.opening(at)) for at in moments]


# Hours of single dates and of single lines.

LINE = "Avondlijn"
WEEK_OF_LINE = (hours("12:00-20:00"),) * 5 + (hours("02:00-03:00"), hours("02:30-24:00"))
AROUND_THE_CHANGES = [
    (date.fromisoformat(day) + timedelta(days=distance)).isoformat()
    for day in ("2026-03-29", "2026-10-25", "2026-12-25", "2026-05-01")
    for distance in (-2, -1, 0, 1)
]
"""Both changes of the clock and two public holidays, and the days beside them."""
DATED = st.dictionaries(
    st.sampled_from(AROUND_THE_CHANGES),
    st.sampled_from([(), hours("00:00-24:00"), hours("02:00-03:00", "09:00-12:00"), hours("08:30-12:00")]),
    max_size=6,
)


def dated(by_day: Mapping[str, tuple[OpenInterval, ...]]) -> tuple[DatedHours, ...]:
    """As rules have them."""
    return tuple(DatedHours(day, of_day) for day, of_day in by_day.items())


def hours_expected(
    at_ms: int,
    weeks: Sequence[tuple[tuple[OpenInterval, ...], ...]],
    dates: Sequence[Mapping[str, tuple[OpenInterval, ...]]],
) -> Opening:
    """By the local clock alone: dates before weeks, and of either the line's own, which come first."""
    local = wall_clock("Europe/Brussels", at_ms)
    day = local.date().isoformat()
    of_date = next((by_day[day] for by_day in dates if day in by_day), None)
    if not of_date and (day in BELGIAN_HOLIDAYS or day in RULES.closing_days):
        return Opening.CLOSING_DAY
    of_day = weeks[0][local.weekday()] if of_date is None else of_date
    is_open = any(is_within(local.time(), interval) for interval in of_day)
    return Opening.OPEN if is_open else Opening.OUTSIDE_OPENING_HOURS


@STEADY
@given(
    DATED,
    DATED,
    st.sampled_from([(), WEEK_OF_LINE]),
    st.lists(
        st.tuples(st.sampled_from(AROUND_THE_CHANGES), st.integers(-2, 26 * 60), st.sampled_from([-1, 0, 1])),
        min_size=1,
        max_size=40,
    ),
)
def test_hours_of_dates_and_lines_are_those_of_the_clock_on_the_wall(
    common: dict[str, tuple[OpenInterval, ...]],
    own: dict[str, tuple[OpenInterval, ...]],
    week: tuple[tuple[OpenInterval, ...], ...],
    moments: list[tuple[str, int, int]],
) -> None:
    """Through both changes of the clock, on holidays that are opened and days that are not."""
    line = Cluster(LINE, Channel.PHONE, 45_000, opening_hours=week, dated_hours=dated(own))
    rules = rules_with(clusters=(*RULES.clusters, line), dated_hours=dated(common))
    calendar = Calendar(rules)
    for day, minute, more_ms in moments:
        at = ms(f"{day} 00:00") + minute * MINUTE + more_ms
        all_lines = hours_expected(at, [rules.opening_hours], [common])
        of_line = hours_expected(at, [week or rules.opening_hours], [own, common])
        assert calendar.opening(at) is all_lines
        assert calendar.of(LINE).opening(at) is of_line
        assert calendar.of("another").opening(at) is all_lines
        assert (calendar.opening_of_any(at) is Opening.OPEN) is (Opening.OPEN in (all_lines, of_line))


@pytest.mark.parametrize(("day", "is_working"), [("2026-12-24", True), ("2026-12-25", False), ("2026-12-26", False)])
def test_hours_of_a_date_make_no_working_day_and_take_none(day: str, is_working: bool) -> None:
    """A half holiday stays one, an opened holiday and an extra Saturday become none."""
    calendar = Calendar(rules_with(closing_days=(), dated_hours=dated({day: hours("09:00-12:00")})))
    assert calendar.is_working_day(date.fromisoformat(day).toordinal()) is is_working
    assert calendar.opening(ms(f"{day} 09:00")) is Opening.OPEN


def test_rules_without_what_came_to_them_later_keep_their_digest() -> None:
    """It stands with what workers of before have counted."""
    with_defaults = msgspec.structs.asdict(RULES)
    for later in ("dated_hours", "short_abandon_ms"):
        del with_defaults[later]
    former = hashlib.blake2b(msgspec.msgpack.encode(with_defaults), digest_size=16).hexdigest()
    assert RULES.digest() == former
    assert rules_with(dated_hours=dated({"2026-12-24": ()})).digest() != former
    assert rules_with(short_abandon_ms=5_000).digest() != former

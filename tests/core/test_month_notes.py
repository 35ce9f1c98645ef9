"""What is noted of a month: the quarters in which events came, and the facts that came after its end."""

from collections import Counter
from itertools import pairwise
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from streams.channels.calls.events import AnyCallEvent
from streams.core.calendar import Calendar
from streams.core.coverage import opening_hours, silent_hours
from streams.core.month_notes import MonthNote, MonthNotes
from streams.core.months import month_end_ms, month_start_ms, next_month
from streams.core.rules import QUARTER_MS
from tests.applying import batch_of
from tests.core.builders import DAY, HOUR, KCC, MINUTE, RULES, STEADY, ZONE, ended, ms, offered

CALENDAR: Final = Calendar(RULES)
OCTOBER: Final = ms("2026-10-05 10:00")

FACTS: Final = st.lists(
    st.tuples(
        st.integers(ms("2026-08-31 22:00"), ms("2026-11-02 02:00")),
        st.sampled_from([KCC, "Noodlijn"]),
    ),
    max_size=30,
)


def noted(facts: list[AnyCallEvent], record_times_ms: list[int], batches: int = 1) -> MonthNotes:
    """The notes after these facts, folded in so many batches."""
    notes = MonthNotes(CALENDAR, ZONE)
    size = max(1, -(-len(facts) // batches))
    for start in range(0, len(facts), size):
        part = slice(start, start + size)
        notes.fold(batch_of(facts[part], record_times_ms[part]))
    return notes


def quarters(note: MonthNote) -> set[int]:
    """The quarters of a note, from the month's start."""
    return {index for index in range(3_000) if index in note.quarters}


def test_an_event_is_noted_in_its_quarter_of_its_month() -> None:
    """10:00 on Monday the 5th is quarter 4 * 96 + 40, counted by the clock on the wall."""
    notes = noted([offered(OCTOBER), ended(OCTOBER + 16 * MINUTE)], [OCTOBER] * 2)
    assert {month: quarters(note) for month, note in notes.months.items()} == {"2026-10": {424, 425}}


def test_the_hour_that_comes_twice_has_quarters_of_its_own() -> None:
    """On 25 October the clock reads 02:30 twice; quarters go by the time that passes."""
    twice = [ms("2026-10-25 02:30"), ms("2026-10-25 02:30", fold=1)]
    notes = noted([offered(at) for at in twice], twice)
    first = 24 * 96 + 10
    assert quarters(notes.months["2026-10"]) == {first, first + 4}


def test_only_facts_about_an_ended_month_are_late() -> None:
    """The last moment of October is not late in October, and late as soon as November has begun in Brussels."""
    last = ms("2026-10-31 23:59:59.999")
    november = ms("2026-11-01 00:00")
    notes = noted([offered(last), offered(last), offered(november)], [last, november, november])
    assert notes.months["2026-10"].late_facts == {KCC: 1}
    assert notes.months["2026-11"].late_facts == {}


def test_late_facts_are_found_behind_a_clock_that_was_set_back() -> None:
    """In one batch and in two: what is late depends on each record's own time."""
    last = ms("2026-10-31 23:59:59.999")
    november = ms("2026-11-01 00:00")
    for batches in (1, 2):
        notes = noted([offered(last), offered(last)], [november, last], batches)
        assert notes.months["2026-10"].late_facts == {KCC: 1}


def test_the_leap_day_belongs_to_february() -> None:
    """It has the quarters after those of the 28th."""
    day = ms("2024-02-29 00:00")
    notes = noted([offered(day)], [day])
    assert quarters(notes.months["2024-02"]) == {28 * 96}
    assert month_end_ms("2024-02", ZONE) - month_start_ms("2024-02", ZONE) == 29 * DAY


@given(FACTS, st.integers(1, 5))
@STEADY
def test_batches_and_order_do_not_matter(facts: list[tuple[int, str]], batches: int) -> None:
    """Quarters and late facts are those of each fact by itself."""
    record_ms = ms("2026-11-02 02:00")
    events: list[AnyCallEvent] = [offered(at, cluster=cluster) for at, cluster in facts]
    notes = noted(events, [record_ms] * len(events), batches)
    backwards = noted(events[::-1], [record_ms] * len(events), 1)
    assert notes.months == backwards.months
    for month in ("2026-08", "2026-09", "2026-10", "2026-11"):
        mine = [(at, cluster) for at, cluster in facts if CALENDAR.month(at) == month]
        note = notes.months.get(month, MonthNote())
        start = month_start_ms(month, ZONE)
        assert quarters(note) == {(at - start) // QUARTER_MS for at, _ in mine}
        assert note.late_facts == (dict(Counter(cluster for _, cluster in mine)) if month < "2026-11" else {})


@given(FACTS, st.integers(0, 30))
@STEADY
def test_a_new_owner_goes_on_from_what_was_written(facts: list[tuple[int, str]], cut: int) -> None:
    """The notes of the first part, handed over, and the second part are the notes of all."""
    record_ms = ms("2026-11-02 02:00")
    events: list[AnyCallEvent] = [offered(at, cluster=cluster) for at, cluster in facts]
    times = [record_ms] * len(events)
    first = noted(events[:cut], times[:cut])
    second = MonthNotes(CALENDAR, ZONE, first.months)
    second.fold(batch_of(events[cut:], times[cut:]))
    assert second.months == noted(events, times).months


def test_only_what_changed_is_written() -> None:
    """A second event in a quarter changes nothing."""
    notes = noted([offered(OCTOBER)], [OCTOBER])
    assert notes.take_changed() == notes.months
    notes.fold(batch_of([ended(OCTOBER + MINUTE)], [OCTOBER + MINUTE]))
    assert notes.take_changed() == {}


def test_opening_hours_are_those_of_every_minute() -> None:
    """Over a year with both changes of the clock: the minutes of the hours are the open minutes of the calendar."""
    month = "2026-01"
    while month < "2027-01":
        start, end = month_start_ms(month, ZONE), month_end_ms(month, ZONE)
        by_minute = sum(CALENDAR.opening(at) == "open" for at in range(start, end, MINUTE))
        hours = list(opening_hours(month, ZONE, CALENDAR))
        assert sum(hour.open_minutes for hour in hours) == by_minute
        assert all(one.start_ms + HOUR <= other.start_ms for one, other in pairwise(hours))
        month = next_month(month)


def test_hours_that_have_not_ended_are_not_silent() -> None:
    """At half past nine only the hour from eight to nine has passed, of which half an hour was opening time."""
    now = ms("2026-10-01 09:30")
    ended_hours, silent = silent_hours("2026-10", ZONE, CALENDAR, MonthNote().quarters, now)
    assert [(hour.start_ms, hour.open_minutes) for hour in ended_hours] == [(ms("2026-10-01 08:00"), 30)]
    assert silent == ended_hours

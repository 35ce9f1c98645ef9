"""Most of a topic refused is told from a bad record now and then, and so is a line that is lost."""

import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.channels.acceptance import Explainer, Refused, decoder_of
from streams.channels.refusals import (
    ACCEPTED_AGAIN,
    LINE_RECORDS,
    MANY_REFUSED,
    MISSED_TURNS,
    NAMES_MAX,
    RECENT_RECORDS,
    Line,
    RecentRefusals,
)
from streams.channels.visits.events import Arrived
from streams.contracts.rejections import Reason, Rejection
from streams.core.rules import Channel
from streams.settings import load
from tests.contracts.examples import BadExample, bad_examples

RULES = load(None, {}).rules
NOW_MS = 1_791_187_200_000
SECONDS = NOW_MS / 1000
DECODE = decoder_of(Channel.DESK, RULES).decode_batch

GOOD = Arrived("t", "Burgerzaken", SECONDS)
FUTURE = Arrived("t", "Burgerzaken", SECONDS + 360)
MISSPELT = Arrived("t", "Wónen", SECONDS)


def fresh() -> RecentRefusals:
    """Of the topic of tickets, before any record."""
    return RecentRefusals(Explainer(Channel.DESK, RULES))


def note(recent: RecentRefusals, *events: Arrived) -> RecentRefusals:
    """The events as one batch."""
    values, times_ms = [msgspec.json.encode(event) for event in events], [NOW_MS] * len(events)
    recent.note(values, times_ms, DECODE([b"t"] * len(events), values, times_ms).rejected)
    return recent


def line(recent: RecentRefusals) -> Line | None:
    """The only lost line."""
    lines = list(recent.lines())
    assert len(lines) <= 1
    return lines[0] if lines else None


def test_nothing_is_claimed_of_no_records() -> None:
    recent = fresh()
    recent.note([], [], [])
    assert (recent.are_most, recent.commonest(), line(recent)) == (False, None, None)


@pytest.mark.parametrize("every", [4, 20, 100])
def test_a_bad_record_now_and_then_is_nothing(every: int) -> None:
    recent = fresh()
    for _ in range(30):
        note(recent, *[GOOD] * (every - 1), FUTURE)
        assert not recent.are_most


def test_most_refused_begins_with_many_and_ends_with_some_accepted_in_a_row() -> None:
    recent = note(fresh(), *[GOOD] * 50)
    for _ in range(MANY_REFUSED - 1):
        assert not note(recent, FUTURE).are_most
    assert note(recent, FUTURE).are_most
    for _ in range(ACCEPTED_AGAIN - 1):
        assert note(recent, GOOD).are_most
    assert not note(recent, GOOD).are_most
    assert recent.refused_count == 0


def test_an_accepted_record_among_the_refused_does_not_end_it() -> None:
    recent = note(fresh(), *[FUTURE] * MANY_REFUSED)
    for _ in range(40):
        assert note(recent, FUTURE, GOOD).are_most


@pytest.mark.parametrize("refused_of_10", [5, 6, 8])
def test_what_is_refused_in_part_stays_told_through_a_few_good_ones_in_a_row(refused_of_10: int) -> None:
    recent = note(fresh(), *[FUTURE, GOOD] * RECENT_RECORDS)
    for _ in range(20):
        note(recent, *[FUTURE] * refused_of_10, *[GOOD] * (10 - refused_of_10))
        assert recent.are_most
    assert not note(recent, *[GOOD] * 2 * ACCEPTED_AGAIN).are_most


@pytest.mark.parametrize("seed", range(5))
def test_three_of_five_refused_by_chance_is_told_and_hardly_ever_over(seed: int) -> None:
    chance, recent = random.Random(seed), fresh()
    told = [note(recent, FUTURE if chance.random() < 0.6 else GOOD).are_most for _ in range(2_000)]
    assert sum(told) / len(told) > 0.98


def test_the_commonest_reason_is_told_with_its_newest_record() -> None:
    recent = note(fresh(), MISSPELT, FUTURE, MISSPELT, GOOD)
    found = recent.commonest()
    assert found is not None
    assert (found.rejection.reason, found.value) == (Reason.UNKNOWN_CLUSTER, msgspec.json.encode(MISSPELT))
    assert (recent.refused_count, recent.recent_count, recent.count_of(Reason.TIME_IN_FUTURE)) == (3, 4, 1)


@given(st.lists(st.lists(st.booleans(), max_size=RECENT_RECORDS), max_size=12))
def test_any_split_into_batches_says_the_same(batches: list[list[bool]]) -> None:
    one_by_one, batched = fresh(), fresh()
    for batch in batches:
        events = [GOOD if is_good else FUTURE for is_good in batch]
        for event in events:
            note(one_by_one, event)
        note(batched, *events)
        assert (batched.are_most, batched.recent_count, batched.refused_count) == (
            one_by_one.are_most,
            one_by_one.recent_count,
            one_by_one.refused_count,
        )


@given(st.integers(0, 60), st.integers(0, RECENT_RECORDS))
def test_of_a_long_batch_the_newest_are_judged(before: int, refused: int) -> None:
    recent = note(fresh(), *[FUTURE] * before, *[GOOD] * (RECENT_RECORDS - refused), *[FUTURE] * refused)
    assert recent.are_most == (refused >= MANY_REFUSED)


def test_a_line_that_a_source_misspells_is_lost_though_most_is_accepted() -> None:
    recent = fresh()
    for _ in range(LINE_RECORDS - 1):
        note(recent, MISSPELT, *[GOOD] * 12)
        assert line(recent) is None
    note(recent, MISSPELT, *[GOOD] * 12)
    found = line(recent)
    assert found is not None
    assert (found.cluster, found.records, recent.are_most) == ("Wonen", LINE_RECORDS, False)


def test_a_lost_line_is_found_in_one_long_batch_as_in_many_short_ones() -> None:
    recent = note(fresh(), *[MISSPELT, *[GOOD] * 12] * LINE_RECORDS)
    found = line(recent)
    assert found is not None
    assert (found.cluster, found.records, recent.are_most) == ("Wonen", LINE_RECORDS, False)


@pytest.mark.parametrize("between", [0, 3, 30])
def test_a_lost_line_is_over_when_its_name_comes_no_more(between: int) -> None:
    recent = fresh()
    for _ in range(LINE_RECORDS):
        for _ in range(between):
            note(recent, GOOD)
        note(recent, MISSPELT)
    usual = MISSED_TURNS * (between + 1)
    for _ in range(usual):
        assert line(note(recent, GOOD)) is not None
    assert line(note(recent, GOOD)) is None


@pytest.mark.parametrize("name", ["Zwembad", "Burgezaken", "0470123456"])
def test_a_name_that_is_not_surely_one_of_the_settings_is_no_lost_line(name: str) -> None:
    recent = fresh()
    for _ in range(3 * LINE_RECORDS):
        note(recent, Arrived("t", name, SECONDS), GOOD)
    assert line(recent) is None


def test_names_are_bounded_and_the_line_that_goes_on_is_kept() -> None:
    recent = fresh()
    for number in range(4 * NAMES_MAX):
        note(recent, MISSPELT, Arrived("t", f"x{number}", SECONDS))
    assert len(recent._names) <= NAMES_MAX
    assert line(recent) is not None


def test_what_is_too_large_is_not_kept() -> None:
    recent = fresh()
    value = b"x" * 1_000_000
    recent.note([value], [NOW_MS], DECODE([b"t"], [value], [NOW_MS]).rejected)
    found = recent.commonest()
    assert found is not None
    assert (found.rejection.reason, found.value) == (Reason.TOO_LARGE, None)


# What is said of a record.


def explained(event: Arrived) -> str:
    """What is said of the event, which must be refused."""
    value = msgspec.json.encode(event)
    ((_, rejection),) = DECODE([b"t"], [value], [NOW_MS]).rejected
    return Explainer(Channel.DESK, RULES).particulars(Refused(rejection, value, NOW_MS))


def test_a_fast_clock_is_told_with_how_fast_it_is() -> None:
    assert "about 6 minutes ahead, or the broker's behind" in explained(FUTURE)
    assert "about 3 hours ahead" in explained(Arrived("t", "Wonen", SECONDS + 3 * 3600))


def test_an_early_time_is_told_with_the_earliest_day() -> None:
    assert "the earliest time in the settings, which is 2016-01-01. " in explained(Arrived("t", "Wonen", 1.0))


def test_a_misspelt_cluster_is_told_with_the_one_that_is_meant() -> None:
    assert explained(MISSPELT).startswith(
        '"Wónen" is no cluster of the desks in the settings; did you mean "Wonen"? It differs in accents or spaces '
        "only. "
    )


def test_a_typing_error_is_asked_about_in_a_sentence() -> None:
    assert 'did you mean "Burgerzaken"? Let the source spell' in explained(Arrived("t", "Burgerzakn", SECONDS))


def test_a_cluster_of_the_other_channel_is_told_as_that() -> None:
    said = explained(Arrived("t", "Klantencontactcentrum", SECONDS))
    assert said.startswith(
        '"Klantencontactcentrum" is a cluster of the phone in the settings, and none of the desks. '
    )


@pytest.mark.parametrize("name", ["Jan Peeters", "0470 12 34 56", "wonen 0470123456"])
def test_a_name_that_is_none_of_the_settings_is_not_shown(name: str) -> None:
    said = explained(Arrived("t", name, SECONDS))
    assert name not in said
    assert "known are: Burgerzaken, Energieloket" in said


@pytest.mark.parametrize("bad", bad_examples(), ids=lambda bad: bad.title)
def test_every_bad_example_is_explained_with_what_to_do(bad: BadExample) -> None:
    rejection = Rejection(bad.reason, "what was expected")
    said = Explainer(bad.channel, RULES).particulars(Refused(rejection, bad.value, NOW_MS))
    assert bad.reason.remedy in said

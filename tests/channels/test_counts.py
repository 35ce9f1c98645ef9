"""Tallies add up in any order, give back exactly what they took, and survive being written down."""

import copy
from collections.abc import Sequence
from typing import TypeVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.channels.calls.counts import PhoneTally
from streams.channels.calls.measure import AnsweredCall, CallMeasurement, MissedCall
from streams.channels.visits.counts import DeskTally
from streams.channels.visits.measure import LeadTime, ServedVisit, ServedWalkIn, Unserved, UnservedKind, VisitOutcome
from streams.core.counts import Tally
from streams.core.measure import Excluded, Exclusion
from streams.core.places import Places
from tests.core.builders import HOUR, RULES, STEADY

PLACES = Places(RULES, {"k": 45_000})
AnyTally = TypeVar("AnyTally", PhoneTally, DeskTally)

waits = st.one_of(st.integers(0, 4 * HOUR), st.sampled_from([0, 1, 30_000, 30_001, 45_000, 45_001]))


def exclusions() -> st.SearchStrategy[Excluded]:
    """A contact left out, for any reason."""
    return st.builds(Excluded, st.just("k"), st.just(0), st.just(0), st.sampled_from(Exclusion))


def call_measurements() -> st.SearchStrategy[CallMeasurement]:
    """Anything that a call may count for."""
    return st.one_of(
        st.builds(AnsweredCall, st.just("k"), st.just(0), st.just(0), waits),
        st.builds(MissedCall, st.just("k"), st.just(0), st.just(0), waits),
        exclusions(),
    )


def visit_measurements() -> st.SearchStrategy[VisitOutcome | LeadTime]:
    """Anything that a visit may count for."""
    return st.one_of(
        st.builds(
            lambda signed, experienced: ServedVisit("k", 0, 0, max(0, signed), signed, experienced),
            st.integers(-4 * HOUR, 4 * HOUR),
            st.one_of(st.none(), waits),
        ),
        st.builds(ServedWalkIn, st.just("k"), st.just(0), st.just(0), waits),
        st.builds(Unserved, st.just("k"), st.just(0), st.just(0), st.sampled_from(UnservedKind)),
        st.builds(LeadTime, st.just("k"), st.just(0), st.just(0), st.one_of(st.none(), st.integers(0, 30))),
        exclusions(),
    )


def phone(measured: Sequence[CallMeasurement]) -> PhoneTally:
    """The tally of some calls."""
    return _counted(PhoneTally(), measured)


def desk(measured: Sequence[VisitOutcome | LeadTime]) -> DeskTally:
    """The tally of some visits."""
    return _counted(DeskTally(), measured)


def _counted(tally: AnyTally, measured: Sequence[CallMeasurement] | Sequence[VisitOutcome | LeadTime]) -> AnyTally:
    for each in measured:
        type(tally).count_in((tally,), each, 1, PLACES)
    return tally


def total(*tallies: AnyTally) -> AnyTally:
    """The sum, made in a tally of its own."""
    result = type(tallies[0])()
    for tally in tallies:
        result.add(tally)
    return result


@STEADY
@given(st.permutations(range(6)), st.lists(call_measurements(), min_size=6, max_size=6))
def test_calls_may_be_counted_and_taken_back_in_any_order(order: list[int], measured: list[CallMeasurement]) -> None:
    """What was counted and taken back is as if it had never been, to the last empty entry."""
    tally = phone(measured)
    for index in order[:3]:
        type(tally).count_in((tally,), measured[index], -1, PLACES)
    assert tally == phone([measured[index] for index in order[3:]])
    for index in order[3:]:
        type(tally).count_in((tally,), measured[index], -1, PLACES)
    assert tally == PhoneTally()
    assert tally.is_empty()


@STEADY
@given(st.permutations(range(6)), st.lists(visit_measurements(), min_size=6, max_size=6))
def test_visits_may_be_counted_and_taken_back_in_any_order(
    order: list[int], measured: list[VisitOutcome | LeadTime]
) -> None:
    """What was counted and taken back is as if it had never been, to the last empty entry."""
    tally = desk(measured)
    for index in order[:3]:
        type(tally).count_in((tally,), measured[index], -1, PLACES)
    assert tally == desk([measured[index] for index in order[3:]])
    for index in order[3:]:
        type(tally).count_in((tally,), measured[index], -1, PLACES)
    assert tally == DeskTally()
    assert tally.is_empty()


@STEADY
@given(
    st.lists(call_measurements(), max_size=6),
    st.lists(call_measurements(), max_size=6),
    st.lists(call_measurements(), max_size=6),
)
def test_adding_phone_tallies_is_adding_their_calls(
    a: list[CallMeasurement], b: list[CallMeasurement], c: list[CallMeasurement]
) -> None:
    """Commutative, associative, with the empty tally as zero, and the same as counting all calls in one tally."""
    everything = phone([*a, *b, *c])
    assert total(phone(a), phone(b), phone(c)) == everything
    assert total(phone(c), phone(a), phone(b)) == everything
    assert total(phone(a), total(phone(b), phone(c))) == everything
    assert total(everything, PhoneTally()) == everything


@STEADY
@given(
    st.lists(visit_measurements(), max_size=6),
    st.lists(visit_measurements(), max_size=6),
    st.lists(visit_measurements(), max_size=6),
)
def test_adding_desk_tallies_is_adding_their_visits(
    a: list[VisitOutcome | LeadTime], b: list[VisitOutcome | LeadTime], c: list[VisitOutcome | LeadTime]
) -> None:
    """Commutative, associative, with the empty tally as zero, and the same as counting all visits in one tally."""
    everything = desk([*a, *b, *c])
    assert total(desk(a), desk(b), desk(c)) == everything
    assert total(desk(c), desk(a), desk(b)) == everything
    assert total(desk(a), total(desk(b), desk(c))) == everything
    assert total(everything, DeskTally()) == everything


@STEADY
@given(st.lists(call_measurements(), min_size=1, max_size=6))
def test_adding_leaves_the_other_tally_alone(measured: list[CallMeasurement]) -> None:
    """The sum shares nothing with its parts: counting on in one does not move the other."""
    part = phone(measured)
    before = copy.deepcopy(part)
    summed = total(part)
    type(summed).count_in((summed,), measured[0], 1, PLACES)
    assert part == before


def test_two_new_tallies_share_nothing() -> None:
    """A default dictionary that were shared would mix the clusters."""
    one, other = PhoneTally(), PhoneTally()
    PhoneTally.count_in((one,), AnsweredCall("k", 0, 0, 5), 1, PLACES)
    assert other == PhoneTally(sketch={}, speed_categories={}, excluded={})
    assert other.is_empty()


@STEADY
@given(st.lists(call_measurements(), max_size=8), st.lists(visit_measurements(), max_size=8))
def test_a_tally_comes_back_as_it_was_written(
    calls: list[CallMeasurement], visits: list[VisitOutcome | LeadTime]
) -> None:
    """In the checkpoint's MessagePack and in the JSON of the month totals."""
    tally, other = phone(calls), desk(visits)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(tally), type=PhoneTally) == tally
    assert msgspec.json.decode(msgspec.json.encode(tally), type=PhoneTally) == tally
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(other), type=DeskTally) == other
    assert msgspec.json.decode(msgspec.json.encode(other), type=DeskTally) == other


def test_an_empty_tally_takes_no_room() -> None:
    """Thousands of slots are in a checkpoint: what is not counted is not written."""
    assert msgspec.json.encode(PhoneTally()) == msgspec.json.encode(DeskTally()) == b"{}"


@pytest.mark.parametrize("each", [PhoneTally(missed=1), DeskTally(signed_ms=-5), PhoneTally(sketch={3: 1})])
def test_a_tally_with_anything_in_it_is_not_empty(each: Tally) -> None:
    """Also when all that there is, is a sum below zero."""
    assert not each.is_empty()


def test_a_tally_that_lost_its_last_count_takes_no_room_either() -> None:
    places, tally = Places(RULES, {}), PhoneTally()
    for sign in (1, -1):
        for each in (
            AnsweredCall("k", 0, 0, 5),
            MissedCall("k", 0, 0, 5),
            Excluded("k", 0, 0, Exclusion.IMPLAUSIBLE),
        ):
            PhoneTally.count_in((tally,), each, sign, places)
    assert msgspec.json.encode(tally) == b"{}"


def test_the_counts_that_empty_tallies_share_take_nothing() -> None:
    with pytest.raises(TypeError, match="shared"):
        PhoneTally().excluded["implausible"] = 1

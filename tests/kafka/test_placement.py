"""One rule for the keys of a topic is well, two are found, and a topic that grew is not taken for two."""

from collections.abc import Callable, Iterable
from itertools import count, islice
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.kafka.partitioners import Partitioner, partition_of
from streams.kafka.placement import KEYS_MAX, MENDED_KEYS, STRAYS, Placement, SeenKeys

MURMUR2, CRC32 = Partitioner.MURMUR2, Partitioner.CRC32
MANY: Final = 60
"""Keys with which there is no doubt."""

Rule = Callable[[bytes, int], int]


def by(rule: Partitioner) -> Rule:
    """One of the rules."""
    return lambda key, partitions: partition_of(key, rule, partitions)


def by_length(key: bytes, partitions: int) -> int:
    """A rule of somebody's own: the sum of the bytes."""
    return sum(key) * 7 % 1009 % partitions


def keys(prefix: str, number: int) -> list[bytes]:
    """Ids of calls."""
    return [f"{prefix}-{each}".encode() for each in range(number)]


def away(prefix: str, number: int, partitions: int) -> list[bytes]:
    """Ids of calls that the rules put in different partitions."""
    ids = (f"{prefix}-{each}".encode() for each in count())
    told = (key for key in ids if by(MURMUR2)(key, partitions) != by(CRC32)(key, partitions))
    return list(islice(told, number))


def note(seen: SeenKeys, ids: Iterable[bytes], rule: Rule, partitions: int) -> None:
    """Records with these keys, placed by a rule."""
    for key in ids:
        seen.note(rule(key, partitions), [key])


def placed(partitions: int, *parts: tuple[list[bytes], Rule]) -> Placement:
    """What is said of keys in their order."""
    seen = SeenKeys(partitions)
    for ids, rule in parts:
        note(seen, ids, rule, partitions)
    return seen.placement()


@given(
    partitions=st.integers(1, 24),
    rule=st.sampled_from([by(MURMUR2), by(CRC32)]),
    number=st.integers(0, 200),
    prefix=st.text("0123456789abcdef", min_size=1),
)
def test_one_of_the_rules_is_never_a_fault(partitions: int, rule: Rule, number: int, prefix: str) -> None:
    assert placed(partitions, (keys(prefix, number), rule)).strays == 0


@pytest.mark.parametrize("partitions", [2, 3, 4, 12])
def test_a_rule_of_its_own_is_no_fault_either(partitions: int) -> None:
    found = placed(partitions, (keys("call", 200), by_length))
    assert (found.rule, found.strays, found.has_other_rule) == (None, 0, True)


@pytest.mark.parametrize("partitions", [2, 3, 4, 12])
@pytest.mark.parametrize("rule", [MURMUR2, CRC32])
def test_the_rule_is_told(partitions: int, rule: Partitioner) -> None:
    assert placed(partitions, (keys("call", MANY), by(rule))) == Placement(rule, MANY)


@pytest.mark.parametrize("partitions", [2, 3, 4, 12])
@given(prefix=st.text("0123456789abcdef", min_size=1))
def test_the_same_calls_by_both_rules_are_a_fault(partitions: int, prefix: str) -> None:
    found = placed(partitions, (keys(prefix, MANY), by(MURMUR2)), (keys(prefix, MANY), by(CRC32)))
    assert found.rule is MURMUR2
    assert found.stray_rule is CRC32
    assert found.strays >= STRAYS


@pytest.mark.parametrize("partitions", [2, 4, 12])
@pytest.mark.parametrize(("rule", "other"), [(MURMUR2, CRC32), (CRC32, MURMUR2)])
def test_one_in_a_hundred_is_enough(partitions: int, rule: Partitioner, other: Partitioner) -> None:
    seen = SeenKeys(partitions)
    few = away("few", 12, partitions)
    for number, key in enumerate(few):
        note(seen, keys(f"many-{number}", 100), by(rule), partitions)
        note(seen, [key], by(other), partitions)
    found = seen.placement()
    assert (found.rule, found.strays, found.stray_rule) == (rule, len(few), other)


@pytest.mark.parametrize("partitions", [2, 4, 12])
def test_strays_by_a_rule_that_nobody_knows_are_a_fault_too(partitions: int) -> None:
    found = placed(partitions, (keys("call", 200), by(MURMUR2)), (keys("call", 30), by_length))
    assert found.rule is MURMUR2
    assert found.strays >= STRAYS
    assert found.stray_rule is None


@pytest.mark.parametrize("partitions", [2, 4, 12])
def test_other_rules_that_put_a_contact_in_two_partitions_are_one(partitions: int) -> None:
    def shifted(key: bytes, partitions: int) -> int:
        return (by_length(key, partitions) + 1) % partitions

    found = placed(partitions, (keys("call", 200), by_length), (keys("call", 100), shifted))
    assert (found.rule, found.strays) == (None, 100)


@pytest.mark.parametrize(("before", "after"), [(1, 2), (2, 4), (4, 6), (12, 24)])
@pytest.mark.parametrize("rule", [MURMUR2, CRC32])
def test_a_topic_that_got_more_partitions_is_not_taken_for_one_with_two_rules(
    before: int, after: int, rule: Partitioner
) -> None:
    seen = SeenKeys(after)
    note(seen, keys("old", MANY), by(rule), before)
    note(seen, keys("new", MANY), by(rule), after)
    assert seen.placement() == Placement(rule, len(keys("old", MANY)) + MANY)


def test_it_is_over_once_the_source_is_mended() -> None:
    seen = SeenKeys(4)
    note(seen, keys("call", MANY), by(MURMUR2), 4)
    note(seen, keys("call", MANY), by(CRC32), 4)
    assert seen.placement().strays
    note(seen, keys("mended", MENDED_KEYS), by(MURMUR2), 4)
    assert seen.placement().strays == 0
    note(seen, away("again", 1, 4), by(CRC32), 4)
    assert seen.placement().strays


def test_with_more_partitions_what_was_seen_counts_no_more() -> None:
    seen = SeenKeys()
    note(seen, keys("call", MANY), by(MURMUR2), 4)
    assert seen.placement() == Placement(keys=MANY)
    seen.has(4)
    assert seen.placement().rule is MURMUR2
    seen.has(6)
    assert seen.placement().keys == 0


def test_a_bounded_number_is_remembered() -> None:
    assert placed(4, (keys("call", KEYS_MAX + 10), by(MURMUR2))).keys == KEYS_MAX

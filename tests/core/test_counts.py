"""A count is its declaration: how a tally adds up follows from its fields."""

from functools import cache
from typing import Annotated, Any, ClassVar, get_args, get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.channels.counted import tallies
from streams.core.counts import NONE, By, Count, Shown, Tally, Terms, Unit
from tests.core.builders import STEADY, rules_with

CHATS = Unit("chats")
TERMS = Terms(rules_with(short_abandon_ms=5_000), 30_000)


@cache
def filled(tally_type: type[Tally]) -> st.SearchStrategy[Tally]:
    """A tally with anything in each of its fields."""
    numbers = st.integers(-(10**9), 10**9)
    fields = {each.field: each.count for each in tally_type.declared if each.is_stored}
    kinds = get_type_hints(tally_type)
    values = {
        field: numbers if count.by is None else parts(get_args(kinds[field])[0]) for field, count in fields.items()
    }
    return st.builds(tally_type, **values)


def parts(key_type: type) -> st.SearchStrategy[Any]:
    """Counts by key, none of them 0, or the one object that stands for none."""
    keys = st.sampled_from(["outside_opening_hours", "implausible"] if key_type is str else [30_000, 60_000, 10**12])
    counts = st.dictionaries(keys, st.integers(-(10**6), 10**6).filter(bool), min_size=1, max_size=3)
    return st.one_of(st.just(NONE), counts)


def pairs() -> st.SearchStrategy[tuple[Tally, Tally]]:
    """Two tallies of a channel."""
    return st.sampled_from(tallies()).flatmap(lambda kind: st.tuples(filled(kind), filled(kind)))


def field_by_field(one: Tally, other: Tally) -> dict[str, Any]:
    """The sums of all fields, by a loop that knows numbers and dictionaries only."""
    found: dict[str, Any] = {}
    for field in one.__struct_fields__:
        mine, theirs = getattr(one, field), getattr(other, field)
        if isinstance(mine, int):
            found[field] = mine + theirs
        else:
            found[field] = {key: mine.get(key, 0) + theirs.get(key, 0) for key in mine.keys() | theirs.keys()}
    return found


def copied(tally: Tally) -> Tally:
    """The tally again, in objects of its own."""
    return msgspec.msgpack.decode(msgspec.msgpack.encode(tally), type=type(tally))


@STEADY
@given(pairs())
def test_tallies_add_up_field_by_field(two: tuple[Tally, Tally]) -> None:
    one, other = two
    expected, without_sketch = field_by_field(one, other), field_by_field(one, other) | {"sketch": dict(one.sketch)}
    total, shown, as_it_was = copied(one), copied(one), copied(other)
    total.add(other)
    shown.add_without_sketch(other)
    assert msgspec.structs.asdict(total) == expected
    assert msgspec.structs.asdict(shown) == without_sketch
    assert other == as_it_was


def test_every_count_says_what_it_is() -> None:
    for tally_type in tallies():
        stored = [each.field for each in tally_type.declared if each.is_stored]
        assert tuple(stored) == tally_type.__struct_fields__
        for each in tally_type.declared:
            assert each.count.meaning.endswith("."), each.field
            value = each.read(tally_type(), TERMS)
            assert value == (0 if each.count.by is None else {}), each.field


def test_a_field_that_declares_no_count_is_refused() -> None:
    with pytest.raises(TypeError, match=r"Chats\.offered: a count is declared as Annotated"):
        type("Chats", (Tally,), {"__annotations__": {"offered": int}, "offered": 0})


@pytest.mark.parametrize(
    "hint",
    [
        Annotated[int, Count(CHATS, "Chats.", by=By("reason", "why", lambda _: ()))],
        Annotated[dict[str, int], Count(CHATS, "Chats.")],
        Annotated[str, Count(CHATS, "Chats.")],
    ],
)
def test_a_field_that_cannot_be_what_it_declares_is_refused(hint: Any) -> None:
    with pytest.raises(TypeError, match=r"Chats\.offered"):
        type("Chats", (Tally,), {"__annotations__": {"offered": hint}, "offered": 0})


def test_two_counts_under_one_name_are_refused() -> None:
    twice = Annotated[int, Count(CHATS, "Chats.", metric="chats")]
    with pytest.raises(TypeError, match="two counts are shown as chats"):
        type("Chats", (Tally,), {"__annotations__": {"one": twice, "other": twice}, "one": 0, "other": 0})


def test_what_is_shown_nowhere_may_share_a_name() -> None:
    class Chats(Tally, gc=False, omit_defaults=True):
        title: ClassVar[str] = "chats"
        one: Annotated[int, Count(CHATS, "Chats.", metric="chats")] = 0
        other: Annotated[int, Count(CHATS, "Chats.", Shown.NOWHERE, metric="chats")] = 0

    assert [each.name for each in Chats.shown(Shown.MONTH)].count("chats") == 1

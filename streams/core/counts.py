"""Counts and tallies: additive records of what was counted, for one cluster over any span of time.

A count is declared once, as the annotated field of a tally: `answered: Annotated[int, Count(...)] = 0`. From its
fields follow how tallies of that class are added, which is written and compiled when the class is made, as
`dataclasses` does, so that it is as quick as written by hand; and the metrics, recording rules, columns and tables of
whoever shows counts. A count that follows from others is a property or a method that returns
`Annotated[int, Count(...)]`. Every figure is an integer (waits in ms), so the result never depends on the order. Must
not know which channels there are, nor where a tally belongs.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Flag
from operator import attrgetter
from typing import Annotated, Any, ClassVar, Final, Self, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from streams.core.measure import Excluded, Exclusion, Measurement, ReusedId, UnclearId
from streams.core.places import Places
from streams.core.rules import SECOND_MS, Rules
from streams.core.sketch import buckets_of

K = TypeVar("K")


class Unit(msgspec.Struct, frozen=True):
    """What a count is a number of."""

    name: str
    """In the plural, as names of metrics have it."""
    per: int = 1
    """How many of what is counted make one of it: waits are counted in ms and shown in seconds."""
    ending: str = ""
    """Ends the name of a field that counts in it."""


CONTACTS: Final = Unit("contacts")
SECONDS: Final = Unit("seconds", per=SECOND_MS, ending="_ms")
WORKDAYS: Final = Unit("workdays", ending="_days")


class Shown(Flag):
    """Over which spans of time a count is shown: a metric of windows, of months, of both or of neither."""

    NOWHERE = 0
    WINDOW = 1
    MONTH = 2
    BOTH = WINDOW | MONTH


class By(msgspec.Struct, frozen=True):
    """What tells the parts of a count apart: its field is a dictionary, from a key to how many."""

    label: str
    values: str
    """What the label's values are, in English."""
    keys: Callable[[Rules], Sequence[Any]]
    """The parts that are shown although nothing was counted of them; what else was counted is shown beside them."""
    text: Callable[[Any], str] = str
    """A key as the label has it."""
    level: str = ""
    """What names of recording rules call it, if not by its label."""


class Terms:
    """What the counts of a cluster are read by: the rules they were counted by, and its service level's bound."""

    def __init__(self, rules: Rules, service_level_ms: int) -> None:
        """The bound is a speed category's: tallies know waits by category only."""
        self.rules = rules
        self.service_level_ms = service_level_ms
        self._parts: dict[int, dict[Any, str]] = {}

    def parts(self, by: By, counted: Mapping[Any, int] = {}) -> Mapping[Any, str]:
        """The labels of the parts of a count by their keys: those of the rules, and what was counted besides.

        By the categories of former rules, for one, so that no call goes missing.
        """
        known = self._parts.get(id(by))
        if known is None:
            known = self._parts[id(by)] = {key: by.text(key) for key in by.keys(self.rules)}
        if not counted or counted.keys() <= known.keys():
            return known
        return {key: by.text(key) for key in sorted({*known, *counted})}


SERVED: Final = "served_contacts"
"""Among metrics, the count that every channel has of those whose official waits it adds up."""

_REASONS: Final = tuple(reason.value for reason in Exclusion)
"""Looked up once: a thousand clusters ask for them tens of thousands of times a scrape."""

BY_REASON: Final = By("reason", "why a contact is excluded from the indicators", lambda _: _REASONS)


class Count(msgspec.Struct, frozen=True):
    """One count of a tally: a number, or one for each key of `by`. Either adds up."""

    unit: Unit
    meaning: str
    """One English sentence; `{period}` in it is the window or the month."""
    shown: Shown = Shown.BOTH
    by: By | None = None
    metric: str = ""
    """Its name among metrics, where it is not what `metric_name` makes of the field's."""
    apart: bool = False
    """Whether `add_without_sketch` leaves it out, for who shows none of it."""


def metric_name(field: str, count: Count) -> str:
    """The name of a count among metrics: that of its field, and its unit unless the name has it.

    >>> metric_name("missed_wait_ms", Count(SECONDS, "Sum of waits."))
    'missed_wait_seconds'
    >>> metric_name("missed", Count(Unit("calls"), "Calls missed."))
    'missed_calls'
    >>> metric_name("walk_ins_left", Count(Unit("walk_ins"), "Visitors who left."))
    'walk_ins_left'
    """
    stem = field.removesuffix(count.unit.ending)
    return count.metric or (stem if count.unit.name in stem else f"{stem}_{count.unit.name}")


class Declared(msgspec.Struct, frozen=True):
    """A count of a tally with where it is read."""

    field: str
    count: Count
    get: Callable[..., Any]
    """Gives it of a tally, and of terms if it `needs_terms`: the count in what it is counted in, or parts by key."""
    is_stored: bool
    """Whether a field holds it: others follow from fields."""
    needs_terms: bool = False

    def read(self, tally: Any, terms: Terms) -> Any:
        """The count in a tally, in what it is counted in, or its parts by key."""
        return self.get(tally, terms) if self.needs_terms else self.get(tally)

    @property
    def name(self) -> str:
        """Its name among metrics."""
        return metric_name(self.field, self.count)


class _Nothing(dict[K, int]):
    """No counts, and none to come: a tally that gets its first makes a dictionary of its own (`added`)."""

    def __setitem__(self, key: K, value: int) -> None:
        raise TypeError("shared by all tallies without counts: give the tally a dictionary of its own")


NONE: Final = _Nothing[Any]()
"""One object for all tallies: most of the hundreds of thousands there are lack most kinds of counts."""


class Tally(msgspec.Struct, gc=False, omit_defaults=True):
    """What tallies of all channels share. A channel's tally is a subclass with the fields that it has of its own."""

    title: ClassVar[str] = ""
    """What the docs head the counts of the class with."""
    declared: ClassVar[tuple[Declared, ...]] = ()
    """Every count of the class: its fields, those of all channels first, and then what follows from them."""

    within_norm: Annotated[
        int,
        Count(
            CONTACTS,
            "Contacts served whose wait was at most the norm for the average wait of their cluster.",
            Shown.WINDOW,
        ),
    ] = 0
    wait_ms: Annotated[
        int,
        Count(
            SECONDS,
            "Sum of the waits of the contacts served: from dialling in to the answer, or from the planned start to "
            "the start (an early start counts as 0).",
        ),
    ] = 0
    excluded: Annotated[
        dict[str, int],
        Count(CONTACTS, "Contacts left out of every other figure of the {period}, by reason.", by=BY_REASON),
    ] = NONE
    reused_ids: Annotated[
        int,
        Count(
            CONTACTS,
            "Contacts whose id another contact had before: each counts on its own.",
            metric="reused_id_contacts",
        ),
    ] = 0
    unclear_ids: Annotated[
        int,
        Count(
            CONTACTS,
            "Contacts whose facts may be those of more than one, with the same id, which cannot be told: they count "
            "as one.",
            metric="unclear_id_contacts",
        ),
    ] = 0
    sketch: Annotated[
        dict[int, int],
        Count(
            CONTACTS,
            "Official waits in log-spaced buckets, for quantiles.",
            Shown.NOWHERE,
            by=By("bucket", "logarithms of waits", lambda _: ()),
            apart=True,
        ),
    ] = NONE
    """In tallies of months alone, which are all that is kept."""

    def __init_subclass__(cls, **options: Any) -> None:
        """Write how tallies of this class are added, after the fields that it has."""
        super().__init_subclass__(**options)
        cls.declared = _declared(cls)
        stored = {each.field: each.count for each in cls.declared if each.is_stored}
        quick = {field: count for field, count in stored.items() if not count.apart}
        cls.add_without_sketch = _compiled("add_without_sketch", quick)  # type: ignore[method-assign]  # fields differ
        cls.add = _compiled("add", stored)  # type: ignore[method-assign]  # as above

    @classmethod
    def shown(cls, over: Shown) -> tuple[Declared, ...]:
        """The counts that are shown of windows, or of months."""
        return tuple(each for each in cls.declared if over in each.count.shown)

    def add(self, other: Self) -> None:
        """Add another tally of the same channel."""
        raise NotImplementedError

    def add_without_sketch(self, other: Self) -> None:
        """Add everything but the sketch, for who shows no quantiles.

        Tens of thousands of tallies are added for each look at the windows of a thousand clusters.
        """
        raise NotImplementedError

    def exclude(self, excluded: Mapping[str, int]) -> None:
        """Add contacts left out, by reason."""
        self.excluded = added(self.excluded, excluded)

    shared_sums: ClassVar[int] = 4
    """How many there are of these."""

    def shared(self, terms: Terms) -> tuple[int, ...]:
        """The sums of a window that workers tell each other for the wall, of which the channel's layout there makes
        its figures."""
        raise NotImplementedError

    def is_empty(self) -> bool:
        """Whether nothing is counted, so that the tally need not be kept."""
        return not any(getattr(self, name) for name in self.__struct_fields__)

    @staticmethod
    def count_in(tallies: Sequence[Any], measured: Measurement, sign: int, places: Places) -> None:
        """Add (sign 1) or take back (sign -1) one measurement of the tallies' channel in each of them.

        The first of them is the month's: it alone keeps a sketch.
        """
        raise NotImplementedError


def _declared(tally_type: type[Tally]) -> tuple[Declared, ...]:
    """Raises `TypeError` when a field does not say what it counts, or two counts have one name."""
    hints = get_type_hints(tally_type, include_extras=True)
    fields = {field: hint for field, hint in hints.items() if get_origin(hint) is not ClassVar}
    found = [_of_field(tally_type, field, hint) for field, hint in fields.items()]
    found += [each for base in reversed(tally_type.__mro__) for each in _following(base)]
    names = [each.name for each in found if each.count.shown]
    for name in names:
        if names.count(name) > 1:
            raise TypeError(f"{tally_type.__name__}: two counts are shown as {name}: give one `metric=` of its own")
    return tuple(found)


def _of_field(tally_type: type[Tally], field: str, hint: Any) -> Declared:
    kind, count = _said(hint)
    if count is None or not (kind is int if count.by is None else get_origin(kind) is dict):
        raise TypeError(
            f"{tally_type.__name__}.{field}: a count is declared as Annotated[int, Count(...)], or with `by` as "
            f"Annotated[dict[key, int], Count(..., by=By(...))], but this field is {hint}"
        )
    return Declared(field, count, attrgetter(field), is_stored=True)


def _following(of: type) -> Iterable[Declared]:
    """The properties and methods of a class that say that they are counts; a method is given the terms."""
    for field, member in vars(of).items():
        is_property = isinstance(member, property)
        function = member.fget if is_property else member
        count = _said(getattr(function, "__annotations__", {}).get("return"))[1]
        if count is not None:
            yield Declared(field, count, function, is_stored=False, needs_terms=not is_property)


def _said(hint: Any) -> tuple[Any, Count | None]:
    """The type of an annotation, and the count that it declares."""
    if get_origin(hint) is not Annotated:
        return hint, None
    kind, *said = get_args(hint)
    return kind, next((each for each in said if isinstance(each, Count)), None)


def _compiled(name: str, counts: Mapping[str, Count]) -> Any:
    """A method that adds the counts of another tally, field by field.

    Without a loop and without a call for plain counts: so written by hand, too, it would be.
    """
    lines = [f"def {name}(self, other):"]
    for field, count in counts.items():
        if count.by is None:
            lines.append(f"    self.{field} += other.{field}")
        else:
            lines.append(f"    if other.{field}:\n        self.{field} = added(self.{field}, other.{field})")
    scope: dict[str, Any] = {"added": added}
    exec(compile("\n".join(lines), f"<{name} of {len(counts)} counts>", "exec"), scope)  # noqa: S102 - names of our own fields, and nothing else
    return scope[name]


def count_excluded(tallies: Sequence[Tally], excluded: Excluded, sign: int, _: Places) -> None:
    """`Tally.count_in` for a contact that is left out, of whichever channel."""
    for tally in tallies:
        tally.excluded = added(tally.excluded, {excluded.reason.value: sign}, sign)


def count_ids(tallies: Sequence[Tally], measured: Measurement, sign: int, _: Places) -> None:
    """`Tally.count_in` for an id that was used again, or may have been, of whichever channel."""
    for tally in tallies:
        if type(measured) is ReusedId:
            tally.reused_ids += sign
        elif type(measured) is UnclearId:
            tally.unclear_ids += sign


def add_to_sketch(tally: Tally, waits_ms: Sequence[int], sign: int) -> None:
    """Add official waits to the sketch of a month's tally, or take them back."""
    sketch = tally.sketch = tally.sketch or {}
    buckets = buckets_of(waits_ms)
    for bucket in buckets:
        sketch[bucket] = sketch.get(bucket, 0) + sign
    if sign < 0:
        tally.sketch = _without_zeros(sketch, set(buckets))


def added(mine: dict[K, int], theirs: Mapping[K, int], sign: int = 1) -> dict[K, int]:
    """My counts with theirs, to be kept in place of mine, which may or may not be the same dictionary.

    What is taken back (sign -1) may leave none of a key.
    """
    if not mine:
        return dict(theirs) or NONE
    for key, value in theirs.items():
        mine[key] = mine.get(key, 0) + value
    return mine if sign > 0 else _without_zeros(mine, theirs)


def _without_zeros(counts: dict[K, int], keys: Iterable[K]) -> dict[K, int]:
    for key in keys:
        if not counts[key]:
            del counts[key]
    return counts or NONE

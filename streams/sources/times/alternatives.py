"""Several formats for one column: each text is read by the first that fits it, and none may read it as another.

Whether two may be confused is tried and not reasoned: what one writes is given to the other.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any, Final, Generic, TypeVar

T = TypeVar("T")

UNREADABLE: Final = (ValueError, OverflowError, OSError)
"""What datetime raises for a text that is none in a format."""


@dataclass(frozen=True)
class Format(Generic[T]):
    """A way to write something."""

    name: str
    read: Callable[[str], T]
    """Raises one of `UNREADABLE` for what it does not fit."""
    write: Callable[[T], str]


def reader(formats: Sequence[Format[T]]) -> Callable[[str], T]:
    """A function that reads a text by the first format that fits.

    It raises one of `UNREADABLE` when none does.
    """
    if len(formats) == 1:
        return formats[0].read
    reads = [each.read for each in formats]

    def read(text: str) -> T:
        for each in reads:
            try:
                return each(text)
            except UNREADABLE:
                continue
        raise ValueError("no format fits")

    return read


def check(formats: Sequence[Format[T]], probes: Iterable[T], seen_as: Callable[[T], Any] = lambda each: each) -> None:
    """Return when no format reads what another writes as something else; `seen_as` is what must be the same.

    Raises `ValueError`, with the two formats and what they confuse, when one does.
    """
    pairs = list(permutations(formats, 2))
    for probe in probes:
        for one, other in pairs:
            text = one.write(probe)
            try:
                right, read = seen_as(one.read(text)), seen_as(other.read(text))
            except UNREADABLE:
                continue
            if right != read:
                raise ValueError(f'"{text}" is another time as "{one.name}" than as "{other.name}"; leave one out')

"""What is counted for a contact, and where; what contacts of all channels have in common.

A measurement is a pure function of facts and rules, so what was counted for a contact can always be computed again
and taken back.
"""

from enum import StrEnum
from typing import ClassVar

import msgspec


class Exclusion(StrEnum):
    """Why a contact is in none of the averages and shares."""

    OUTSIDE_OPENING_HOURS = "outside_opening_hours"
    """Dialled in before or after opening hours: the exchange registers such calls as missed by a software error."""
    CLOSING_DAY = "closing_day"
    """Dialled in on a public holiday or a local closing day."""
    UNRESOLVED = "unresolved"
    """How it ended is not known, and will not be: it expired, or its facts do not tell."""
    IMPLAUSIBLE = "implausible"
    """Its times contradict each other: an answer before the call, or a wait longer than anyone waits."""


class Measurement(msgspec.Struct, frozen=True, gc=False):
    """What is counted for a contact, and where."""

    is_outcome: ClassVar[bool] = True
    """Whether the contact is over with it; else another measurement of it says how it ended."""

    cluster: str
    period_ms: int
    """The moment that decides the day and the month: when the citizen called, or was to be received."""
    known_ms: int
    """The moment that decides the rolling window: when the outcome was known."""


class ReusedId(Measurement, frozen=True, gc=False):
    """An id that was used again: facts that one contact cannot have are of another, which counts on its own."""

    is_outcome: ClassVar[bool] = False


class UnclearId(Measurement, frozen=True, gc=False):
    """An id whose facts may be those of more than one contact, which cannot be told: they count as one."""

    is_outcome: ClassVar[bool] = False


class Excluded(Measurement, frozen=True, gc=False):
    """A contact that is left out of the indicators, and counted with the reason."""

    reason: Exclusion


def earliest(*instants: int | None) -> int | None:
    """The earliest of the instants that are known."""
    earliest_known = None
    for at in instants:
        if at is not None and (earliest_known is None or at < earliest_known):
            earliest_known = at
    return earliest_known

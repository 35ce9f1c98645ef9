"""What a check finds: one line for people, with the fix."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple


class Status(StrEnum):
    """How one check came out; only `WRONG` makes the command fail."""

    GOOD = "good"
    NOTE = "note"
    WRONG = "wrong"
    SKIPPED = "skipped"


SIGNS: Final[Mapping[Status, str]] = {Status.GOOD: "✓", Status.NOTE: "!", Status.WRONG: "✗", Status.SKIPPED: "-"}


class Finding(NamedTuple):
    """The outcome of one check: what was looked at, and what is to be said of it, with the fix."""

    status: Status
    subject: str
    text: str

    def __str__(self) -> str:
        return f"{SIGNS[self.status]} {self.status:<7}  {self.subject}: {self.text}"

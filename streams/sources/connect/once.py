"""Tells each fact once, though each thing that is said of a contact repeats what is known of it.

Remembers so much and no more: what it forgot is told again, which changes no figure. Must not know settings.
"""

from collections.abc import Hashable
from typing import Final

REMEMBERED_MAX: Final = 50_000
"""Facts, of ten thousand calls or more: some hours of a large contact centre, in ten MB."""


class Once:
    """What was told of late."""

    def __init__(self, remembered_max: int = REMEMBERED_MAX) -> None:
        """Remembers so many."""
        self._told: dict[Hashable, None] = {}
        self._max = remembered_max

    def is_new(self, one: Hashable) -> bool:
        """Whether it was not told of late; it is from now on."""
        if one in self._told:
            return False
        self._told[one] = None
        if len(self._told) > self._max:
            del self._told[next(iter(self._told))]
        return True

"""What is to be said, before it is known in which language: a key of the catalogues and the values to fill in.

Whoever finds something out names it so, and whoever shows it says it in the language of the screen.
"""

from __future__ import annotations

import msgspec


class Message(msgspec.Struct, frozen=True):
    """A message and its values, of which some may be messages themselves."""

    key: str
    values: tuple[tuple[str, str | int | Message], ...] = ()


def message(key: str, /, **values: str | int | Message) -> Message:
    """The message of a key.

    >>> message("part-missing", count=4).values
    (('count', 4),)
    """
    return Message(key, tuple(values.items()))

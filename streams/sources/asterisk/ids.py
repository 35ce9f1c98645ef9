"""The ids that Asterisk gives to channels: `1795803024.17`, with the name of the system before it where it has one.

The second in which a channel was made stands before the dot; the number behind it grows with each channel and begins
anew when the exchange starts. The id of the citizen's channel is the id of the call, the same from both inputs.
"""

import re
from functools import lru_cache
from typing import Final, NamedTuple

_ID: Final = re.compile(r"(?:(?P<system>[!-{}~]{1,100})-)?(?P<second>[0-9]{9,11})\.(?P<number>[0-9]{1,10})")


class Birth(NamedTuple):
    """What an id tells of the beginning of its channel."""

    second: int
    """UTC, cut off."""
    number: int
    """How many channels the exchange had made before since it started."""
    system: str = ""
    """Name of the system that made it; empty where it has none."""


@lru_cache(maxsize=8_192)
def birth_of(channel_id: str) -> Birth | None:
    """None for an id that somebody else gave: it may hold anything, a number of a person too, so no fact has it."""
    found = _ID.fullmatch(channel_id)
    return Birth(int(found["second"]), int(found["number"]), found["system"] or "") if found else None

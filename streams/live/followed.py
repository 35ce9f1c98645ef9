"""What is known of a source while it is followed, and what is said of one that is not heard.

Said by whoever follows it, of itself, and by the workers, for whom the figures that it feeds lack something then.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from streams.contracts.rejections import Reason
from streams.core.rules import SECOND_MS, Channel
from streams.live.problems import Problem
from streams.words import message

HEARTBEAT_SECONDS: Final = 5.0
"""How often whoever follows a source says that it does."""

AWAY_SECONDS: Final = 30.0
"""After so long without that nobody follows it: some heartbeats may be late while Kafka elects another leader."""


class Followed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of all that one source told, since its follower started."""

    source: str
    channels: tuple[Channel, ...]
    connected: bool
    why: str
    """Why it is not connected."""
    since_ms: int
    """Since when it is connected, or not."""
    facts: Mapping[tuple[Channel, str], int] = {}
    """Those in Kafka, by channel and type."""
    refused: Mapping[tuple[Channel, str], int] = {}
    """Of those what the settings refuse, by channel and reason: they are sent all the same, so that none is lost."""
    left_out: Mapping[str, int] = {}
    """What became no fact, by reason."""
    filled: int = 0
    """Facts that happened while nobody watched."""
    last_fact_ms: int | None = None
    """When the newest fact happened."""
    written_ms: int | None = None
    """When Kafka last took a position."""
    trouble: str = ""
    """Why Kafka takes nothing at this moment; empty while it does."""

    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with it; empty while nothing is."""
        found = [] if self.connected else [not_connected(self.source, self.channels, self.why)]
        if self.trouble:
            text = (
                f"source {self.source}: Kafka takes no facts at this moment: {self.trouble}. They wait, none is lost"
            )
            found.append(_said(self.source, self.channels, text))
        return tuple(found)

    def notes(self) -> tuple[str, ...]:
        """What of its facts the settings refuse, and what became no fact, by reason: no figure is in doubt for it."""
        where = f"source {self.source}: "
        refused = (
            f"{where}the settings refuse {count:,} facts of {channel} as {reason}: {_explained(reason)}"
            for (channel, reason), count in self.refused.items()
            if count
        )
        left_out = ", ".join(f"{count:,} {reason}" for reason, count in self.left_out.items() if count)
        return (*refused, *((f"{where}left out since its start: {left_out}",) if left_out else ()))


def _explained(reason: str) -> str:
    """What a reason is and what to do."""
    known = Reason(reason)
    return f"{known.explanation} {known.remedy}"


def not_connected(source: str, channels: tuple[Channel, ...], why: str) -> Problem:
    """What is said of a source that its follower does not hear."""
    text = f"source {source} is not connected: {why or 'its follower does not say why'}"
    return _said(source, channels, text)


def not_followed(
    source: str, channels: tuple[Channel, ...], silent_seconds: float | None, trouble: str, started_by: str
) -> Problem:
    """What is said of a source of whose follower nothing was heard for so long, or never (None).

    `started_by` is the command that follows it.
    """
    heard = "never was heard" if silent_seconds is None else f"was last heard {_long(silent_seconds)} ago"
    text = (
        f"source {source} is not followed: its follower {heard}. Start `{started_by}`, or take "
        f"[source.{source}] out of the settings"
    )
    if trouble:
        text += f"; this worker cannot read of any source at this moment: {trouble}"
    return _said(source, channels, text)


def _said(source: str, channels: tuple[Channel, ...], text: str) -> Problem:
    on_wall = message("problem-source-away", source=source)
    return Problem(code=f"source_{source}", text=text, on_wall=on_wall, channels=channels)


def _long(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{seconds:.0f} s" if minutes < 2 else f"{minutes:,} min"  # noqa: PLR2004 - of which there are at least two


def is_away(written_ms: int, now_ms: int) -> bool:
    """Whether what was written so long ago says nothing of now."""
    return now_ms - written_ms > AWAY_SECONDS * SECOND_MS

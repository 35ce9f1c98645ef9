"""Calls drawn as a line of time, so that a test shows what happened to a caller and when.

`o..x...o` is somebody who dials in, leaves after half a minute, and is back in the queue 40 s later.
"""

from typing import Final

from streams.channels.calls.events import (
    Abandoned,
    Answered,
    AnyCallEvent,
    CallbackRequested,
    CalledBack,
    Ended,
    Offered,
)
from tests.core.builders import HOUR, KCC, MINUTE, SECOND

STEP_MS: Final = 10 * SECOND
"""What a character takes."""

_FACTS: Final[dict[str, type[AnyCallEvent]]] = {
    "o": Offered,
    "a": Answered,
    "x": Abandoned,
    "e": Ended,
    "r": CallbackRequested,
    "b": CalledBack,
}
"""A capital is the same in the other queue."""

_SPANS: Final = {".": STEP_MS, "~": 20 * MINUTE, "|": 5 * HOUR}


def drawn(
    line: str, start_ms: int, call: str = "c", clusters: tuple[str, str] = (KCC, KCC)
) -> tuple[list[AnyCallEvent], int]:
    """The events of a drawing that begins at a moment, and the moment at which it ends.

    A letter is a fact, and takes a step as a dot does; `~` is 20 minutes and `|` 5 hours. What stands between
    brackets happens at one moment.
    """
    events: list[AnyCallEvent] = []
    at, is_together = start_ms, False
    for sign in line:
        if sign in "()":
            is_together = sign == "("
        elif sign.lower() in _FACTS:
            events.append(_FACTS[sign.lower()](call, clusters[sign.isupper()], at / 1000))
        if not is_together:
            at += _SPANS.get(sign, STEP_MS)
    return events, at - STEP_MS

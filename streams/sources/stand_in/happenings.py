"""What happens on the lines of an exchange, from the facts of calls: those, and joining a queue after the menu.

Must not know the clock or files.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum, auto
from typing import Final

import msgspec

from streams.channels.calls.events import Answered, CallEvent, Offered
from streams.contracts.events import instant_ms
from streams.core.rules import SECOND_MS

MENU_MS: Final = 4 * SECOND_MS
"""How long callers hear the menu before they are in a queue: facts do not say it, and no simulated call is answered
sooner."""


class Step(Enum):
    """What a caller comes to."""

    DIALS_IN = auto()
    JOINS = auto()
    """Is in a queue from now on."""
    IS_ANSWERED = auto()
    HANGS_UP = auto()


class Happening(msgspec.Struct, frozen=True, gc=False):
    """One step of one call."""

    at_ms: int
    """UTC."""
    step: Step
    call: str
    cluster: str


_STEPS: Final[Mapping[type[CallEvent], Step]] = {Offered: Step.DIALS_IN, Answered: Step.IS_ANSWERED}
"""What tells a fact; all others are the end of the call."""


def happenings(events: Iterable[CallEvent]) -> Iterator[Happening]:
    """All that happens, by time, of facts by time; of those that are not over yet, as far as the facts go."""
    menu: deque[Happening] = deque()
    in_menu: set[str] = set()
    for event in events:
        at_ms = instant_ms(event.at)
        while menu and menu[0].at_ms <= at_ms:
            joins = menu.popleft()
            if joins.call in in_menu:
                in_menu.remove(joins.call)
                yield joins
        step = _STEPS.get(type(event), Step.HANGS_UP)
        if step is Step.DIALS_IN:
            menu.append(Happening(at_ms + MENU_MS, Step.JOINS, event.call_id, event.cluster))
            in_menu.add(event.call_id)
        elif event.call_id in in_menu:
            in_menu.remove(event.call_id)
            if step is Step.IS_ANSWERED:
                yield Happening(at_ms, Step.JOINS, event.call_id, event.cluster)
        yield Happening(at_ms, step, event.call_id, event.cluster)

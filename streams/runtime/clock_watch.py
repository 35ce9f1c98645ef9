"""Keeps comparing the clock of this worker with the brokers', and says what is wrong with it.

A wrong clock makes waits wrong, expires callers too early and would close a month that is still running.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from aiokafka.errors import KafkaError

from streams.channels import channels
from streams.core.rules import SECOND_MS
from streams.kafka.broker_time import APART_MS, DIFFERENT_MS, SYNCHRONISE, Reading, farthest
from streams.kafka.client import KafkaProblemsError
from streams.kafka.clock import broker_clocks, monotonic_ms
from streams.live.problems import Problem
from streams.runtime.clock import Clock, HeldBackClock
from streams.settings import KafkaSettings
from streams.words import message

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 10.0
"""How often the brokers are polled, with a record each; a wrong clock is noticed within this time."""

KNOWN_SECONDS: Final = 60.0
"""How long the difference stays valid when no broker answers any more, and how long a first answer may take."""

FIRST_SECONDS: Final = 5.0
"""How long a start waits for the first answer, so that nothing is counted by a wrong clock before it."""

_ON_WALL: Final = message("problem-clock")
_UNKNOWN_ON_WALL: Final = message("problem-clock-unknown")


class ClockWatch:
    """This worker's clock beside the brokers'."""

    def __init__(self, kafka: KafkaSettings, own: Clock) -> None:
        """Nothing is known until it watches. Where brokers and worker share a clock (the embedded one) nothing is."""
        self.clock = HeldBackClock(own, monotonic_ms)
        """The clock for everything that is counted and shown."""
        self._kafka = kafka
        self._own = own
        self._readings: Sequence[Reading] = ()
        self._heard_ms: float | None = None
        """When a broker told last, or watching began; None while nobody watches."""
        self._trouble = "none has answered yet"
        """Why none told since."""
        self._heard = asyncio.Event()
        self._told: str | None = None

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Watch while the block runs, which begins once a broker has answered, or after a while without."""
        if self._kafka.writer == "plain":  # the embedded broker, which tells no time (`streams.kafka.clock`)
            yield
            return
        task = asyncio.create_task(self._watch(), name="clocks")
        try:
            first = asyncio.ensure_future(self._heard.wait())
            await asyncio.wait({first}, timeout=FIRST_SECONDS)
            first.cancel()
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _watch(self) -> None:
        self._heard_ms = monotonic_ms()
        while True:
            try:
                async with broker_clocks(self._kafka, self._own) as clocks:
                    while True:
                        self.hear(await clocks.readings())
                        await asyncio.sleep(LOOK_SECONDS)
            except (KafkaError, KafkaProblemsError) as error:
                self._trouble = str(error)
            except Exception as error:
                self._trouble = repr(error)
                log.exception("cannot learn the brokers' time; trying again")
            self._tell()
            await asyncio.sleep(LOOK_SECONDS)

    def hear(self, readings: Sequence[Reading]) -> None:
        """Take what the brokers showed just now, from at least one of them."""
        self._readings, self._heard_ms = readings, monotonic_ms()
        self.clock.hold_back(min(each.shown_ms - each.sent_ms for each in readings))
        self._heard.set()
        self._tell()

    def _tell(self) -> None:
        """Log a problem when it begins, changes and ends, and not at each poll."""
        problem = next(iter(self.problems()), None)
        code = None if problem is None else problem.code
        if code == self._told:
            return
        self._told = code
        if problem is None:
            log.info("the clocks of this worker and of the brokers agree again")
        else:
            log.warning("%s", problem.text)

    def _is_unheard(self) -> bool:
        """Whether the last answer of a broker is too old to say anything."""
        return self._heard_ms is not None and monotonic_ms() - self._heard_ms > KNOWN_SECONDS * SECOND_MS

    def _farthest(self) -> Reading | None:
        return None if self._is_unheard() else farthest(self._readings)

    def ahead_seconds(self) -> float | None:
        """How far this machine's clock is ahead of that broker's which differs most; None while it is not known."""
        differs = self._farthest()
        return None if differs is None else differs.ahead_ms / SECOND_MS

    def problems(self) -> tuple[Problem, ...]:
        """What a difference makes wrong, or that it is not known; none while there is none to speak of."""
        if self._is_unheard():
            text = (
                f"no broker has told its time for {KNOWN_SECONDS:.0f} s, so that nobody knows whether this worker's "
                f"clock is right; no month closes, and no report or snapshot is made: {self._trouble}"
            )
            return (Problem(code="clocks_unknown", text=text, on_wall=_UNKNOWN_ON_WALL, channels=()),)
        differs = self._farthest()
        if differs is None or not differs.is_apart(DIFFERENT_MS):
            return ()
        told = f"this worker's clock is {differs}"
        if differs.is_apart(APART_MS):
            text = (
                f"{told}, and nobody knows which is right: no figure can be trusted, no month closes, and no report "
                f"or snapshot is made; {SYNCHRONISE}"
            )
            return (Problem(code="clocks_apart", text=text, on_wall=_ON_WALL),)
        text = f"{told}, and the waits of this moment may be wrong by as much; {SYNCHRONISE}"
        wrong = tuple(each.name for each in channels() if each.tells_seconds)
        return (Problem(code="clocks_differ", text=text, on_wall=_ON_WALL, channels=wrong),)

"""Ends a worker that is stuck waiting for its partitions, or whose event loop is blocked, so that it is restarted.

A stuck engine goes on sending heartbeats: it keeps its partitions from the rest of the group and reads nothing. A
supervisor restarts a process that ends.
"""

import asyncio
import logging
import os
import threading
import time
from typing import Final

from streams.kafka.client import is_there
from streams.runtime.app import MonitorApp
from streams.settings import KafkaSettings

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 5.0

STUCK_SECONDS: Final = 180.0
"""How long a worker may wait for its partitions while brokers answer: two rebalances in a row, each with the last
checkpoint of a slow worker (30 s) and a take-over (60 s). Restoring what was taken over does not count."""

STANDSTILL_SECONDS: Final = 120
"""How long the event loop may be blocked. The longest known block, at the turn of an hour with millions of contacts
on a slow processor, is a few seconds."""


class StuckError(RuntimeError):
    """The worker waits for its partitions, with no sign that it will ever get them."""


async def watch(app: MonitorApp, kafka: KafkaSettings) -> None:
    """Crash the app when it has waited for its partitions for too long, although brokers answer.

    Unreachable brokers end nothing: the engine reconnects by itself. Polls are counted instead of time, which passes
    while a process is suspended.
    """
    looks = 0
    while not app.crash_event.is_set():
        await asyncio.sleep(LOOK_SECONDS)
        is_stuck = app.is_waiting() and not app.owner.is_restoring
        # a broker answers when it has just confirmed our membership of the group, or accepts a connection
        is_stuck = is_stuck and (app.consumer.is_member() or await is_there(kafka))
        looks = looks + 1 if is_stuck else 0
        if looks * LOOK_SECONDS > STUCK_SECONDS:
            reason = (
                f"It has waited for its partitions for {STUCK_SECONDS:.0f} s, although brokers answer: the engine "
                "has lost its way in a rebalance, or the topics are gone. Nothing is lost or counted twice: start it "
                "again and it gets its share."
            )
            await app.crash(StuckError(reason))


class Standstill:
    """Ends the process when the event loop is blocked, from a thread of its own."""

    def __init__(self, seconds: int = STANDSTILL_SECONDS) -> None:
        self._seconds = seconds
        self._rounds = 0

    async def watch(self) -> None:
        """Count a round of the loop once a second, until cancelled."""
        threading.Thread(target=self._end_if_still, name="standstill", daemon=True).start()
        try:
            while True:
                self._rounds += 1
                await asyncio.sleep(1)
        finally:
            self._rounds = -1

    def _end_if_still(self) -> None:
        """Polls are counted instead of time: they stop while the process is suspended."""
        known, still = 0, 0
        while self._rounds >= 0:
            time.sleep(1)
            still = still + 1 if self._rounds == known else 0
            known = self._rounds
            if still >= self._seconds:
                log.error(
                    "The worker has stopped: its event loop stood still for %d s, so it neither counted nor "
                    "answered. Nothing is lost or counted twice: start it again and it goes on where its last "
                    "checkpoint ends.",
                    still,
                )
                os._exit(1)

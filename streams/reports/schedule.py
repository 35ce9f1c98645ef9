"""What one of the workers does when its moment has come: close the months that are due.

Every worker runs the schedule, and the one that owns the first partition of the calls acts on it: the group hands
that to another when it dies. If two believe that they own it for a moment, the fencing in `closer` lets one through.
What could not be done is tried again, so a worker that was away catches up. An error here is logged and never stops
the counting. Must not know Faust.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from streams.kafka_writer import FENCED
from streams.reports.closer import close_due_months
from streams.reports.report_command import UNUSABLE
from streams.settings import Settings

log = logging.getLogger(__name__)

FAILED: Final = "months could not be closed, which will be tried again"


async def run_schedule(settings: Settings, clock: Callable[[], int], is_in_charge: Callable[[], bool]) -> None:
    """Look every `closing.check_seconds` until cancelled; `clock` reads UTC ms."""
    while True:
        await asyncio.sleep(settings.closing.check_seconds)
        if is_in_charge():
            await _look(settings, clock())


async def _look(settings: Settings, now_ms: int) -> None:
    try:
        await close_due_months(settings, now_ms)
    except FENCED:
        log.info("another worker closes months at this moment")
    except UNUSABLE as error:
        log.error(
            "months could not be closed, which is tried again in %d s: %s", settings.closing.check_seconds, error
        )
    except Exception:
        log.exception("months could not be closed, which is tried again in %d s", settings.closing.check_seconds)

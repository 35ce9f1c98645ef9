"""The command `wachtmonitor worker`: a worker against a real Kafka, until it is told to stop.

It joins two parts that are independent of each other: the engine that counts, and the schedule that closes months.
"""

import asyncio
import logging
import os
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from streams.commands.options import load_settings, settings_option
from streams.kafka.client import KafkaProblemsError
from streams.months.schedule import run_schedule
from streams.process.clock import system_clock
from streams.process.memory import give_back_from
from streams.process.signals import nothing
from streams.process.stoppable import told
from streams.runtime.app import MonitorApp
from streams.runtime.consumer import BatchConsumer
from streams.runtime.fetching.packed import PLAIN_BYTES
from streams.runtime.garbage import collect_by_the_clock, collect_rarely
from streams.runtime.watch import Standstill
from streams.runtime.worker import Beside, WorkerError, run_worker
from streams.serve.web import AddressError
from streams.settings import Settings

log = logging.getLogger(__name__)

END_SECONDS: Final = 5.0
"""How long the engine's threads may take to end after the worker has stopped."""


@click.command()
@settings_option
@click.option("--verbose", is_flag=True, help="Log what the engine and the Kafka client do.")
def worker(settings_file: Path | None, *, verbose: bool) -> None:
    """Run a worker: count the calls and visits on Kafka, serve /metrics, /health and the wall.

    Several workers share the partitions. Stop it with Ctrl-C or SIGTERM: it writes a last checkpoint and leaves the
    group. Ends with status 1 on an error; started again, it goes on at its last checkpoint.
    """
    settings = load_settings(settings_file)
    log_to_stderr(verbose=verbose)
    collect_rarely()
    give_back_from(PLAIN_BYTES)  # what is read in place, as most batches are, stays in the heap
    try:
        asyncio.run(_run(settings))
    except (WorkerError, AddressError, KafkaProblemsError, KafkaError) as error:
        raise click.ClickException(str(error)) from error


def log_to_stderr(*, verbose: bool) -> None:
    """Our own log lines; those of the engine and the client only if asked for.

    Both tell of retries and late timers, which the metrics tell better, and of crashes with the traces of every
    service on the way, asyncio of the client's futures that nobody waited for; what ends the worker is said once, by
    the worker.
    """
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    engine = ("faust", "mode", "aiokafka", "asyncio", MonitorApp.__module__, BatchConsumer.__module__)
    for name in engine:
        logging.getLogger(name).setLevel(logging.INFO if verbose else logging.CRITICAL)
    if not verbose:  # left behind by an engine that is ended in the midst of something
        warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)


async def _run(settings: Settings) -> None:
    stop = asyncio.Event()
    with ending_at_last(), told(lambda _: stop.set(), then=nothing):
        await run_worker(settings, stop, _beside(settings))


def _beside(settings: Settings) -> Beside:
    first_calls = TopicPartition(settings.kafka.calls_topic, 0)

    async def beside(app: MonitorApp) -> None:
        schedule = run_schedule(settings, system_clock, lambda: first_calls in app.owner.owned())
        await asyncio.gather(schedule, collect_by_the_clock(), Standstill().watch())

    return beside


@contextmanager
def ending_at_last() -> Iterator[None]:
    """After the block the process ends, with the status that says how the block did."""
    last_words, status = "stopped", 0
    try:
        yield
    except Exception as error:
        last_words, status = str(error), 1
        raise
    finally:
        _end_at_last(last_words, status)


def _end_at_last(last_words: str, status: int) -> None:
    """End the process even when a thread or a task of the engine hangs: its supervisor waits to restart it."""

    def end() -> None:
        log.warning("%s (the engine was still running %.0f s later, and was ended)", last_words, END_SECONDS)
        os._exit(status)

    timer = threading.Timer(END_SECONDS, end)
    timer.daemon = True
    timer.start()

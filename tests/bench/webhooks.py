"""What a webhook costs, from its signature to Kafka's acknowledgement: processor time and how long its caller waits.

Callers come at a steady rate over connections that stay open, as a proxy has them, and each ticket is its own.
"""

import asyncio
import hmac
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Final

import msgspec
from aiohttp import ClientError, ClientSession, TCPConnector

from streams.kafka.embedded import leashed
from streams.settings import KafkaSettings
from tests.bench.bench import Bench
from tests.bench.events import LIER_DESKS
from tests.bench.report import Figure, Results, Target
from tests.bench.scraping import WAIT_SECONDS, process_cpu_seconds
from tests.bench.spreads import Spread, percentile, spread
from tests.brokers.ports import next_port
from tests.runtime.workers import environment

SECTION: Final = "Webhooks"
RATE: Final = 500
"""Requests a second."""
PROMISED_SHARE: Final = 0.5
"""Of a core at that rate."""
CONNECTIONS: Final = 100
SECRET: Final = "of the benchmark alone"
SOURCE: Final = f'\n[source.desks]\nkind = "qminder"\n[source.desks.clusters]\n1 = "{LIER_DESKS[0]}"\n'


async def measure(bench: Bench, say: Callable[[str], None]) -> Results:
    """One receiver, asked for some seconds so many times over."""
    kafka, port = await bench.topics(), next_port()
    costs: list[float] = []
    waits: list[float] = []
    with receiver(bench, kafka, port) as process:
        async with ClientSession(connector=TCPConnector(limit=CONNECTIONS)) as session:
            address = f"http://127.0.0.1:{port}/desks"
            await _until_taken(session, address, process)
            count = round(RATE * bench.sizes.webhook_seconds)
            for turn in range(bench.sizes.repeats):
                before = process_cpu_seconds(process.pid)
                waits += await _ask(session, address, range(turn * count, (turn + 1) * count))
                costs.append((process_cpu_seconds(process.pid) - before) / count)
    cost, middle, late = spread(costs), percentile(waits, 0.5), percentile(waits, 0.99)
    say(f"{cost.middle * 1e6:.0f} us each, answered in {middle * 1000:.0f} ms, 99 of 100 in {late * 1000:.0f} ms")
    return Results(
        figures=[
            Figure(SECTION, "processor time of a request", "s", cost),
            Figure(SECTION, f"answered at {RATE} requests a second", "s", Spread(min(waits), middle, max(waits))),
        ],
        targets=[
            Target(f"of a core for {RATE} webhooks a second", PROMISED_SHARE, cost.middle * RATE, at_least=False)
        ],
    )


@contextmanager
def receiver(bench: Bench, kafka: KafkaSettings, port: int) -> Iterator["subprocess.Popen[bytes]"]:
    """`wachtmonitor receive` as its user starts it."""
    path = bench.directory / "webhooks.toml"
    path.write_text(bench.settings_file().read_text(encoding="utf-8") + SOURCE, encoding="utf-8")
    own = {
        "PATH": os.environ["PATH"],
        "WACHTMONITOR_SOURCE_DESKS_SECRET": SECRET,
        "WACHTMONITOR_RECEIVE_PORT": str(port),
        "WACHTMONITOR_FOLLOW_PORT": str(next_port()),
    }
    with bench.log("receive").open("ab") as out:
        process = subprocess.Popen(
            leashed([sys.executable, "-m", "streams", "receive"]),
            env=environment(kafka, next_port(), path) | own,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def _until_taken(session: ClientSession, address: str, process: "subprocess.Popen[bytes]") -> None:
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            assert process.poll() is None, "it has ended: look at its log"
            try:
                if await _post(session, address, _signed(address, -1)) == 204:
                    return
            except (ClientError, OSError):
                pass
            await asyncio.sleep(0.05)


def _signed(address: str, number: int) -> tuple[bytes, str]:
    body = {
        "type": "ticket_created",
        "data": {"id": str(number), "status": "NEW", "line": 1, "created": {"date": "2026-10-05T09:01:00Z"}},
    }
    text = msgspec.json.encode(body)
    return text, hmac.new(SECRET.encode(), address.encode() + text, sha256).hexdigest()


async def _post(session: ClientSession, address: str, signed: tuple[bytes, str]) -> int:
    async with session.post(address, data=signed[0], headers={"X-Qminder-Signature": signed[1]}) as answer:
        return answer.status


async def _ask(session: ClientSession, address: str, numbers: range) -> list[float]:
    """How long each caller waited, in seconds; every one was told that its fact is taken."""

    async def one(number: int) -> float:
        signed, began = _signed(address, number), time.perf_counter()
        assert await _post(session, address, signed) == 204
        return time.perf_counter() - began

    began, asked = time.perf_counter(), []
    for place, number in enumerate(numbers):
        await asyncio.sleep(max(0.0, began + place / RATE - time.perf_counter()))
        asked.append(asyncio.create_task(one(number)))
    return await asyncio.gather(*asked)

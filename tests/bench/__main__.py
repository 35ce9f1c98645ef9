"""`make bench`."""

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from streams.kafka import ensure_topics
from tests.bench.events import LIER_DESKS, LIER_PHONE, SPAN_MS, Load, events
from tests.bench.filling import Windows, by_contact, fill
from tests.bench.settings import write_settings
from tests.bench.spreads import spread
from tests.bench.systems import Expected, Run, run_bare, run_worker
from tests.brokers.apache import ApacheKafka, kafka_jars
from tests.brokers.topics import kafka_settings


async def main(arguments: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory(prefix="wachtmonitor-bench-") as name:
        directory = Path(name)
        async with ApacheKafka(directory, kafka_jars()) as broker:
            settings_file = write_settings(directory / "bench.toml", LIER_PHONE, LIER_DESKS)
            kafka = kafka_settings(broker)
            await ensure_topics(kafka)
            start_ms = int(time.time() * 1000) - SPAN_MS - 240_000
            expected = Expected(Windows(300, 60))
            began = time.perf_counter()
            load = Load(arguments.events, start_ms, arguments.seed)
            await fill(kafka, (expected.add(event) for event in events(load)), by_contact(kafka))
            print(f"{arguments.events} events filled in {time.perf_counter() - began:.1f} s", flush=True)
            runs: dict[str, list[Run]] = {}
            for _ in range(arguments.repeats):
                fresh = kafka_settings(broker, calls_topic=kafka.calls_topic, tickets_topic=kafka.tickets_topic)
                for run in (
                    await run_worker(fresh, expected, settings_file, directory / "worker.log"),
                    await run_bare(kafka, expected),
                ):
                    runs.setdefault(run.system, []).append(run)
                    print(
                        f"{run.system:8} {run.rate:>9,.0f}/s {run.cpu_microseconds:6.2f} us/event cpu "
                        f"{run.seconds:6.2f} s {dict(run.details)}",
                        flush=True,
                    )
            for system, found in runs.items():
                print(
                    system,
                    "events/s",
                    spread(r.rate for r in found),
                    "cpu us",
                    spread(r.cpu_microseconds for r in found),
                )
            print("ratio wall", spread(w.rate / b.rate for w, b in zip(runs["worker"], runs["bare"], strict=True)))
            print(
                "ratio cpu",
                spread(
                    b.cpu_microseconds / w.cpu_microseconds for w, b in zip(runs["worker"], runs["bare"], strict=True)
                ),
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--events", type=int, default=1_000_000)
    asyncio.run(main(parser.parse_args(sys.argv[1:])))

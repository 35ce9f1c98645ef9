"""`make bench`: runs the measurements one after the other, prints the results, and writes them down.

A whole run writes `RESULTS.md` and `results.png` beside this file, and what docs/performance.md says of them; a part
of it, or a `--quick` one, writes only where `--output` says.
"""

import argparse
import asyncio
import logging
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from tests.bench import folding, following, latency, pages, recovery, throughput, webhooks, workers
from tests.bench.about import about
from tests.bench.bench import FULL, QUICK, Bench, Sizes
from tests.bench.report import Results, markdown, summary
from tests.bench.systems import ROOT
from tests.brokers.apache import ApacheKafka, kafka_jars

HERE: Final = Path(__file__).parent

PAGE: Final = ROOT / "docs" / "performance.md"
MARKERS: Final = ("<!-- bench:start -->", "<!-- bench:end -->")

Measurement = Callable[[Bench, Callable[[str], None]], Awaitable[Results]]

MEASUREMENTS: Final[Mapping[str, Measurement]] = {
    "throughput": throughput.measure,
    "latency": latency.measure,
    "scrape": pages.measure,
    "recovery": recovery.measure,
    "workers": workers.measure,
    "fold": folding.measure,
    "follow": following.measure,
    "webhooks": webhooks.measure,
}


async def run(sizes: Sizes, seed: int, only: list[str]) -> Results:
    """Each measurement in turn, on one broker; one that fails leaves its reason and not the others out."""
    results = Results()
    with tempfile.TemporaryDirectory(prefix="wachtmonitor-bench-") as name:
        directory = Path(name)
        async with ApacheKafka(directory, kafka_jars(), is_measured=True) as broker:
            bench = Bench(broker, directory, sizes, seed)
            for measurement in only:
                say(f"== {measurement}")
                try:
                    results.add(await MEASUREMENTS[measurement](bench, say))
                except Exception as error:  # noqa: BLE001 - whatever it is, the other measurements are still worth having
                    traceback.print_exc()
                    results.failures.append(f"{measurement}: {type(error).__name__}: {str(error)[:500]}")
    return results


STARTED: Final = time.monotonic()


def say(text: str) -> None:
    """A line on the screen with the minutes so far."""
    seconds = int(time.monotonic() - STARTED)
    print(f"{seconds // 60:3}:{seconds % 60:02} {text}", flush=True)


def write(results: Results, directory: Path) -> None:
    """The table, and the picture beside it."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "RESULTS.md").write_text(markdown(results), encoding="utf-8")
    subprocess.run(
        [throughput.PEERS_PYTHON, "-m", "tests.bench.picture", (directory / "results.png").resolve()],
        input=msgspec.json.encode(results),
        cwd=ROOT,
        check=True,
    )


def with_summary(page: str, results: Results) -> str:
    """The page with these results between its markers."""
    head, rest = page.split(MARKERS[0])
    _, tail = rest.split(MARKERS[1])
    return f"{head}{MARKERS[0]}\n{summary(results)}\n{MARKERS[1]}{tail}"


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="make bench", description="Measure the worker beside its peers.")
    parser.add_argument("--only", nargs="+", choices=MEASUREMENTS, metavar="NAME", help=", ".join(MEASUREMENTS))
    parser.add_argument("--repeats", type=int, help="turns of each system (3)")
    parser.add_argument("--events", type=int, help="events for the worker and the bare client (2,000,000)")
    parser.add_argument("--seed", type=int, default=1, help="of the events (1)")
    parser.add_argument("--quick", action="store_true", help="a third of the time, rough figures")
    parser.add_argument("--without-peers", action="store_true", help="throughput of worker and bare client alone")
    parser.add_argument("--output", type=Path, help="directory for RESULTS.md and results.png")
    return parser.parse_args()


def main() -> None:
    """Run what the command line asks for."""
    options = arguments()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # fresh topics have no leader for a moment
    sizes = QUICK if options.quick else FULL
    sizes = sizes._replace(
        repeats=options.repeats or sizes.repeats,
        worker_events=options.events or sizes.worker_events,
        peers=not options.without_peers,
    )
    told = [f"--{name} {value}" for name, value in vars(options).items() if value and name not in {"output", "seed"}]
    described = about(" ".join(told), options.seed)
    results = asyncio.run(run(sizes, options.seed, options.only or list(MEASUREMENTS)))
    results.about = described + results.about
    print("\n" + markdown(results))
    if options.output:
        write(results, options.output)
    elif options.only is None and not options.quick and not options.without_peers:
        write(results, HERE)
        PAGE.write_text(with_summary(PAGE.read_text(encoding="utf-8"), results), encoding="utf-8")
    sys.exit(bool(results.failures))


if __name__ == "__main__":
    main()

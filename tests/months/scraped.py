"""A real Prometheus that scrapes pages which a test hands over, and records rules every second: for snapshots."""

import asyncio
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final
from urllib.request import urlopen

import pytest
import yaml

from streams.core.state import AnyState
from streams.live.observed import Observed, PartitionHealth, Reported
from streams.months.month import Sources
from streams.months.snapshot.awaited import why_not_yet
from streams.months.snapshot.prometheus import Prometheus
from streams.records.closings import closings_of
from streams.serve.metrics.catalogue import CLOSED_MONTHS_UNREAD, open_months
from streams.serve.metrics.collector import Metrics
from streams.serve.metrics.exposition import Families
from streams.serve.metrics.metric import Page
from streams.serve.metrics.months import Frozen, MonthMetrics, month_series, so_far, year_series
from streams.serve.metrics.series import closed
from streams.settings import PrometheusSettings, Settings
from tests.brokers.ports import next_port
from tests.months.making import month_in

ROOT: Final = Path(__file__).parents[2]
RULES: Final = ROOT / "deploy" / "prometheus" / "rules"
OUR_RULES: Final = Path(__file__).parent / "rules.yml"
INTERVAL: Final = "1s"
HOST: Final = "127.0.0.1"


class Scraped:
    """Prometheus, and what it is shown."""

    def __init__(self, port: int) -> None:
        """`show` may be set at any time."""
        self.settings = PrometheusSettings(url=f"http://{HOST}:{port}")
        self.show: Callable[[], bytes] = bytes


def pages(states: Mapping[str, AnyState], sources: Sources, settings: Settings, now_ms: int) -> bytes:
    """Both pages of a worker that owns everything, at this moment."""
    observed = Observed(
        now_ms=now_ms,
        rules=settings.rules,
        norms=settings.norms,
        stale_seconds=settings.web.silences(),
        partitions=[
            PartitionHealth(topic=source[:-2], partition=int(source[-1]), state=state, next_offset=0)
            for source, state in states.items()
        ],
    )
    reported = Reported(
        indicators={(each.indicator, each.year): each.value for each in settings.history},
        expenses_euros={(each.year, each.kind): each.expenses_cents / 100 for each in settings.budget},
    )
    months = MonthMetrics(lambda: observed, reported, lambda: closings_of(sources.account))
    return Metrics(lambda: observed).render() + months.render()


def page_of(sources: Sources, settings: Settings) -> bytes:
    """What a worker shows of whole months that has counted what stands on Kafka."""
    families = Families(Page.MONTHS)
    of_open = {metric.name for metric in open_months()}
    frozen: dict[str, Frozen] = {}
    for name in sources.months():
        month = month_in(sources, name, settings)
        closed_at_ms = None if month.closing is None else month.closing.at_ms
        for metric, labels, value in month_series(name, month.totals, month.basis, closed_at_ms):
            is_frozen = month.closing is not None and metric.name in of_open
            families.add(closed(metric) if is_frozen else metric, labels, value)
        if month.closing is not None:
            frozen[name] = Frozen(name, month.totals, month.basis)
    for names in so_far(frozen):
        families.add_all(year_series([frozen[name] for name in names]))
    families.add(CLOSED_MONTHS_UNREAD, (), 0)
    return families.text({})


async def has_come_to(prometheus: Scraped, sources: Sources, settings: Settings) -> None:
    """Show Prometheus what stands on Kafka, and return when snapshots can be made of it."""
    page = page_of(sources, settings)
    prometheus.show = lambda: page
    months = [month_in(sources, month, settings) for month in sources.months()]

    def is_there() -> bool:
        return why_not_yet(months, Prometheus(prometheus.settings).query) is None

    deadline = time.monotonic() + 120
    while not await asyncio.to_thread(is_there):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.2)


QUICKLY: Final = """
from streams.months.snapshot import awaited, prometheus

awaited.HELD_SECONDS = 4
prometheus.SETTLED_SECONDS = 1
from streams.commands.main import main
main()
"""
"""A worker for which Prometheus need not have had the figures for so long: here it records them each second."""


def hurry(patch: pytest.MonkeyPatch) -> None:
    """The same in this process."""
    patch.setattr("streams.months.snapshot.awaited.HELD_SECONDS", 4)
    patch.setattr("streams.months.snapshot.prometheus.SETTLED_SECONDS", 1)


@contextmanager
def running_prometheus(directory: Path) -> Iterator[Scraped]:
    """Prometheus with the rules of deploy/ and those of our own dashboard; skipped without it, but never in CI."""
    if shutil.which("prometheus") is None:
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up("no Prometheus: install Debian's package prometheus")
    scraped = Scraped(next_port())

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(scraped.show())

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer((HOST, 0), Pages)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    process = _started(directory, scraped, server.server_address[1])
    try:
        yield scraped
    finally:
        process.terminate()
        process.wait()
        server.shutdown()
        server.server_close()


def _started(directory: Path, scraped: Scraped, port: int) -> "subprocess.Popen[bytes]":
    configuration = {
        "global": {"scrape_interval": INTERVAL, "scrape_timeout": INTERVAL, "evaluation_interval": INTERVAL},
        "rule_files": [str(_fast(directory, path)) for path in (*sorted(RULES.glob("*.yml")), OUR_RULES)],
        "scrape_configs": [
            {"job_name": "w", "honor_labels": True, "static_configs": [{"targets": [f"{HOST}:{port}"]}]}
        ],
    }
    file = directory / "prometheus.yml"
    file.write_text(yaml.safe_dump(configuration), encoding="utf-8")
    arguments = {
        "config.file": file,
        "storage.tsdb.path": directory / "samples",
        "web.listen-address": str(scraped.settings.url).removeprefix("http://"),
    }
    with (directory / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(
            ["prometheus", *(f"--{name}={value}" for name, value in arguments.items())], stdout=log, stderr=log
        )
    while not _is_ready(scraped):
        assert process.poll() is None, (directory / "prometheus.log").read_text()
        threading.Event().wait(0.1)
    return process


def _fast(directory: Path, path: Path) -> Path:
    rules = yaml.safe_load(path.read_text(encoding="utf-8"))
    for group in rules["groups"]:
        group["interval"] = INTERVAL
    fast = directory / f"fast-{path.name}"
    fast.write_text(yaml.safe_dump(rules), encoding="utf-8")
    return fast


def _is_ready(scraped: Scraped) -> bool:
    try:
        with urlopen(f"{scraped.settings.url}/-/ready", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False

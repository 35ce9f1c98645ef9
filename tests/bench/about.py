"""What ran, and on what: the lines above the results."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from tests.bench.systems import ROOT
from tests.bench.throughput import PEERS_PYTHON
from tests.brokers.apache import kafka_jars

OURS: Final = ("wachtmonitor", "faust-streaming", "aiokafka", "msgspec")
THEIRS: Final = ("bytewax", "quixstreams", "confluent-kafka")


def about(options: str, seed: int) -> list[tuple[str, str]]:
    """Names and values."""
    return [
        ("run", f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {_code()}, options `{options or 'none'}`, seed {seed}"),
        ("machine", f"{_processor()}, {os.cpu_count()} cores, {_memory_gib():.0f} GiB, {platform.system()}"),
        ("load", f"{os.getloadavg()[0]:.1f} processes ran or waited in the minute before"),
        ("broker", f"Apache Kafka {kafka_jars().name.split('-')[0]}, one node, on the same machine"),
        ("versions", ", ".join([f"Python {platform.python_version()}", *_versions()])),
    ]


def _code() -> str:
    """What is measured: the commit, and whether files differ from it."""
    command = ["git", "describe", "--always", "--dirty=, changed", "--exclude=*"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return f"commit {done.stdout.strip()}" if done.returncode == 0 else "no commit"


def _versions() -> list[str]:
    ours = [f"{name} {version(name)}" for name in OURS]
    if not PEERS_PYTHON.exists():
        return ours
    code = f"from importlib.metadata import version\nfor name in {THEIRS}: print(name, version(name))"
    told = subprocess.run([PEERS_PYTHON, "-c", code], capture_output=True, text=True, check=True)
    return ours + told.stdout.splitlines()


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30

"""What the tests of `publish` observe: partitions around states folded from events, and expositions read."""

import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from streams.core.norms import Norms
from streams.core.rules import Channel, Rules
from streams.core.state import AnyState
from streams.live.observed import Observed, PartitionHealth
from streams.serve.metrics.catalogue import catalogue
from streams.serve.metrics.collector import Metrics
from streams.serve.metrics.metric import Aggregation
from tests.core.builders import RULES
from tests.deploy.tools import needs

TOPICS: Final = {Channel.PHONE: "calls", Channel.DESK: "tickets"}

NORMS: Final = Norms(service_level_seconds=30, service_level_ratio=0.7, missed_ratio=0.2)

Series = tuple[str, frozenset[tuple[str, str]]]
"""Name and labels of one sample."""


def owning(*states: AnyState) -> list[PartitionHealth]:
    """A partition around each state, numbered within its topic, with nothing known of broker and checkpoints."""
    numbers = Counter[Channel]()
    partitions = []
    for state in states:
        number = numbers[state.channel]
        numbers[state.channel] += 1
        partitions.append(
            PartitionHealth(topic=TOPICS[state.channel], partition=number, state=state, next_offset=state.applied)
        )
    return partitions


def observing(
    partitions: Iterable[PartitionHealth], now_ms: int, rules: Rules = RULES, norms: Norms = NORMS
) -> Observed:
    """One worker's view, under the norms of the action plan."""
    return Observed(
        now_ms=now_ms,
        rules=rules,
        norms=norms,
        stale_seconds={Channel.PHONE: 90, Channel.DESK: 900},
        partitions=list(partitions),
    )


def complaints(page: bytes) -> str:
    """What promtool, which comes with Prometheus, has to say against a page."""
    asked = [needs("promtool"), "check", "metrics"]
    checked = subprocess.run(asked, input=page, capture_output=True, timeout=240, check=False)
    said = (checked.stdout + checked.stderr).decode()
    return said or ("" if checked.returncode == 0 else f"promtool ended with status {checked.returncode}")


def exposition(observed: Observed) -> dict[Series, float]:
    """Every sample that is exported."""
    return read(Metrics(lambda: observed).render())


def read(exposed: bytes) -> dict[Series, float]:
    """Every sample of a text exposition."""
    families = text_string_to_metric_families(exposed.decode())
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


def series(name: str, **labels: str) -> Series:
    """The series with exactly these labels, `wachtmonitor_` left out of the name."""
    return f"wachtmonitor_{name}", frozenset(labels.items())


def over_workers(workers: Iterable[dict[Series, float]], *without: str) -> dict[Series, float]:
    """What Prometheus makes of several workers' series by the catalogue's operators, without some labels."""
    found: defaultdict[Series, list[float]] = defaultdict(list)
    for worker in workers:
        for (name, labels), value in worker.items():
            found[name, frozenset(label for label in labels if label[0] not in without)].append(value)
    return {each: (max if each[0] in _LARGEST_COUNTS else _sum)(values) for each, values in found.items()}


_LARGEST_COUNTS: Final = {metric.name for metric in catalogue() if metric.aggregation is Aggregation.MAX}


def _sum(values: list[float]) -> float:
    """A sum to the microsecond: tenths of seconds are not exact in binary."""
    return round(sum(values), 6)

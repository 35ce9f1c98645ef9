"""A real Prometheus that holds samples of the past, and the recording rules evaluated in it as its own would be.

Samples go in as OpenMetrics through `promtool tsdb create-blocks-from`. Recording rules read each other, so they are
evaluated in passes: each pass queries the rules whose inputs are there and puts their samples in beside them.
Scrapes, rule groups and Grafana each have a clock of their own; here they are out of step as unluckily as they can
be, so that every delay that is measured is the worst one.
"""

import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, Self
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import yaml

from tests.brokers.ports import next_port

RULES: Final = Path(__file__).parents[2] / "deploy" / "prometheus" / "rules"

SCRAPE_SECONDS: Final = 5
"""The scrape and evaluation interval of deploy/prometheus/prometheus.yml; a test holds them together."""

LOOKBACK_SECONDS: Final = 5
"""How long a sample counts. Backfilled samples have no staleness markers, so they must not count for longer."""

PHASES: Final[Mapping[str, int]] = {"figures.yml": 4, "months.yml": 4, "alarms.yml": 3}
"""Second of the five in which a file's rules are evaluated: 4 s after what they read was written."""

GRAFANA_PHASE: Final = 2

MOST_POINTS: Final = 10_000
"""Prometheus refuses queries of more than 11 000 points."""

START_SECONDS: Final = 240.0

Labels = tuple[tuple[str, str], ...]


class MissingProgramError(Exception):
    """Prometheus or promtool is not installed."""


class RecordingRule(NamedTuple):
    """One recording rule, with the file that it stands in."""

    name: str
    expr: str
    file: str


class Span(NamedTuple):
    """Seconds since 1970, both ends included."""

    start: int
    end: int


def recording_rules() -> list[RecordingRule]:
    """Every recording rule of deploy/prometheus/rules."""
    return [
        RecordingRule(rule["record"], rule["expr"], path.name)
        for path in sorted(RULES.glob("*.yml"))
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
        for rule in group["rules"]
    ]


_RECORDED: Final = re.compile(r"\b[a-z_]+:[a-z_0-9]+:[a-z_0-9]+\b")
_RAW: Final = re.compile(r"\b(?:wachtmonitor_[a-z_0-9]+|up)\b")


def metric_names(expr: str) -> set[str]:
    """The metrics and recording rules that an expression names."""
    recorded = set(_RECORDED.findall(expr))
    return recorded | set(_RAW.findall(_RECORDED.sub("", expr)))


def needed_by(names: Iterable[str]) -> list[list[RecordingRule]]:
    """The recording rules that these depend on, in passes: each pass reads the passes before it alone."""
    rules = {rule.name: rule for rule in recording_rules()}
    depths: dict[str, int] = {}

    def depth(name: str) -> int:
        if name not in rules:
            return -1
        if name not in depths:
            depths[name] = 1 + max((depth(each) for each in metric_names(rules[name].expr)), default=-1)
        return depths[name]

    for name in names:
        depth(name)
    files = list(PHASES)
    passes: dict[tuple[int, int], list[RecordingRule]] = {}
    for name, level in depths.items():
        passes.setdefault((files.index(rules[name].file) == files.index("alarms.yml"), level), []).append(rules[name])
    return [passes[key] for key in sorted(passes)]


def raw_metrics(passes: Sequence[Sequence[RecordingRule]]) -> set[str]:
    """The metrics of workers (and `up`) that the rules read."""
    names = {name for each in passes for rule in each for name in metric_names(rule.expr)}
    return {name for name in names if ":" not in name}


class Prometheus:
    """Prometheus on a directory of samples; restarted whenever samples have been added."""

    def __init__(self, directory: Path) -> None:
        """`directory` is empty or not there, and stays with the caller."""
        missing = [name for name in ("prometheus", "promtool") if shutil.which(name) is None]
        if missing:
            raise MissingProgramError(f"{' and '.join(missing)} not found: install Debian's package prometheus")
        self._data = directory / "data"
        self._data.mkdir(parents=True)
        self._directory = directory
        self._config = directory / "empty.yml"
        self._config.write_text("{}\n")
        self._log = directory / "prometheus.log"
        self._port = next_port()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def add(self, batches: Iterable[Iterable[str]]) -> None:
        """Add samples, each a line `name{labels} value seconds`; they count from the next query on.

        A batch should span a day or so: promtool reads it once for each block that it makes of it.
        """
        files = [self._write(number, lines) for number, lines in enumerate(batches)]
        self._stop()
        for file in filter(None, files):
            command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "-q", str(file), str(self._data)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise RuntimeError(f"promtool took no samples: {done.stdout}{done.stderr}")
            file.unlink()

    def _write(self, number: int, lines: Iterable[str]) -> Path | None:
        """The file of a batch; None for an empty one, of which promtool would make no block but an error."""
        file = self._directory / f"samples-{number}.om"
        with file.open("w", encoding="utf-8") as out:
            written = sum(out.write(f"{line}\n") for line in lines)
            out.write("# EOF\n")
        return file if written else None

    def record(
        self, passes: Sequence[Sequence[RecordingRule]], spans: Sequence[Span], away: Sequence[Span] = ()
    ) -> None:
        """Evaluate recording rules over the spans, pass by pass; not in spans in which it is away."""
        for rules in passes:
            self.add(self._recorded(rules, span, away) for span in spans)

    def _recorded(self, rules: Sequence[RecordingRule], span: Span, away: Sequence[Span]) -> Iterator[str]:
        for rule in rules:
            for labels, values in self.range(rule.expr, span, SCRAPE_SECONDS, PHASES[rule.file]).items():
                for at, value in values:
                    if not any(each.start <= at < each.end for each in away):
                        yield f"{rule.name}{braces(labels)} {value!r} {at}"

    def range(self, expr: str, span: Span, step: int, phase: int) -> dict[Labels, list[tuple[int, float]]]:
        """The series of a range query, by their labels without the name; times are `phase` modulo `step`."""
        start = span.start + (phase - span.start) % step
        found: dict[Labels, list[tuple[int, float]]] = {}
        for first in range(start, span.end + 1, step * MOST_POINTS):
            last = min(span.end, first + step * (MOST_POINTS - 1))
            answer = self._get("query_range", query=expr, start=first, end=last, step=step)
            for series in answer["result"]:
                labels = tuple(sorted((k, v) for k, v in series["metric"].items() if k != "__name__"))
                points = [(int(at), float(value)) for at, value in series["values"]]
                found.setdefault(labels, []).extend(points)
        # a series that changes its name on the way, as in `x or y * 0`, comes in parts; recorded it is one
        return {labels: sorted(points) for labels, points in found.items()}

    def _get(self, path: str, **parameters: object) -> Any:
        if self._process is None:
            self._start()
        # as a form, since expressions are long
        request = Request(f"http://127.0.0.1:{self._port}/api/v1/{path}", data=urlencode(parameters).encode())
        try:
            with urlopen(request, timeout=120) as answer:
                return json.load(answer)["data"]
        except URLError as error:
            detail = error.read().decode() if hasattr(error, "read") else ""
            raise RuntimeError(f"Prometheus refused {parameters}: {error} {detail}") from error

    def _start(self) -> None:
        arguments = {
            "config.file": self._config,
            "storage.tsdb.path": self._data,
            "storage.tsdb.retention.time": "100y",
            "query.lookback-delta": f"{LOOKBACK_SECONDS}s",
            "web.listen-address": f"127.0.0.1:{self._port}",
        }
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                ["prometheus", *(f"--{name}={value}" for name, value in arguments.items())], stdout=log, stderr=log
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Prometheus does not start: {self._log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.05)

    def _ready(self) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self._port}/-/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def _stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(START_SECONDS)
            self._process = None


def braces(labels: Labels) -> str:
    """Labels as they stand behind a name."""
    return "{" + ",".join(f'{name}="{value}"' for name, value in labels) + "}"


def on_grid(values: Sequence[tuple[int, float]], span: Span, step: int) -> Iterator[tuple[float, float | None]]:
    """What Grafana sees at each of its evaluations, None where there is no value."""
    known = dict(values)
    for at in range(span.start + (GRAFANA_PHASE - span.start) % step, span.end + 1, step):
        yield at, known.get(at)

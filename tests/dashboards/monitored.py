"""A whole installation on this machine: Apache Kafka, two workers, and a Prometheus with the rules of deploy/.

The day is simulated, in a time zone in which it is about noon now: so `today` holds half a day of calls and visits at
whatever hour the tests run, somebody waits at this moment, and nothing is faked but where the city lies.
"""

import asyncio
import json
import subprocess
from collections.abc import Iterable
from contextlib import AsyncExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import msgspec
import yaml
from aiokafka import AIOKafkaProducer

from streams.channels.calls.events import Abandoned, Answered, CallbackRequested, CalledBack, Offered
from streams.channels.visits.events import Arrived, Left, Requested, Started
from streams.contracts.events import instant_ms
from streams.kafka.client import client_options
from streams.kafka.clock import broker_time
from streams.kafka.embedded import BrokerProcess
from streams.months.closing.close import close_month
from streams.months.closing.due import Author
from streams.process.clock import system_clock
from streams.settings import KafkaSettings, Settings, load
from streams.sources.sender import EventSender
from streams.sources.simulation import SimulationPlan, simulate_day
from tests.brokers.ports import next_port
from tests.brokers.topics import kafka_settings
from tests.dashboards.built import DASHBOARDS, Json, with_values
from tests.runtime.workers import WorkerProcess, settle, until

ROOT: Final = Path(__file__).parents[2]
RULES: Final = ROOT / "deploy" / "prometheus" / "rules"
CONFIGURATION: Final = ROOT / "deploy" / "prometheus" / "prometheus.yml"
SETTINGS: Final = ROOT / "streams" / "wachtmonitor.toml"

NOON: Final = 12
"""The local hour that the zone is chosen for."""

INTERVAL: Final = "2s"
"""Between two scrapes and two evaluations: the tests wait for them."""

WORKERS: Final = 2

LINE: Final = "Klantencontactcentrum"

AGAIN_SECONDS: Final = 20
"""Figures of the last minutes are there as long as something comes in: the tests ask for them a long time after the
start. What comes is known already, so that no other figure changes."""

Event = Any
"""Of either channel: what the simulator gives is an event of any."""


def settings_text(now: datetime) -> str:
    """The settings of Lier, but open every day, and in a zone in which it is noon."""
    shift = now.hour - NOON
    text = SETTINGS.read_text(encoding="utf-8")
    text = text.replace('zone = "Europe/Brussels"', f'zone = "Etc/GMT{shift:+d}"')  # Etc/GMT+2 is two hours behind
    for hours in ("08:30-12:00, 13:00-16:00", "closed"):
        text = text.replace(f'"{hours}"', '"08:00-18:00"')
    text = text.replace("# short_abandon_seconds", "short_abandon_seconds")
    return text.replace('public_holidays = "BE"', 'public_holidays = "none"')


def simulated_events(settings: Settings, now: datetime) -> list[Event]:
    """Today up to now, a day of the last month, and one of last year."""
    today = (now - timedelta(hours=now.hour - NOON)).date()
    last_month = today.replace(day=1) - timedelta(days=1)
    days = (date(today.year - 1, 3, 3), last_month, today)
    plan = SimulationPlan()
    events = [event for day in days for event in simulate_day(plan, settings.rules, day, seed=day.toordinal())]
    now_ms = round(now.timestamp() * 1000)
    beyond = [event for until in (now - (today - last_month), now) for event in _beyond(until)]
    return [*(event for event in events if instant_ms(event.at) <= now_ms), *beyond, *_certain(now_ms)]


def _beyond(until: datetime) -> list[Event]:
    """What nobody simulates: a visitor who leaves the hall, and one who is sent on to a second desk."""
    at = until.timestamp()
    day = until.date().isoformat()
    return [
        Arrived(ticket_id=f"left-{day}", cluster="Burgerzaken", at=at - 3_000, planned_at=at - 2_400),
        Left(ticket_id=f"left-{day}", cluster="Burgerzaken", at=at - 600),
        Arrived(ticket_id=f"onward-{day}", cluster="Burgerzaken", at=at - 3_000),
        Started(ticket_id=f"onward-{day}", cluster="Burgerzaken", at=at - 2_900),
        Arrived(ticket_id=f"onward-{day}", cluster="Wonen", at=at - 2_400),
        Started(ticket_id=f"onward-{day}", cluster="Wonen", at=at - 1_200),
    ]


def _certain(now_ms: int) -> list[Event]:
    """What the simulated day may lack at this moment: somebody who waits, on the telephone, with an appointment and
    without one, an appointment that was asked for today, a caller who is called back, one who is answered too late,
    and ids of calls that come twice: as those of two calls, and as those of who knows how many."""
    now = now_ms / 1000
    morning, lately = now - 6 * 3_600, now - 3_600  # before opening time, and after it
    return [
        _waits(now_ms, LINE),
        *(Offered(call_id="reused", cluster=LINE, at=at) for at in (morning, lately)),
        *(Answered(call_id="reused", cluster=LINE, at=at + 10) for at in (morning, lately)),
        Offered(call_id="callback", cluster=LINE, at=lately),
        CallbackRequested(call_id="callback", cluster=LINE, at=lately + 30),
        CalledBack(call_id="callback", cluster=LINE, at=lately + 930),
        Offered(call_id="too late", cluster=LINE, at=lately),
        Abandoned(call_id="too late", cluster=LINE, at=lately + 20),
        Answered(call_id="too late", cluster=LINE, at=lately + 25),
        Offered(call_id="unclear", cluster=LINE, at=morning),
        *(Answered(call_id="unclear", cluster=LINE, at=at + 10) for at in (morning, lately)),
        Arrived(ticket_id="waits", cluster="Burgerzaken", at=now - 200, planned_at=now - 100),
        Arrived(ticket_id="walk-in", cluster="Wonen", at=now - 240),
        Requested(ticket_id="request", cluster="Wonen", at=now - 600, planned_at=now + 7 * 86_400),
    ]


def _waits(now_ms: int, line: str) -> Event:
    return Offered(call_id="waits", cluster=line, at=now_ms / 1000 - 50)


async def _end(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


class Monitored:
    """The installation, from start to stop."""

    def __init__(self, broker: BrokerProcess, directory: Path) -> None:
        """`directory` takes settings, logs and samples, and stays with the caller."""
        self._now = datetime.now(UTC)
        settings_file = directory / "wachtmonitor.toml"
        settings_file.write_text(settings_text(self._now), encoding="utf-8")
        self.settings: Settings = load(settings_file, {})
        self.kafka: KafkaSettings = kafka_settings(broker)
        self._settings_file = settings_file
        self.closed = f"{self._now.year - 1}-03"
        """The month that is closed."""
        self._directory = directory
        self._stack = AsyncExitStack()
        self.workers: list[WorkerProcess] = []
        self.port = next_port()

    @property
    def url(self) -> str:
        """Where Prometheus answers."""
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def _start(self) -> None:
        """Workers first, one after the other since the first makes the topics; then what they are to count."""
        for number in range(WORKERS):
            log = self._directory / f"worker-{number}.log"
            worker = WorkerProcess(self.kafka, log, self._settings_file)
            self.workers.append(worker)
            self._stack.callback(worker.stop)
            await until(worker.is_healthy, "a healthy worker")
        self._start_prometheus()
        await until(self._is_ready, "a Prometheus that answers")
        await until(lambda: self._counts("city:wachtmonitor_workers:count", WORKERS), "both workers scraped")
        *most, last = simulated_events(self.settings, self._now)
        await self._send(most)
        await until(lambda: self.value("sum(wachtmonitor_offered_calls)") > 0, "calls counted")
        # A histogram's rate needs two scrapes of a count that grows, and rejections a record that is no event.
        await self._send([last], junk=b"{")
        await settle(self.kafka, self.workers)
        await self._close_a_month()
        repeating = asyncio.create_task(self._repeat(), name="what comes in again")
        self._stack.push_async_callback(_end, repeating)
        await until(self._is_complete, "rules evaluated from what the workers show")

    async def _repeat(self) -> None:
        """Somebody who waits already, by a name that is to be repaired, and a record that is no event."""
        waits = _waits(round(self._now.timestamp() * 1000), LINE.upper())
        async with EventSender(self.kafka) as sender:
            while True:
                await sender.send(waits)
                await self._send([], junk=b"{")
                await asyncio.sleep(AGAIN_SECONDS)

    async def _close_a_month(self) -> None:
        """The oldest month is closed, and then one more fact about it comes."""
        settings = msgspec.structs.replace(self.settings, kafka=self.kafka)
        time = await broker_time(self.kafka, system_clock)
        await close_month(settings, self.closed, Author("an", time.now_ms), time)
        late = datetime(self._now.year - 1, 3, 4, NOON, tzinfo=UTC)
        await self._send([Offered(call_id="late", cluster=LINE, at=late)])
        await settle(self.kafka, self.workers)

    async def _send(self, events: Iterable[Event], junk: bytes | None = None) -> None:
        async with EventSender(self.kafka) as sender:
            for event in events:
                await sender.send(event, instant_ms(event.at))
        if junk is not None:
            async with AIOKafkaProducer(**client_options(self.kafka)) as producer:
                await producer.send_and_wait(self.kafka.calls_topic, junk)

    def _is_complete(self) -> bool:
        """Whether the slowest ways through the rules have come to their ends."""
        last = (
            "cluster_month:wachtmonitor_closed_month_late_facts:sum > 0",
            "year:wachtmonitor_month_missed_calls:ratio",
            "topic_reason:wachtmonitor_records_rejected:growth15m > 0",
            "topic_reason:wachtmonitor_names_repaired:growth15m > 0",
            "city:wachtmonitor_event_latency_seconds:p95_5m",
        )
        return all(self.query(each) for each in last)

    # Prometheus.

    def _start_prometheus(self) -> None:
        configuration = self._directory / "prometheus.yml"
        configuration.write_text(yaml.safe_dump(self._configuration()), encoding="utf-8")
        arguments = {
            "config.file": configuration,
            "storage.tsdb.path": self._directory / "samples",
            "web.listen-address": f"127.0.0.1:{self.port}",
        }
        with (self._directory / "prometheus.log").open("wb") as log:
            process = subprocess.Popen(
                ["prometheus", *(f"--{name}={value}" for name, value in arguments.items())], stdout=log, stderr=log
            )
        self._stack.callback(process.wait)
        self._stack.callback(process.terminate)

    def _configuration(self) -> dict[str, Any]:
        """That of deploy/, but with these workers' addresses and faster clocks."""
        configuration: dict[str, Any] = yaml.safe_load(CONFIGURATION.read_text(encoding="utf-8"))
        configuration["global"] |= dict.fromkeys(
            ("scrape_interval", "evaluation_interval", "scrape_timeout"), INTERVAL
        )
        configuration["rule_files"] = [str(self._fast_rules(path)) for path in sorted(RULES.glob("*.yml"))]
        jobs = [job for job in configuration["scrape_configs"] if "dns_sd_configs" in job]
        targets = [f"127.0.0.1:{worker.port}" for worker in self.workers]
        for job in jobs:
            del job["dns_sd_configs"]
            job["scrape_interval"] = job["scrape_timeout"] = INTERVAL
            job["static_configs"] = [{"targets": targets}]
        configuration["scrape_configs"] = jobs
        return configuration

    def _fast_rules(self, path: Path) -> Path:
        rules = yaml.safe_load(path.read_text(encoding="utf-8"))
        for group in rules["groups"]:
            group["interval"] = INTERVAL
        fast = self._directory / path.name
        fast.write_text(yaml.safe_dump(rules), encoding="utf-8")
        return fast

    def _is_ready(self) -> bool:
        try:
            with urlopen(f"{self.url}/-/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def _counts(self, expr: str, count: int) -> bool:
        return self.value(expr) == count

    def value(self, expr: str) -> float:
        """The value of a query with one series; NaN without any."""
        found = self.query(expr)
        return float(found[0]["value"][1]) if found else float("nan")

    def query(self, expr: str) -> list[dict[str, Any]]:
        """The series of an instant query, each with `metric` and `value`."""
        found: list[dict[str, Any]] = self.ask("query", query=expr)["result"]
        return found

    def query_range(self, expr: str, seconds: int, step: int = 1) -> list[dict[str, Any]]:
        """The series of the last seconds, each with `metric` and `values`."""
        end = datetime.now(UTC).timestamp()
        found: list[dict[str, Any]] = self.ask("query_range", query=expr, start=end - seconds, end=end, step=step)[
            "result"
        ]
        return found

    def label_values(self, label: str, selector: str) -> list[str]:
        """What a variable of a dashboard offers."""
        found: list[str] = self.ask(f"label/{label}/values", **{"match[]": selector})
        return found

    def chosen(self, name: str, text: str) -> dict[str, str]:
        """The values of a dashboard's lists for a panel or a query: a closed month for what asks for closed ones."""
        if "wachtmonitor_closed_" in text:
            return {"month": self.closed, "year": self.closed[:4]}
        return self.variables(DASHBOARDS[name])

    def variables(self, dashboard: Json) -> dict[str, str]:
        """The values that a dashboard's lists hold when it opens: the newest, each among those of the list before."""
        chosen: dict[str, str] = {}
        for variable in dashboard["templating"]["list"]:
            definition = with_values(variable["query"]["query"], chosen)
            selector, _, label = definition.removeprefix("label_values(").removesuffix(")").rpartition(", ")
            chosen[variable["name"]] = max(self.label_values(label, selector))
        return chosen

    def ask(self, path: str, **parameters: object) -> Any:
        """The data of an answer of Prometheus; raises AssertionError with its words when it refuses."""
        request = Request(f"{self.url}/api/v1/{path}?{urlencode(parameters)}")
        try:
            with urlopen(request, timeout=30) as answer:
                return json.load(answer)["data"]
        except HTTPError as error:
            raise AssertionError(f"Prometheus refused {parameters}: {error.read().decode()}") from error

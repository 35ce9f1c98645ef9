"""How throughput grows from one worker to two on the same partitions."""

from collections.abc import Callable
from typing import Final

from streams.settings import KafkaSettings
from tests.bench.bench import Bench
from tests.bench.events import events
from tests.bench.filling import Windows, by_contact, fill
from tests.bench.report import Figure, Results, Target
from tests.bench.spreads import spread
from tests.bench.systems import Expected, Run, TooQuickError, run_worker

SECTION: Final = "Workers"
PROMISE: Final = 1.8
TRIES: Final = 3


async def measure(bench: Bench, say: Callable[[str], None]) -> Results:
    """One and two in turns, over the same events: each with half a core, and as many cores as they get."""
    kafka, expected = await bench.topics(), Expected(Windows(60, 60))
    await fill(kafka, map(expected.add, events(bench.load(bench.sizes.worker_events))), by_contact(kafka))
    results = Results()
    shares = [(True, "half a core each"), (False, "beside the broker on the same cores")]
    for half_cores, what in shares if bench.sizes.whole_cores else shares[:1]:
        runs: dict[int, list[Run]] = {1: [], 2: []}
        for _ in range(bench.sizes.worker_turns):
            for count, found in runs.items():
                found.append(await _run(bench, kafka, expected, count, half_cores=half_cores))
                say(f"{count} worker(s), {what}: {found[-1].rate:,.0f} events/s")
        results.figures += [
            Figure(SECTION, f"{count} worker(s), {what}", "events/s", spread(run.rate for run in found))
            for count, found in runs.items()
        ]
        growth = spread(two.rate / one.rate for one, two in zip(runs[1], runs[2], strict=True))
        results.figures.append(Figure(SECTION, f"two over one, {what}", "ratio", growth))
        if half_cores:  # without, two workers and the broker want three cores
            promise = f"times one worker's throughput with two, {what}"
            results.targets.append(Target(promise, PROMISE, growth.middle, at_least=True))
    return results


async def _run(
    bench: Bench, kafka: KafkaSettings, expected: Expected, count: int, tries: int = TRIES, *, half_cores: bool
) -> Run:
    """So many workers at once; anew where the first was done before it heard, by a heartbeat, of the second."""
    fresh = await bench.topics(calls_topic=kafka.calls_topic, tickets_topic=kafka.tickets_topic)
    log = bench.log(f"workers-{count}")
    try:
        settings_file = bench.settings_file()
        return await run_worker(fresh, expected, settings_file, log, workers_at_once=count, half_cores=half_cores)
    except TooQuickError:
        if tries == 1:
            raise
    return await _run(bench, kafka, expected, count, tries - 1, half_cores=half_cores)

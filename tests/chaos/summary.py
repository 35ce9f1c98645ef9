"""What is printed about scenarios: a line for each, the timeline of those that failed, and a summary of all."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median, quantiles
from typing import Final

from tests.chaos.arena import SESSION_TIMEOUT_SECONDS
from tests.chaos.crew import Ending
from tests.chaos.scenario import Result

RIGHT_AFTER_SECONDS: Final = SESSION_TIMEOUT_SECONDS + 5.0
"""What is promised: figures are right again by then when workers are killed."""


def described(result: Result, directory: Path, *, with_timeline: bool) -> str:
    """A line about one scenario, and its timeline and differences."""
    plan = result.plan
    verdict = f"{len(result.differences)} DIFFERENCES" if result.differences else "ok"
    faults = ", ".join(f"{name}{' +kill' if kill else ''}" for name, kill in plan.rounds)
    line = f"seed {plan.seed:4d}  {verdict}  {result.seconds:5.1f} s  {result.events:5d} events  [{faults}]"
    if plan.has_sources:
        line += f"  {result.source_facts} facts of sources"
    if not with_timeline:
        return line
    file = directory / "timeline.txt"
    timeline = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    differences = [f"  difference: {each}" for each in result.differences[:20]]
    sources = " --sources" if plan.has_sources else ""
    again = f"  replay it alone: make chaos ARGS='--seed {plan.seed}{sources}'; its logs: {directory}"
    return "\n".join([line, *(f"  {each}" for each in timeline), *differences, again])


def summarised(results: Sequence[Result], seconds: float) -> str:
    """The summary of all scenarios."""
    faults: Counter[str] = sum((result.faults for result in results), Counter())
    rounds = Counter(name for result in results for name, _ in result.plan.rounds)
    failed = [result.plan.seed for result in results if result.differences]
    after_kill = [seconds for result in results for seconds in result.recoveries_after_kill]
    in_time = sum(seconds <= RIGHT_AFTER_SECONDS for seconds in after_kill)
    lines = [
        f"scenarios      {len(results)} in {seconds / 60:.1f} minutes",
        f"faults         {faults.total()}: {_counted(faults)}",
        f"rounds         {_counted(rounds)}",
        f"events         {sum(result.events for result in results)} "
        f"({sum(result.sent_again for result in results)} sent again)",
        f"sources        {sum(result.plan.has_sources for result in results)} scenarios, "
        f"{sum(result.source_facts for result in results)} facts",
        f"differences    {sum(len(result.differences) for result in results)}"
        + (f" in the scenarios with the seeds {', '.join(map(str, failed))}" if failed else ""),
        f"recovery       after SIGKILL: {_spread(after_kill)}; "
        f"within {RIGHT_AFTER_SECONDS:.0f} s, as promised: {in_time} of {len(after_kill)}",
        f"               after other faults: {_spread(s for r in results for s in r.recoveries_after_others)}",
        *_endings([ending for result in results for ending in result.endings]),
    ]
    return "\n".join(lines)


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.most_common())


def _spread(found: Iterable[float]) -> str:
    seconds = sorted(found)
    if len(seconds) < 2:  # a spread takes two
        return f"{seconds}"
    return (
        f"median {median(seconds):.1f} s, 95th percentile {quantiles(seconds, n=20, method='inclusive')[-1]:.1f} s, "
        f"max {seconds[-1]:.1f} s ({len(seconds)} times)"
    )


def _endings(endings: Iterable[Ending]) -> list[str]:
    """How workers ended, by cause and status, with the last words of those that failed."""
    found: Counter[str] = Counter()
    for ending in endings:
        words = ""
        if ending.status > 0:
            last = (ending.words.strip().splitlines() or ["(nothing)"])[-1]
            words = f": {'TRACE ' if 'Traceback' in ending.words else ''}{re.sub(r'[0-9a-f]{8}|[0-9]+', 'N', last)}"
        found[f"by {ending.cause} with status {ending.status}{words}"] += 1
    return [f"workers ended  {count} {what}" for what, count in found.most_common()]

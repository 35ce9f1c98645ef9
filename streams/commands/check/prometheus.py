"""What is wrong with Prometheus: reachable, scraping each worker once under the labels that it shows, with our
recording rules. It changes nothing there."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import aiohttp
import msgspec

from streams.commands.check.finding import Finding, Status
from streams.commands.check.rules import RulesFileError, read_rules
from streams.serve.metrics.catalogue import BUILD_INFO, CLUSTERS, EVENTS_APPLIED, label_meanings
from streams.serve.metrics.metric import PREFIX
from streams.serve.metrics.norms import NORM_WAIT
from streams.settings import PrometheusSettings

SOME: Final = 5
"""So many missing rules are named."""

SETTLED_SECONDS: Final = 60
"""Scraped twice is what was so this long ago too: while a partition moves, both workers may be seen with it."""


class _Reply(msgspec.Struct):
    """What the HTTP API answers (prometheus.io/docs/prometheus/latest/querying/api)."""

    status: str
    data: dict[str, Any]


async def prometheus_findings(
    settings: PrometheusSettings, rules_files: Sequence[Path], patience_seconds: float
) -> list[Finding]:
    """The findings; each request takes at most `patience_seconds`."""
    if settings.url is None:
        return [
            Finding(Status.SKIPPED, "Prometheus", "no url in [prometheus] of the settings, so no snapshots are made")
        ]
    subject = f"Prometheus {settings.url}"
    timeout = aiohttp.ClientTimeout(total=patience_seconds)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as session:
            workers = await _ask(session, f"{settings.url}/api/v1/query", query=BUILD_INFO.name)
            twice = await _ask(session, f"{settings.url}/api/v1/query", query=_twice(SETTLED_SECONDS))
            renamed = await _ask(session, f"{settings.url}/api/v1/query", query=_renamed())
            merged = await _ask(session, f"{settings.url}/api/v1/query", query=_merged())
            rules = await _ask(session, f"{settings.url}/api/v1/rules", type="record")
    except TimeoutError:
        return [Finding(Status.WRONG, subject, f"no answer within {patience_seconds:.0f} s. Is it up?")]
    except (aiohttp.ClientError, OSError) as error:
        text = f"cannot be asked ({error}). Is it up, and is url in [prometheus] right?"
        return [Finding(Status.WRONG, subject, text)]
    except msgspec.MsgspecError:
        return [Finding(Status.WRONG, subject, "what answers there is no Prometheus: correct url in [prometheus]")]
    return [
        _workers_finding(subject, workers),
        *_twice_findings(twice),
        *_renamed_findings(renamed),
        *_merged_findings(merged),
        _rules_finding(rules, rules_files),
    ]


async def _ask(session: aiohttp.ClientSession, url: str, **parameters: str) -> _Reply:
    async with session.get(url, params=parameters, allow_redirects=False) as response:
        return msgspec.json.decode(await response.read(), type=_Reply)


def _workers_finding(subject: str, reply: _Reply) -> Finding:
    count = len({labels.get("instance") for labels in _labels(reply)})
    if count:
        return Finding(Status.GOOD, subject, f"answers, and scrapes {count} workers")
    return Finding(
        Status.NOTE,
        subject,
        "answers, but has no worker's metrics: is one running, and among its targets (deploy/prometheus)?",
    )


def _labels(reply: _Reply) -> list[dict[str, str]]:
    """The labels of each series of an answer."""
    return [each.get("metric", {}) for each in reply.data.get("result", ())]


def _twice(settled_seconds: int) -> str:
    """PromQL for the targets that show a partition which another target shows too."""
    shown = f"count by (topic, partition) ({EVENTS_APPLIED.name}%s) > 1"
    both = f"({shown % ''} and {shown % f' offset {settled_seconds}s'})"
    return f"count by (job, instance) ({EVENTS_APPLIED.name} and on (topic, partition) {both})"


def _twice_findings(reply: _Reply) -> list[Finding]:
    places = sorted(f"{each.get('instance')} by job {each.get('job')}" for each in _labels(reply))
    if not places:
        return []
    text = (
        f"counts twice: the same partitions are scraped from {', '.join(places)}. Scrape each worker by one job; and "
        "where these are two groups of workers on the same topics, stop one or set group in [kafka] to the same name"
    )
    return [Finding(Status.WRONG, "Prometheus targets", text)]


def _renamed() -> str:
    """PromQL for the labels of workers that Prometheus has renamed, in the label `renamed`, by job."""
    counted = 'label_replace(count by (job) ({{__name__=~"{prefix}.+", exported_{label}!=""}}), {added})'
    return " or ".join(
        counted.format(prefix=PREFIX, label=label, added=f'"renamed", "{label}", "", ""')
        for label in label_meanings()
    )


def _renamed_findings(reply: _Reply) -> list[Finding]:
    return [_renamed_finding(each.get("job", ""), each.get("renamed", "")) for each in _labels(reply)]


def _renamed_finding(job: str, label: str) -> Finding:
    text = (
        f"the workers' label {label} became exported_{label}, since their targets have one of that name: what it"
        " tells apart is one. Set honor_labels: true in this job (honorLabels in a ServiceMonitor or PodMonitor), or"
        " give the target's label another name"
    )
    return Finding(Status.WRONG, f"Prometheus job {job}", text)


def _merged() -> str:
    """PromQL for the jobs that have fewer clusters of a worker than it shows."""
    shown = f"max by (job, instance) ({CLUSTERS.name})"
    return f"count by (job) (count by (job, instance) ({NORM_WAIT.name}) < {shown})"


def _merged_findings(reply: _Reply) -> list[Finding]:
    text = (
        "what its workers show of several clusters is one: this job writes over their label cluster, or drops"
        " exported_cluster. Let its metric_relabel_configs (metricRelabelings in a ServiceMonitor or PodMonitor)"
        " leave both alone, and set honor_labels: true (honorLabels)"
    )
    return [Finding(Status.WRONG, f"Prometheus job {each.get('job', '')}", text) for each in _labels(reply)]


def _rules_finding(reply: _Reply, files: Sequence[Path]) -> Finding:
    """Whether Prometheus evaluates the recording rules that the dashboards read."""
    subject = "Prometheus rules"
    loaded = {rule.get("name") for group in reply.data.get("groups", ()) for rule in group.get("rules", ())}
    try:
        wanted = read_rules(files)
    except RulesFileError as error:
        return Finding(Status.SKIPPED, subject, f"not compared: {error}")
    missing = sorted(wanted.keys() - loaded)
    if missing:
        named = ", ".join(missing[:SOME]) + (f" and {len(missing) - SOME} more" if len(missing) > SOME else "")
        text = f"lacks {named}: name the files of rules_files under rule_files in prometheus.yml, and reload it"
        return Finding(Status.WRONG, subject, text)
    if not wanted:
        return Finding(Status.SKIPPED, subject, "not compared: no rules_files in [grafana] of the settings")
    return Finding(Status.GOOD, subject, f"all {len(wanted)} of rules_files are evaluated")

"""What is wrong with Prometheus: reachable, scraping a worker, with our recording rules. It changes nothing there."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import aiohttp
import msgspec

from streams.finding import Finding, Status
from streams.publish.catalogue import BUILD_INFO
from streams.reports.snapshots import SnapshotError, read_rules
from streams.settings import PrometheusSettings

SOME: Final = 5
"""So many missing rules are named."""


class _Reply(msgspec.Struct):
    """What the HTTP API answers (prometheus.io/docs/prometheus/latest/querying/api)."""

    status: str
    data: dict[str, Any]


async def prometheus_findings(
    settings: PrometheusSettings, rules_files: Sequence[Path], patience_seconds: float
) -> list[Finding]:
    """What there is to say; at most `patience_seconds` for each question."""
    if settings.url is None:
        return [Finding(Status.SKIPPED, "Prometheus", "no url in [prometheus] of the settings")]
    subject = f"Prometheus {settings.url}"
    timeout = aiohttp.ClientTimeout(total=patience_seconds)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as session:
            workers = await _ask(session, f"{settings.url}/api/v1/query", query=BUILD_INFO.name)
            rules = await _ask(session, f"{settings.url}/api/v1/rules", type="record")
    except TimeoutError:
        return [Finding(Status.WRONG, subject, f"no answer within {patience_seconds:.0f} s. Is it up?")]
    except (aiohttp.ClientError, OSError) as error:
        text = f"cannot be asked ({error}). Is it up, and is url in [prometheus] right?"
        return [Finding(Status.WRONG, subject, text)]
    except msgspec.MsgspecError:
        return [Finding(Status.WRONG, subject, "what answers there is no Prometheus: correct url in [prometheus]")]
    return [_workers_finding(subject, workers), _rules_finding(rules, rules_files)]


async def _ask(session: aiohttp.ClientSession, url: str, **parameters: str) -> _Reply:
    async with session.get(url, params=parameters, allow_redirects=False) as response:
        return msgspec.json.decode(await response.read(), type=_Reply)


def _workers_finding(subject: str, reply: _Reply) -> Finding:
    count = len(reply.data.get("result", ()))
    if count:
        return Finding(Status.GOOD, subject, f"answers, and scrapes {count} workers")
    return Finding(
        Status.NOTE,
        subject,
        "answers, but has no worker's metrics: is one running, and among its targets (deploy/prometheus)?",
    )


def _rules_finding(reply: _Reply, files: Sequence[Path]) -> Finding:
    """Whether Prometheus evaluates the recording rules that the dashboards read."""
    subject = "Prometheus rules"
    loaded = {rule.get("name") for group in reply.data.get("groups", ()) for rule in group.get("rules", ())}
    try:
        wanted = read_rules(files)
    except SnapshotError as error:
        return Finding(Status.SKIPPED, subject, f"not compared: {error}")
    missing = sorted(wanted.keys() - loaded)
    if missing:
        named = ", ".join(missing[:SOME]) + (f" and {len(missing) - SOME} more" if len(missing) > SOME else "")
        text = f"lacks {named}: name the files of rules_files under rule_files in prometheus.yml, and reload it"
        return Finding(Status.WRONG, subject, text)
    if not wanted:
        return Finding(Status.SKIPPED, subject, "not compared: no rules_files in [grafana] of the settings")
    return Finding(Status.GOOD, subject, f"all {len(wanted)} of rules_files are evaluated")

"""What is wrong with Grafana as snapshots need it: version, token, dashboard, rules. It changes nothing there."""

from typing import Final

import msgspec

from streams.commands.check.finding import Finding, Status
from streams.commands.check.rules import RulesFileError, read_rules
from streams.months.snapshot.grafana import Grafana, GrafanaError, token_of
from streams.settings import GrafanaSettings

NEEDED: Final = ("snapshots:create", "snapshots:delete")
"""Permissions that the service account needs besides reading the dashboard."""

WAITING: Final = "Until then snapshots wait, and nothing else."
"""Measuring, the wall and alarms do not ask Grafana."""

OLDEST, NEWEST = 10, 13
"""Major versions of Grafana that snapshots were made for."""


def grafana_findings(settings: GrafanaSettings, patience_seconds: float) -> list[Finding]:
    """The findings; each request takes at most `patience_seconds`."""
    if settings.url is None:
        return [Finding(Status.SKIPPED, "Grafana", "no url in [grafana] of the settings, so no snapshots are made")]
    timeout = min(settings.timeout_seconds, patience_seconds)
    hasty = msgspec.structs.replace(settings, timeout_seconds=timeout)
    try:
        version = Grafana(hasty, attempts=1, anonymous=True).version()
    except GrafanaError as error:
        return [Finding(Status.WRONG, "Grafana", f"{error} {WAITING}"), *_token_alone(settings), *_rules(settings)]
    return [_version_finding(settings.url, version), *_asked_with_token(hasty, version), *_rules(settings)]


def _token_alone(settings: GrafanaSettings) -> list[Finding]:
    """What can be said of a token without Grafana."""
    try:
        token_of(settings)
    except GrafanaError as error:
        return [Finding(Status.WRONG, "Grafana token", f"{error} {WAITING}")]
    return [Finding(Status.SKIPPED, "Grafana token", "there, and nobody says whether it is right")]


def _version_finding(url: str, version: str) -> Finding:
    subject = f"Grafana {url}"
    if not version:
        return Finding(Status.NOTE, subject, "answers and hides its version; snapshots need 10 to 13")
    if _major(version) < OLDEST:
        return Finding(Status.WRONG, subject, f"expected version {OLDEST} to {NEWEST}, got {version}; upgrade it")
    if _major(version) > NEWEST:
        return Finding(Status.NOTE, subject, f"version {version} is newer than those known to work, up to {NEWEST}")
    return Finding(Status.GOOD, subject, f"answers, version {version}")


def _major(version: str) -> int:
    digits = version.partition(".")[0]
    return int(digits) if digits.isdecimal() else NEWEST


def _asked_with_token(settings: GrafanaSettings, version: str) -> list[Finding]:
    """Permissions first: they tell a token that is refused from a dashboard that may not be read."""
    try:
        grafana = Grafana(settings, attempts=1)
        permissions = grafana.permissions()
    except GrafanaError as error:
        return [
            Finding(Status.WRONG, "Grafana token", f"{error} {WAITING}"),
            Finding(Status.SKIPPED, "Grafana dashboard", "nothing can be asked without a token"),
        ]
    return [
        _permissions_finding(permissions, version),
        _enabled(grafana),
        _dashboard(grafana, settings.dashboard_uid),
    ]


def _permissions_finding(permissions: frozenset[str] | None, version: str) -> Finding:
    subject = "Grafana token"
    if permissions is None:
        return Finding(Status.NOTE, subject, "its permissions are not told; give the service account the role Editor")
    missing = [each for each in NEEDED if each not in permissions]
    if not missing:
        return Finding(Status.GOOD, subject, "accepted, and may make and delete snapshots")
    fix = f"give the service account the role Editor, or {', '.join(missing)}"
    if version and _major(version) == OLDEST:  # its first releases had no such permissions: everybody might
        return Finding(Status.NOTE, subject, f"accepted; if this Grafana knows these permissions, {fix}")
    return Finding(Status.WRONG, subject, f"accepted, but may not make or delete snapshots: {fix}")


def _enabled(grafana: Grafana) -> Finding:
    subject = "Grafana snapshots"
    try:
        enabled = grafana.snapshots_enabled()
    except GrafanaError as error:
        return Finding(Status.WRONG, subject, str(error))
    if enabled:
        return Finding(Status.GOOD, subject, "switched on")
    return Finding(Status.WRONG, subject, "switched off: set enabled = true under [snapshots] in grafana.ini")


def _dashboard(grafana: Grafana, uid: str) -> Finding:
    subject = f"Grafana dashboard {uid}"
    try:
        title = grafana.dashboard(uid).get("title")
    except GrafanaError as error:
        return Finding(Status.WRONG, subject, str(error))
    return Finding(Status.GOOD, subject, f"there, titled {title!r}")


def _rules(settings: GrafanaSettings) -> list[Finding]:
    """Files that are named, to compare Prometheus' rules with; snapshots need none."""
    subject = "rules_files"
    if not settings.rules_files:
        return []
    try:
        rules = read_rules(settings.rules_files)
    except RulesFileError as error:
        return [Finding(Status.WRONG, subject, str(error))]
    return [Finding(Status.GOOD, subject, f"{len(rules)} recording rules")]

"""What the figures rest on: what was left out, when a feed was silent, how months were closed and what came late."""

from typing import Final

from streams.core.places import UNBOUNDED_MS
from streams.core.rules import SECOND_MS
from streams.months.report.channels import reports
from streams.months.report.data import Coverage, Part, Report, Status, Step
from streams.months.report.section import Section, Table
from streams.months.report.wording import Wording
from streams.records.closings import SCHEDULE
from streams.words import Words

MINUTES_IN_HOUR: Final = 60

SILENT_SHOWN: Final = 31
"""Spans of silent hours that are named: one for each day of a month; the rest is a number."""


def exclusions(report: Report, say: Wording) -> Section:
    """Contacts left out, by cluster and reason."""
    words = say.words
    counted = _counted(report, say)
    reasons = list(dict.fromkeys(reason for _, each in counted for reason in each.excluded))
    head = (words("report-cluster"), *map(say.exclusion, reasons), words("report-together"))
    rows = [
        (
            whose,
            *(words.number(each.excluded.get(reason, 0)) for reason in reasons),
            words.number(sum(each.excluded.values())),
        )
        for whose, each in counted
    ]
    said = [text for name, each in reports().items() for text in each.left_out(report.summary.of(name), say)]
    return Section(words("report-excluded"), [words("report-excluded-text"), *said], [Table(head, rows)])


def _counted(report: Report, say: Wording) -> list[tuple[str, Part]]:
    """Every part with whose it is: all of a channel are told apart from all of another."""
    counted = [(each, parts) for name, each in reports().items() if (parts := report.summary.of(name))]
    return [
        (part.cluster or (each.all(say) if len(counted) > 1 else say.all), part)
        for each, parts in counted
        for part in parts
    ]


def coverage(report: Report, say: Wording) -> Section:
    """In how many opening hours each feed said something."""
    words, known = say.words, report.summary.coverage
    if not known:
        return Section(words("report-coverage"), [words("report-coverage-unknown")])
    rows = [
        (
            say.feed(each.channel),
            words.number(each.opening_hours),
            words.number(each.silent_hours),
            words.number(each.silent_minutes / MINUTES_IN_HOUR, 1),
        )
        for each in known
    ]
    silent = [_silent(each, report.basis.rules.zone, say) for each in known if each.silent_from_ms]
    heads = ("feed", "opening-hours", "silent-hours", "silent-opening-time")
    head = tuple(words(f"report-{each}") for each in heads)
    return Section(words("report-coverage"), [words("report-coverage-text"), *silent], [Table(head, rows)])


def _silent(each: Coverage, zone: str, say: Wording) -> str:
    words = say.words
    spans = words.hours(each.silent_from_ms, zone)
    feed, hours, more = say.feed(each.channel), ", ".join(spans[:SILENT_SHOWN]), len(spans) - SILENT_SHOWN
    if more > 0:
        return words("report-silent-more", feed=feed, hours=hours, more=more)
    return words("report-silent", feed=feed, hours=hours)


def status_said(status: Status, zone: str, words: Words) -> str:
    """Whether a month's figures stand."""
    if status.closed_at_ms is None:
        text = words("report-status-open" if status.state == "open" else "report-status-reopened")
        if status.counted_otherwise:
            text += " " + words("report-status-otherwise", sources=", ".join(status.counted_otherwise))
        return text
    moment = words.day_and_time(status.closed_at_ms, zone)
    text = words("report-status-closed", moment=moment, version=str(status.definitions))
    if status.behind_records:
        text += " " + words("report-status-behind", count=status.behind_records)
    return text


def closing(report: Report, say: Wording) -> Section:
    """How each month was closed, by whom where somebody did it, and what came after."""
    words, zone = say.words, report.basis.rules.zone
    sentences = []
    for status in report.statuses:
        month = words.month(status.month)
        sentences.append(words("report-month-status", month=month, status=status_said(status, zone, words)))
        if any(step.by != SCHEDULE for step in status.account):
            sentences.extend(_step(month, step, zone, words) for step in status.account)
        if status.state == "closed":
            sentences.append(words("report-late-facts", count=status.late_facts))
    return Section(words("report-closing"), sentences, _late_tables(report, say))


def _step(month: str, step: Step, zone: str, words: Words) -> str:
    """Who closed or reopened a month, when and why."""
    moment = words.day_and_time(step.at_ms, zone)
    if step.by == SCHEDULE:
        done = words(f"report-step-{step.action}-itself", month=month, moment=moment)
    else:
        done = words(f"report-step-{step.action}-by", month=month, moment=moment, by=step.by)
    return words("report-step-why", step=done, why=step.why) if step.why else words("report-step-end", step=done)


def _late_tables(report: Report, say: Wording) -> list[Table]:
    """What the frozen figures would become; nothing of it is counted."""
    words = say.words
    rows = [
        (
            words.month(status.month),
            each.cluster,
            each.source,
            words.number(each.facts),
            ", ".join(_difference(name, count, say) for name, count in each.difference.items())
            or words("report-no-difference"),
        )
        for status in report.statuses
        for each in status.late
    ]
    heads = ("month", "cluster", "partition", "facts", "late-difference")
    head = tuple(words(f"report-{each}") for each in heads)
    return [Table(head, rows, texts=5, caption=words("report-late"))] if rows else []


def _difference(name: str, count: int, say: Wording) -> str:
    """A count of the totals and what would be added to it, times in seconds."""
    words = say.words
    field, _, key = name.partition(".")
    what = say.count(field)
    if key.isdecimal():  # counts come apart by upper bounds of waits, in ms, or by reasons
        what = _up_to(what, int(key), words)
    elif key:
        what = words("difference-reason", what=what, reason=say.exclusion(key))
    if field.endswith("_ms"):
        return f"{what} {'+' if count > 0 else ''}{words('unit-seconds', number=words.short(count / SECOND_MS))}"
    return f"{what} {count:+d}"


def _up_to(what: str, bound_ms: int, words: Words) -> str:
    if bound_ms == UNBOUNDED_MS:
        return words("difference-unbounded", what=what)
    return words("difference-up-to", what=what, seconds=words.short(bound_ms / SECOND_MS))

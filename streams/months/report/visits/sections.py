"""The desks: who was served and how punctually, who had no appointment, who asked for one."""

from collections.abc import Sequence
from typing import Final

from streams.channels import VISITS
from streams.months.report.data import Report
from streams.months.report.section import Section, Table
from streams.months.report.visits.figures import Desk
from streams.months.report.wording import Wording

HEADS: Final = (
    "cluster",
    "served",
    "punctuality",
    "experienced",
    "walk-ins",
    "walk-in-wait",
    "walk-ins-left",
    "no-shows",
    "cancelled",
    "requests",
    "within-norm",
)

_BEYOND: Final = ("cluster", "left", "left-wait", "onward", "onward-wait", "onward-left")


def desks(report: Report, say: Wording) -> Section:
    """A row for each cluster."""
    words = say.words
    head = tuple(words(f"report-{each}") for each in HEADS)
    every = report.summary.of(VISITS.name)
    rows = [_row(each, say) for each in every]
    sentences = [words("report-desks-punctuality"), words("report-desks-experienced")]
    tables = [Table(head, rows)]
    if any(each.left or each.onward or each.onward_left for each in every):
        sentences.append(words("report-beyond-text"))
        tables.append(_beyond(every, say))
    return Section(words("report-desks"), sentences, tables)


def _beyond(every: Sequence[Desk], say: Wording) -> Table:
    """Who left the hall and who was sent on, in a table of their own: most months and cities have few."""
    number, words = say.words.number, say.words
    rows = [
        [
            each.cluster or say.all,
            number(each.left),
            say.or_none(each.average_left_seconds, say.minutes),
            number(each.onward),
            say.or_none(each.average_onward_seconds, say.minutes),
            number(each.onward_left),
        ]
        for each in every
    ]
    return Table(tuple(words(f"report-{each}") for each in _BEYOND), rows, caption=words("report-beyond"))


def _row(desk: Desk, say: Wording) -> list[str]:
    number = say.words.number
    return [
        desk.cluster or say.all,
        number(desk.served),
        say.or_none(desk.punctuality_seconds, say.minutes),
        say.or_none(desk.average_experienced_seconds, say.minutes),
        number(desk.walk_ins),
        say.or_none(desk.average_walk_in_seconds, say.minutes),
        number(desk.walk_ins_left),
        number(desk.no_shows),
        number(desk.cancelled),
        number(desk.requests),
        say.or_none(desk.requests_within_norm_ratio, say.words.percent),
    ]

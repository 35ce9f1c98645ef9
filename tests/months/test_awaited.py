"""Whether Prometheus has the months that count: compared with what is frozen, series by series."""

from collections.abc import Callable
from typing import Final

import pytest

from streams.months.closing.due import Author, freeze
from streams.months.month import Month
from streams.months.snapshot.awaited import why_not_yet
from streams.months.snapshot.frames import NAME, Sample
from streams.serve.metrics.catalogue import open_months
from streams.serve.metrics.series import closed
from tests.core.builders import answered, ms, offered
from tests.months.making import lier, month_in, sources_of
from tests.months.scraped import page_of
from tests.serve.observing import Series, read, series

NOW: Final = ms("2026-11-03 07:00")
MONTHS: Final = ("2026-09", "2026-10")
MEDIAN: Final = {"cluster": "Klantencontactcentrum", "channel": "phone", "year": "2026", "share": "0.5"}


def shown() -> tuple[list[Month], dict[Series, float]]:
    """Two closed months, and what a worker shows of them, by the names that open months have."""
    waits = {ms("2026-09-07 10:00"): 10, ms("2026-10-05 10:00"): 40}
    events = [each for at, s in waits.items() for each in (offered(at, f"{at}"), answered(at + s * 1000, f"{at}"))]
    sources = sources_of(events, lier(), now_ms=NOW)
    for month in MONTHS:
        sources.account[month] = [freeze(sources, month, lier(), Author("schedule", NOW), {})]
    names = {closed(metric).name: metric.name for metric in open_months()}
    exposed = {
        (names.get(name, name), labels): value for (name, labels), value in read(page_of(sources, lier())).items()
    }
    return [month_in(sources, month, lier()) for month in MONTHS], exposed


def recorded(exposed: dict[Series, float]) -> Callable[[str], list[Sample]]:
    """What the recording rules make of the page of one worker."""
    samples = [
        Sample({NAME: f"level:{name}:max", **dict(labels)}, value) for (name, labels), value in exposed.items()
    ]
    return lambda _: samples


def test_what_is_frozen_is_waited_for_no_longer() -> None:
    months, exposed = shown()
    assert why_not_yet(months, recorded(exposed)) is None


@pytest.mark.parametrize(
    "place",
    [
        series("closed_months_unread"),
        series("month_norm_missed_ratio", year="2026", month="2026-09"),
        series("closed_month_wait_quantile_seconds", month="2026-10", **MEDIAN),
        series("closed_year_wait_quantile_seconds", month="2026-09", **MEDIAN),
        series("closed_year_wait_quantile_seconds", month="2026-10", **MEDIAN),
    ],
    ids=lambda place: " ".join([place[0], *sorted(f"{name}={value}" for name, value in place[1])]),
)
def test_any_figure_that_is_another_or_lacks_is_waited_for(place: Series) -> None:
    """The year's quantiles among them: they show a closing of before when the counts have come to the new one."""
    months, exposed = shown()
    name, value = place[0], exposed[place]
    assert f"{name}{{" in str(why_not_yet(months, recorded(exposed | {place: value + 1})))
    del exposed[place]
    assert f"{name}{{" in str(why_not_yet(months, recorded(exposed)))


def test_what_is_shown_of_later_months_is_no_matter() -> None:
    months, exposed = shown()
    assert why_not_yet(months[:1], recorded(exposed)) is None

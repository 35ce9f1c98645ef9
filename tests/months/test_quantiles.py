"""Median and 90th percentile in the report against the waits themselves, which the database lists."""

import csv
import io
import json
import math
from collections.abc import Iterable, Sequence
from random import Random
from typing import Any, Final

import pytest

from streams.channels.calls.counts import PhoneTally
from streams.channels.calls.state import CallState
from streams.channels.visits.state import TicketState
from streams.commands.report import FORMATS
from streams.core.rules import Channel
from streams.core.sketch import RELATIVE_ERROR, SHOWN
from streams.core.state import AnyState
from streams.months.month import Sources
from streams.months.report.calls.report import CallsReport
from streams.months.report.data import Report
from streams.months.report.report import build_report
from streams.records.closings import Basis, basis_of
from streams.records.month_totals import totals_by_source
from streams.records.progress import BesideTotals
from streams.settings import Settings
from tests.core.test_oracle import END, IN_SQL, ORACLE_RULES, calls_of_a_year, folded, visits_of_a_year
from tests.months.making import lier, totals_records
from tests.oracle import oracle

ROUNDING: Final = 1e-9
CHANNELS: Final = {each.name: each.channel for each in ORACLE_RULES.clusters}

Waits = dict[tuple[str, str], list[int]]


@pytest.fixture(scope="module")
def waits_and_sources() -> tuple[Waits, Sources]:
    """The waits of a year by month and cluster as the database finds them, and the totals of the same events."""
    random = Random(11)
    rows = calls_of_a_year(random, 3_000)
    split = len(rows)
    rows += visits_of_a_year(random, 3_000)
    with oracle(IN_SQL, rows, END) as database:
        waits = database.official_waits_ms()
    states: dict[str, AnyState] = {}
    for topic, state, mine in (("calls", CallState, rows[:split]), ("tickets", TicketState, rows[split:])):
        for partition in range(2):
            part = [row for row in mine if sum(row.contact.encode()) % 2 == partition]
            states[f"{topic}-{partition}"] = folded(state(ORACLE_RULES), part, "shuffled")
    return waits, Sources(totals_by_source(totals_records(states, END)), BesideTotals({}, {}), {})


def settings() -> Settings:
    """Lier with the clusters that the database knows."""
    return lier(rules=ORACLE_RULES)


def exact_ms(waits: Iterable[int], ratio: float) -> int:
    """The wait of the rank, from the sorted list."""
    in_order = sorted(waits)
    return in_order[math.floor(ratio * (len(in_order) - 1))]


def is_near(seconds: float | None, waits_ms: Sequence[int], ratio: float) -> bool:
    """Within the error that is promised; none of no waits."""
    if not waits_ms:
        return seconds is None
    exact = exact_ms(waits_ms, ratio) / 1000
    return seconds is not None and abs(seconds - exact) <= (RELATIVE_ERROR + ROUNDING) * exact


def report_of(sources: Sources, period: str) -> Report:
    """The report of a period, when all is over."""
    return build_report(sources, period, settings(), END)


def waits_of(waits: Waits, period: str, cluster: str | None, channel: Channel) -> list[int]:
    """The waits of a month or a year, of one cluster or of all of a channel."""
    return [
        wait
        for (month, name), found in waits.items()
        if month.startswith(period) and CHANNELS[name] is channel and cluster in (None, name)
        for wait in found
    ]


@pytest.mark.parametrize("period", ["2026-03", "2026-10", "2026"])
def test_the_report_keeps_the_error_that_it_names(waits_and_sources: tuple[Waits, Sources], period: str) -> None:
    """Of each cluster and of all together, of a month and of the year, whose sketch is the sum of its months'."""
    waits, sources = waits_and_sources
    figures = report_of(sources, period).summary
    for channel, parts in ((Channel.PHONE, figures.of("phone")), (Channel.DESK, figures.of("desk"))):
        assert [each.cluster for each in parts][-1] is None
        for each in parts:
            mine = waits_of(waits, period, each.cluster, channel)
            assert len(mine) > 20
            assert tuple(one.ratio for one in each.wait_quantiles) == SHOWN == (0.5, 0.9)
            for one in each.wait_quantiles:
                assert is_near(one.seconds, mine, one.ratio), (period, each.cluster, one)


def test_every_format_shows_them(waits_and_sources: tuple[Waits, Sources]) -> None:
    """The same figures in the JSON and the spreadsheet, and rounded for people, in the year by month too."""
    waits, sources = waits_and_sources
    report = report_of(sources, "2026")
    (line,) = [
        each for each in json.loads(FORMATS["json"](report))["summary"]["phone"] if each["cluster"] == "Infolijn"
    ]
    median, ninety = (each["seconds"] for each in line["wait_quantiles"])
    assert is_near(median, waits_of(waits, "2026", "Infolijn", Channel.PHONE), 0.5)
    sheet = csv.DictReader(io.StringIO(FORMATS["csv"](report).removeprefix("\ufeff")), delimiter=";")
    cells = {(row["periode"], row["cluster"], row["gegeven"]): row["waarde"] for row in sheet}
    assert cells["2026", "Infolijn", "Wachttijd van oproepen, mediaan"] == f"{median:.12g}".replace(".", ",")
    assert cells["2026", "Infolijn", "Wachttijd van oproepen, 90e percentiel"] == f"{ninety:.12g}".replace(".", ",")
    march = float(cells["2026-03", "Burgerzaken", "Wachttijd van bezoekers, 90e percentiel"].replace(",", "."))
    assert is_near(march, waits_of(waits, "2026-03", "Burgerzaken", Channel.DESK), 0.9)
    for kind in ("text", "html"):
        shown = FORMATS[kind](report)
        assert "Spreiding van de wachttijd" in shown
        assert f"{median:.1f} s".replace(".", ",") in shown
        assert f"{march / 60:.1f} min".replace(".", ",") in shown
        assert "90e percentiel per maand" in shown


def test_a_sketch_that_lacks_waits_gives_no_quantile() -> None:
    """Totals that were kept without one: what is not known is absent, and not of some of the calls."""
    whole: dict[str, Any] = {"answered": 2, "wait_ms": 3_000}
    (known,) = CallsReport().figures({"Infolijn": PhoneTally(**whole, sketch={340: 1, 350: 1})}, _basis())
    (lacking,) = CallsReport().figures({"Infolijn": PhoneTally(**whole, sketch={340: 1})}, _basis())
    assert all(each.seconds is not None for each in known.wait_quantiles)
    assert [each.seconds for each in lacking.wait_quantiles] == [None, None]


def _basis() -> Basis:
    return basis_of("2026-10", settings().rules, settings().norms)

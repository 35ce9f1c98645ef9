"""The report beyond the real calls: norms on their edges, years, months without anything, texts and tables."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from streams.channels.calls.counts import PhoneTally
from streams.channels.calls.indicators import MISSED_SHARE, SERVICE_LEVEL
from streams.channels.calls.indicators import WAIT as CALL_WAIT
from streams.channels.visits.counts import DeskTally
from streams.channels.visits.indicators import WAIT as VISITOR_WAIT
from streams.commands.main import main
from streams.commands.report import FORMATS
from streams.core.coverage import QuarterMap
from streams.core.indicators import Measure
from streams.core.months import month_start_ms
from streams.core.rules import QUARTER_MS, Channel, OpenInterval
from streams.months.closing.due import Author, freeze
from streams.months.definitions import Formula
from streams.months.month import COUNTED_APART
from streams.months.report.data import Report
from streams.months.report.indicators import Line
from streams.months.report.report import NoFiguresError, build_report
from streams.months.report.view import sections
from streams.months.report.wording import Wording, count_key
from streams.records.progress import Feed, Position, feed_record, position_record
from streams.settings import Settings
from streams.words import Language, plain, told_apart, words_of
from tests.core.builders import (
    BURGERZAKEN,
    HOUR,
    KCC,
    MINUTE,
    SECOND,
    STEADY,
    abandoned,
    answered,
    ms,
    offered,
    requested,
    started,
)
from tests.months.making import lier, no_sources, sources_of

NOW: Final = ms("2026-11-24 12:00")
DUTCH: Final = words_of(Language.DUTCH)
MONDAY: Final = ms("2026-10-05 10:00")
BRUSSELS: Final = ZoneInfo("Europe/Brussels")


def value(line: Line) -> str:
    """The figure in Dutch."""
    return plain(Wording(DUTCH).value(line))


def verdict(line: Line) -> str:
    """The verdict in Dutch."""
    return Wording(DUTCH).verdict(line)


def call(number: int, wait_ms: int, at: int = MONDAY) -> list[Any]:
    """A call answered after a wait."""
    name = f"c{at}-{number}"
    return [offered(at, name), answered(at + wait_ms, name)]


def missed(number: int, held_on_ms: int, at: int = MONDAY) -> list[Any]:
    """A call that nobody answered."""
    name = f"m{at}-{number}"
    return [offered(at, name), abandoned(at + held_on_ms, name)]


def report_of(events: list[Any], period: str = "2026-10", settings: Settings | None = None) -> Report:
    """The report after these events."""
    settings = settings or lier()
    return build_report(sources_of(events, settings, now_ms=NOW), period, settings, NOW)


def line_of(report: Report, indicator: Measure, cluster: str | None = KCC) -> Line:
    """One indicator of one cluster."""
    (found,) = [line for line in report.lines(indicator) if line.cluster == cluster]
    return found


def always_open() -> Settings:
    """Lier without opening hours in the way."""
    rules = lier().rules
    whole_day = (OpenInterval(0, 1440),)
    return lier(rules=msgspec.structs.replace(rules, opening_hours=(whole_day,) * 7, public_holidays=()))


# Norms on their edges.


@pytest.mark.parametrize(
    ("waits_ms", "shown", "met"),
    [([45_000], "45,0 s", "nee"), ([44_999, 45_000], "44,999 s", "ja"), ([45_001, 44_998], "44,999 s", "ja")],
)
def test_an_average_must_be_below_its_norm(waits_ms: list[int], shown: str, met: str) -> None:
    """Exactly 45 s is not below 45 s, and what is below it by half a millisecond does not look like 45 s."""
    events = [event for number, wait in enumerate(waits_ms) for event in call(number, wait)]
    line = line_of(report_of(events), CALL_WAIT)
    assert (value(line), verdict(line)) == (shown, met)


def test_seventy_percent_is_enough_and_less_is_not() -> None:
    """Seven of ten within 30 s, 30 s itself included; and 69.96 % does not pass for 70,0 %."""
    seven_of_ten = [event for n in range(10) for event in call(n, 30_000 if n < 7 else 30_001)]
    line = line_of(report_of(seven_of_ten), SERVICE_LEVEL)
    assert (value(line), verdict(line)) == ("70,0 %", "ja")
    almost = [event for n in range(2497) for event in call(n, 30_000 if n < 1747 else 31_000)]
    line = line_of(report_of(almost), SERVICE_LEVEL)
    assert (value(line), verdict(line)) == ("69,96 %", "nee")


def test_a_visitor_may_wait_the_norm_itself() -> None:
    """At most a minute at Burgerzaken; an early start counts as 0."""
    events = [
        requested(MONDAY - 3_600_000, MONDAY, "t1"),
        started(MONDAY + 2 * MINUTE, None, "t1"),
        requested(MONDAY - 3_600_000, MONDAY, "t2"),
        started(MONDAY - 5 * MINUTE, None, "t2"),
    ]
    line = line_of(report_of(events), VISITOR_WAIT, BURGERZAKEN)
    assert (value(line), line.contacts, verdict(line)) == ("1,0 min", 2, "ja")


def test_without_contacts_there_is_no_figure_and_no_verdict() -> None:
    """Neither 0 nor 100 %, neither yes nor no."""
    line = line_of(report_of(call(1, 5_000)), VISITOR_WAIT, "Wonen")
    assert (line.value, line.met, value(line), verdict(line)) == (None, None, "geen", "geen cijfer")


def test_formulas_of_the_service_level_differ_in_what_they_call_good() -> None:
    """Two answered in time, one late, one hung up within 30 s (bound included), one after."""
    events = [*call(1, 10_000), *call(2, 30_000), *call(3, 31_000), *missed(1, 30_000), *missed(2, 40_000)]
    (phone,) = report_of(events).summary.of("phone")
    assert [(each.formula, each.good, each.calls) for each in phone.service_levels] == [
        (Formula.ANSWERED, 2, 3),
        (Formula.OFFERED, 2, 5),
        (Formula.SHORT_ABANDONED_GOOD, 3, 5),
        (Formula.SHORT_ABANDONED_LEFT_OUT, 2, 4),
    ]


def test_the_share_of_missed_calls_is_judged_over_the_year_so_far() -> None:
    """A bad October in a good year: 30 % in the month, 12 % in the year, and the norm of 20 % is met."""
    september = ms("2026-09-07 10:00")
    good = [event for n in range(15) for event in call(n, 5_000, september)]
    bad = [event for n in range(7) for event in call(n, 5_000)] + [e for n in range(3) for e in missed(n, 5_000)]
    november = [event for n in range(50) for event in missed(n, 5_000, ms("2026-11-02 10:00"))]
    report = report_of([*good, *bad, *november])
    line = line_of(report, MISSED_SHARE)
    assert (value(line), verdict(line)) == ("12,00 %", "ja")
    (in_month,) = [line for line in report.summary.lines if line.indicator == MISSED_SHARE.name]
    assert (in_month.value, verdict(in_month)) == (0.3, "geen norm")


# Periods.


def test_months_end_at_midnight_in_brussels() -> None:
    """Summer time ends on 25 October: the last call of the month is dialled in at 23:59 winter time."""
    settings = always_open()
    last, first = ms("2026-10-31 23:59:59.999"), ms("2026-11-01 00:00")
    events = [*call(1, 5_000, last), *call(2, 5_000, first)]
    by_month = [report_of(events, month, settings) for month in ("2026-10", "2026-11")]
    assert [report.summary.of("phone")[0].answered for report in by_month] == [1, 1]
    october = by_month[0]
    assert (october.from_ms, october.to_ms) == (ms("2026-10-01 00:00"), ms("2026-11-01 00:00"))
    assert october.to_ms - october.from_ms == (31 * 24 + 1) * 3_600_000


def test_the_leap_day_is_in_february() -> None:
    """29 February 2024, to its last moment."""
    settings = always_open()
    events = [*call(1, 5_000, ms("2024-02-29 23:59:59")), *call(2, 5_000, ms("2024-03-01 00:00"))]
    february = report_of(events, "2024-02", settings)
    assert february.summary.of("phone")[0].answered == 1
    assert february.to_ms - february.from_ms == 29 * 24 * 3_600_000


EDGES: Final = [
    *(datetime(2024, number, 1, tzinfo=BRUSSELS) for number in range(1, 13)),
    datetime(2025, 1, 1, tzinfo=BRUSSELS),
    datetime(2024, 2, 29, tzinfo=BRUSSELS),
    datetime(2024, 3, 31, 1, tzinfo=UTC),  # summer time begins
    datetime(2024, 10, 27, 1, tzinfo=UTC),  # and ends
]
"""Where an hour more or less would be another month, another day, or nothing at all."""

NEAR_AN_EDGE: Final = st.tuples(
    st.sampled_from(EDGES), st.integers(-3 * 3_600_000, 3 * 3_600_000), st.integers(0, 600_000)
)


@given(st.lists(NEAR_AN_EDGE, min_size=1, max_size=20))
@STEADY
def test_calls_around_the_edges_of_a_leap_year_are_in_the_month_of_the_clock_on_the_wall(
    drawn: list[tuple[datetime, int, int]],
) -> None:
    """Counts and average waits of each month, and of the year, are those of its calls by Python's calendar."""
    calls = [(round(edge.timestamp() * 1000) + offset_ms, wait_ms) for edge, offset_ms, wait_ms in drawn]
    waits: dict[str, list[int]] = {}
    for at, wait_ms in calls:
        waits.setdefault(f"{datetime.fromtimestamp(at / 1000, BRUSSELS):%Y-%m}", []).append(wait_ms)
    events = [event for number, (at, wait_ms) in enumerate(calls) for event in call(number, wait_ms, at)]
    for year in sorted({month[:4] for month in waits}):
        mine = {month: each for month, each in waits.items() if month.startswith(year)}
        report = report_of(events, year, always_open())
        found = {
            each.period: (each.of("phone")[0].answered, each.of("phone")[0].wait_seconds) for each in report.months
        }
        assert found == {month: (len(each), sum(each) / 1000) for month, each in mine.items()}
        assert report.summary.of("phone")[0].answered == sum(map(len, mine.values()))


def test_a_year_is_all_its_months() -> None:
    """What the months say adds up, each is judged by itself, and other years stay out."""
    months = [f"2026-{number:02d}-02 10:00" for number in (3, 6, 9)]
    events = [event for index, day in enumerate(months) for event in call(1, (index + 1) * 30_000, ms(day))]
    report = report_of([*events, *call(1, 5_000, ms("2025-06-02 10:00"))], "2026")
    assert [each.period for each in report.months] == ["2026-03", "2026-06", "2026-09"]
    assert report.summary.of("phone")[0].answered == 3
    assert line_of(report, CALL_WAIT).value == 60
    text = FORMATS["text"](report)
    (row,) = [line.split() for line in text.splitlines() if line.startswith(KCC) and " s nee" in line]
    assert row[1:10] == ["30,0", "s", "ja", "60,0", "s", "nee", "90,0", "s", "nee"]


def test_of_each_indicator_with_a_norm_for_the_year_it_is_said() -> None:
    text = " ".join(FORMATS["text"](report_of(call(1, 20_000))).split())
    of_year = "de norm is er een voor het jaar, en het cijfer dat van januari tot en met oktober 2026."
    assert text.count("de norm is er een voor het jaar") == 1
    assert f"Aandeel gemiste oproepen: {of_year}" in text


def test_reported_years_stand_beside_measured_ones() -> None:
    """2016 to 2022 as the settings have them, 2026 as measured; the budget with its sign turned around."""
    report = report_of([*call(1, 5_000), *missed(1, 5_000)])
    years = {(each.year, each.measured): each.value for each in report.history}
    assert years[2016, False] == 0.1614
    assert years[2022, False] == 0.1156
    assert years[2026, True] == 0.5
    text = FORMATS["text"](report)
    assert "16,14 %" in text
    assert "€ -4.842,84" in text


def test_a_period_without_figures_is_refused_with_what_there_is() -> None:
    """Instead of a report full of nothing."""
    with pytest.raises(NoFiguresError, match=r"no figures of 2026-09\. There are figures of 2026-10"):
        report_of(call(1, 5_000), "2026-09")
    with pytest.raises(NoFiguresError, match="no month totals at all"):
        build_report(no_sources(), "2026", lier(), NOW)


def test_the_same_totals_make_the_same_report() -> None:
    """Byte for byte in every format, whenever a past month is reported and however it was partitioned."""
    events = [event for n in range(40) for event in call(n, n * 1_500)]
    settings = lier()
    one = sources_of(events, settings, now_ms=NOW)
    other = sources_of(events[::-1], settings, now_ms=NOW)
    for kind, write in FORMATS.items():
        first = write(build_report(one, "2026-10", settings, NOW))
        later = write(build_report(other, "2026-10", settings, NOW + 40 * 86_400_000))
        assert first == later, kind


# Coverage.


def test_silent_opening_hours_are_named() -> None:
    """An hour of the clock with opening time and no event; half hours at the edges count by their opening time."""
    settings = lier()
    start = month_start_ms("2026-10", "Europe/Brussels")
    quarters = QuarterMap()
    for index in range(31 * 96 + 4):
        local = start + index * QUARTER_MS
        silent = ms("2026-10-06 08:30") <= local < ms("2026-10-06 10:00") or local // 3_600_000 == MONDAY // 3_600_000
        if not silent:
            quarters.set(index)
    beside = [
        position_record(Position("calls-0", Channel.PHONE, "calls", 0, 9, NOW)),
        feed_record(Feed("2026-10", Channel.PHONE, "calls-0", quarters)),
    ]
    sources = sources_of(call(1, 5_000), settings, now_ms=NOW, beside=beside)
    report = build_report(sources, "2026-10", settings, NOW)
    (calls,) = report.summary.coverage
    # 22 days from 08:30 to 12:00 and from 13:00 to 16:00 are seven hours of the clock each
    assert (calls.opening_hours, calls.silent_hours, calls.silent_minutes) == (22 * 7, 2, 120)
    assert "ma 5 oktober 10-11 u, di 6 oktober 09-10 u" in FORMATS["text"](report)


@given(st.lists(st.sets(st.integers(0, 2_980)), max_size=4))
@STEADY
def test_quarters_of_partitions_add_up(parts: list[set[int]]) -> None:
    """In any order and however often, and through the record on the topic."""
    total = QuarterMap()
    for part in [*parts, *reversed(parts)]:
        one = QuarterMap()
        for index in part:
            one.set(index)
        _, written = feed_record(Feed("2026-10", Channel.PHONE, "calls-0", one))
        total.add(msgspec.json.decode(written, type=Feed).quarters)
    assert {index for index in range(2_990) if index in total} == set().union(*parts)


# Words.

SILENT: Final = [
    *(ms(f"2026-10-05 {hour}:00") for hour in ("09", "10", "14")),
    *(ms("2026-10-24 23:00") + number * HOUR for number in range(6)),  # the clock reads two twice
]


def test_only_months_with_calls_make_a_measured_year() -> None:
    """A visit that was asked for in July for August says nothing about calls."""
    asked = requested(ms("2026-07-27 10:00"), ms("2026-08-03 10:00"), "t")
    events = [asked, *call(1, 5_000, ms("2026-08-03 10:00")), *call(1, 5_000)]
    (year,) = [each for each in report_of(events).history if each.measured]
    assert (year.year, year.months, year.value) == (2026, 2, 0)


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (DUTCH.number(1234.5, 1), "1.234,5"),
        (DUTCH.percent(0.0605, 2), "6,05 %"),
        (DUTCH.euro(484284), "€ 4.842,84"),
        (DUTCH.month("2026-03"), "maart 2026"),
        (DUTCH.day_and_time(ms("2026-11-03 06:00"), "Europe/Brussels"), "3 november 2026 om 06:00"),
        (
            " | ".join(DUTCH.hours(SILENT, "Europe/Brussels")),
            "ma 5 oktober 09-11 u | ma 5 oktober 14-15 u | za 24 oktober 23-24 u | zo 25 oktober 00-04 u",
        ),
        (told_apart(0.2000004, 0.2, DUTCH.percent, 2), "20,00004 %"),
        (told_apart(0.2, 0.2, DUTCH.percent, 2), "20,00 %"),
    ],
)
def test_figures_are_written_as_in_flanders(write: str, said: str) -> None:
    """Points for thousands, a comma for decimals, days in words."""
    assert plain(write) == said


def test_texts_from_the_settings_are_escaped_in_the_page() -> None:
    """A cluster may be called anything."""
    rules = lier().rules
    odd = msgspec.structs.replace(rules.clusters[0], name='<script>"&')
    settings = lier(rules=msgspec.structs.replace(rules, clusters=(odd, *rules.clusters[1:])))
    events = [offered(MONDAY, "c", odd.name), answered(MONDAY + 5 * SECOND, "c", odd.name)]
    page = FORMATS["html"](report_of(events, settings=settings))
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_every_cell_has_its_heading() -> None:
    """In every table of a month and of a year, for the whole of Lier."""
    days = [date(2026, 9, 1) + timedelta(days=offset) for offset in range(40)]
    events = [event for day in days for event in call(1, 40_000, ms(f"{day} 10:00"))]
    for period in ("2026-09", "2026"):
        for section in sections(report_of(events, period)):
            for table in section.tables:
                assert {len(row) for row in table.rows} <= {len(table.head)}, section.title


def test_every_count_of_the_totals_has_a_name_in_words() -> None:
    """So that a late fact is listed in Dutch."""
    fields = {*PhoneTally.__struct_fields__, *DeskTally.__struct_fields__} - COUNTED_APART
    named = {key for key in DUTCH.keys if key.startswith("count-")}
    assert named == set(map(count_key, fields))


# The command.


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "Name one of --month and --year"),
        (["--month", "2026-10", "--year", "2026"], "Name one of --month and --year"),
        (["--month", "2026-13"], "expected a month such as 2026-10"),
        (["--year", "26"], "expected a year such as 2026"),
        (["--month", "2026-10", "--format", "pdf"], "'pdf' is not one of"),
    ],
)
def test_what_is_asked_wrongly_is_refused(arguments: list[str], problem: str) -> None:
    """Before anything is read."""
    result = CliRunner().invoke(main, ["report", *arguments])
    assert result.exit_code == 2
    assert problem in result.output


def test_the_json_is_readable_by_its_names() -> None:
    """An interface: these names are what other programs rely on."""
    said = json.loads(FORMATS["json"](report_of(call(1, 20_000))))
    assert said["format"] == 2
    assert said["period"] == "2026-10"
    assert said["basis"]["norms"]["service_level_seconds"] == 30
    assert said["statuses"][0]["state"] == "open"
    assert {"indicator", "cluster", "value", "unit", "contacts", "norm", "comparison", "met"} == set(
        said["summary"]["lines"][0]
    )


def test_an_open_month_says_when_it_is_counted_by_other_rules_than_it_is_judged_by() -> None:
    """Changed norms are judged by at once, and applied by workers a little later; a closed month has its own."""
    settings = lier()
    positions = [
        position_record(Position("calls-0", Channel.PHONE, "calls", 0, 9, NOW, settings.rules.digest())),
        position_record(Position("calls-1", Channel.PHONE, "calls", 1, 9, NOW, "of before")),
    ]
    sources = sources_of(call(1, 20_000), settings, now_ms=NOW, beside=positions)
    report = build_report(sources, "2026-10", settings, NOW)
    assert report.statuses[0].counted_otherwise == ["calls-1"]
    assert "beoordeeld wordt: calls-1." in " ".join(FORMATS["text"](report).split())
    closing = freeze(sources, "2026-10", settings, Author("schedule", NOW), {})
    closed = msgspec.structs.replace(sources, account={"2026-10": [closing]})
    assert build_report(closed, "2026-10", settings, NOW).statuses[0].counted_otherwise == []

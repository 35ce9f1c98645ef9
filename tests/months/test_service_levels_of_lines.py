"""A service level of a line's own: the line is read by its bound, and all lines together by each its own."""

import csv
import io
from collections.abc import Mapping
from itertools import chain
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.channels import CALLS
from streams.channels.calls.counts import PhoneTally
from streams.channels.calls.indicators import SERVICE_LEVEL
from streams.core.norms import Norms, OwnServiceLevel, ServiceLevel
from streams.core.rules import Channel, Cluster, Rules
from streams.core.terms import AllTerms
from streams.months.report.calls.report import CallsReport
from streams.months.report.data import Report
from streams.months.report.indicators import Line, lines_of
from streams.months.report.report import build_report
from streams.months.report.spreadsheet import as_csv
from streams.months.report.text import as_text
from streams.records.closings import Basis
from streams.settings import Settings
from streams.words import Language
from tests.core.builders import KCC, RULES, SECOND, STEADY, abandoned, answered, ms, offered
from tests.core.builders import calls as folded
from tests.months.making import lier, sources_of

MONDAY: Final = ms("2026-10-05 10:00")
NOW: Final = ms("2026-11-24 12:00")
HELP: Final = "Noodlijn"
TAXI: Final = "Belbus"
BOUNDS: Final = (30, 60, 90, 120, 300)


def rules_of(lines: Mapping[str, Any]) -> Rules:
    """Those of the tests, with these lines."""
    return msgspec.structs.replace(RULES, clusters=tuple(Cluster(name, Channel.PHONE, 45_000) for name in lines))


def norms_with(levels: Mapping[str, ServiceLevel]) -> Norms:
    """Those of Lier, but for lines with a level of their own."""
    own = tuple(OwnServiceLevel(Channel.PHONE, name, level) for name, level in levels.items())
    return Norms(service_level_seconds=30, service_level_ratio=0.7, missed_ratio=0.2, own_service_levels=own)


def waits() -> st.SearchStrategy[list[int]]:
    """In ms, often on a bound or beside it."""
    bound = st.builds(lambda seconds, off: seconds * SECOND + off, st.sampled_from(BOUNDS), st.integers(-1, 1))
    return st.lists(st.one_of(bound, st.integers(0, 400 * SECOND)), max_size=12)


def in_month(lines: Mapping[str, tuple[list[int], list[int]]], rules: Rules) -> dict[str, PhoneTally]:
    """The tallies of answered waits and of how long others held on."""
    events: list[Any] = []
    for line, (waited, held_on) in lines.items():
        for kind, spans in ((answered, waited), (abandoned, held_on)):
            for number, span in enumerate(spans):
                call = f"{line}-{kind.__name__}-{number}"
                events += [offered(MONDAY, call, line), kind(MONDAY + span, call, line)]
    state = folded(events, rules).settle()
    return {line: state.months.get("2026-10", {}).get(line, PhoneTally()) for line in lines}


@STEADY
@given(
    lines=st.dictionaries(st.sampled_from([KCC, HELP, TAXI]), st.tuples(waits(), waits()), min_size=1),
    levels=st.dictionaries(
        st.sampled_from([KCC, HELP, TAXI]),
        st.builds(ServiceLevel, st.sampled_from(BOUNDS), st.sampled_from([0.0, 0.5, 0.8, 1.0])),
    ),
)
def test_all_lines_together_are_the_sum_of_each_by_its_own_bound(
    lines: dict[str, tuple[list[int], list[int]]], levels: dict[str, ServiceLevel]
) -> None:
    """Whatever the waits and bounds: what is counted by hand, call by call, for each line and for all of them."""
    rules, norms = rules_of(lines), norms_with(levels)
    tallies = in_month(lines, rules)
    common = ServiceLevel(30, 0.7)
    by_hand = {
        line: [wait <= levels.get(line, common).seconds * SECOND for wait in waited]
        for line, (waited, _) in lines.items()
    }
    short = {
        line: [span <= levels.get(line, common).seconds * SECOND for span in held_on]
        for line, (_, held_on) in lines.items()
    }
    told: dict[str | None, tuple[list[bool], list[bool], float]] = {
        line: (by_hand[line], short[line], levels.get(line, common).ratio) for line in lines
    }
    if len(lines) > 1:
        told[None] = ([*chain(*by_hand.values())], [*chain(*short.values())], 0.7)
    basis = Basis(rules, norms)
    found = {line.cluster: line for line in lines_of(CALLS, tallies, basis) if line.indicator == SERVICE_LEVEL.name}
    parts = {part.cluster: part for part in CallsReport().figures(tallies, basis)}
    assert found.keys() == parts.keys() == told.keys()
    for cluster, (good, gone, norm) in told.items():
        ratio = sum(good) / len(good) if good else None
        assert (found[cluster].value, found[cluster].contacts, found[cluster].norm) == (ratio, len(good), norm)
        assert found[cluster].met == (None if ratio is None else ratio >= norm)
        official, _, short_good, short_left_out = parts[cluster].service_levels
        assert (official.good, official.calls) == (sum(good), len(good))
        assert (short_good.good, short_good.calls) == (sum(good) + sum(gone), len(good) + len(gone))
        assert (short_left_out.good, short_left_out.calls) == (sum(good), len(good) + len(gone) - sum(gone))
        bounds = {levels.get(line, common).seconds for line in lines if cluster in (None, line)}
        assert parts[cluster].service_level_seconds == (bounds.pop() if len(bounds) == 1 else None)


def test_a_line_that_the_settings_no_longer_have_is_read_by_the_common_bound() -> None:
    terms = AllTerms(RULES, norms_with({HELP: ServiceLevel(60, 0.9)}))
    assert terms.of(CALLS.name, "Gone").service_level_ms == 30_000
    assert terms.of(CALLS.name, HELP).service_level_ms == 60_000
    assert terms.of(Channel.DESK, HELP).service_level_ms == 30_000


# The report.


@pytest.fixture(scope="module")
def settings() -> Settings:
    """Lier with a second line, which has two minutes."""
    settings = lier()
    line = Cluster(HELP, Channel.PHONE, 45_000)
    rules = msgspec.structs.replace(settings.rules, clusters=(*settings.rules.clusters, line))
    return lier(rules=rules, norms=norms_with({HELP: ServiceLevel(120, 0.9)}))


def report_in(settings: Settings, language: Language = Language.DUTCH) -> Report:
    """Of a call of 40 s on each line: late on the one, in time on the other."""
    calls = [
        event
        for line in (KCC, HELP)
        for event in (offered(MONDAY, line, line), answered(MONDAY + 40 * SECOND, line, line))
    ]
    settings = msgspec.structs.replace(settings, language=language)
    return build_report(sources_of(calls, settings, now_ms=NOW), "2026-10", settings, NOW)


def test_the_report_judges_each_line_by_its_own_level_and_all_of_them_by_the_common_norm(settings: Settings) -> None:
    lines: dict[str | None, Line] = {line.cluster: line for line in report_in(settings).lines(SERVICE_LEVEL)}
    assert {name: (line.value, line.norm, line.met) for name, line in lines.items()} == {
        KCC: (0.0, 0.7, False),
        HELP: (1.0, 0.9, True),
        None: (0.5, 0.7, False),
    }


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (Language.DUTCH, ("≥ 70% binnen 30 s", "≥ 90% binnen 120 s", "≥ 70% binnen de grens van de lijn")),
        (Language.ENGLISH, ("≥ 70% within 30 s", "≥ 90% within 120 s", "≥ 70% within the line's bound")),
        (Language.FRENCH, ("≥ 70% en 30 s", "≥ 90% en 120 s", "≥ 70% dans la limite de la ligne")),
    ],
)
def test_the_report_says_within_which_bound_in_every_language(
    settings: Settings, language: Language, said: tuple[str, ...]
) -> None:
    text = as_text(report_in(settings, language)).replace(" %", "%")
    assert [each for each in said if each not in text] == []


def test_the_spreadsheet_names_the_bound_of_each_line(settings: Settings) -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(report_in(settings)).removeprefix("\ufeff")), delimiter=";"))
    official = {row["cluster"]: row for row in rows if row["gegeven"].startswith("Serviceniveau (officieel)")}
    assert {cluster: row["waarde"] for cluster, row in official.items()} == {KCC: "0", HELP: "1", "alle samen": "0,5"}
    assert official[HELP]["gegeven"] == "Serviceniveau (officieel): beantwoord binnen 120 s / beantwoord"
    norms = {row["cluster"]: row["norm"] for row in rows if row["gegeven"].startswith("Beantwoorde oproepen naar")}
    assert norms == {KCC: "≥ 0,7", HELP: "≥ 0,9", "alle samen": "≥ 0,7"}


def test_a_month_is_closed_with_the_levels_of_its_lines(settings: Settings) -> None:
    """What is frozen says them, and norms without any are written as they always were."""
    basis = Basis(settings.rules, settings.norms)
    assert msgspec.json.decode(msgspec.json.encode(basis), type=Basis) == basis
    assert b"own_service_levels" not in msgspec.json.encode(lier().norms)

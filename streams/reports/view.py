"""The report in Dutch: its sections with their sentences, tables and charts, for people to read.

What the text and the HTML say is said here once. Must not know how a table or a chart is drawn.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import msgspec

from streams.core.rules import Channel
from streams.core.tally import UNBOUNDED_MS
from streams.reports import dutch
from streams.reports.closed_months import SCHEDULE
from streams.reports.definitions import DEFINITIONS, EXCLUSIONS, FORMULAS, NAMES, OFFICIAL_FORMULA, Indicator
from streams.reports.figures import Category, Comparison, Desk, Figures, Line, Phone
from streams.reports.report import Report, Status, Step

ALL: Final = "alle samen"
"""Stands in the place of a cluster for all of them."""

YES: Final = "ja"
NO: Final = "nee"
NO_NORM: Final = "geen norm"

MINUTES_IN_HOUR: Final = 60

SILENT_SHOWN: Final = 31
"""Spans of silent hours that are named: one for each day of a month; the rest is a number."""

CHANNELS: Final = {Channel.PHONE: "oproepen", Channel.DESK: "tickets"}
CONTACTS: Final = {
    Indicator.VISITOR_WAIT: "bezoekers",
    Indicator.CALL_WAIT: "beantwoord",
    Indicator.SERVICE_LEVEL: "beantwoord",
    Indicator.MISSED_SHARE: "oproepen",
    Indicator.LEAD_TIME: "aanvragen",
}
SIGNS: Final = {Comparison.BELOW: "<", Comparison.AT_MOST: "≤", Comparison.AT_LEAST: "≥"}
WRITTEN: Final[dict[Indicator, Callable[[float, int], str]]] = {
    Indicator.VISITOR_WAIT: dutch.minutes,
    Indicator.CALL_WAIT: dutch.seconds,
    Indicator.SERVICE_LEVEL: dutch.percent,
    Indicator.MISSED_SHARE: dutch.percent,
    Indicator.LEAD_TIME: dutch.workdays,
}
UNIT_CAPTIONS: Final = {Indicator.LEAD_TIME: ", in werkdagen"}
"""Units that are too long for a cell and stand above the table instead."""
DECIMALS: Final = {Indicator.SERVICE_LEVEL: 1, Indicator.MISSED_SHARE: 2}
"""Shares of missed calls have two, as in the reports of earlier years; the others one."""


class Table(msgspec.Struct, frozen=True):
    """Rows of text; the first `texts` columns are words, the others figures, set to the right."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    texts: int = 1
    caption: str = ""


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """Bars beside each other, each with its text; None is a bar that is not there."""

    title: str
    labels: Sequence[str]
    values: Sequence[float | None]
    texts: Sequence[str]
    """What stands above each bar."""
    marked: Sequence[bool]
    """The bars that stand out."""
    norm: float | None = None
    norm_text: str = ""
    legend: tuple[str, str] | None = None
    """What plain and marked bars are."""


class Section(msgspec.Struct, frozen=True):
    """A part of the report under a heading."""

    title: str
    sentences: Sequence[str] = ()
    tables: Sequence[Table] = ()
    charts: Sequence[Chart] = ()


def title(report: Report) -> str:
    """The report's own."""
    return f"Wachttijden {dutch.month_name(report.period) if not report.is_year else report.period}"


def subtitle(report: Report) -> str:
    """Whether the figures stand."""
    if report.is_year:
        closed = sum(status.state == "closed" for status in report.statuses)
        return f"{_months_text(len(report.statuses))} met cijfers, waarvan {closed} afgesloten."
    return _status(report.statuses[0], report.basis.rules.zone)


def sections(report: Report) -> list[Section]:
    """The whole report."""
    return [
        _indicators(report),
        *([_by_month(report)] if report.is_year else []),
        *_phone(report),
        *([_desks(report)] if report.summary.desks else []),
        _months(report),
        _exclusions(report),
        _coverage(report),
        _closing(report),
        _history(report),
        *([_budget(report)] if report.budget else []),
        _definitions(report),
    ]


# Indicators.


def _indicators(report: Report) -> Section:
    rows = [
        (
            NAMES[line.indicator] if first else "",
            line.cluster or ALL,
            value(line),
            _norm_of(line, report),
            verdict(line),
            f"{dutch.number(line.contacts)} {CONTACTS[line.indicator]}",
        )
        for definition in DEFINITIONS
        for first, line in _firsts(report.lines(definition.indicator))
    ]
    head = ("Indicator", "Cluster", "Cijfer", "Norm", "Norm gehaald?", "Gemaakt uit")
    return Section("Indicatoren", _indicator_sentences(report), [Table(head, rows, texts=2)])


def _firsts(lines: Sequence[Line]) -> Iterator[tuple[bool, Line]]:
    return ((index == 0, line) for index, line in enumerate(lines))


def _indicator_sentences(report: Report) -> list[str]:
    until = f"januari tot en met {dutch.month_name(report.months[-1].period)}"
    sentences = [f"Het aandeel gemiste oproepen heeft een norm voor het jaar: het cijfer is dat van {until}."]
    if report.is_year:
        sentences.append(
            "De andere indicatoren hebben een norm voor de maand: het cijfer van het jaar staat erbij om te "
            "vergelijken, het oordeel per maand staat hieronder."
        )
    return sentences


def value(line: Line) -> str:
    """The figure with its unit, precise enough to be told from its norm."""
    if line.value is None:
        return dutch.NO_FIGURE
    write, decimals = WRITTEN[line.indicator], DECIMALS.get(line.indicator, 1)
    if line.norm is None:
        return write(line.value, decimals)
    return dutch.told_apart(line.value, line.norm, write, decimals)


def norm(line: Line) -> str:
    """The norm as people say it: `≤ 5 min`."""
    if line.norm is None:
        return NO_NORM
    sign = SIGNS[line.comparison]
    if line.indicator is Indicator.VISITOR_WAIT:
        return f"{sign} {dutch.short(line.norm / 60)} min"
    if line.indicator is Indicator.CALL_WAIT:
        return f"{sign} {dutch.short(line.norm)} s"
    if line.indicator is Indicator.LEAD_TIME:
        return f"{sign} {dutch.short(line.norm)} werkdagen"
    return f"{sign} {dutch.short(round(100 * line.norm, dutch.DECIMALS_MAX))} %"


def _norm_of(line: Line, report: Report) -> str:
    """The norm, with the bound that the service level is about."""
    bound = report.basis.norms.service_level_seconds
    return f"{norm(line)} binnen {bound} s" if line.indicator is Indicator.SERVICE_LEVEL else norm(line)


def verdict(line: Line) -> str:
    """A plain yes or no; neither where there is nothing to judge or to judge by."""
    if line.value is None:
        return "geen cijfer"
    if line.met is None:
        return NO_NORM
    return YES if line.met else NO


def _by_month(report: Report) -> Section:
    """A table for each indicator with a norm for the month: clusters down, months across."""
    head = ("Cluster", *(dutch.SHORT_MONTHS[int(each.period[5:]) - 1] for each in report.months), "norm gehaald")
    tables = []
    for definition in DEFINITIONS:
        if definition.indicator is Indicator.MISSED_SHARE:
            continue
        clusters = [line.cluster for line in report.lines(definition.indicator)]
        rows = [_month_row(report, definition.indicator, cluster) for cluster in clusters]
        if rows:
            tables.append(
                Table(head, rows, caption=f"{definition.name}{UNIT_CAPTIONS.get(definition.indicator, '')}")
            )
    return Section("Normen per maand", ["Naast elk cijfer staat of de norm van die maand gehaald is."], tables)


def _month_row(report: Report, indicator: Indicator, cluster: str | None) -> list[str]:
    found = [_line(each, indicator, cluster) for each in report.months]
    judged = [line.met for line in found if line and line.met is not None]
    return [cluster or ALL, *(_cell(line) for line in found), f"{sum(judged)} van {len(judged)}"]


def _cell(line: Line | None) -> str:
    if line is None or line.value is None:
        return dutch.NO_FIGURE
    return f"{value(line).removesuffix(dutch.WORKDAYS)} {verdict(line)}"


def _line(figures: Figures, indicator: Indicator, cluster: str | None) -> Line | None:
    lines = (line for line in figures.lines if line.indicator is indicator and line.cluster == cluster)
    return next(lines, None)


# The phone.


def _phone(report: Report) -> list[Section]:
    phones = report.summary.phone
    if not phones:
        return []
    categories = phones[-1].categories
    head = ("Cluster", *(f"{category(each)} s" for each in categories), "beantwoord")
    rows = [
        (each.cluster or ALL, *(_share(one.calls, one.ratio) for one in each.categories), dutch.number(each.answered))
        for each in phones
    ]
    bound = report.basis.norms.service_level_seconds
    return [
        Section(
            NAMES[Indicator.SERVICE_LEVEL],
            [],
            [Table(head, rows)],
            [_category_chart(phones[-1], bound)],
        ),
        Section(
            "Serviceniveau volgens andere formules",
            [
                "In het vak zijn verschillende formules in gebruik. De officiële van de stad is de eerste.",
            ],
            [_variants(phones, bound)],
        ),
    ]


def category(each: Category) -> str:
    """`31-60`, as the action plan writes it: whole seconds, of which the bound is the last."""
    low = f"{each.from_seconds + 1:g}" if each.from_seconds else "0"
    return f"{each.from_seconds:g}+" if each.up_to_seconds is None else f"{low}-{each.up_to_seconds:g}"


def _share(count: int, ratio: float | None) -> str:
    return dutch.NO_FIGURE if ratio is None else f"{dutch.number(count)} ({dutch.percent(ratio)})"


def _category_chart(phone: Phone, bound_seconds: float) -> Chart:
    return Chart(
        title=f"Beantwoorde oproepen naar wachttijd in seconden ({phone.cluster or ALL})",
        labels=[category(each) for each in phone.categories],
        values=[each.ratio for each in phone.categories],
        texts=["" if each.ratio is None else dutch.percent(each.ratio) for each in phone.categories],
        marked=[each.up_to_seconds is not None and each.up_to_seconds <= bound_seconds for each in phone.categories],
        legend=("later beantwoord", f"binnen {bound_seconds:g} s"),
    )


def _variants(phones: Sequence[Phone], bound: float) -> Table:
    rows = [
        (
            (each.cluster or ALL) if level.formula is OFFICIAL_FORMULA else "",
            FORMULAS[level.formula].format(bound=f"{bound:g}"),
            "officieel" if level.formula is OFFICIAL_FORMULA else "",
            dutch.NO_FIGURE if level.ratio is None else dutch.percent(level.ratio),
            f"{dutch.number(level.good)} / {dutch.number(level.calls)}",
        )
        for each in phones
        for level in each.service_levels
    ]
    return Table(("Cluster", "Formule", "", "Aandeel", "Oproepen"), rows, texts=3)


# The desks.


def _desks(report: Report) -> Section:
    head = ("Cluster", "ontvangen", "stiptheid", "ervaren wachttijd", "zonder afspraak", "wachttijd zonder afspraak",
            "weggegaan", "niet gekomen", "geannuleerd", "aanvragen", "binnen norm")  # fmt: skip
    rows = [_desk_row(each) for each in report.summary.desks]
    sentences = [
        "Stiptheid is het gemiddelde van werkelijk min gepland begin, waarbij te vroeg negatief telt.",
        "De ervaren wachttijd loopt vanaf het laatste van aankomst en gepland begin, als de aankomst bekend is.",
    ]
    return Section("Aan de loketten", sentences, [Table(head, rows)])


def _desk_row(desk: Desk) -> list[str]:
    return [
        desk.cluster or ALL,
        dutch.number(desk.served),
        _average_minutes(desk.signed_seconds, desk.served),
        _average_minutes(desk.experienced_seconds, desk.experienced),
        dutch.number(desk.walk_ins),
        _average_minutes(desk.walk_in_wait_seconds, desk.walk_ins),
        dutch.number(desk.walk_ins_left),
        dutch.number(desk.no_shows),
        dutch.number(desk.cancelled),
        dutch.number(desk.requests),
        dutch.percent(desk.requests_within_norm / desk.requests) if desk.requests else dutch.NO_FIGURE,
    ]


def _average_minutes(seconds: float, count: int) -> str:
    return dutch.minutes(seconds / count) if count else dutch.NO_FIGURE


# Months, years, money.


def _months(report: Report) -> Section:
    """The year's months so far: what the four figures that every line has did."""
    rows = [_month_summary(each) for each in report.months]
    bound = f"binnen {report.basis.norms.service_level_seconds} s"
    head = ("Maand", "oproepen", "gemist", "gemiddelde wachttijd", bound, "bezoekers", "wachttijd loket")
    return Section(f"De maanden van {report.period[:4]}", [], [Table(head, rows)], _month_charts(report))


def _month_summary(figures: Figures) -> list[str]:
    phone = figures.phone[-1] if figures.phone else None
    desk = figures.desks[-1] if figures.desks else None
    missed = phone.missed_ratio if phone else None
    wait = phone.average_wait_seconds if phone else None
    level = phone.service_levels[0].ratio if phone else None
    return [
        dutch.month_name(figures.period),
        dutch.number(phone.answered + phone.missed if phone else 0),
        dutch.NO_FIGURE if missed is None else dutch.percent(missed, 2),
        dutch.NO_FIGURE if wait is None else dutch.seconds(wait),
        dutch.NO_FIGURE if level is None else dutch.percent(level),
        dutch.number(desk.served if desk else 0),
        _average_minutes(desk.wait_seconds, desk.served) if desk else dutch.NO_FIGURE,
    ]


def _month_charts(report: Report) -> list[Chart]:
    """Missed calls and waits of all lines together, month by month; a month without calls has no bar."""
    if not report.summary.phone:
        return []
    by_month = {each.period: each.phone[-1] for each in report.months if each.phone}
    year = report.period[:4]
    names = [f"{year}-{number:02d}" for number in range(1, 13)]
    phones = [by_month.get(name) for name in names]
    missed = [None if each is None else each.missed_ratio for each in phones]
    waits = [None if each is None else each.average_wait_seconds for each in phones]
    labels = dutch.SHORT_MONTHS
    marked = [name == report.period for name in names]
    norms = report.basis.norms
    wait_norms = {each.norm_ms / 1000 for each in report.basis.rules.channel_clusters(Channel.PHONE).values()}
    wait_norm = wait_norms.pop() if len(wait_norms) == 1 else None
    return [
        Chart(
            title=f"Aandeel gemiste oproepen per maand, {year}",
            labels=labels,
            values=missed,
            texts=["" if each is None else dutch.percent(each) for each in missed],
            marked=marked,
            norm=norms.missed_ratio,
            norm_text=f"norm voor het jaar {dutch.percent(norms.missed_ratio, 0)}",
        ),
        Chart(
            title=f"Gemiddelde wachttijd van beantwoorde oproepen per maand, {year}",
            labels=labels,
            values=waits,
            texts=["" if each is None else dutch.seconds(each) for each in waits],
            marked=marked,
            norm=wait_norm,
            norm_text="" if wait_norm is None else f"norm {dutch.short(wait_norm)} s",
        ),
    ]


def _history(report: Report) -> Section:
    shown = [each for each in report.history if each.missed_ratio is not None]
    ratios = [each.missed_ratio or 0.0 for each in shown]
    sources = ["gemeten" if each.measured else "gerapporteerd" for each in shown]
    remarks = [_months_text(each.months) if each.measured else "" for each in shown]
    rows = [
        (str(each.year), source, dutch.percent(ratio, 2), remark)
        for each, source, ratio, remark in zip(shown, sources, ratios, remarks, strict=True)
    ]
    ratio = report.basis.norms.missed_ratio
    chart = Chart(
        title="Aandeel gemiste oproepen per jaar",
        labels=[str(each.year) for each in shown],
        values=ratios,
        texts=[dutch.percent(each, 2) for each in ratios],
        marked=[each.measured for each in shown],
        norm=ratio,
        norm_text=f"norm {dutch.percent(ratio, 0)}",
        legend=("gerapporteerd", "gemeten"),
    )
    return Section(
        "Gemiste oproepen door de jaren", [], [Table(("Jaar", "Bron", "Gemist", "Uit"), rows, texts=2)], [chart]
    )


def _months_text(count: int) -> str:
    return "1 maand" if count == 1 else f"{count} maanden"


def _budget(report: Report) -> Section:
    kinds = {"accounts": "rekening", "budget": "budget"}
    rows = [
        (str(each.year), kinds[each.kind], dutch.euro(each.expenses_cents), dutch.euro(-each.expenses_cents))
        for each in report.budget
    ]
    chart = Chart(
        title="Uitgaven van het actieplan in euro",
        labels=[str(each.year) for each in report.budget],
        values=[each.expenses_cents / 100 for each in report.budget],
        texts=[dutch.number(each.expenses_cents / 100, 0) for each in report.budget],
        marked=[each.kind == "accounts" for each in report.budget],
        legend=("budget", "rekening"),
    )
    head = ("Jaar", "Soort", "Uitgaven", "Exploitatiesaldo")
    return Section("Budget en rekeningen van het actieplan", [], [Table(head, rows, texts=2)], [chart])


# What the figures rest on.


def _exclusions(report: Report) -> Section:
    summary = report.summary
    counted: list[Phone | Desk] = [*summary.phone, *summary.desks]
    reasons = list(dict.fromkeys(reason for each in counted for reason in each.excluded))
    head = ("Cluster", *(EXCLUSIONS.get(reason, reason) for reason in reasons), "samen")
    rows = [
        (
            _whose(each, summary),
            *(dutch.number(each.excluded.get(reason, 0)) for reason in reasons),
            dutch.number(sum(each.excluded.values())),
        )
        for each in counted
    ]
    sentence = "Deze oproepen en bezoeken staan in geen enkel ander cijfer van dit verslag."
    wrong = sum(each.implausible_requests for each in summary.desks if each.cluster is not None)
    requests = (
        [f"Aanvragen met een geplande dag voor de dag van de aanvraag: {dutch.number(wrong)}."] if wrong else []
    )
    return Section("Niet meegeteld", [sentence, *requests], [Table(head, rows)])


def _whose(each: Phone | Desk, summary: Figures) -> str:
    """All calls and all visits are told apart where there are both."""
    if each.cluster is not None:
        return each.cluster
    if not (summary.phone and summary.desks):
        return ALL
    return f"{ALL}: {'oproepen' if isinstance(each, Phone) else 'bezoeken'}"


def _coverage(report: Report) -> Section:
    zone = report.basis.rules.zone
    known = report.summary.coverage
    if not known:
        return Section("Dekking", ["Voor deze periode is niet vastgelegd wanneer er gebeurtenissen binnenkwamen."])
    rows = [
        (
            CHANNELS[each.channel],
            dutch.number(each.opening_hours),
            dutch.number(each.silent_hours),
            dutch.number(each.silent_minutes / MINUTES_IN_HOUR, 1),
        )
        for each in known
    ]
    sentences = [
        "Een uur van de klok waarin geen enkele gebeurtenis viel, is stil: de aanvoer kan gestoord zijn geweest."
    ]
    for each in known:
        silent = dutch.hours(each.silent_from_ms, zone)
        more = len(silent) - SILENT_SHOWN
        if silent:
            rest = f" en nog {more} andere keren" if more > 0 else ""
            sentences.append(f"Stil bij de {CHANNELS[each.channel]}: {', '.join(silent[:SILENT_SHOWN])}{rest}.")
    head = ("Aanvoer", "openingsuren", "stille uren", "openingstijd daarin (u)")
    return Section("Dekking", sentences, [Table(head, rows)])


def _status(status: Status, zone: str) -> str:
    if status.state == "open":
        return "Nog niet afgesloten: de cijfers zijn voorlopig."
    if status.closed_at_ms is None:
        return "Heropend: de cijfers zijn voorlopig tot de maand weer wordt afgesloten."
    text = f"Afgesloten op {dutch.moment(status.closed_at_ms, zone)} (definities versie {status.definitions})."
    if status.behind_records:
        text += f" Toen waren {dutch.number(status.behind_records)} berichten nog niet verwerkt: die ontbreken."
    return text


def _closing(report: Report) -> Section:
    zone = report.basis.rules.zone
    sentences = []
    for status in report.statuses:
        name = dutch.month_name(status.month)
        sentences.append(f"{name.capitalize()}: {_status(status, zone)}")
        if any(step.by != SCHEDULE for step in status.account):
            sentences.extend(f"{name.capitalize()} is {_step(step, zone)}" for step in status.account)
        if status.state == "closed":
            sentences.append(
                "Feiten over deze maand die daarna nog binnenkwamen, ook herhaalde, niet meegeteld: "
                f"{dutch.number(status.late_facts)}."
            )
    return Section("Afsluiting en laattijdige feiten", sentences, _late_tables(report))


def _step(step: Step, zone: str) -> str:
    """Who closed or reopened a month, when and why."""
    action = "afgesloten" if step.action == "closed" else "heropend"
    done = f"vanzelf {action}" if step.by == SCHEDULE else f"{action} door {step.by}"
    return f"op {dutch.moment(step.at_ms, zone)} {done}{f': {step.why}' if step.why else '.'}"


COUNTED: Final = {
    "answered": "beantwoord",
    "missed": "gemist",
    "missed_wait_ms": "wachttijd van gemiste",
    "wait_ms": "wachttijd",
    "within_norm": "binnen de norm",
    "speed_categories": "beantwoord tot",
    "missed_categories": "gemist tot",
    "excluded": "niet meegeteld",
    "served": "ontvangen",
    "signed_ms": "stiptheid",
    "experienced": "met bekende aankomst",
    "experienced_ms": "ervaren wachttijd",
    "walk_ins": "zonder afspraak",
    "walk_in_wait_ms": "wachttijd zonder afspraak",
    "walk_ins_left": "weggegaan",
    "no_shows": "niet gekomen",
    "cancelled": "geannuleerd",
    "requests": "aanvragen",
    "lead_days": "werkdagen",
    "requests_within_norm": "aanvragen binnen de norm",
    "implausible_requests": "aanvragen met onmogelijke dag",
}
"""The counts of month totals in words."""


def _difference(name: str, count: int) -> str:
    """A count of the totals and what would be added to it, times in seconds."""
    field, _, key = name.partition(".")
    words = COUNTED.get(field, field)
    if field in ("speed_categories", "missed_categories"):
        words += " onbeperkt" if int(key) == UNBOUNDED_MS else f" {dutch.short(int(key) / 1000)} s"
    elif key:
        words += f" ({EXCLUSIONS.get(key, key)})"
    if field.endswith("_ms"):
        return f"{words} {'+' if count > 0 else ''}{dutch.short(count / 1000)} s"
    return f"{words} {count:+d}"


def _late_tables(report: Report) -> list[Table]:
    """What the frozen figures would become; nothing of it is counted."""
    rows = [
        (
            dutch.month_name(status.month),
            each.cluster,
            each.source,
            dutch.number(each.facts),
            ", ".join(_difference(name, count) for name, count in each.difference.items()) or "geen verschil",
        )
        for status in report.statuses
        for each in status.late
    ]
    head = ("Maand", "Cluster", "Partitie", "Feiten", "Verschil met de afgesloten cijfers")
    return [Table(head, rows, texts=5, caption="Laattijdige feiten, niet meegeteld")] if rows else []


def _definitions(report: Report) -> Section:
    rules = report.basis.rules
    versions = sorted({status.definitions for status in report.statuses})
    rows = [(each.name, each.text, each.period) for each in DEFINITIONS]
    hours = [
        (day, ", ".join(f"{_clock(each.from_minute)}-{_clock(each.to_minute)}" for each in intervals) or "gesloten")
        for day, intervals in zip(dutch.WEEKDAYS, rules.opening_hours, strict=True)
    ]
    closed = sorted({*rules.closing_days, *rules.public_holidays})
    sentences = [
        f"Versie van de definities: {', '.join(map(str, versions))}. Tijdzone: {rules.zone}.",
        f"Feestdagen en sluitingsdagen: {', '.join(closed) or 'geen'}.",
    ]
    return Section(
        "Definities en instellingen die telden",
        sentences,
        [
            Table(("Indicator", "Definitie", "Periode"), rows, texts=3),
            Table(("Dag", "Openingsuren"), hours, texts=2),
        ],
    )


def _clock(minute: int) -> str:
    return f"{minute // MINUTES_IN_HOUR:02d}:{minute % MINUTES_IN_HOUR:02d}"

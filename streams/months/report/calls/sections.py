"""The telephone: calls by speed category, the service level by the formulas of the field, months and years."""

from collections.abc import Callable, Sequence

from streams.channels import CALLS
from streams.channels.calls.indicators import MISSED_SHARE, SERVICE_LEVEL, WAIT
from streams.core.rules import SECOND_MS
from streams.months.definitions import OFFICIAL_FORMULA
from streams.months.report.calls.figures import Category, Phone
from streams.months.report.data import Report
from streams.months.report.section import Chart, Section, Table
from streams.months.report.wording import Wording


def phone(report: Report, say: Wording) -> list[Section]:
    """Nothing without lines."""
    phones = report.summary.of(CALLS.name)
    if not phones:
        return []
    words = say.words
    columns = (words("report-seconds-category", category=category(each)) for each in phones[-1].categories)
    head = (words("report-cluster"), *columns, words("report-answered"))
    rows = [
        (
            each.cluster or say.all,
            *(_share(one, say) for one in each.categories),
            words.number(each.answered),
        )
        for each in phones
    ]
    title = say.indicator(SERVICE_LEVEL)
    formulas = _variants(phones, say)
    return [
        Section(title, [], [Table(head, rows)], [_category_chart(phones[-1], say)]),
        Section(words("report-formulas"), [words("report-formulas-text")], [formulas]),
        *_without_short(phones, report.basis.rules.short_abandon_ms, say),
        *_callbacks(phones, say),
    ]


def _callbacks(phones: Sequence[Phone], say: Wording) -> list[Section]:
    """Nothing where nobody asked and no answer came too late: few exchanges tell of it."""
    if not any(each.callbacks_requested or each.answered_too_late for each in phones):
        return []
    words, number = say.words, say.words.number
    rows = [
        (
            each.cluster or say.all,
            number(each.callbacks_requested),
            number(each.called_back),
            say.or_none(each.average_called_back_seconds, say.minutes),
            number(each.answered_too_late),
        )
        for each in phones
    ]
    heads = ("cluster", "callbacks-requested", "called-back", "called-back-after", "answered-too-late")
    table = Table([words(f"report-{each}") for each in heads], rows)
    return [Section(words("report-callbacks"), [words("report-callbacks-text")], [table])]


def _without_short(phones: Sequence[Phone], bound_ms: int | None, say: Wording) -> list[Section]:
    """The second figure of missed calls, beside the official one; nothing where the settings ask for none."""
    if bound_ms is None:
        return []
    words = say.words
    number: Callable[[float], str] = words.number
    rows = [
        (
            each.cluster or say.all,
            number(each.missed),
            say.or_none(each.missed_ratio, lambda ratio: words.percent(ratio, MISSED_SHARE.decimals)),
            say.or_none(each.short_abandoned, number),
            say.or_none(each.missed_without_short, number),
            say.or_none(each.missed_without_short_ratio, lambda ratio: words.percent(ratio, MISSED_SHARE.decimals)),
        )
        for each in phones
    ]
    heads = ("cluster", "missed", "official-share", "short-abandons-count", "without-short", "share-without-short")
    text = words("report-short-abandons-text", bound=words.short(bound_ms / SECOND_MS))
    return [
        Section(words("report-short-abandons"), [text], [Table([words(f"report-{each}") for each in heads], rows)])
    ]


def _share(each: Category, say: Wording) -> str:
    if each.ratio is None:
        return say.none
    return f"{say.words.number(each.calls)} ({say.words.percent(each.ratio)})"


def _category_chart(each: Phone, say: Wording) -> Chart:
    """What was answered in time stands out, where there is one bound for it."""
    words, categories, bound_seconds = say.words, each.categories, each.service_level_seconds
    return Chart(
        title=words("report-answered-by-wait", cluster=each.cluster or say.all),
        labels=[category(one) for one in categories],
        values=[one.ratio for one in categories],
        texts=["" if one.ratio is None else words.percent(one.ratio) for one in categories],
        marked=[_is_within(one, bound_seconds) for one in categories],
        legend=None if bound_seconds is None else (words("report-answered-later"), say.within(bound_seconds)),
    )


def _is_within(each: Category, bound_seconds: float | None) -> bool:
    return bound_seconds is not None and each.up_to_seconds is not None and each.up_to_seconds <= bound_seconds


def _variants(phones: Sequence[Phone], say: Wording) -> Table:
    words = say.words
    rows = [
        (
            (each.cluster or say.all) if level.formula is OFFICIAL_FORMULA else "",
            say.formula(level.formula, each.service_level_seconds),
            say.official(level.formula),
            say.or_none(level.ratio, words.percent),
            f"{words.number(level.good)} / {words.number(level.calls)}",
        )
        for each in phones
        for level in each.service_levels
    ]
    heads = (words("report-cluster"), words("report-formula"), "", words("report-share"), words("report-calls"))
    return Table(heads, rows, texts=3)


def month_charts(report: Report, say: Wording) -> list[Chart]:
    """Missed calls and waits of all lines together, month by month; a month without calls has no bar."""
    words, year = say.words, report.period[:4]
    by_month = {each.period: each.of(CALLS.name)[-1] for each in report.months if each.of(CALLS.name)}
    names = [f"{year}-{number:02d}" for number in range(1, 13)]
    phones = [by_month.get(name) for name in names]
    missed = [each.missed_ratio if each else None for each in phones]
    waits = [each.average_wait_seconds if each else None for each in phones]
    marked = [name == report.period for name in names]
    missed_norm, wait_norm = report.basis.norms.missed_ratio, _wait_norm(report)
    return [
        Chart(
            title=words("report-missed-by-month", year=year),
            labels=words.short_months,
            values=missed,
            texts=["" if each is None else words.percent(each) for each in missed],
            marked=marked,
            norm=missed_norm,
            norm_text=words("report-norm-for-year", norm=words.percent(missed_norm, 0)),
        ),
        Chart(
            title=words("report-wait-by-month", year=year),
            labels=words.short_months,
            values=waits,
            texts=["" if each is None else say.seconds(each) for each in waits],
            marked=marked,
            norm=wait_norm,
            norm_text="" if wait_norm is None else say.norm_is(say.short_seconds(wait_norm)),
        ),
    ]


def history(report: Report, say: Wording) -> Section:
    """The share of missed calls through the years, reported and measured."""
    words = say.words
    shown = [each for each in report.history if each.indicator == MISSED_SHARE.name and each.value is not None]
    ratios = [each.value or 0.0 for each in shown]
    rows = [
        (
            str(each.year),
            words("report-measured" if each.measured else "report-reported"),
            words.percent(ratio, 2),
            words("report-month-count", count=each.months) if each.measured else "",
        )
        for each, ratio in zip(shown, ratios, strict=True)
    ]
    norm = report.basis.norms.missed_ratio
    chart = Chart(
        title=words("report-history-chart"),
        labels=[str(each.year) for each in shown],
        values=ratios,
        texts=[words.percent(each, 2) for each in ratios],
        marked=[each.measured for each in shown],
        norm=norm,
        norm_text=say.norm_is(words.percent(norm, 0)),
        legend=(words("report-reported"), words("report-measured")),
    )
    head = (words("report-year"), words("report-source"), words("report-missed"), words("report-out-of"))
    return Section(words("report-history"), [], [Table(head, rows, texts=2)], [chart])


def _wait_norm(report: Report) -> float | None:
    """The one norm that holds for all lines and months, if there is one."""
    lines = (line for each in report.months for line in each.lines if line.indicator == WAIT.name)
    norms = {line.norm for line in lines}
    return norms.pop() if len(norms) == 1 else None


def category(each: Category) -> str:
    """`31-60`, as the action plan writes it: whole seconds, of which the bound is the last."""
    low = f"{each.from_seconds + 1:g}" if each.from_seconds else "0"
    return f"{each.from_seconds:g}+" if each.up_to_seconds is None else f"{low}-{each.up_to_seconds:g}"

"""Everything that was counted in a period: the indicators, and all that explains them."""

from collections.abc import Iterable, Sequence

from streams.channels import channels, empty_tally, indicators
from streams.core.calendar import Calendar
from streams.core.counts import Tally
from streams.core.coverage import silent_hours
from streams.core.indicators import Counted
from streams.core.rules import Channel
from streams.months.month import Month
from streams.months.report.channels import reports
from streams.months.report.data import Coverage, Figures
from streams.months.report.indicators import Line, counted_of, lines_of, of_clusters


def figures_of(period: str, months: Sequence[Month], until_ms: int) -> Figures:
    """The figures of one month, or of several together, by the settings of the newest.

    Hours after `until_ms` have not ended and count as neither silent nor not.
    """
    basis = months[-1].basis
    tallies = {name: tallies_of(months, name) for name in reports()}
    lines = [line for each in channels() for line in lines_of(each, tallies[each.name], basis)]
    return Figures(
        period,
        basis.norms.service_level_seconds,
        in_order(lines),
        {name: report.figures(tallies[name], basis) for name, report in reports().items()},
        _added([each for month in months for each in _coverage(month, until_ms)]),
    )


def in_order(lines: Iterable[Line]) -> list[Line]:
    """In the order of the indicators, those of an indicator in their own."""
    places = {each.name: place for place, each in enumerate(indicators())}
    return sorted(lines, key=lambda line: places[line.indicator])


def tallies_of(months: Sequence[Month], channel: Channel) -> dict[str, Tally]:
    """What each cluster of a channel counted over these months."""
    return {name: _tally(months, channel, name) for name in clusters(months, channel)}


def counted_in(month: Month, channel: Channel) -> Counted:
    """What all clusters of a channel counted in a month, each with what it is read by."""
    by_cluster = counted_of(channel, tallies_of([month], channel), month.basis)
    return [pair for pairs in of_clusters(by_cluster).values() for pair in pairs]


def _tally(months: Iterable[Month], channel: Channel, cluster: str) -> Tally:
    total = empty_tally(channel)
    for month in months:
        total.add(month.tally(channel, cluster))
    return total


def clusters(months: Sequence[Month], channel: Channel) -> list[str]:
    """The clusters of the newest month's settings in their order, then any others of these months."""
    found = months[-1].clusters(channel)
    others = {cluster for month in months for cluster in month.clusters(channel)} - set(found)
    return found + sorted(others)


def _added(parts: Sequence[Coverage]) -> list[Coverage]:
    """The hours of several months by channel."""
    by_channel: dict[Channel, list[Coverage]] = {}
    for part in parts:
        by_channel.setdefault(part.channel, []).append(part)
    return [
        Coverage(
            channel=channel,
            opening_hours=sum(each.opening_hours for each in mine),
            silent_hours=sum(each.silent_hours for each in mine),
            silent_minutes=sum(each.silent_minutes for each in mine),
            silent_from_ms=[at for each in mine for at in each.silent_from_ms],
        )
        for channel, mine in by_channel.items()
    ]


def _coverage(month: Month, until_ms: int) -> list[Coverage]:
    """Of the channels whose hours were recorded."""
    rules = month.basis.rules
    calendar = Calendar(rules)
    found = []
    for channel in (each.name for each in channels()):
        if channel not in month.spoke:
            continue
        ended, silent = silent_hours(month.month, rules.zone, calendar, month.spoke[channel], until_ms)
        found.append(
            Coverage(
                channel=channel,
                opening_hours=len(ended),
                silent_hours=len(silent),
                silent_minutes=sum(hour.open_minutes for hour in silent),
                silent_from_ms=[hour.start_ms for hour in silent],
            )
        )
    return found

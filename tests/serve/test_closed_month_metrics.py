"""A closed month on the page of months: frozen, whole at every worker, counted once over all of them."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from streams.channels.calls.state import CallState
from streams.core.month_notes import MonthNote
from streams.core.rules import Channel, Cluster
from streams.live.observed import Observed, PartitionHealth, Reported
from streams.months.closing.due import Author, freeze
from streams.months.month import Sources
from streams.months.report.figures import figures_of
from streams.records.closings import Closing
from streams.records.month_totals import month_records, totals_by_source
from streams.records.progress import Feed, Position, feed_record, position_record, read_beside
from streams.serve.metrics.months import MonthMetrics
from streams.settings import Settings
from tests.core.builders import KCC, RULES, SECOND, abandoned, answered, calls, ms, offered, rules_with
from tests.months.making import lier, month_in
from tests.serve.observing import Series, observing, over_workers, owning, read, series

NOW: Final = ms("2026-03-04 12:00")
FEBRUARY: Final = "2026-02"
AT: Final = ms("2026-02-26 11:00")


def settings() -> Settings:
    """Lier by the rules of these tests."""
    return lier(rules=RULES)


def answered_after(name: str, seconds: int, at: int = AT) -> list[Any]:
    """A call of February that was answered."""
    return [offered(at, name), answered(at + seconds * SECOND, name)]


def state(*names: str, more: list[Any] | None = None) -> CallState:
    """Calls answered after 10 s, 20 s and so on, one missed, and some of March."""
    events = [event for number, name in enumerate(names) for event in answered_after(name, 10 * (number + 1))]
    events += [offered(AT, f"missed-{names}"), abandoned(AT + SECOND, f"missed-{names}")]
    return calls(
        [*events, *answered_after(f"march-{names}", 5, ms("2026-03-02 10:00")), *(more or [])], record_ms=NOW
    )


def sources(states: Mapping[str, CallState]) -> Sources:
    """What stands on Kafka of these, with a late fact that had come before the closing."""
    records = [record for source, each in states.items() for record in month_records(each.settle(), source, NOW)]
    beside = [
        feed_record(Feed(FEBRUARY, Channel.PHONE, "calls-0", late_facts={KCC: 1})),
        position_record(Position("calls-0", Channel.PHONE, "calls", 0, 9, NOW)),
    ]
    return Sources(totals_by_source(records), read_beside(beside), {})


def frozen(states: Mapping[str, CallState], number: int = 1) -> Closing:
    """February closed with what these have."""
    found = freeze(sources(states), FEBRUARY, settings(), Author("schedule", NOW), {})
    return msgspec.structs.replace(found, number=number)


def month(name: str = FEBRUARY, cluster: str = KCC) -> dict[str, str]:
    """The labels of a month of calls."""
    return {"cluster": cluster, "channel": "phone", "month": name, "year": name[:4]}


def page(observed: Observed, closings: Mapping[str, Closing] | None) -> dict[Series, float]:
    """Every sample of a worker's page."""
    return read(MonthMetrics(lambda: observed, Reported(), lambda: closings).render())


def worker(*partitions: PartitionHealth) -> Observed:
    """What one worker owns."""
    return observing(partitions, NOW)


def test_a_closed_month_is_shown_as_it_was_frozen_whatever_has_come_since() -> None:
    """Under names of its own, by all workers, whole; the months that are open go on as before."""
    one, other = state("a", "b"), state("c")
    closing = frozen({"calls-0": one, "calls-1": other})
    late = state("a", "b", more=answered_after("late", 300))
    workers = [page(worker(each), {FEBRUARY: closing}) for each in owning(late, other)]
    for each in workers:
        assert each[series("closed_month_served_contacts", **month())] == 3
        assert each[series("closed_month_missed_calls", **month())] == 2
        assert each[series("closed_month_wait_seconds", **month())] == 40
        assert each[series("closed_month_timestamp_seconds", month=FEBRUARY, year="2026")] == NOW / 1000
        assert series("month_served_contacts", **month()) not in each
        assert each[series("month_served_contacts", **month("2026-03"))] == 1
    together = over_workers(workers)
    assert together[series("closed_month_served_contacts", **month())] == 3
    assert together[series("month_served_contacts", **month("2026-03"))] == 2


def test_a_worker_without_partitions_shows_closed_months_too() -> None:
    """So that none is missing while partitions move."""
    closing = frozen({"calls-0": state("a")})
    assert page(worker(), {FEBRUARY: closing})[series("closed_month_served_contacts", **month())] == 1


def test_its_figures_are_those_of_the_report() -> None:
    """Counts, sums, categories, quantiles and norms of every cluster, from the same closing."""
    states = {"calls-0": state("a", "b"), "calls-1": state("c", "d", "e")}
    closing = frozen(states)
    given = msgspec.structs.replace(sources(states), account={FEBRUARY: [closing]})
    (line, *_), exposed = (
        figures_of(FEBRUARY, [month_in(given, FEBRUARY, settings())], NOW).of("phone"),
        page(worker(), {FEBRUARY: closing}),
    )
    shown = {name: value for (name, labels), value in exposed.items() if ("cluster", KCC) in labels}
    assert shown["wachtmonitor_closed_month_served_contacts"] == line.answered
    assert shown["wachtmonitor_closed_month_missed_calls"] == line.missed
    assert shown["wachtmonitor_closed_month_wait_seconds"] == line.wait_seconds
    assert shown["wachtmonitor_closed_month_within_service_level_calls"] == line.service_levels[0].good
    for each in line.wait_quantiles:
        labels = month() | {"share": f"{each.ratio:g}"}
        assert exposed[series("closed_month_wait_quantile_seconds", **labels)] == each.seconds
        assert exposed[series("closed_year_wait_quantile_seconds", **labels)] == each.seconds


def test_it_is_judged_by_the_settings_that_it_was_closed_with() -> None:
    """The norm of February as it was, today's for the month that runs."""
    closing = frozen({"calls-0": state("a")})
    stricter = rules_with(clusters=(Cluster(KCC, Channel.PHONE, 30_000),))
    exposed = page(observing(owning(state("a")), NOW, stricter), {FEBRUARY: closing})
    assert exposed[series("month_norm_wait_seconds", **month())] == 45
    assert exposed[series("month_norm_wait_seconds", **month("2026-03"))] == 30


def test_what_came_after_the_closing_is_counted_apart() -> None:
    """Since the closing, not since the month's end; by the workers that own the partitions, so that it adds up."""
    one, other = state("a"), state("b")
    closing = frozen({"calls-0": one, "calls-1": other})
    notes = [{FEBRUARY: MonthNote(late_facts={KCC: 3})}, {FEBRUARY: MonthNote(late_facts={KCC: 5, "Nieuw": 1})}]
    partitions = [
        msgspec.structs.replace(each, notes=note) for each, note in zip(owning(one, other), notes, strict=True)
    ]
    together = over_workers([page(worker(each), {FEBRUARY: closing}) for each in partitions])
    assert together[series("closed_month_late_facts", **month())] == 3 - 1 + 5
    assert together[series("closed_month_late_facts", **month(cluster="Nieuw"))] == 1
    assert series("closed_month_late_facts", **month("2026-03")) not in together


def test_where_nobody_knows_which_months_are_closed_none_that_may_be_is_shown() -> None:
    """Absent, and not live under the name of what is official."""
    exposed = page(worker(*owning(state("a"))), None)
    months = {dict(labels)["month"] for _, labels in exposed if labels}
    assert months == {"2026-03"}


def test_the_month_that_is_shown_alone_is_named_though_nothing_is_counted_in_it_yet() -> None:
    """Else the month before would be taken for it, of which this worker's part is lacking."""
    of_february = calls([offered(AT, "a"), abandoned(AT + SECOND, "a")], record_ms=NOW)
    begin = series("month_begin_timestamp_seconds", month="2026-03", year="2026")
    assert page(worker(*owning(of_february)), None)[begin] == ms("2026-03-01 00:00") / 1000
    assert begin not in page(worker(*owning(of_february)), {})


def test_a_page_says_whether_months_are_missing_because_nobody_knows() -> None:
    """So that a year of which only the running month is shown is not taken for one."""
    unread = series("closed_months_unread")
    partitions = owning(state("a"))
    assert page(worker(*partitions), None)[unread] == 1
    assert page(worker(*partitions), {})[unread] == 0


def test_a_month_that_is_closed_anew_shows_the_new_figures() -> None:
    """And one that is opened again its own, from the next look on."""
    closings = {FEBRUARY: frozen({"calls-0": state("a")})}
    observed = worker(*owning(state("a", "b")))
    metrics = MonthMetrics(lambda: observed, Reported(), lambda: closings)
    place = series("closed_month_served_contacts", **month())
    assert read(metrics.render())[place] == 1
    closings[FEBRUARY] = frozen({"calls-0": state("a", "b")}, number=3)
    assert read(metrics.render())[place] == 2
    closings.clear()
    exposed = read(metrics.render())
    assert place not in exposed
    assert exposed[series("month_served_contacts", **month())] == 2

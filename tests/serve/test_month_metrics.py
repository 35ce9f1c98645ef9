"""The page of whole months: exactly the month totals, additive over workers, and the years of the settings."""

from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from streams.channels.calls.counts import PhoneTally
from streams.channels.calls.events import AnyCallEvent
from streams.channels.calls.state import CallState
from streams.channels.visits.state import TicketState
from streams.core.rules import Channel, Cluster
from streams.live.observed import Observed, Reported
from streams.months.closing.due import Author, freeze
from streams.months.month import Sources
from streams.records.closings import Closing
from streams.records.month_totals import month_records, sum_month_totals, totals_by_source
from streams.records.progress import BesideTotals
from streams.serve.metrics.catalogue import on_page
from streams.serve.metrics.metric import Page
from streams.serve.metrics.months import MonthMetrics
from tests.core.builders import (
    ALWAYS_OPEN,
    BURGERZAKEN,
    DAY,
    HOUR,
    KCC,
    MINUTE,
    RULES,
    SECOND,
    abandoned,
    answered,
    calls,
    cancelled,
    ms,
    offered,
    requested,
    rules_with,
    started,
    tickets,
)
from tests.core.test_judging import taken_in
from tests.months.making import lier
from tests.serve.observing import Series, complaints, observing, over_workers, owning, read, series

NOW = ms("2026-03-04 12:00")
REPORTED = Reported(
    indicators={("missed_share", 2021): 0.1308},
    expenses_euros={(2021, "accounts"): 4_842.84, (2022, "budget"): 9_600},
)


def exposition(observed: Observed, reported: Reported = REPORTED) -> dict[Series, float]:
    """Every sample of the page."""
    return read(MonthMetrics(lambda: observed, reported).render())


def month(month: str, cluster: str = KCC, channel: str = "phone") -> dict[str, str]:
    """The labels of a month."""
    return {"cluster": cluster, "channel": channel, "month": month, "year": month[:4]}


WITH_SHORT: Final = rules_with(short_abandon_ms=5 * SECOND)
"""What shows everything there is to show."""


def winter_calls() -> CallState:
    """December: one answered after 30 s. February: one after 400 s, one missed, one at night, one never heard of."""
    december, february = ms("2025-12-12 11:00"), ms("2026-02-27 11:00")
    events: list[AnyCallEvent] = [
        offered(december, "a"),
        answered(december + 30 * SECOND, "a"),
        offered(february, "b"),
        answered(february + 400 * SECOND, "b"),
        offered(february, "c"),
        abandoned(february + 5 * SECOND, "c"),
        offered(ms("2026-02-27 03:00"), "night"),
        offered(february, "never ends"),
    ]
    return calls(events, record_ms=NOW)


def test_months_that_two_sets_of_rules_have_counted_are_left_out() -> None:
    """While changed hours are applied, all months of the channel: they are written and shown as a whole then."""
    state = taken_in(winter_calls(), ALWAYS_OPEN, 2)
    state.judge(1)
    assert series("month_wait_seconds", **month("2025-12")) not in exposition(observing(owning(state), NOW))
    state.judge(4)
    assert exposition(observing(owning(state), NOW))[series("month_wait_seconds", **month("2025-12"))] == 30


def winter() -> Observed:
    """Calls, and a visit of March, a lead time of February, and an appointment of May that was cancelled."""
    plan = ms("2026-03-02 10:00")
    visits = tickets(
        [
            requested(ms("2026-02-26 10:00"), plan, "late"),
            started(plan + 90 * SECOND, ticket="late"),
            requested(plan, plan - 3 * DAY, "backwards"),
            requested(plan, plan + 60 * DAY, "off"),
            cancelled(plan + MINUTE, ticket="off"),
        ],
        record_ms=NOW,
    )
    return observing(owning(winter_calls(), visits), NOW, WITH_SHORT)


def closed_december() -> Closing:
    """December, as it was frozen: calls and a visit."""
    records = [
        *month_records(winter_calls().settle(), "calls-0", NOW),
        *month_records(december_visits().settle(), "tickets-0", NOW),
    ]
    sources = Sources(totals_by_source(records), BesideTotals({}, {}), {})
    settings = lier(rules=WITH_SHORT)
    return freeze(sources, "2025-12", settings, Author("schedule", NOW), {})


def december_visits() -> TicketState:
    """One visitor, asked for and received."""
    plan = ms("2025-12-11 10:00")
    return tickets([requested(plan - DAY, plan, "v"), started(plan + MINUTE, ticket="v")], record_ms=NOW)


def test_the_catalogue_and_the_page_name_the_same_metrics() -> None:
    page = MonthMetrics(winter, REPORTED, lambda: {"2025-12": closed_december()}).render()
    exposed = {family.name: family for family in text_string_to_metric_families(page.decode())}
    assert set(exposed) == {metric.name for metric in on_page(Page.MONTHS)}
    for metric in on_page(Page.MONTHS):
        family = exposed[metric.name]
        assert (family.type, family.documentation) == (metric.kind.value, metric.help)
        assert {frozenset(sample.labels) for sample in family.samples} == {frozenset(metric.labels)}, metric.name


def test_promtool_has_no_complaint() -> None:
    page = MonthMetrics(winter, REPORTED, lambda: {"2025-12": closed_december()}).render()
    assert complaints(page) == ""


def test_each_month_has_its_calls_and_what_was_left_out_of_them() -> None:
    exposed = exposition(winter())
    december, february = month("2025-12"), month("2026-02")
    expected = {
        series("month_served_contacts", **december): 1,
        series("month_wait_seconds", **december): 30,
        series("month_within_service_level_calls", **december): 1,
        series("month_offered_calls", **december): 1,
        series("month_missed_calls", **december): 0,
        series("month_served_contacts", **february): 1,
        series("month_wait_seconds", **february): 400,
        series("month_within_service_level_calls", **february): 0,
        series("month_offered_calls", **february): 2,
        series("month_missed_calls", **february): 1,
        series("month_speed_category_calls", **february, up_to_seconds="30"): 0,
        series("month_speed_category_calls", **february, up_to_seconds="+Inf"): 1,
        series("month_excluded_contacts", **february, reason="outside_opening_hours"): 1,
        series("month_excluded_contacts", **february, reason="unresolved"): 1,
        series("month_excluded_contacts", **december, reason="unresolved"): 0,
    }
    assert {each: exposed[each] for each in expected} == expected


def test_each_month_has_its_visits_and_its_lead_times() -> None:
    """A visit counts in the month of its plan, a lead time in the month of the asking."""
    exposed = exposition(winter())
    expected = {
        series("month_served_contacts", **month("2026-03", BURGERZAKEN, "desk")): 1,
        series("month_wait_seconds", **month("2026-03", BURGERZAKEN, "desk")): 90,
        series("month_requested_appointments", **month("2026-02", BURGERZAKEN, "desk")): 1,
        series("month_lead_workdays", **month("2026-02", BURGERZAKEN, "desk")): 2,
        series("month_requested_within_norm_appointments", **month("2026-02", BURGERZAKEN, "desk")): 1,
        series("month_implausible_requests", **month("2026-03", BURGERZAKEN, "desk")): 1,
    }
    assert {each: exposed[each] for each in expected} == expected


def test_a_month_that_has_not_begun_is_left_out_and_one_without_contacts_has_no_series() -> None:
    months = {dict(labels)["month"] for name, labels in exposition(winter()) if "month_" in name}
    assert months == {"2025-12", "2026-02", "2026-03"}


def test_a_call_that_expires_shows_at_once() -> None:
    """Without any further event: the clock alone makes it unresolved."""
    events = [offered(NOW - HOUR, "never ends")]
    before, after = (
        exposition(observing(owning(calls(events, record_ms=NOW)), NOW + hours * HOUR)) for hours in (2, 4)
    )
    place = series("month_excluded_contacts", **month("2026-03"), reason="unresolved")
    assert place not in before
    assert after[place] == 1


def test_the_page_equals_the_month_totals_that_are_written_to_the_topic() -> None:
    state = winter_calls()
    written = sum_month_totals(month_records(state.settle(), "calls-0", NOW))
    exposed = exposition(observing(owning(state), NOW))
    assert written
    for (name, channel, cluster), tally in written.items():
        assert isinstance(tally, PhoneTally)
        labels = month(name, cluster, channel.value)
        assert exposed[series("month_wait_seconds", **labels)] * SECOND == tally.wait_ms
        assert exposed[series("month_served_contacts", **labels)] == tally.answered
        assert exposed[series("month_missed_calls", **labels)] == tally.missed
        excluded = {
            dict(place[1])["reason"]: value
            for place, value in exposed.items()
            if place[0] == "wachtmonitor_month_excluded_contacts" and value and dict(place[1])["month"] == name
        }
        assert excluded == tally.excluded


def test_reading_the_page_changes_nothing_in_the_states() -> None:
    """A tally without expired contacts is the state's own."""
    observed = winter()
    metrics = MonthMetrics(lambda: observed, REPORTED)
    assert metrics.render() == metrics.render()


def test_two_workers_add_up_to_one_that_owns_all_their_partitions() -> None:
    both = owning(winter_calls(), winter_calls())
    workers = [exposition(observing([each], NOW)) for each in both]
    assert over_workers(workers) == exposition(observing(both, NOW))


def test_a_category_of_former_settings_keeps_its_calls() -> None:
    """The months that are no longer judged anew were counted by the bounds of their time."""
    state = winter_calls()
    rules = rules_with(speed_categories_ms=(30_000, 3_000_000))
    state.settle().months["2025-12"][KCC].speed_categories = {20_000: 4}
    exposed = exposition(observing(owning(state), NOW, rules))
    categories = {
        dict(labels)["up_to_seconds"]: value
        for (name, labels), value in exposed.items()
        if name == "wachtmonitor_month_speed_category_calls" and ("month", "2025-12") in labels
    }
    assert categories == {"20": 4, "30": 0, "3000": 0, "+Inf": 0}


def test_a_cluster_that_is_no_longer_in_the_settings_keeps_its_months() -> None:
    rules = rules_with(clusters=(Cluster("Nieuwe lijn", Channel.PHONE, 45_000),))
    exposed = exposition(observing(owning(winter_calls()), NOW, rules))
    assert exposed[series("month_offered_calls", **month("2026-02"))] == 2


def test_years_are_those_of_the_settings_and_none_without() -> None:
    nobody = observing([], NOW, RULES)
    unread = {series("closed_months_unread"): 0}
    assert exposition(nobody) == unread | {
        series("reported_missed_ratio", year="2021"): 0.1308,
        series("plan_expenses_euros", year="2021", kind="accounts"): 4_842.84,
        series("plan_expenses_euros", year="2022", kind="budget"): 9_600,
    }
    assert exposition(nobody, Reported()) == unread

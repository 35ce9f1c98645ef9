"""The exposition: exactly the catalogue's metrics, right by hand, and additive over partitions and workers."""

from functools import partial

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from streams.channels.calls.events import AnyCallEvent
from streams.channels.calls.state import CallState
from streams.channels.visits.events import AnyTicketEvent
from streams.channels.visits.state import TicketState
from streams.core.norms import OwnServiceLevel, ServiceLevel
from streams.core.rules import Channel, Cluster
from streams.live.observed import Observed
from streams.live.staffing import Staff
from streams.serve.metrics.catalogue import on_page
from streams.serve.metrics.collector import Metrics
from streams.serve.metrics.metric import Page
from tests.applying import apply
from tests.core.builders import (
    ALWAYS_OPEN,
    BURGERZAKEN,
    DAY,
    HOUR,
    KCC,
    MINUTE,
    OCMW,
    RULES,
    SECOND,
    STEADY,
    abandoned,
    answered,
    arrived,
    calls,
    cancelled,
    ms,
    no_show,
    offered,
    requested,
    rules_with,
    started,
    tickets,
)
from tests.core.test_judging import taken_in
from tests.serve.observing import NORMS, complaints, exposition, observing, over_workers, owning, read, series

TEN = ms("2026-03-02 10:00")  # a Monday within opening hours
PHONE = {"cluster": KCC, "channel": "phone"}
DESK = {"cluster": BURGERZAKEN, "channel": "desk"}


def monday_calls() -> CallState:
    """Three answered after 20, 30 and 400 s, one missed after 12.5 s, one waiting, one of the night before."""
    at = TEN - 10 * MINUTE
    state = calls(
        [
            offered(at, "a"),
            answered(at + 20 * SECOND, "a"),
            offered(at, "b"),
            answered(at + 30 * SECOND, "b"),
            offered(at, "c"),
            answered(at + 400 * SECOND, "c"),
            offered(at, "d"),
            abandoned(at + 12_500, "d"),
            offered(TEN - 7 * SECOND, "waits"),
            offered(ms("2026-03-02 05:00"), "night"),
        ],
        record_ms=TEN,
    )
    state.reject("malformed_json", TEN)
    return state


def monday_visits() -> TicketState:
    """One 90 s late who came 30 s after the plan, one early, two walk-ins, one missing, one off, two waiting."""
    plan = TEN - 10 * MINUTE
    return tickets(
        [
            requested(ms("2026-03-02 08:00"), plan, "late"),
            arrived(plan + 30 * SECOND, ticket="late"),
            started(plan + 90 * SECOND, ticket="late"),
            started(plan - 60 * SECOND, plan, ticket="early"),
            arrived(plan, ticket="walk-in"),
            started(plan + 45 * SECOND, ticket="walk-in"),
            arrived(plan, ticket="left"),
            cancelled(plan + 60 * SECOND, ticket="left"),
            no_show(plan + 5 * MINUTE, plan, ticket="missing"),
            cancelled(plan + MINUTE, plan, ticket="off"),
            arrived(plan, TEN - 3 * MINUTE, ticket="waits"),
            arrived(TEN - 4 * MINUTE, ticket="waits too"),
        ],
        record_ms=TEN,
    )


def monday() -> Observed:
    """Everything known: both channels, broker and checkpoints."""
    known = {
        "high_watermark": 25,
        "checkpoint_offset": 8,
        "checkpoint_written_ms": TEN - 1_500,
        "checkpoint_bytes": 4_096,
        "checkpoint_seconds": 0.25,
    }
    partitions = owning(monday_calls(), monday_visits())
    rules = rules_with(short_abandon_ms=5 * SECOND)
    observed = observing([msgspec.structs.replace(each, **known) for each in partitions], TEN, rules)
    return msgspec.structs.replace(
        observed,
        clock_ahead_seconds=-12.5,
        sources_away={"kcc": False},
        staffing={
            (Channel.PHONE, KCC): Staff(logged_in=7, free=0, talking=4, paused=1, paused_by={"other": 1}),
            (Channel.DESK, BURGERZAKEN): Staff(desks_open=2),
        },
        staffing_rejected={"unknown_cluster": 3},
    )


def test_the_catalogue_and_the_exposition_name_the_same_metrics() -> None:
    """Each with its kind and labels; all have series when everything is known."""
    exposed = {
        family.name + ("_total" if family.type == "counter" else ""): family
        for family in text_string_to_metric_families(Metrics(monday).render().decode())
    }
    assert set(exposed) == {metric.name for metric in on_page(Page.LIVE)}
    for metric in on_page(Page.LIVE):
        family = exposed[metric.name]
        labels = {frozenset(sample.labels) - {"le"} for sample in family.samples}
        assert (family.type, family.documentation) == (metric.kind.value, metric.help)
        assert labels == {frozenset(metric.labels)}, metric.name


def test_promtool_has_no_complaint() -> None:
    metrics = Metrics(monday)
    metrics.observe_latency(0.2)
    assert complaints(metrics.render()) == ""


def test_the_figures_of_a_line_are_those_computed_by_hand() -> None:
    exposed = exposition(monday())
    today = {**PHONE, "window": "today"}
    expected = {
        series("waiting_contacts", **PHONE): 1,
        series("longest_wait_seconds", **PHONE): 7,
        series("served_contacts", **today): 3,
        series("wait_seconds", **today): 450,
        series("within_norm_contacts", **today): 2,
        series("offered_calls", **today): 4,
        series("missed_calls", **today): 1,
        series("missed_wait_seconds", **today): 12.5,
        series("within_service_level_calls", **today): 2,
        series("excluded_contacts", **today, reason="outside_opening_hours"): 1,
        series("excluded_contacts", **today, reason="unresolved"): 0,
        **{
            series("speed_category_calls", **today, up_to_seconds=up_to): count
            for up_to, count in {"30": 2, "60": 0, "90": 0, "120": 0, "300": 0, "+Inf": 1}.items()
        },
        # only the slow answer became known within five minutes
        series("served_contacts", **PHONE, window="5m"): 1,
        series("wait_seconds", **PHONE, window="5m"): 400,
        series("offered_calls", **PHONE, window="15m"): 4,
    }
    assert {each: exposed[each] for each in expected} == expected


def test_the_figures_of_a_desk_are_those_computed_by_hand() -> None:
    exposed = exposition(monday())
    today = {**DESK, "window": "today"}
    expected = {
        series("waiting_contacts", **DESK): 1,
        series("longest_wait_seconds", **DESK): 180,
        series("waiting_walk_ins", **DESK): 1,
        series("longest_walk_in_wait_seconds", **DESK): 240,
        series("served_contacts", **today): 2,
        series("wait_seconds", **today): 90,
        series("within_norm_contacts", **today): 1,
        series("signed_wait_seconds", **today): 30,
        series("experienced_contacts", **today): 1,
        series("experienced_wait_seconds", **today): 60,
        series("walk_ins", **today): 1,
        series("walk_in_wait_seconds", **today): 45,
        series("walk_ins_left", **today): 1,
        series("no_shows", **today): 1,
        series("cancelled_appointments", **today): 1,
        series("requested_appointments", **today): 1,
        series("lead_workdays", **today): 0,
        series("requested_within_norm_appointments", **today): 1,
        series("implausible_requests", **today): 0,
        series("served_contacts", cluster=OCMW, channel="desk", window="today"): 0,
    }
    assert {each: exposed[each] for each in expected} == expected


def test_the_month_so_far_is_the_local_month_with_expired_contacts_as_unresolved() -> None:
    """A call of February is in no window of March, one of the day before is in the month alone."""
    last_month, yesterday = ms("2026-02-27 12:00"), ms("2026-03-03 12:00")
    events: list[AnyCallEvent] = [
        offered(last_month, "february"),
        answered(last_month + 10 * SECOND, "february"),
        offered(yesterday, "yesterday"),
        answered(yesterday + 20 * SECOND, "yesterday"),
        offered(yesterday, "never ends"),
    ]
    now = ms("2026-03-04 12:00")
    exposed = exposition(observing(owning(calls(events, record_ms=now)), now))
    assert exposed[series("served_contacts", **PHONE, window="month")] == 1
    assert exposed[series("wait_seconds", **PHONE, window="month")] == 20
    assert exposed[series("excluded_contacts", **PHONE, window="month", reason="unresolved")] == 1
    assert exposed[series("served_contacts", **PHONE, window="today")] == 0
    assert exposed[series("waiting_contacts", **PHONE)] == 0


def test_nobody_waiting_is_a_count_of_0_and_no_longest_wait() -> None:
    exposed = exposition(observing(owning(calls([]), tickets([])), TEN))
    assert exposed[series("waiting_contacts", **PHONE)] == 0
    assert exposed[series("served_contacts", **PHONE, window="5m")] == 0
    assert not {name for name, _ in exposed if "longest" in name or "last_event" in name}


def test_open_contacts_are_those_without_an_outcome_whether_they_wait_expired_or_are_yet_to_come() -> None:
    """Of these, nobody waits."""
    phone = calls([offered(TEN, "expired"), offered(TEN, "answered"), answered(TEN + SECOND, "answered")])
    desk = tickets([requested(TEN, TEN + 2 * DAY, "planned"), requested(TEN - 2 * DAY, TEN - DAY, "unresolved")])
    exposed = exposition(observing(owning(phone, desk), TEN + RULES.call_expiry_ms))
    assert exposed[series("waiting_contacts", **PHONE)] == exposed[series("waiting_contacts", **DESK)] == 0
    assert exposed[series("open_contacts", channel="phone")] == len(phone.open) == 1
    assert exposed[series("open_contacts", channel="desk")] == len(desk.open) == 2


def test_norms_are_exported_as_they_are_in_the_settings() -> None:
    exposed = exposition(observing([], TEN))
    assert exposed[series("norm_wait_seconds", **PHONE)] == 45
    assert exposed[series("norm_wait_seconds", **DESK)] == 60
    assert exposed[series("norm_service_level_ratio")] == 0.7
    assert exposed[series("norm_service_level_seconds")] == 30
    assert exposed[series("norm_cluster_service_level_ratio", **PHONE)] == 0.7
    assert exposed[series("norm_cluster_service_level_seconds", **PHONE)] == 30
    assert series("norm_cluster_service_level_ratio", **DESK) not in exposed
    assert exposed[series("norm_missed_ratio")] == 0.2
    assert exposed[series("norm_lead_workdays")] == 5
    assert exposed[series("clusters")] == sum(name == "wachtmonitor_norm_wait_seconds" for name, _ in exposed)


def test_a_line_is_counted_by_its_own_bound() -> None:
    """A call answered after 45 s is late by the bound of all lines, and in time by that of its line."""
    own = OwnServiceLevel(Channel.PHONE, KCC, ServiceLevel(60, 0.9))
    state = calls([offered(TEN - MINUTE, "a"), answered(TEN - 15 * SECOND, "a")])
    for norms, within in ((NORMS, 0), (msgspec.structs.replace(NORMS, own_service_levels=(own,)), 1)):
        exposed = exposition(observing(owning(state), TEN, norms=norms))
        assert exposed[series("within_service_level_calls", **PHONE, window="today")] == within
        level = norms.service_level(Channel.PHONE, KCC)
        assert exposed[series("norm_cluster_service_level_seconds", **PHONE)] == level.seconds
        assert exposed[series("norm_cluster_service_level_ratio", **PHONE)] == level.ratio


@pytest.mark.parametrize(
    ("local", "is_open"), [("2026-03-02 10:00", 1), ("2026-03-02 17:00", 0), ("2026-06-05 10:00", 0)]
)
def test_open_is_1_in_opening_hours_and_0_outside_them_and_on_closing_days(local: str, is_open: int) -> None:
    assert exposition(observing([], ms(local)))[series("open")] == is_open


def test_the_health_of_a_partition_is_what_was_observed() -> None:
    exposed = exposition(monday())
    place = {"topic": "calls", "partition": "0"}
    assert exposed[series("consumer_lag_records", **place)] == 15  # 25 on the broker, 10 folded
    assert exposed[series("events_applied_total", **place)] == 10
    assert exposed[series("records_rejected_total", **place, reason="malformed_json")] == 1
    assert exposed[series("names_repaired_total", **place, reason="case")] == 0
    assert exposed[series("checkpoint_behind_records", **place)] == 2
    assert exposed[series("checkpoint_timestamp_seconds", **place)] == (TEN - 1_500) / 1_000
    assert exposed[series("checkpoint_size_bytes", **place)] == 4_096
    assert exposed[series("checkpoint_duration_seconds", **place)] == 0.25
    assert exposed[series("owned_partitions", topic="calls")] == 1
    assert exposed[series("last_event_timestamp_seconds", topic="calls")] == (TEN - 7 * SECOND) / 1_000
    assert exposed[series("feed_stale_seconds", topic="calls", channel="phone")] == 90
    assert exposed[series("feed_stale_seconds", topic="tickets", channel="desk")] == 900
    assert exposed[series("open_contacts", channel="phone")] == 1
    assert exposed[series("remembered_contacts", channel="phone")] == 6


def test_what_two_sets_of_rules_have_counted_is_left_out() -> None:
    """While changed hours are applied to the calls: who waits is known, what was counted is neither old nor new."""
    state = taken_in(monday_calls(), ALWAYS_OPEN, 2)
    state.judge(2)
    exposed = exposition(observing(owning(state, monday_visits()), TEN))
    assert exposed[series("unjudged_contacts", channel="phone")] == state.unjudged == 2
    assert exposed[series("unjudged_contacts", channel="desk")] == 0
    assert exposed[series("longest_wait_seconds", **PHONE)] == 7
    assert series("wait_seconds", **PHONE, window="today") not in exposed
    assert series("wait_seconds", **DESK, window="today") in exposed
    state.judge(3)
    judged = exposition(observing(owning(state, monday_visits()), TEN))
    assert judged[series("unjudged_contacts", channel="phone")] == 0
    assert judged[series("wait_seconds", **PHONE, window="today")] == 450


def test_what_is_not_known_of_a_partition_is_left_out() -> None:
    names = {name for name, _ in exposition(observing(owning(calls([])), TEN))}
    assert not {name for name in names if "lag" in name or "checkpoint" in name}


def test_a_reason_that_never_occurred_has_a_series_at_0_so_that_the_first_rejection_is_an_increase() -> None:
    exposed = exposition(observing(owning(calls([])), TEN))
    assert exposed[series("records_rejected_total", topic="calls", partition="0", reason="too_large")] == 0


def test_series_of_a_partition_that_is_no_longer_owned_disappear() -> None:
    owned = owning(monday_calls(), monday_visits())
    metrics = Metrics(lambda: observing(owned, TEN))
    before = read(metrics.render())
    del owned[0]
    after = read(metrics.render())
    gone = {labels for _, labels in set(before) - set(after)}
    assert all(("topic", "calls") in labels or ("channel", "phone") in labels for labels in gone)
    assert not [name for name, labels in after if ("topic", "calls") in labels]
    assert all(name.startswith("wachtmonitor_norm_") for name, labels in after if ("channel", "phone") in labels)


def test_a_scrape_says_the_same_whatever_earlier_scrapes_have_said() -> None:
    """Before, between and after changes, with partitions that come and go: as one that is the first."""
    phone, desk = monday_calls(), tickets([requested(TEN, TEN + HOUR, "v"), arrived(TEN, ticket="v")])
    views = [
        observing(owning(phone, desk), TEN),
        observing(owning(phone, desk), TEN + SECOND),
        observing(owning(phone), TEN + 2 * SECOND),
        observing(owning(phone, desk), TEN + 20 * MINUTE),
    ]
    shown = views.copy()
    scraped = Metrics(lambda: shown.pop(0))
    for view in views:
        assert scraped.render() == Metrics(partial(msgspec.structs.replace, view)).render()
    apply(phone, offered(TEN + HOUR, "later"), TEN + HOUR)
    apply(phone, answered(TEN + HOUR + SECOND, "later"), TEN + HOUR)
    changed = observing(owning(phone, desk), TEN + HOUR)
    shown.append(changed)
    assert scraped.render() == Metrics(lambda: changed).render()


def test_a_fault_is_shown_of_topics_that_are_read_and_of_one_that_is_not_for_it() -> None:
    """A topic that was made anew is read by nobody; who reads none and sees none knows nothing of faults."""
    read_here = observing(owning(calls([], RULES, TEN)), TEN)
    nothing = observing([], TEN)
    anew = msgspec.structs.replace(nothing, faults=frozenset({("calls", "topic_anew")}))
    assert exposition(anew)[series("feed_fault", topic="calls", fault="topic_anew")] == 1
    assert not [each for each in exposition(nothing) if "feed_fault" in str(each)]
    both = exposition(msgspec.structs.replace(read_here, faults=anew.faults))
    assert both[series("feed_fault", topic="calls", fault="topic_anew")] == 1
    assert both[series("feed_fault", topic="calls", fault="keys_split")] == 0


def test_latencies_are_counted_and_clocks_apart_count_as_0() -> None:
    metrics = Metrics(monday)
    metrics.observe_latency(0.3)
    metrics.observe_latency(-0.1)
    exposed = read(metrics.render())
    assert exposed[series("event_latency_seconds_count")] == 2
    assert exposed[series("event_latency_seconds_sum")] == 0.3
    assert exposed[series("event_latency_seconds_bucket", le="0.005")] == 1


def test_any_name_of_a_cluster_survives_the_text_format() -> None:
    name = 'Bouwen "en"\\wonen, {Lier}\nzuid'
    rules = rules_with(clusters=(Cluster(name, Channel.PHONE, 45_000),))
    state = calls([offered(TEN, cluster=name)], rules, TEN)
    exposed = exposition(observing(owning(state), TEN, rules))
    assert exposed[series("waiting_contacts", cluster=name, channel="phone")] == 1


def test_a_service_level_whose_bound_is_no_category_is_refused_with_the_bounds_there_are() -> None:
    with pytest.raises(ValueError, match=r"\(30, 60, 90, 120, 300 s\), but it is 45 s"):
        Observed(
            now_ms=TEN,
            rules=RULES,
            norms=msgspec.structs.replace(NORMS, service_level_seconds=45),
            stale_seconds={Channel.PHONE: 90, Channel.DESK: 900},
            partitions=[],
        )


def test_two_workers_add_up_to_one_that_owns_all_their_partitions() -> None:
    mine, yours = owning(monday_calls(), monday_visits()), owning(calls([]), monday_calls(), tickets([]))
    yours = [msgspec.structs.replace(each, partition=each.partition + 1, high_watermark=40) for each in yours]
    workers = [exposition(observing(each, TEN)) for each in (mine, yours)]
    assert over_workers(workers) == exposition(observing(mine + yours, TEN))


WORKERS = 3
Drawn = tuple[int, int, int, str]
"""The worker that owns a contact, how long ago it began and how long it waited (ms), and what became of it."""

_WORKER, _AGO, _WAIT = st.integers(0, WORKERS - 1), st.integers(0, 2 * HOUR), st.integers(0, 400_000)
_CALLS = st.lists(st.tuples(_WORKER, _AGO, _WAIT, st.sampled_from("aml")), max_size=12)
_VISITS = st.lists(st.tuples(_WORKER, _AGO, _WAIT, st.sampled_from("swa")), max_size=12)


def call_events(name: str, ago: int, wait: int, outcome: str) -> list[AnyCallEvent]:
    """A call that was answered, missed, or is on the line."""
    at = TEN - ago
    known: dict[str, list[AnyCallEvent]] = {
        "a": [answered(at + wait, name)],
        "m": [abandoned(at + wait, name)],
        "l": [],
    }
    return [offered(at, name), *known[outcome]]


def visit_events(name: str, ago: int, wait: int, outcome: str) -> list[AnyTicketEvent]:
    """A visit that was served, a walk-in that was, or one who sits there."""
    at = TEN - ago
    known: dict[str, list[AnyTicketEvent]] = {
        "s": [arrived(at - MINUTE, at, name), started(at + wait, ticket=name)],
        "w": [arrived(at, ticket=name), started(at + wait, ticket=name)],
        "a": [arrived(at, at + wait, name)],
    }
    return known[outcome]


@settings(STEADY, max_examples=25)
@given(_CALLS, _VISITS)
def test_contacts_spread_over_workers_add_up_to_all_in_one(
    drawn_calls: list[Drawn], drawn_visits: list[Drawn]
) -> None:
    """However the keys fall into partitions, the series without the partition are the same."""
    call_state, ticket_state = CallState(ALWAYS_OPEN), TicketState(ALWAYS_OPEN)
    workers = [(CallState(ALWAYS_OPEN), TicketState(ALWAYS_OPEN)) for _ in range(WORKERS)]
    for number, (worker, ago, wait, outcome) in enumerate(drawn_calls):
        for event in call_events(f"c{number}", ago, wait, outcome):
            apply(call_state, event, TEN)
            apply(workers[worker][0], event, TEN)
    for number, (worker, ago, wait, outcome) in enumerate(drawn_visits):
        for visit_event in visit_events(f"t{number}", ago, wait, outcome):
            apply(ticket_state, visit_event, TEN)
            apply(workers[worker][1], visit_event, TEN)
    alone = over_workers([exposition(observing(owning(call_state, ticket_state), TEN, ALWAYS_OPEN))], "partition")
    together = over_workers((exposition(observing(owning(*each), TEN, ALWAYS_OPEN)) for each in workers), "partition")
    for topic in ("calls", "tickets"):
        assert alone.pop(series("owned_partitions", topic=topic)) == 1
        assert together.pop(series("owned_partitions", topic=topic)) == WORKERS
    assert together == alone


def test_a_difference_between_the_clocks_has_its_sign_and_is_absent_while_unknown() -> None:
    """A clock that is behind is below 0, and nobody takes one that was never compared for right."""
    assert exposition(monday())[series("clock_ahead_seconds")] == -12.5
    unknown = msgspec.structs.replace(monday(), clock_ahead_seconds=None)
    assert series("clock_ahead_seconds") not in exposition(unknown)


def test_who_serves_is_shown_as_it_is_known_and_what_is_not_known_is_absent() -> None:
    exposed = exposition(monday())
    names = [series(name)[0] for name in ("staff_logged_in", "staff", "staff_paused", "desks_open")]
    found = {each: value for each, value in exposed.items() if each[0] in names}
    assert found == {
        series("staff_logged_in", **PHONE): 7,
        series("staff", **PHONE, state="free"): 0,
        series("staff", **PHONE, state="talking"): 4,
        series("staff", **PHONE, state="paused"): 1,
        series("staff_paused", **PHONE, pause="other"): 1,
        series("desks_open", **DESK): 2,
    }
    assert exposed[series("staffing_rejected_total", reason="unknown_cluster")] == 3
    assert exposed[series("staffing_rejected_total", reason="empty")] == 0

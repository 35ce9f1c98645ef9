"""What the wall is told: averages and shares as computed by hand, and none where there was nobody."""

import json

import msgspec
import pytest

from streams.channels.calls.events import AnyCallEvent
from streams.channels.calls.state import CallState
from streams.core.norms import Norms, OwnServiceLevel, ServiceLevel
from streams.core.rules import Channel
from streams.live.staffing import Staff
from streams.serve.wall.calls import CallsLayout, CallsWindow
from streams.serve.wall.figures import feeds, wall_moment
from streams.serve.wall.moment import ClusterNow, Moment
from streams.serve.wall.payload import FeedStatus, WallPayload
from streams.serve.wall.say import said
from streams.serve.wall.visits import VisitsWindow
from streams.words import Language, words_of
from tests.applying import apply
from tests.core.builders import (
    BURGERZAKEN,
    KCC,
    MINUTE,
    OCMW,
    RULES,
    SECOND,
    abandoned,
    answered,
    arrived,
    calls,
    ms,
    no_show,
    offered,
    rules_with,
    started,
    tickets,
)
from tests.serve.observing import observing, owning
from tests.serve.wall_payloads import phone
from tests.serve.wall_payloads import wall_moment as lines_moment

TEN = ms("2026-03-02 10:00")  # a Monday within opening hours


def busy_line() -> CallState:
    """Answered after 20 and 30 s ten minutes ago, after 100 s an hour ago; one missed, one waiting for 32 s."""
    return calls(
        [
            offered(TEN - 10 * MINUTE, "a"),
            answered(TEN - 10 * MINUTE + 20 * SECOND, "a"),
            offered(TEN - 10 * MINUTE, "b"),
            answered(TEN - 10 * MINUTE + 30 * SECOND, "b"),
            offered(TEN - 70 * MINUTE, "c"),
            answered(TEN - 70 * MINUTE + 100 * SECOND, "c"),
            offered(TEN - 9 * MINUTE, "d"),
            abandoned(TEN - 8 * MINUTE, "d"),
            offered(TEN - 32 * SECOND, "e"),
        ],
        record_ms=TEN,
    )


def clusters(moment: Moment) -> dict[str, ClusterNow]:
    """The clusters by name."""
    return {each.cluster: each for each in moment.clusters}


def test_a_line_shows_who_waits_and_the_averages_of_its_windows() -> None:
    line = clusters(wall_moment(observing(owning(busy_line()), TEN), demo=False))[KCC]
    assert (line.norm_seconds, line.waiting, line.longest_wait_seconds) == (45, 1, 32)
    assert line.windows["15m"] == CallsWindow(
        count=2, average_wait_seconds=25, within_ratio=1, missed=1, missed_ratio=1 / 3
    )
    assert line.windows["today"] == CallsWindow(
        count=3, average_wait_seconds=50, within_ratio=2 / 3, missed=1, missed_ratio=1 / 4
    )
    assert list(line.windows) == ["5m", "15m", "60m", "today"]


def test_missed_calls_without_short_abandons_stand_beside_the_official_share() -> None:
    """Of four calls one was answered; of the three missed one was short. Without a bound there is no figure."""
    facts: list[AnyCallEvent] = [
        *(offered(TEN - MINUTE, each) for each in "abcd"),
        *(answered(TEN - 50 * SECOND, "a"), abandoned(TEN - SECOND, "b"), abandoned(TEN - SECOND, "c")),
        abandoned(TEN - 57 * SECOND, "d"),
    ]
    for bound_ms, share in ((5 * SECOND, 2 / 3), (None, None), (2 * SECOND, 3 / 4)):
        rules = rules_with(RULES, short_abandon_ms=bound_ms)
        state = calls(facts, rules, record_ms=TEN)
        moment = wall_moment(observing(owning(state), TEN, rules), demo=False)
        today = clusters(moment)[KCC].windows["today"]
        assert (today.missed, today.missed_ratio, today.without_short_ratio) == (3, 3 / 4, share)


def test_where_not_every_missed_call_was_counted_by_the_bound_the_wall_has_no_second_figure() -> None:
    layout = CallsLayout()
    assert layout.window([1, 9, 1, 3, 1, 1]).without_short_ratio is None
    assert layout.window([1, 9, 1, 3, 1, 2]).without_short_ratio == 2 / 3
    assert layout.window([0, 0, 0, 3, 3, 0]).without_short_ratio is None


def test_a_window_with_missed_calls_only_has_a_share_and_no_average() -> None:
    state = calls([offered(TEN - MINUTE), abandoned(TEN - SECOND)], record_ms=TEN)
    line = clusters(wall_moment(observing(owning(state), TEN), demo=False))[KCC]
    assert line.windows["5m"] == CallsWindow(
        count=0, average_wait_seconds=None, within_ratio=None, missed=1, missed_ratio=1
    )


def test_a_desk_shows_who_waits_and_the_averages_of_its_windows() -> None:
    plan = TEN - 10 * MINUTE
    state = tickets(
        [
            started(plan + 90 * SECOND, plan, "late"),
            started(plan - 30 * SECOND, plan, "early"),
            arrived(plan, ticket="walk-in"),
            started(plan + MINUTE, ticket="walk-in"),
            no_show(plan + MINUTE, plan, "missing"),
            arrived(TEN - 4 * MINUTE, TEN - 3 * MINUTE, "waits"),
        ],
        record_ms=TEN,
    )
    desk = clusters(wall_moment(observing(owning(state), TEN), demo=False))[BURGERZAKEN]
    assert (desk.norm_seconds, desk.waiting, desk.longest_wait_seconds) == (60, 1, 180)
    assert desk.windows["15m"] == VisitsWindow(count=2, average_wait_seconds=45, walk_ins=1, no_shows=1)


def test_where_nobody_waited_there_is_no_average_and_no_longest_wait() -> None:
    shown = clusters(wall_moment(observing(owning(calls([]), tickets([])), TEN), demo=False))
    assert list(shown) == [KCC, BURGERZAKEN, OCMW]
    assert {each.longest_wait_seconds for each in shown.values()} == {None}
    assert shown[KCC].windows["today"] == CallsWindow(
        count=0, average_wait_seconds=None, within_ratio=None, missed=0, missed_ratio=None
    )
    assert shown[OCMW].windows["today"] == VisitsWindow(count=0, average_wait_seconds=None)


def test_partitions_of_one_line_are_one_line() -> None:
    """The longest wait is the longest of all, counts and sums add up before the division."""
    other = calls([offered(TEN - 50 * SECOND, "f"), offered(TEN - 6 * MINUTE, "g")], record_ms=TEN)
    apply(other, answered(TEN - 6 * MINUTE + 10 * SECOND, "g"), TEN)
    line = clusters(wall_moment(observing(owning(busy_line(), other), TEN), demo=False))[KCC]
    assert (line.waiting, line.longest_wait_seconds) == (2, 50)
    assert line.windows["15m"] == CallsWindow(
        count=3, average_wait_seconds=20, within_ratio=1, missed=1, missed_ratio=1 / 4
    )


@pytest.mark.parametrize(
    ("local", "opening", "at"),
    [
        ("2026-03-02 10:00", "open", "2026-03-02T10:00:00+01:00"),
        ("2026-07-06 20:00", "outside_opening_hours", "2026-07-06T20:00:00+02:00"),
        ("2026-06-05 10:00", "closing_day", "2026-06-05T10:00:00+02:00"),
    ],
)
def test_the_wall_tells_the_citys_time_and_whether_it_is_open(local: str, opening: str, at: str) -> None:
    payload = wall_moment(observing([], ms(local)), demo=False)
    assert (payload.opening, payload.at) == (opening, at)


def test_norms_and_demo_are_handed_on() -> None:
    payload = wall_moment(observing([], TEN), demo=True)
    assert payload.norms == Norms(service_level_seconds=30, service_level_ratio=0.7, missed_ratio=0.2)
    assert payload.demo


@pytest.mark.parametrize(("windows", "recent"), [((5, 15, 60), 15), ((10, 60), 10), ((30,), 30)])
def test_the_wall_shows_the_rolling_window_nearest_to_a_quarter_of_an_hour(
    windows: tuple[int, ...], recent: int
) -> None:
    rules = rules_with(RULES, windows_minutes=windows)
    assert wall_moment(observing([], TEN, rules), demo=False).recent_minutes == recent


def test_a_feed_is_as_old_as_its_newest_event_and_lags_by_all_its_partitions() -> None:
    """A clock that is a little ahead makes no negative age."""
    partitions = owning(busy_line(), calls([]), tickets([arrived(TEN + SECOND)], record_ms=TEN))
    partitions[:2] = [msgspec.structs.replace(each, high_watermark=each.next_offset + 3) for each in partitions[:2]]
    assert feeds(observing(partitions, TEN)) == (
        FeedStatus(topic="calls", age_seconds=32, lag=6, stale_after_seconds=90),
        FeedStatus(topic="tickets", age_seconds=0, lag=0, stale_after_seconds=900),
    )


def test_a_feed_is_as_far_behind_as_the_last_of_its_partitions_that_has_records_to_read() -> None:
    """A partition that is up to date has the newest event, and hides nothing; a delay of the past is over."""
    current, catching_up, done = owning(busy_line(), calls([]), calls([]))
    current = msgspec.structs.replace(current, high_watermark=current.next_offset, delay_ms=20)
    catching_up = msgspec.structs.replace(catching_up, high_watermark=500, delay_ms=86_400_000)
    done = msgspec.structs.replace(done, high_watermark=done.next_offset, delay_ms=90_000_000)
    phone, desk = feeds(observing([current, catching_up, done], TEN))
    assert (phone.age_seconds, phone.lag, phone.behind_seconds) == (32, 500, 86_400)
    assert (desk.lag, desk.behind_seconds) == (None, None)  # nobody reads it
    (phone, _) = feeds(observing([current, done], TEN))
    assert (phone.lag, phone.behind_seconds) == (0, 0)


def test_a_feed_that_never_spoke_has_no_age() -> None:
    assert [feed.age_seconds for feed in feeds(observing(owning(calls([])), TEN))] == [None, None]


def test_the_payload_is_json_that_programs_can_read_back() -> None:
    payload = said(wall_moment(observing(owning(busy_line(), tickets([])), TEN), demo=True), words_of(Language.DUTCH))
    encoded = msgspec.json.encode(payload)
    assert msgspec.json.decode(encoded, type=WallPayload) == payload
    assert [each["channel"] for each in json.loads(encoded)["channels"]] == ["phone", "desk"]


def test_lines_with_service_levels_of_their_own_say_within_which_time_each() -> None:
    """The heading names a bound as long as all lines have one; then each is judged by its own, and says it."""
    moment = lines_moment(phone(), phone(cluster="Noodlijn"))
    (lines,) = said(moment, words_of(Language.ENGLISH)).channels
    assert lines.columns[3].label == "within 30 s today"
    assert {each.cells[3].norm for each in lines.clusters} == {"target ≥ 70%"}
    assert {each.note for each in lines.clusters} == {""}
    own = OwnServiceLevel(Channel.PHONE, "Noodlijn", ServiceLevel(60, 0.8))
    norms = msgspec.structs.replace(moment.norms, own_service_levels=(own,))
    (lines,) = said(msgspec.structs.replace(moment, norms=norms), words_of(Language.ENGLISH)).channels
    assert lines.columns[3].label == "in time today"
    cells = {each.cluster: (each.cells[3].norm, each.cells[3].state, each.note) for each in lines.clusters}
    assert cells == {
        KCC: ("≥ 70% within 30 s", "good", "≥ 70% within 30 s"),
        "Noodlijn": ("≥ 80% within 1 min", "bad", "≥ 80% within 1 min"),
    }


@pytest.mark.parametrize(
    ("language", "line", "desk"),
    [
        (Language.DUTCH, "3 vrij van 7", "1 loket open"),
        (Language.ENGLISH, "3 free of 7", "1 desk open"),
        (Language.FRENCH, "3 libres sur 7", "1 guichet ouvert"),
    ],
)
def test_who_serves_stands_small_beside_who_waits(language: Language, line: str, desk: str) -> None:
    staffing = {
        (Channel.PHONE, KCC): Staff(logged_in=7, free=3),
        (Channel.DESK, BURGERZAKEN): Staff(desks_open=1, free=1),
    }
    observed = msgspec.structs.replace(observing(owning(busy_line()), TEN), staffing=staffing)
    payload = said(wall_moment(observed, demo=False), words_of(language))
    notes = {each.cluster: each.cells[0].note for channel in payload.channels for each in channel.clusters}
    assert (notes[KCC], notes[BURGERZAKEN], notes[OCMW]) == (line, desk, "")

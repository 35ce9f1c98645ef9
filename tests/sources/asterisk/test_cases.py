"""Cases of which there is no recording: transfers, overflow, restarts, and exchanges that say less."""

from collections.abc import Callable
from typing import Final

import pytest

from streams.sources.call_rules import CallRules
from tests.sources.asterisk.replaying import Exchange, Player, Recording, Sent, play
from tests.sources.asterisk.scripted import BEGIN_MS, Script, told

RULES: Final = CallRules({"kcc": "KCC", "snel": "Snelbalie"}, {"088303": "Menu", "088312": "Balie"})


def plain(script: Script | None = None) -> Script:
    """One call: in at 0.2, answered at 5.9, over at 20.4."""
    script = script or Script()
    call = script.dial_in(0.2)
    script.join(0.7, call, "kcc")
    phone = script.answer(5.9, call, "kcc")
    script.complete(20.4, call, "kcc", phone)
    script.hang_up(20.4, call)
    return script


PLAIN: Final = [("offered", "KCC", 0.2), ("answered", "KCC", 5.9), ("ended", "KCC", 20.4)]


def test_the_first_queue_is_the_cluster_and_the_second_goes_on_with_the_same_wait() -> None:
    script = Script()
    call = script.dial_in(0.2)
    script.join(1.7, call, "kcc")
    script.time_is_up(31.7, call, "kcc")
    script.join(31.8, call, "snel")
    phone = script.answer(40.1, call, "snel")
    script.complete(60.4, call, "snel", phone)
    script.hang_up(60.4, call)
    by_manager = [("offered", "KCC", 0.2), ("answered", "KCC", 40.1), ("ended", "KCC", 60.4)]
    assert told(play(script.recording(), rules=RULES).told) == by_manager
    by_log = [("offered", "KCC", 0.5), ("answered", "KCC", 40.5), ("ended", "KCC", 60.5)]
    assert told(play(script.recording(), rules=RULES, manager=False).told) == by_log


def test_who_is_in_a_queue_again_after_a_long_message_waits_again() -> None:
    """By queue_log alone: for all that it says the caller was gone."""
    script = Script()
    call = script.dial_in(0.2)
    script.join(1.7, call, "kcc")
    script.time_is_up(31.7, call, "kcc")
    script.join(61.8, call, "snel")
    script.give_up(70.1, call, "snel")
    by_log = [("offered", 0.5), ("abandoned", 31.5), ("offered", 61.5), ("abandoned", 70.5)]
    heard = play(script.recording(), rules=RULES, manager=False)
    assert told(heard.told) == [(kind, "KCC", at) for kind, at in by_log]
    assert told(play(script.recording(), rules=RULES).told) == [("offered", "KCC", 0.2), ("abandoned", "KCC", 70.1)]


def consultation() -> Script:
    """The employee asks the other queue, as a Local channel, while the citizen holds; then connects both."""
    script = Script()
    citizen = script.dial_in(0.2)
    script.join(0.7, citizen, "kcc")
    sanne = script.answer(5.9, citizen, "kcc")
    script.dial_in(10.1, "7002", citizen)
    ghost = script.dial_in(10.1, "7002", citizen)
    script.join(10.2, ghost, "snel", citizen)
    fatima = script.answer(14.3, ghost, "snel", citizen)
    script.write(20.0, citizen, "kcc", "Sanne", "ATTENDEDTRANSFER", "BRIDGE", "bridge-1", "2", "14", "1")
    script.hang_up(20.0, sanne, citizen)
    script.complete(30.6, ghost, "snel", fatima, linked=citizen)
    script.hang_up(30.6, ghost, citizen)
    script.hang_up(30.7, citizen)
    return script


@pytest.mark.parametrize("away", [[], [(12_000, 12_500)], [(12_000, 60_000)], [(9_000, 11_000)]])
def test_a_consultation_is_no_caller(away: list[tuple[int, int]]) -> None:
    stretches = [(BEGIN_MS + since, BEGIN_MS + until) for since, until in away]
    heard = play(consultation().recording(), rules=RULES, away=stretches)
    assert told(heard.told)[:2] == [("offered", "KCC", 0.2), ("answered", "KCC", 5.9)]
    assert [(kind, cluster) for kind, cluster, _ in told(heard.told)[2:]] == [("ended", "KCC")]


def killed() -> tuple[Script, int, int]:
    """One waits, one talks, one is in the menu; at 30 the exchange is killed; at 40 it runs again, with new ids."""
    script = Script()
    script.start(0)
    talks, waits = script.dial_in(2.2), script.dial_in(3.1)
    script.join(2.7, talks, "kcc")
    script.join(3.6, waits, "kcc")
    script.answer(6.5, talks, "kcc")
    script.dial_in(28.0, "088303")
    script.start(40)
    call = script.dial_in(42.3)
    script.join(42.4, call, "kcc")
    script.give_up(47.7, call, "kcc")
    return script, BEGIN_MS + 30_000, BEGIN_MS + 41_000


def living_after(script: Script, at_ms: int) -> Callable[[int], object]:
    """What the exchange lists that was started again: nothing of before."""
    return Exchange([sent for sent in script.sent if sent.at_ms > at_ms]).lists


BOTH: Final = {("offered", "KCC", 2.2), ("answered", "KCC", 6.5), ("offered", "KCC", 3.1), ("offered", "Menu", 28.0)}
AFTER: Final = {("offered", "KCC", 42.3), ("abandoned", "KCC", 47.7)}


def ends_at(at: float, menu: float | None = None) -> set[tuple[str, str, float]]:
    return {("ended", "KCC", at), ("abandoned", "KCC", at), ("abandoned", "Menu", at if menu is None else menu)}


@pytest.mark.parametrize("has_lists", [True, False])
def test_after_a_kill_no_call_goes_on(has_lists: bool) -> None:
    """The end is when the exchange starts again, as queue_log says; nobody saw another."""
    script, cut_ms, back_ms = killed()
    lists = living_after(script, cut_ms) if has_lists else Exchange.no_lists
    heard = play(script.recording(), rules=RULES, away=[(cut_ms, back_ms)], lists=lists)
    assert sorted(told(heard.told)) == sorted(BOTH | AFTER | ends_at(40.0))


def test_after_a_kill_while_the_program_did_not_run_either() -> None:
    script, cut_ms, back_ms = killed()
    lists = living_after(script, cut_ms)
    heard = play(script.recording(), rules=RULES, away=[(cut_ms, back_ms)], restarts=True, lists=lists)
    assert sorted(told(heard.told)) == sorted(BOTH | AFTER | ends_at(40.0))


def test_after_a_kill_without_queue_log_the_list_tells_and_else_the_ids() -> None:
    script, cut_ms, back_ms = killed()
    heard = play(
        script.recording(), rules=RULES, log=False, away=[(cut_ms, back_ms)], lists=living_after(script, cut_ms)
    )
    assert sorted(told(heard.told)) == sorted(BOTH | AFTER | ends_at(41.0))
    heard = play(script.recording(), rules=RULES, log=False, away=[(cut_ms, back_ms)], lists=Exchange.no_lists)
    assert sorted(told(heard.told)) == sorted(BOTH | AFTER | ends_at(42.3))


def test_after_a_kill_by_queue_log_alone() -> None:
    script, _, _ = killed()
    heard = play(script.recording(), rules=RULES, manager=False)
    queues = {("offered", "KCC", 2.5), ("answered", "KCC", 6.5), ("offered", "KCC", 3.5)}
    ends = {("ended", "KCC", 40.0), ("abandoned", "KCC", 40.0)}
    assert sorted(told(heard.told)) == sorted(queues | ends | {("offered", "KCC", 42.5), ("abandoned", "KCC", 47.5)})


def test_who_calls_as_soon_as_an_exchange_is_back_is_no_caller_of_before() -> None:
    """It starts within the second after its last channel: numbers that begin anew say so again some seconds later."""
    script = Script()
    for _ in range(4):
        before = script.dial_in(2.2)
    script.join(2.7, before, "kcc")
    script.start(3.4)
    first = script.dial_in(3.6)
    script.join(3.8, first, "kcc")
    script.join(5.4, script.dial_in(5.3), "kcc")
    script.give_up(9.2, first, "kcc")
    heard = play(script.recording(), rules=RULES, manager=False)
    ends = [(kind, at) for kind, _, at in told(heard.told) if kind == "abandoned"]
    assert ends == [("abandoned", 3.0), ("abandoned", 9.5)]


def test_a_call_whose_end_nobody_saw_is_not_thought_to_have_lived_on_for_long() -> None:
    script = Script()
    script.start(0)
    call = script.dial_in(2.2)
    script.join(2.7, call, "kcc")
    script.start(7_200)
    heard = play(
        script.recording(), rules=RULES, away=[(BEGIN_MS + 30_000, BEGIN_MS + 7_201_000)], lists=Exchange([]).lists
    )
    assert told(heard.told)[-1] == ("abandoned", "KCC", 90.0)


def test_a_call_that_the_list_lacks_was_over_when_that_was_asked_for() -> None:
    """Not when the first event came after it: that may be much later, and lines of queue_log are waited for."""
    script = Script()
    gone, waits = script.dial_in(0.2), script.dial_in(1.2)
    for call in (gone, waits):
        script.join(2.3, call, "kcc")
        script.time_is_up(7.4, call, "kcc")
    script.hang_up(9.4, gone)
    script.hang_up(10.9, waits)
    away = [(BEGIN_MS + 865, BEGIN_MS + 7_410), (BEGIN_MS + 7_411, BEGIN_MS + 9_413)]
    heard = play(script.recording(), rules=RULES, away=away, late_ms=0)
    assert told(heard.told)[2:] == [("abandoned", "KCC", 9.413), ("abandoned", "KCC", 10.9)]


def test_exchanges_that_write_one_queue_log_do_not_end_the_calls_of_each_other() -> None:
    """Each numbers its channels by itself, and of a start none says whose it is."""
    script, expected = Script(), []
    for at, call in ((2.2, "aa-1795900002.7"), (4.2, "bb-1795900004.3"), (6.2, "aa-1795900006.8")):
        script.write(at, call, "kcc", "NONE", "ENTERQUEUE", "", "0612000001", "1")
        script.write(at + 50, call, "kcc", "NONE", "ABANDON", "1", "1", "50")
        expected += [("offered", "KCC", int(at) + 0.5), ("abandoned", "KCC", int(at) + 50.5)]
    script.start(20)
    heard = play(script.recording(), rules=RULES, manager=False)
    assert sorted(told(heard.told)) == sorted(expected)


def test_of_exchanges_with_one_queue_log_the_one_whose_ids_begin_anew_has_started() -> None:
    script = Script()
    for at, call in ((2.2, "aa-1795900002.7"), (4.2, "bb-1795900004.3"), (30.2, "bb-1795900030.0")):
        script.write(at, call, "kcc", "NONE", "ENTERQUEUE", "", "0612000001", "1")
    heard = play(script.recording(), rules=RULES, manager=False)
    assert [each for each in told(heard.told) if each[0] != "offered"] == [("abandoned", "KCC", 30.5)]


@pytest.mark.parametrize("by", ["AGENT", "CALLER"])
def test_whose_talk_is_over_was_answered_though_that_line_is_lost(by: str) -> None:
    script = Script()
    call = script.dial_in(0.2)
    script.join(0.7, call, "kcc")
    script.write(20.4, call, "kcc", "Sanne", f"COMPLETE{by}", "5", "14", "1")
    heard = play(script.recording(), rules=RULES, manager=False)
    assert told(heard.told) == [("offered", "KCC", 0.5), ("answered", "KCC", 6.5), ("ended", "KCC", 20.5)]


def test_channels_that_are_numbered_in_another_order_in_one_moment_are_no_restart() -> None:
    """Threads of the exchange take the second and the number one after the other."""
    script = Script()
    first, second, third = "1795900001.4", "1795900002.3", "1795900003.2"
    for at, call in ((1.2, first), (2.2, second)):
        script.send(at, "Newchannel", call, Exten="088303")
    assert [kind for kind, _, _ in told(play(script.recording(), rules=RULES, log=False).told)] == ["offered"] * 2
    script.send(3.2, "Newchannel", third, Exten="088303")
    heard = play(script.recording(), rules=RULES, log=False)
    assert ("abandoned", "Menu", 3.2) in told(heard.told)


def test_an_exchange_that_stops_ends_its_calls() -> None:
    script = Script()
    call = script.dial_in(2.2)
    script.join(2.7, call, "kcc")
    script.send(9.4, "Shutdown", "", Shutdown="Uncleanly", Restart="False")
    assert told(play(script.recording(), rules=RULES).told) == [("offered", "KCC", 2.2), ("abandoned", "KCC", 9.4)]


def test_a_number_that_is_named_counts_from_dialling_in() -> None:
    """Whoever hangs up in the menu too, and whatever queue the call joins then."""
    script = Script()
    menu = script.dial_in(0.2, "088303")
    script.hang_up(4.9, menu)
    call = script.dial_in(10.2, "088303")
    script.join(18.7, call, "kcc")
    phone = script.answer(21.4, call, "kcc")
    script.complete(30.4, call, "kcc", phone)
    script.hang_up(30.4, call)
    expected = [("offered", 0.2), ("abandoned", 4.9), ("offered", 10.2), ("answered", 21.4), ("ended", 30.4)]
    assert told(play(script.recording(), rules=RULES).told) == [(kind, "Menu", at) for kind, at in expected]


@pytest.mark.parametrize("log", [True, False])
def test_a_number_goes_before_the_queue_also_where_nobody_heard_it_being_dialled(*, log: bool) -> None:
    script = plain()
    call = script.dial_in(22.2, "088303")
    script.join(24.1, call, "kcc")
    script.give_up(40.3, call, "kcc")
    away = [(BEGIN_MS + 21_000, BEGIN_MS + 30_000)]
    heard = play(script.recording(), rules=RULES, away=away, restarts=True, log=log)
    assert told(heard.told) == [*PLAIN, ("offered", "Menu", 22.5), ("abandoned", "Menu", 40.3)]


def test_a_number_that_leads_straight_to_a_desk_is_answered_there() -> None:
    script = Script()
    call = script.dial_in(0.2, "088312")
    desk = script.dial_in(0.3, "s", call)
    script.send(5.1, "DialEnd", call, DialStatus="ANSWER", DestUniqueid=desk)
    script.hang_up(9.2, desk, call)
    script.hang_up(9.2, call)
    busy = script.dial_in(20.2, "088312")
    script.send(20.9, "DialEnd", busy, DialStatus="BUSY")
    script.hang_up(21.2, busy)
    expected = [("offered", 0.2), ("answered", 5.1), ("ended", 9.2), ("offered", 20.2), ("abandoned", 21.2)]
    assert told(play(script.recording(), rules=RULES).told) == [(kind, "Balie", at) for kind, at in expected]


def test_a_number_in_queue_log_names_the_cluster_once_the_call_is_in_a_queue() -> None:
    """Not before: queue_log never says who hangs up in the menu."""
    script = Script()
    lost, call = script.dial_in(0.2, "088303"), script.dial_in(1.2, "088303")
    for each in (lost, call):
        script.write(1.9, each, "NONE", "NONE", "DID", "088303")
    script.join(8.7, call, "kcc")
    script.give_up(11.4, call, "kcc")
    heard = play(script.recording(), rules=RULES, manager=False)
    assert told(heard.told) == [("offered", "Menu", 1.5), ("abandoned", "Menu", 11.5)]


@pytest.mark.parametrize("log", [True, False])
def test_calls_that_reach_nothing_that_is_named_are_counted_by_reason(log: bool) -> None:
    script = Script()
    other = script.dial_in(0.2)
    script.join(0.7, other, "verkoop")
    script.give_up(9.1, other, "verkoop")
    nowhere = script.dial_in(1.2)
    script.hang_up(2.2, nowhere)
    both = script.dial_in(20.2)
    script.join(20.7, both, "verkoop")
    script.time_is_up(25.7, both, "verkoop")
    script.join(25.8, both, "kcc")
    script.give_up(29.1, both, "kcc")
    script.send(30, "Newchannel", "0612000001", Exten="088303")
    script.send(30, "QueueCallerJoin", "0612000001", Queue="kcc")
    script.send(31, "Hangup", "0612000001")
    heard = play(script.recording(), rules=RULES, log=log)
    assert told(heard.told) == [("offered", "KCC", 20.2), ("abandoned", "KCC", 29.1)]
    assert heard.left_out == {"queue_not_named": 1, "no_queue": 1, "foreign_id": 1}


def test_a_user_who_hears_nothing_of_queues_gets_that_from_queue_log() -> None:
    recorded = plain().recording()
    deaf = [sent for sent in recorded.sent if b"Queue" not in sent.block and b"Agent" not in sent.block]
    heard = play(recorded._replace(sent=deaf), rules=RULES)
    assert told(heard.told) == [PLAIN[0], ("answered", "KCC", 5.5), PLAIN[2]]


def test_a_user_who_hears_nothing_of_calls_gets_their_ends_from_queue_log() -> None:
    recorded = plain().recording()
    deaf = [sent for sent in recorded.sent if b"QueueCaller" in sent.block or b"Agent" in sent.block]
    first = [Sent(BEGIN_MS - 5_000, b"Event: Hangup\r\nTimestamp: 1795899995.000000\r\nUniqueid: 1795899000.9")]
    heard = play(recorded._replace(sent=[*first, *deaf]), rules=RULES)
    assert told(heard.told) == [("offered", "KCC", 0.5), PLAIN[1], ("ended", "KCC", 20.5)]
    assert heard.watch.is_deaf


def test_who_is_answered_at_a_desk_after_a_long_message_was_on_the_line_all_the_time() -> None:
    """The connection was lost when the queue let go, and came back when nothing more had been heard for long."""
    script = Script()
    call = script.dial_in(0.2)
    script.join(0.7, call, "kcc")
    script.time_is_up(31.7, call, "kcc")
    desk = script.dial_in(60.1, "s", call)
    script.send(65.1, "DialEnd", call, DialStatus="ANSWER", DestUniqueid=desk)
    script.hang_up(80.0, call)
    heard = play(script.recording(), rules=RULES, away=[(BEGIN_MS + 30_000, BEGIN_MS + 55_000)])
    expected = [("offered", 0.2), ("abandoned", 31.5), ("offered", 65.1), ("answered", 65.1), ("ended", 80.0)]
    assert told(heard.told) == [(kind, "KCC", at) for kind, at in expected]


@pytest.mark.parametrize("log", [True, False])
@pytest.mark.parametrize("away", [(38_500, 45_000), (35_000, 45_000)])
def test_without_a_list_a_call_that_was_about_to_end_has_ended(log: bool, away: tuple[int, int]) -> None:
    """One whose time in the queue was up, and one after its talk; a third goes on, and is heard of again."""
    script = Script()
    over, talked, waits = script.dial_in(0.2), script.dial_in(1.2), script.dial_in(2.2)
    for call in (over, talked, waits):
        script.join(3.0, call, "kcc")
    phone = script.answer(6.1, talked, "kcc")
    script.time_is_up(33.1, over, "kcc")
    script.complete(34.1, talked, "kcc", phone)
    script.hang_up(40.0, over)
    script.hang_up(41.0, talked)
    script.give_up(90.0, waits, "kcc")
    stretch = (BEGIN_MS + away[0], BEGIN_MS + away[1])
    heard = play(script.recording(), rules=RULES, log=log, away=[stretch], lists=Exchange.no_lists)
    ends = {("abandoned", "KCC", away[0] / 1000), ("ended", "KCC", away[0] / 1000)}
    offered = {("offered", "KCC", at) for at in (0.2, 1.2, 2.2)}
    assert set(told(heard.told)) == offered | ends | {("answered", "KCC", 6.1), ("abandoned", "KCC", 90.0)}
    assert len(heard.told) == 7


def test_a_clock_that_is_set_back_loses_no_call() -> None:
    script = Script()
    future = script.dial_in(400_000.0)
    script.hang_up(400_001.0, future)
    ahead = len(script.sent)
    now = sorted(plain(script).sent[ahead:], key=lambda each: each.at_ms)
    sent = [*script.sent[:ahead], *now]
    player = Player(RULES, has_manager=True, has_log=False)
    player.watch.connected(0)
    player.received(Exchange.no_lists(0), 0)
    for place, each in enumerate(sent):
        player.received([each.block], 2_000 * place)
    assert told(player.told) == PLAIN


def test_a_call_stays_itself_whatever_it_is_linked_with() -> None:
    """In a bridge all channels take the oldest link: that of an employee, who has been on the line since morning."""
    recorded = plain().recording()
    morning = b"Linkedid: 1795890000.1"
    linked = [
        Sent(each.at_ms, each.block.replace(b"Linkedid: 1795900000.0", morning)) if place else each
        for place, each in enumerate(recorded.sent)
    ]
    assert told(play(recorded._replace(sent=linked), rules=RULES).told) == PLAIN


def late(recorded: Recording, seconds: float) -> Recording:
    """The same for somebody who begins to listen at a moment; queue_log has what was before."""
    at_ms = BEGIN_MS + round(seconds * 1000)
    return recorded._replace(sent=[sent for sent in recorded.sent if sent.at_ms >= at_ms])


@pytest.mark.parametrize(("seconds", "told_of"), [(3, PLAIN), (10, PLAIN)])
def test_who_begins_in_the_midst_of_a_call_learns_of_it(
    seconds: float, told_of: list[tuple[str, str, float]]
) -> None:
    recorded = plain().recording()
    lists = Exchange(recorded.sent).lists
    heard = play(late(recorded, seconds), rules=RULES, lists=lists, begins_ms=BEGIN_MS + round(seconds * 1000))
    second = [(kind, cluster, at) for kind, cluster, at in told(heard.told)]
    assert [(kind, cluster) for kind, cluster, _ in second] == [(kind, cluster) for kind, cluster, _ in told_of]
    assert all(abs(mine[2] - true[2]) <= 0.6 for mine, true in zip(second, told_of, strict=True))


def test_who_begins_in_the_midst_without_queue_log_leaves_out_a_talk_and_learns_of_who_waits() -> None:
    recorded = plain().recording()
    lists = Exchange(recorded.sent).lists
    heard = play(late(recorded, 3), rules=RULES, log=False, lists=lists, begins_ms=BEGIN_MS + 3_000)
    assert told(heard.told) == [("offered", "KCC", 0.5), *PLAIN[1:]]
    heard = play(late(recorded, 10), rules=RULES, log=False, lists=lists, begins_ms=BEGIN_MS + 10_000)
    assert (told(heard.told), heard.left_out) == ([], {"began_before": 1})


def test_what_was_over_before_the_beginning_is_not_told() -> None:
    recorded = plain().recording()
    heard = play(late(recorded, 100), rules=RULES, begins_ms=BEGIN_MS + 100_000)
    assert heard.told == []
    heard = play(recorded, rules=RULES, manager=False, begins_ms=BEGIN_MS + 100_000)
    assert heard.told == []


def test_a_start_behind_half_a_line_is_one() -> None:
    script, _, _ = killed()
    recorded = script.recording()
    place = [b"QUEUESTART" in line.line for line in recorded.written].index(True, 1)
    broken = list(recorded.written)
    broken[place] = broken[place]._replace(line=b"1795900030|1795900002.0|kc" + broken[place].line)
    heard = play(recorded._replace(written=broken), rules=RULES, manager=False)
    assert ("abandoned", "KCC", 40.0) in told(heard.told)


def test_forty_five_callers_at_once() -> None:
    script = Script()
    script.start(0)
    calls = [script.dial_in(1.2 + place / 1000) for place in range(45)]
    expected = []
    for place, call in enumerate(calls):
        script.join(1.5, call, "kcc")
        expected.append(("offered", "KCC", round(1.2 + place / 1000, 3)))
        if place % 3:
            phone = script.answer(5.0 + place, call, "kcc")
            script.complete(6.5 + place, call, "kcc", phone, by="CALLER")
            script.hang_up(6.5 + place, call)
            expected += [("answered", "KCC", 5.0 + place), ("ended", "KCC", 6.5 + place)]
        else:
            script.give_up(3.2 + place, call, "kcc")
            expected.append(("abandoned", "KCC", 3.2 + place))
    heard = play(script.recording(), rules=RULES)
    assert sorted(told(heard.told)) == sorted(expected)
    cut = play(script.recording(), rules=RULES, away=[(BEGIN_MS + 11_400, BEGIN_MS + 21_100)])
    assert [(each.call_id, type(each)) for each, _ in sorted(cut.told, key=lambda each: each[0].call_id)] != []
    assert len(cut.told) == len(expected)
    assert {each.call_id for each, _ in cut.told} == set(calls)
    assert 5 < sum(missed for _, missed in cut.told) < 30

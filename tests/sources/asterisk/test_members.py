"""Members of queues, as counts of each cluster: from a recording of a real exchange, and from blocks of our own."""

from collections.abc import Sequence
from typing import Any

import pytest

from streams.contracts.staffing import Staffing
from streams.sources.asterisk.members import EVERY_MS, MEMBERS_MAX, Members
from streams.sources.asterisk.parameters import StaffRules
from streams.sources.call_rules import CallRules
from tests.sources.asterisk.replaying import recording

NOW_MS = 1_795_803_000_000
RULES = CallRules(queues={"calls": "KCC", "vip": "KCC", "wonen": "Wonen"})
STAFF = StaffRules("kcc", "phone", ("lunch", "in-every-queue"))
LISTED = b"Event: QueueStatusComplete\r\nActionID: waiting"


def member(event: str = "QueueMemberStatus", queue: str = "calls", who: str = "sanne", **fields: Any) -> bytes:
    """An event of a member, as Asterisk 22 writes it."""
    said = {
        "Queue": queue,
        "MemberName": "Sanne Peeters",
        "Interface": f"PJSIP/{who}",
        "StateInterface": f"PJSIP/{who}",
        "LastCall": 0,
        "InCall": 0,
        "Status": 1,
        "Paused": 0,
        "PausedReason": "",
        "Wrapuptime": 0,
    } | fields
    return "\r\n".join([f"Event: {event}", *(f"{key}: {value}" for key, value in said.items())]).encode()


def queue(name: str) -> bytes:
    return f"Event: QueueParams\r\nQueue: {name}\r\nMax: 0".encode()


def listed(*blocks: bytes, rules: CallRules = RULES) -> Members:
    """An exchange that was asked and has answered."""
    members = Members(rules, STAFF, b"key")
    members.connected()
    members.received([*blocks, LISTED])
    return members


def counts(event: Staffing) -> tuple[int | None, ...]:
    return event.logged_in, event.free, event.talking, event.wrapping_up, event.paused


def of_one(*blocks: bytes) -> Staffing:
    (event,) = listed(*blocks).news(NOW_MS, NOW_MS)
    return event


def test_a_queue_without_members_is_one_that_nobody_serves_and_one_that_is_not_listed_is_not_known() -> None:
    event = of_one(queue("calls"), queue("other"))
    assert (event.cluster, event.source, event.channel, event.at) == ("KCC", "kcc", "phone", NOW_MS / 1000)
    assert (counts(event), event.paused_by) == ((0, 0, 0, None, 0), {})


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"Status": 1}, (1, 1, 0, None, 0)),
        ({"Status": 0}, (1, 1, 0, None, 0)),
        ({"Status": 2}, (1, 0, 1, None, 0)),
        ({"Status": 8}, (1, 0, 1, None, 0)),
        ({"Status": 6}, (1, 0, 0, None, 0)),
        ({"Status": 5}, (0, 0, 0, None, 0)),
        ({"Status": 4, "Paused": 1}, (0, 0, 0, None, 0)),
        ({"InCall": 1, "Paused": 1}, (1, 0, 1, None, 0)),
        ({"Paused": 1}, (1, 0, 0, None, 1)),
        ({"Wrapuptime": 20, "LastCall": NOW_MS // 1000 - 10}, (1, 0, 0, 1, 0)),
        ({"Wrapuptime": 20, "LastCall": NOW_MS // 1000 - 20}, (1, 1, 0, 0, 0)),
    ],
)
def test_what_a_member_does(fields: dict[str, Any], expected: Sequence[int | None]) -> None:
    assert counts(of_one(member(**fields))) == tuple(expected)


def test_a_member_of_two_queues_of_a_cluster_counts_once_and_is_paused_only_in_all_of_them() -> None:
    in_vip = member("QueueMember", "vip", Interface="Local/sanne@vip", Paused=1)
    assert counts(of_one(member(), in_vip)) == (1, 1, 0, None, 0)
    both = listed(member(Paused=1, PausedReason="lunch"), in_vip, member(queue="wonen", who="bram")).news(
        NOW_MS, NOW_MS
    )
    assert {each.cluster: counts(each) for each in both} == {"KCC": (1, 0, 0, None, 1), "Wonen": (1, 1, 0, None, 0)}


def test_pauses_are_told_by_the_kinds_of_the_settings_and_what_was_typed_goes_no_further() -> None:
    paused = [
        member(who="a", Paused=1, PausedReason="Lunch"),
        member(who="b", Paused=1, PausedReason="In every queue"),
        member(who="c", Paused=1, PausedReason="Sanne called in sick"),
    ]
    members = listed(*paused)
    (event,) = members.news(NOW_MS, NOW_MS)
    assert event.paused_by == {"in-every-queue": 1, "lunch": 1, "other": 1}
    assert not any(word in repr(vars(members)) for word in ("Sanne", "sanne", "PJSIP", "sick"))


def test_it_is_told_when_counts_change_and_again_each_minute() -> None:
    members = listed(member())
    assert len(members.news(NOW_MS, NOW_MS)) == 1
    members.received([member()])
    assert members.news(NOW_MS + 10, NOW_MS + 10) == []
    members.received([member(Status=2)])
    (changed,) = members.news(NOW_MS + 20, NOW_MS - 500)
    assert (counts(changed), changed.at) == ((1, 0, 1, None, 0), NOW_MS / 1000 + 0.001)  # never before the last one
    assert members.news(NOW_MS + 20 + EVERY_MS - 1, NOW_MS) == []
    assert len(members.news(NOW_MS + 20 + EVERY_MS, NOW_MS)) == 0  # looked at a moment ago
    assert len(members.news(NOW_MS + 1_020 + EVERY_MS, NOW_MS)) == 1


def test_who_has_wrapped_up_is_free_though_no_event_says_so() -> None:
    members = listed(member(Wrapuptime=20, LastCall=NOW_MS // 1000))
    assert [counts(each) for each in members.news(NOW_MS, NOW_MS)] == [(1, 0, 0, 1, 0)]
    assert members.news(NOW_MS + 19_000, NOW_MS + 19_000) == []
    assert [counts(each) for each in members.news(NOW_MS + 20_000, NOW_MS + 20_000)] == [(1, 1, 0, 0, 0)]


def test_nothing_is_told_before_the_list_is_whole_nor_while_the_exchange_is_not_heard() -> None:
    members = Members(RULES, STAFF, b"key")
    members.connected()
    members.received([member()])
    assert members.news(NOW_MS, NOW_MS) == []
    members.received([LISTED])
    assert len(members.news(NOW_MS, NOW_MS)) == 1
    members.lost()
    assert members.news(NOW_MS + 2 * EVERY_MS, NOW_MS) == []
    members.connected()
    members.received([queue("calls"), LISTED])  # who was a member before is none now
    assert [counts(each) for each in members.news(NOW_MS + 1, NOW_MS + 1)] == [(0, 0, 0, None, 0)]


@pytest.mark.parametrize(
    "block", [b"", b"Event: QueueMember", b"Event: QueueMemberStatus\r\nQueue: calls", b"\xff" * 50]
)
def test_what_cannot_be_read_counts_nobody(block: bytes) -> None:
    assert counts(of_one(queue("calls"), block)) == (0, 0, 0, None, 0)


def test_more_members_than_are_kept_are_left_out_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MEMBERS_MAX > 1_000
    monkeypatch.setattr("streams.sources.asterisk.members.MEMBERS_MAX", 1)
    members = listed(member(who="a"), member(who="b"))
    assert (counts(members.news(NOW_MS, NOW_MS)[0])[0], members.left_out) == (1, {"too_many_members": 1})


def test_a_recorded_day_of_a_real_exchange_is_counted_as_it_was() -> None:
    members = listed(rules=CallRules(queues={"klantencontactcentrum": "KCC"}))
    found = []
    for sent in recording("members").sent:
        members.received([sent.block])
        found += [(counts(each), each.paused_by) for each in members.news(sent.at_ms, sent.at_ms)]
    nobody, one = (0, 0, 0, None, 0), (1, 1, 0, None, 0)
    paused = (1, 0, 0, None, 1)
    assert found[:4] == [(one, {}), (paused, {"lunch": 1}), (one, {}), (nobody, {})]
    assert found[4:] == [(one, {}), (nobody, {})]

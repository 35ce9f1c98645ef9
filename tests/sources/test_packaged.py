"""Mappings that come along: what each makes of the rows of its exchange, and how a person's own goes over it."""

import io
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import pytest

from streams.channels.calls.counts import PhoneTally
from streams.sources.files.events import read_rows
from streams.sources.files.row import Row
from streams.sources.mapping import MappingError, packaged, parse_mapping, read_document_mapping
from streams.sources.mapping.packaged import DOCUMENT_NAMES, NAMES, extended, values_of
from tests.core.builders import KCC, RULES, calls, ms, phone_month

ALL_ONE: Final = f'[cluster]\nconstant = "{KCC}"\n'


def read(mapping: str, data: str) -> list[Row]:
    return list(read_rows(io.BytesIO(data.encode()), parse_mapping(mapping)))


def counted(rows: list[Row]) -> PhoneTally:
    """What a worker counts of these rows in June 2026."""
    events: Any = [event for row in rows for event in row.events]
    return phone_month(calls(events, RULES), "2026-06", ms("2026-07-01 00:00"))


def test_every_mapping_that_comes_along_has_a_name_and_is_whole() -> None:
    folder = files(packaged)
    assert {Path(each.name).stem for each in folder.iterdir() if each.name.endswith(".toml")} == {
        *NAMES,
        *DOCUMENT_NAMES,
    }
    for name in NAMES:
        mapping = parse_mapping(f'extends = "{name}"\n[time]\nzone = "Europe/Brussels"\n')
        assert mapping.events
        assert mapping.cluster_column
    for name in DOCUMENT_NAMES:
        fields = read_document_mapping({"extends": name, "cluster": {"rename": {"7": KCC}}}).fields
        assert fields.events
        assert fields.cluster_column
        assert fields.named_only


MORNING: Final = ms("2026-06-03 09:30") // 1000
"""A Wednesday, in opening hours."""


def queue_log(*rows: str) -> str:
    """Rows whose times are seconds after half past nine."""
    cut = (row.partition("|") for row in rows)
    return "".join(f"{MORNING + int(at)}|{rest}\n" for at, _, rest in cut)


QUEUE_LOG: Final = queue_log(
    "0|NONE|NONE|NONE|QUEUESTART",
    "1|MANAGER|kcc|Local/21|ADDMEMBER|",
    "10|a|kcc|NONE|DID|3200000",
    "10|a|kcc|NONE|ENTERQUEUE||0400000001|1",
    "15|a|kcc|Local/21|RINGNOANSWER|5000",
    "19|a|kcc|Local/22|CONNECT|9|a2|3",
    "60|a|kcc|Local/22|COMPLETEAGENT|9|41|1",
    "100|b|kcc|NONE|ENTERQUEUE||0400000002|1",
    "104|b|kcc|NONE|ABANDON|1|1|4",
    "200|c|kcc|NONE|ENTERQUEUE||0400000003|1",
    "280|c|kcc|NONE|EXITWITHTIMEOUT|1|1|80",
    "282|c|kcc2|NONE|ENTERQUEUE||0400000003|1",
    "295|c|kcc2|Local/31|CONNECT|13|c2|4",
    "390|c|kcc2|Local/31|COMPLETECALLER|13|95|1",
    "400|d|kcc|NONE|ENTERQUEUE||0400000004|1",
    "430|d|kcc|NONE|EXITWITHKEY|9|1|1|30",
    "500|e|kcc|NONE|ENTERQUEUE||0400000005|1",
    "507|e|kcc|NONE|EXITEMPTY|1|1|7",
    "600|f|kcc|NONE|ENTERQUEUE||0400000006|1",
    "608|f|kcc|Local/21|AGENTDUMP",
    "620|f|kcc|Local/22|CONNECT|20|f2|5",
    "700|f|kcc|Local/22|ATTENDEDTRANSFER|APP|Queue|20|80|1",
    "707|f|kcc2|Local/31|CONNECT|7|f3|6",
    "800|f|kcc2|Local/31|COMPLETEAGENT|7|93|1",
    "850|g|kcc|NONE|ENTERQUEUE||0400000007|1",
    "861|g|kcc|NONE|WITHDRAW|1|1|11|",
    "900|NONE|NONE|NONE|CONFIGRELOAD",
)


def test_asterisk_s_queue_log_is_read_as_it_is_written() -> None:
    """Answered after 9, 95 and 20 s (over two queues, and after an agent who hung up); four missed callers."""
    rows = read(f'extends = "asterisk-queue-log"\n{ALL_ONE}', QUEUE_LOG)
    assert [row.left_out.reason for row in rows if row.left_out and not row.left_out.on_purpose] == []
    tally = counted(rows)
    assert (tally.answered, tally.wait_ms) == (3, 124_000)
    assert (tally.missed, tally.missed_wait_ms) == (4, (4 + 30 + 7 + 11) * 1000)


def leg(begin: str, answered: str, end: str, types: str = "Line,Queue,Extension", to: str = "80002") -> str:
    """A row of one call in 3CX's call detail records; its clock is UTC."""
    start, taken, left = (f"2026/06/03 07:{clock}" if clock else "" for clock in (begin, answered, end))
    return (
        f"Call 1,aa_1,00:00:30,{start},{taken},{left},TerminatedBySrc,0400000001,Ext.{to},10020,{to},{to},"
        f",,,,,,,Chain: 0400000001;Ext.{to};,{types},0400000001,Burger,,\n"
    )


UNANSWERED: Final = "Line,Queue,"
THREECX: Final = {
    "answered": (leg("30:00", "30:12", "38:00"), (1, 12_000, 0, 0)),
    "missed": (leg("30:00", "", "30:33", UNANSWERED), (0, 0, 1, 33_000)),
    "missed in the second queue": (
        leg("30:00", "", "30:30", UNANSWERED) + leg("30:30", "", "32:00", UNANSWERED, "80003"),
        (0, 0, 1, 120_000),
    ),
    "answered in the second queue": (
        leg("30:00", "", "30:30", UNANSWERED) + leg("30:30", "30:50", "32:00", to="80003"),
        (1, 50_000, 0, 0),
    ),
    "a menu first": (
        leg("30:00", "30:00", "30:20", "Line,IVR,") + leg("30:20", "30:45", "32:00"),
        (1, 45_000, 0, 0),
    ),
    "hung up in the menu": (leg("30:00", "30:00", "30:20", "Line,IVR,"), (0, 0, 1, 20_000)),
    "passed on to a colleague": (
        leg("30:00", "30:12", "33:00") + leg("33:00", "33:08", "35:00"),
        (1, 12_000, 0, 0),
    ),
    "nobody knows when": (leg("30:00", "30:00", "32:00", "Line,IVR,Extension"), (0, 0, 0, 0)),
    "passed on to voice mail": (
        leg("30:00", "", "30:30", UNANSWERED) + leg("30:30", "30:32", "31:00", "Line,VoiceMail,"),
        (0, 0, 1, 30_000),
    ),
    "called by an employee": (leg("30:00", "30:12", "33:00", "Extension,Line,Line"), (0, 0, 0, 0)),
}


@pytest.mark.parametrize("kind", THREECX)
def test_the_legs_of_a_call_are_one_call_in_3cx(kind: str) -> None:
    """Answered, how long they waited, missed, how long they held on."""
    data, figures = THREECX[kind]
    rows = read(f'extends = "3cx"\n{ALL_ONE}', data)
    assert [row.left_out.reason for row in rows if row.left_out and not row.left_out.on_purpose] == []
    tally = counted(rows)
    assert (tally.answered, tally.wait_ms, tally.missed, tally.missed_wait_ms) == figures


ISSABEL: Final = (
    "id,id_queue_call_entry,callerid,datetime_init,datetime_end,duration,status,datetime_entry_queue,uniqueid\n"
    "1,3,0400000001,2026-06-03 09:30:12,2026-06-03 09:33:00,168,terminada,2026-06-03 09:30:00,p-1\n"
    "2,3,0400000002,\\N,2026-06-03 09:31:20,\\N,abandonada,2026-06-03 09:31:00,p-2\n"
    "3,3,0400000003,NULL,2026-06-03 09:40:00,NULL,terminada,2026-06-03 09:39:00,p-3\n"
    "4,3,0400000004,2026-06-03 09:50:08,NULL,NULL,fin-monitoreo,2026-06-03 09:50:00,p-4\n"
    "5,3,0400000005,NULL,NULL,NULL,fin-monitoreo,2026-06-03 09:51:00,p-5\n"
    "6,3,0400000006,NULL,NULL,NULL,en-cola,2026-06-03 09:52:00,p-6\n"
)


def test_issabel_s_table_of_calls_is_read_with_the_zone_of_its_machine() -> None:
    """12 and 8 s answered, 20 s missed, three of which nobody knows more; without a zone it is asked for."""
    own = f'extends = "issabel"\n[cluster]\nrename = {{ 3 = "{KCC}" }}\n'
    tally = counted(read(f'{own}[time]\nzone = "Europe/Brussels"\n', ISSABEL))
    assert (tally.answered, tally.wait_ms, tally.missed, tally.missed_wait_ms) == (2, 20_000, 1, 20_000)
    with pytest.raises(MappingError, match=r"^\[time\]: zone: missing") as raised:
        parse_mapping(own)
    assert len(raised.value.problems) == 1


def test_what_a_person_says_goes_over_it_key_by_key() -> None:
    own: dict[str, Any] = {
        "extends": "asterisk-queue-log",
        "file": {"delimiter": ";"},
        "cluster": {"rename": {"kcc": KCC}},
        "leave_out": [{"reason": "test", "when": {"queue": "test"}}],
    }
    base = values_of("asterisk-queue-log")
    merged = extended(own, NAMES)
    assert merged["file"] == base["file"] | {"delimiter": ";"}
    assert merged["cluster"] == {"column": "queue", "rename": {"kcc": KCC}}
    assert merged["leave_out"] == [*own["leave_out"], *base["leave_out"]]
    assert (merged["time"], merged["event"]) == (base["time"], base["event"])


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({"cluster": {"constant": KCC}}, {"cluster": {"constant": KCC}}),
        ({"cluster": {"column": "agent"}}, {"cluster": {"column": "agent"}}),
        (
            {"leave_out": [{"reason": "mine", "all_else": True}]},
            {"leave_out": [{"reason": "mine", "all_else": True}]},
        ),
        ({"event": []}, {"event": []}),
        ({"file": 1}, {"file": 1}),
    ],
)
def test_what_excludes_what_it_says_takes_its_place(own: dict[str, Any], expected: dict[str, Any]) -> None:
    merged = extended({"extends": "asterisk-queue-log"} | own, NAMES)
    assert {key: merged[key] for key in expected} == expected


def test_a_name_that_is_not_known_is_the_one_mistake_that_is_told() -> None:
    with pytest.raises(MappingError) as raised:
        parse_mapping('extends = "asterisk"\n[file]\ndelimter = "x"\n')
    assert raised.value.problems == [
        'extends: expected one of "3cx", "asterisk-queue-log", "issabel", such as "3cx", got "asterisk": '
        'did you mean "asterisk-queue-log"?',
        "[file]: delimter: unknown key; did you mean delimiter?",
    ]

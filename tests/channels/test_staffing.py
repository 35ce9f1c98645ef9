"""Events of staffing: what is accepted, and for which reason the rest is refused."""

import msgspec
import pytest

from streams.channels.staffing import AnyStaffing, staffing_examples
from streams.contracts.rejections import Reason, Rejection
from streams.contracts.staffing import PAUSES_MAX, Staffing
from tests.core.builders import BURGERZAKEN, KCC, RULES, ms

NOW_MS = ms("2026-03-02 10:00")
DECODE = AnyStaffing(RULES)
TOLD = {"type": "staffing", "source": "kcc", "channel": "phone", "cluster": KCC, "at": NOW_MS / 1000}


def decoded(key: str | None = None, **changes: object) -> Staffing | Rejection:
    fields = {name: value for name, value in (TOLD | changes).items() if value is not ...}
    made = key or f"{fields.get('source')}/{fields.get('channel')}/{fields.get('cluster')}"
    return DECODE(made.encode(), msgspec.json.encode(fields), NOW_MS)


@pytest.mark.parametrize("example", staffing_examples(), ids=lambda each: each.title)
def test_the_published_examples_are_what_the_decoder_reads(example: object) -> None:
    value, event = example.value, example.event  # type: ignore[attr-defined]
    assert AnyStaffing(RULES).read(value.encode()) == event


def test_a_cluster_in_another_spelling_counts_and_fields_that_are_not_known_are_ignored() -> None:
    found = decoded(cluster=KCC.upper(), free=0, name="Jan Peeters", desks_open=None)
    assert isinstance(found, Staffing)
    assert (found.cluster, found.free, found.desks_open, found.key) == (KCC, 0, None, f"kcc/phone/{KCC}")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"source": ...}, Reason.MISSING_FIELD),
        ({"free": "3"}, Reason.WRONG_TYPE),
        ({"free": -1}, Reason.WRONG_TYPE),
        ({"free": 2.5}, Reason.WRONG_TYPE),
        ({"paused_by": {"Jan Peeters": 1}}, Reason.WRONG_TYPE),
        ({"paused_by": {f"p{number}": 1 for number in range(PAUSES_MAX + 1)}}, Reason.WRONG_TYPE),
        ({"type": "offered"}, Reason.UNKNOWN_TYPE),
        ({"source": "Jan Peeters"}, Reason.INVALID_ID),
        ({"at": "yesterday"}, Reason.INVALID_TIME),
        ({"key": "kcc/phone"}, Reason.KEY_MISMATCH),
        ({"cluster": BURGERZAKEN}, Reason.UNKNOWN_CLUSTER),
        ({"channel": "pigeon"}, Reason.UNKNOWN_CLUSTER),
        ({"at": 1}, Reason.TIME_TOO_EARLY),
        ({"at": NOW_MS / 1000 + 301}, Reason.TIME_IN_FUTURE),
    ],
)
def test_what_is_wrong_is_refused_for_the_reasons_of_other_events(changes: dict[str, object], reason: Reason) -> None:
    found = decoded(**changes)  # type: ignore[arg-type]
    assert isinstance(found, Rejection)
    assert found.reason is reason
    assert "Peeters" not in found.detail


def test_a_record_without_a_value_is_refused() -> None:
    found = DECODE(b"kcc/phone/KCC", None, NOW_MS)
    assert isinstance(found, Rejection)
    assert found.reason is Reason.EMPTY

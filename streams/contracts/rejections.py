"""Why a record is no valid event: the fixed list of reasons, and the rejection that names one of them.

A rejection travels into metrics, logs and record headers, so it must not hold anything of what the record says.
"""

from enum import StrEnum
from typing import Self

import msgspec


class Reason(StrEnum):
    """Why a record was refused, in the order of the checks: of several faults the first is the reason.

    The fields of an object are checked one after the other, `type` first, then the others as the contract lists
    them. The value is a label of a metric and a header of a dead letter, so a reason is never renamed;
    `explanation` is one sentence for people and for the generated documents.
    """

    explanation: str

    def __new__(cls, value: str, explanation: str = "") -> Self:
        """A member whose value is the first part alone, so that `Reason("empty")` finds it.

        Every member has an explanation; the default only tells type checkers that the look-up needs none.
        """
        member = str.__new__(cls, value)
        member._value_ = value
        member.explanation = explanation
        return member

    EMPTY = "empty", "The record has no value: it is null (a tombstone) or zero bytes long."
    TOO_LARGE = "too_large", "The value is larger than any event has reason to be; it is not read."
    INVALID_UTF8 = "invalid_utf8", "Some byte of the value is not UTF-8, be it in a field that is ignored."
    MALFORMED_JSON = (
        "malformed_json",
        "The value is not one JSON text: cut off, followed by something else, nested too deeply, or wrong in itself; "
        "or it gives a field twice, and the first time wrongly.",
    )
    NOT_AN_OBJECT = "not_an_object", "The value is JSON, but an array, a string, a number, a boolean or null."
    MISSING_FIELD = "missing_field", "A compulsory field, which may be `type`, is absent."
    WRONG_TYPE = "wrong_type", "A field, which may be `type`, has another kind of JSON value than the contract says."
    UNKNOWN_TYPE = "unknown_type", "The field `type` names no event of this topic."
    INVALID_ID = "invalid_id", "The contact's id is empty or too long."
    INVALID_TIME = (
        "invalid_time",
        "A time is not RFC 3339, has no offset, or lies outside the years 1 to 9999 (milliseconds for seconds do).",
    )
    KEY_MISMATCH = (
        "key_mismatch",
        "The record's key is absent or is not the contact's id, so its events may be spread over partitions.",
    )
    UNKNOWN_CLUSTER = "unknown_cluster", "The cluster is not among those of this channel in the settings."
    TIME_TOO_EARLY = "time_too_early", "A time lies before the earliest that the settings accept."
    TIME_IN_FUTURE = (
        "time_in_future",
        "The event lies after its record's own time, or the appointment after the event, by more than the settings "
        "accept.",
    )


class Rejection(msgspec.Struct, frozen=True, gc=False):
    """A record that is no valid event.

    `detail` says in a short sentence what was expected and what came. It names fields of the contract and kinds of
    JSON values, never what a record holds: there may be a telephone number in it.
    """

    reason: Reason
    detail: str

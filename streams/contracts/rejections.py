"""Why a record is no valid event: the fixed list of reasons, and the rejection that names one of them.

A rejection travels into metrics, logs and record headers, so it must not hold anything of what the record says.
"""

from enum import StrEnum
from typing import Final, Self

import msgspec

from streams.contracts.topics import UNPACKED_BYTES_MAX


class Reason(StrEnum):
    """Why a record was refused, in the order of the checks: of several faults the first is the reason.

    The fields of an object are checked one after the other, `type` first, then the others as the contract lists
    them. The value is a label of a metric and a header of a dead letter, so a reason is never renamed;
    `explanation` is one sentence for people and for the generated documents, `remedy` says what to do.
    """

    explanation: str
    remedy: str

    def __new__(cls, value: str, explanation: str = "", remedy: str = "") -> Self:
        """A member whose value is the first part alone, so that `Reason("empty")` finds it.

        Every member has all three; the defaults only tell type checkers that the look-up needs none.
        """
        member = str.__new__(cls, value)
        member._value_ = value
        member.explanation = explanation
        member.remedy = remedy
        return member

    BATCH_TOO_LARGE = (
        "batch_too_large",
        f"The records were compressed together and unpack to over {UNPACKED_BYTES_MAX // 2**20} MiB: none is read.",
        "Let the source send smaller batches.",
    )
    BATCH_UNREADABLE = (
        "batch_unreadable",
        "The records were sent together and cannot be told apart: wrongly compressed, cut off or garbled.",
        "Let the source compress with a Kafka client's own means, or not at all.",
    )
    EMPTY = (
        "empty",
        "The record has no value: it is null (a tombstone) or zero bytes long.",
        "Let the source send events and no tombstones.",
    )
    TOO_LARGE = (
        "too_large",
        "The value is larger than any event has reason to be; it is not read.",
        "Let the source send the fields of the contract alone.",
    )
    SCHEMA_REGISTRY = (
        "schema_registry",
        "The value is Avro or Protobuf behind the five bytes of a schema registry, and cannot be read without it.",
        "Let the source write JSON: with the serializer of a schema registry for JSON, or without any.",
    )
    INVALID_UTF8 = (
        "invalid_utf8",
        "Some byte of the value is not UTF-8, be it in a field that is ignored.",
        "Let the source write UTF-8.",
    )
    MALFORMED_JSON = (
        "malformed_json",
        "The value is not one JSON text: cut off, followed by something else, nested too deeply, or wrong in itself; "
        "or it gives a field twice, and the first time wrongly.",
        "Let the source write one JSON object and nothing else; the five bytes of a schema registry may precede it.",
    )
    NOT_AN_OBJECT = (
        "not_an_object",
        "The value is JSON, but an array, a string, a number, a boolean or null.",
        "Let the source write one JSON object in each record.",
    )
    MISSING_FIELD = (
        "missing_field",
        "A compulsory field, which may be `type`, is absent.",
        "Let the source send every field of the contract, by its name there.",
    )
    WRONG_TYPE = (
        "wrong_type",
        "A field, which may be `type`, has another kind of JSON value than the contract says.",
        "Let the source write each field as the contract says, ids as strings.",
    )
    UNKNOWN_TYPE = (
        "unknown_type",
        "The field `type` names no event of this topic.",
        "Let the source name the types of the contract, and send calls and tickets each to their own topic.",
    )
    INVALID_ID = (
        "invalid_id",
        "The contact's id is empty or too long, or no source is called so.",
        "Let the source send the id that the exchange or the ticket system knows the contact by.",
    )
    INVALID_TIME = (
        "invalid_time",
        "A time is not RFC 3339, has no offset, or lies outside the years 1 to 9999 (milliseconds for seconds do).",
        "Let the source write RFC 3339 with an offset, or seconds (not milliseconds) since 1970.",
    )
    KEY_MISMATCH = (
        "key_mismatch",
        "The record's key is absent or is not the contact's id, so its events may be spread over partitions.",
        "Let the source give each record the contact's id as its key, as plain text.",
    )
    UNKNOWN_CLUSTER = (
        "unknown_cluster",
        "The cluster is not among those of this channel in the settings.",
        "Let the source spell the cluster as the settings do, or add a [[cluster]] to the settings and start the "
        "workers again.",
    )
    TIME_TOO_EARLY = (
        "time_too_early",
        "A time lies before the earliest that the settings accept.",
        "Correct the source's clock, or set an earlier day as `earliest` in [limits] of the settings.",
    )
    TIME_IN_FUTURE = (
        "time_in_future",
        "The event lies after its record's own time, or the appointment after the event, by more than the settings "
        "accept.",
        "Set the clocks of source and brokers by NTP; `future_tolerance_seconds` and `plan_ahead_days` in [limits] "
        "of the settings say what is accepted.",
    )


OF_BATCHES: Final = frozenset({Reason.BATCH_TOO_LARGE, Reason.BATCH_UNREADABLE})
"""Reasons to refuse records that a source packed together, before any of them is looked at."""


class Rejection(msgspec.Struct, frozen=True, gc=False):
    """A record that is no valid event.

    `detail` says in a short sentence what was expected and what came. It names fields of the contract and kinds of
    JSON values, never what a record holds: there may be a telephone number in it.
    """

    reason: Reason
    detail: str

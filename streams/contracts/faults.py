"""Why the typed decoder refused a value: looked at again, field by field, to name the reason.

Only what is refused comes here, so precision counts and not speed. Must not know what else a record is refused for.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

import msgspec

from streams.contracts.events import CLUSTER_LENGTH_MAX, ID_LENGTH_MAX
from streams.contracts.rejections import Reason, Rejection

_KINDS: Final = {'"': "string", "{": "object", "[": "array", "t": "boolean", "f": "boolean", "n": "null"}
"""Kind of a JSON value by its first character; the rest are numbers."""

Expectation = tuple[tuple[str, ...], Reason, str]
"""The kinds of JSON value that a field takes, the reason when the kind is right and the value is not, and what was
expected then."""

_ID_EXPECTATION: Final[Expectation] = (("string",), Reason.INVALID_ID, f"1 to {ID_LENGTH_MAX} characters")
_INSTANT_EXPECTATION: Final[Expectation] = (
    ("string", "number"),
    Reason.INVALID_TIME,
    "RFC 3339 with an offset or seconds since 1970, in the years 1 to 9999",
)
_CLUSTER_EXPECTATION: Final[Expectation] = (
    ("string",),
    Reason.UNKNOWN_CLUSTER,
    f"1 to {CLUSTER_LENGTH_MAX} characters",
)

_REPEATED_FIELD: Final = Rejection(
    Reason.MALFORMED_JSON, "expected each field once, got one twice of which the first is no valid value or type"
)
"""All that is left when the last value of every field is valid and the typed decoder refused the record."""


class Faults:
    """Finds out why the typed decoder refused a value, for the events of one topic."""

    _text: ClassVar = msgspec.json.Decoder(str)
    _anything: ClassVar = msgspec.json.Decoder(msgspec.Raw)
    _object: ClassVar = msgspec.json.Decoder(dict[str, msgspec.Raw])

    def __init__(
        self, events: Sequence[type[msgspec.Struct]], id_field: str, expected: Mapping[str, Expectation]
    ) -> None:
        """`id_field` is the field that holds the contact's id, `expected` has fields of these events alone."""
        named = {id_field: _ID_EXPECTATION, "cluster": _CLUSTER_EXPECTATION, **expected}
        self._fields: dict[str, list[_Field]] = {
            str(event.__struct_config__.tag): [
                _Field(info, named.get(info.encode_name, _INSTANT_EXPECTATION))  # all else are moments
                for info in msgspec.structs.fields(event)
            ]
            for event in events
        }

    def diagnose(self, value: bytes) -> Rejection:
        """The first fault of a value that the typed decoder refused."""
        try:
            text = value.decode()
        except UnicodeDecodeError as error:
            return Rejection(Reason.INVALID_UTF8, f"expected UTF-8, got another byte at position {error.start}")
        try:
            self._anything.decode(text)
        except msgspec.DecodeError:
            return Rejection(Reason.MALFORMED_JSON, "expected one complete JSON object, got malformed JSON")
        if (kind := _kind(text)) != "object":
            return Rejection(Reason.NOT_AN_OBJECT, f"expected a JSON object, got {kind}")
        return self._diagnose_fields(self._object.decode(text))

    def _diagnose_fields(self, values: Mapping[str, msgspec.Raw]) -> Rejection:
        if (raw_type := values.get("type")) is None:
            return _missing("type")
        if (kind := _kind_of(raw_type)) != "string":
            return _wrong_type("type", "string", kind)
        fields = self._fields.get(self._text.decode(raw_type))
        if fields is None:
            return Rejection(
                Reason.UNKNOWN_TYPE, f"expected `type` to be one of {', '.join(self._fields)}, got another"
            )
        faults = (field.fault(values.get(field.name)) for field in fields)
        return next((fault for fault in faults if fault is not None), _REPEATED_FIELD)


class _Field:
    """One field of an event: whether a value is fit for it, and if not, why."""

    def __init__(self, info: msgspec.structs.FieldInfo, expectation: Expectation) -> None:
        self.name = info.encode_name
        self._required = info.required
        self._expectation = expectation
        self._decoder = msgspec.json.Decoder(info.type)

    def fault(self, raw: msgspec.Raw | None) -> Rejection | None:
        """What is wrong with the field's value, None for nothing; `raw` None means that the field is absent."""
        if raw is None:
            return _missing(self.name) if self._required else None
        try:
            self._decoder.decode(raw)
        except msgspec.DecodeError:
            kinds, reason, expected = self._expectation
            if (kind := _kind_of(raw)) not in kinds:
                return _wrong_type(self.name, " or ".join(kinds), kind)
            return Rejection(reason, f"expected `{self.name}` to be {expected}, got another {kind}")
        return None


def _missing(field: str) -> Rejection:
    return Rejection(Reason.MISSING_FIELD, f"expected a field `{field}`, got none")


def _wrong_type(field: str, expected: str, kind: str) -> Rejection:
    return Rejection(Reason.WRONG_TYPE, f"expected `{field}` to be {expected}, got {kind}")


def _kind_of(raw: msgspec.Raw) -> str:
    return _kind(bytes(raw).decode())


def _kind(text: str) -> str:
    """The kind of a well-formed JSON text."""
    return _KINDS.get(text.lstrip()[0], "number")

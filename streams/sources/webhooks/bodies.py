"""The documents in a request: CloudEvents in their three modes, plain JSON, a form. Must not know HTTP or Kafka."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any, Final
from urllib.parse import unquote_to_bytes

import msgspec

from streams.sources.webhooks.request import Refusal, Request, UnreadableError
from streams.sources.webhooks.signatures import form

Documents = Callable[[Request], Sequence[object]]
"""The documents of a request; raises `UnreadableError` when it is of another form."""

STRUCTURED: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
_CLOUDEVENTS: Final = "application/cloudevents"
_HEADER: Final = "ce-"
_NEEDED: Final = ("id", "source", "type")
_NO_EVENT: Final = "a CloudEvent of version 1.0 with id, source and type"
_MODES: Final = f"{STRUCTURED}, {BATCH}, or the attributes in headers that begin with {_HEADER}"


def form_document(request: Request) -> Sequence[object]:
    """The fields of a form as one document; of a field that comes twice the last counts."""
    try:
        return [dict(form(request.body))]
    except ValueError:
        raise UnreadableError(Refusal.BODY, "the fields of a form in UTF-8") from None


def json_documents(request: Request) -> Sequence[object]:
    """A JSON object, or a list of some."""
    body = _json(request.body)
    if not isinstance(body, dict | list):
        raise UnreadableError(Refusal.BODY, "a JSON object, or a list of objects")
    return body if isinstance(body, list) else [body]


def cloud_events(request: Request) -> Sequence[object]:
    """CloudEvents of version 1.0, each as its JSON format has it: attributes by name, and `data`.

    Structured and batched mode by their media types, binary mode by its headers.
    """
    kind = request.media_type
    if kind == BATCH:
        batch = _json(request.body)
        if not isinstance(batch, list):
            raise UnreadableError(Refusal.BODY, "a JSON list of CloudEvents")
        return [_event(each) for each in batch]
    if kind == STRUCTURED:
        return [_event(_json(request.body))]
    if kind.startswith(_CLOUDEVENTS) or f"{_HEADER}specversion" not in request.headers:
        raise UnreadableError(Refusal.NO_CLOUDEVENT, _MODES)
    return [_event(_binary(request))]


def signed_cloud_events(request: Request) -> Sequence[object]:
    """The same, but in binary mode: what is signed is the body, and attributes beside it could be anybody's."""
    if not request.media_type.startswith(_CLOUDEVENTS):
        raise UnreadableError(Refusal.UNSIGNED, f"{STRUCTURED} or {BATCH}, whose signed body holds all attributes")
    return cloud_events(request)


def _event(found: object) -> dict[str, Any]:
    """What is a CloudEvent, with its data as JSON where it is some."""
    if not isinstance(found, dict) or found.get("specversion") != "1.0":
        raise UnreadableError(Refusal.NO_CLOUDEVENT, _NO_EVENT)
    if not all(isinstance(found.get(name), str) and found[name] for name in _NEEDED):
        raise UnreadableError(Refusal.NO_CLOUDEVENT, _NO_EVENT)
    if (packed := found.get("data_base64")) is None:
        return found
    return found | {"data": _data(_unpacked(packed), str(found.get("datacontenttype", "")))}


def _unpacked(text: object) -> bytes:
    try:
        return base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except (ValueError, binascii.Error):
        raise UnreadableError(Refusal.BODY, "Base64 in data_base64") from None


def _binary(request: Request) -> dict[str, Any]:
    attributes = {
        name.removeprefix(_HEADER): _attribute(text)
        for name, text in request.headers.items()
        if name.startswith(_HEADER)
    }
    data = _data(request.body, request.media_type)
    return attributes | ({} if data is None else {"data": data})


def _attribute(text: str) -> str:
    """The value of a header; it may be percent-encoded, and once was in quotes."""
    try:
        value = unquote_to_bytes(text.encode("utf-8", "surrogateescape")).decode()
    except UnicodeDecodeError:
        raise UnreadableError(Refusal.BODY, "UTF-8 in the headers of a CloudEvent") from None
    return value[1:-1] if value.startswith('"') and value.endswith('"') and value != '"' else value


def _data(data: bytes, media_type: str) -> object:
    """JSON data; None where there is none. Data of other kinds tells nothing that a mapping could read."""
    kind = media_type.partition(";")[0].strip().lower()
    is_json = kind in ("", "application/json", "text/json") or kind.endswith("+json")
    return _json(data) if data and is_json else None


def _json(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise UnreadableError(Refusal.BODY, "JSON in UTF-8, not nested too deeply") from None

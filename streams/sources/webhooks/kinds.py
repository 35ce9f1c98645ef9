"""From a table of the settings to what judges the requests of its source. Must not know HTTP or Kafka."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from streams.settings.sources import MappedSource, QminderSource, ReceivedSource, TwilioSource
from streams.sources.documents.facts import DocumentFacts
from streams.sources.mapping import DocumentMapping, MappingError, load_document_mapping, read_document_mapping
from streams.sources.source import SourceError
from streams.sources.webhooks import bodies, signatures
from streams.sources.webhooks.bodies import Documents
from streams.sources.webhooks.hook import Hook
from streams.sources.webhooks.signatures import Check

Make = Callable[[Any, bytes], tuple[Check, Documents]]
"""The table of a source and its secret: who sent a request, and what is in it."""


def _cloud_events(table: MappedSource, secret: bytes) -> tuple[Check, Documents]:
    is_signed = table.signature_header is not None
    return _shared(table, secret), bodies.signed_cloud_events if is_signed else bodies.cloud_events


def _shared(table: MappedSource, secret: bytes) -> Check:
    header = table.signature_header
    return signatures.bearer(secret) if header is None else signatures.over_body(secret, header)


_KINDS: Final[Mapping[str, Make]] = {
    "cloudevents": _cloud_events,
    "json": lambda table, secret: (_shared(table, secret), bodies.json_documents),
    "qminder": lambda _, secret: (signatures.qminder(secret), bodies.json_documents),
    "twilio": lambda _, secret: (signatures.twilio(secret), bodies.form_document),
}

_EXTENDED: Final[Mapping[str, str]] = {"qminder": "qminder", "twilio": "twilio-taskrouter"}
"""The mappings that come along."""


def hook_of(name: str, table: ReceivedSource, secret: str) -> Hook:
    """What judges the requests to a source.

    Raises `SourceError`, with all that is wrong, when its mapping cannot be used.
    """
    check, documents = _KINDS[table.kind](table, secret.encode())
    return Hook(check, documents, DocumentFacts(mapping_of(name, table)))


def mapping_of(name: str, table: ReceivedSource) -> DocumentMapping:
    """The mapping of a source: its own, or the one that comes along for its kind, with the clusters of the settings.

    Raises `SourceError`, with all that is wrong, when it cannot be used.
    """
    if table.mapping is not None:
        return _loaded(name, table.mapping)
    assert isinstance(table, QminderSource | TwilioSource), "of the others the mapping is compulsory"
    return read_document_mapping({"extends": _EXTENDED[table.kind], "cluster": {"rename": table.clusters}})


def _loaded(name: str, path: Path) -> DocumentMapping:
    place = f"[source.{name}]: mapping"
    try:
        return load_document_mapping(path)
    except OSError as error:
        raise SourceError(f"{place}: {path} cannot be read ({error.strerror}); name a file that can") from None
    except MappingError as error:
        raise SourceError("\n".join(f"{place}: {path}: {problem}" for problem in error.problems)) from None

"""The settings of sources that call by themselves."""

from pathlib import Path

import pytest

from streams.core.rules import Channel
from streams.settings import DEFAULT_FILE, load
from streams.settings.sources import (
    MappedSource,
    QminderSource,
    SecretFileError,
    TwilioSource,
    received_kinds,
    received_secret,
)
from tests.settings.test_sources import Write, problems_of, write

__all__ = ["write"]
"""A fixture."""

CALLING = """
[source.desks]
kind = "qminder"
secret_file = "secret"
[source.desks.clusters]
37338 = "Burgerzaken"
[source.flex]
kind = "twilio"
clusters = { WW1 = "Klantencontactcentrum" }
[source.hall]
kind = "cloudevents"
channels = ["desk", "phone"]
mapping = "hall.toml"
signature_header = "X-Signature"
"""


def test_a_source_that_calls_has_the_keys_of_its_kind(write: Write, tmp_path: Path) -> None:
    desks, flex, hall = load(write(CALLING), {}).sources.values()
    assert isinstance(desks, QminderSource)
    assert (desks.clusters, desks.channels, desks.mapping) == ({"37338": "Burgerzaken"}, (Channel.DESK,), None)
    assert isinstance(flex, TwilioSource)
    assert (flex.clusters, flex.channels) == ({"WW1": "Klantencontactcentrum"}, (Channel.PHONE,))
    assert isinstance(hall, MappedSource)
    assert (hall.channels, hall.mapping) == ((Channel.DESK, Channel.PHONE), tmp_path / "hall.toml")
    assert received_kinds() == ("cloudevents", "json", "qminder", "twilio")
    assert {each.started_by("desks") for each in (desks, flex, hall)} == {"wachtmonitor receive"}


def test_a_secret_is_that_of_the_file_or_the_variable(write: Write, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("of our own\n", encoding="utf-8")
    desks, flex, _ = load(write(CALLING), {"WACHTMONITOR_SOURCE_FLEX_SECRET": "token"}).sources.values()
    assert isinstance(desks, QminderSource)
    assert isinstance(flex, TwilioSource)
    assert (received_secret("desks", desks), received_secret("flex", flex)) == ("of our own", "token")
    assert "token" not in repr(flex)
    (tmp_path / "secret").unlink()
    with pytest.raises(SecretFileError, match=r"\[source\.desks\]: secret_file: the file cannot be read"):
        received_secret("desks", desks)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            '[source.a]\nkind = "qminder"',
            "[source.a]: clusters: expected either clusters or a mapping, got neither; add one",
        ),
        (
            '[source.a]\nkind = "twilio"\nmapping = "a.toml"\nclusters = { WW1 = "Klantencontactcentrum" }',
            "[source.a]: clusters: expected either clusters or a mapping, got both; remove one",
        ),
        (
            '[source.a]\nkind = "json"\nchannels = ["desk"]',
            '[source.a]: mapping: missing, expected a mapping of documents; add mapping = "desks.toml"',
        ),
        (
            '[source.a]\nkind = "json"\nmapping = "a.toml"\nchannels = ["desks"]',
            '[source.a]: channels: expected a list of channels, such as ["desk"], got ["desks"]: did you mean desk?',
        ),
        (
            '[source.a]\nkind = "json"\nmapping = "a.toml"\nchannels = ["desk"]\nsignature_header = "X Y"',
            '[source.a]: signature_header: expected the name of a header, such as "X-Signature", got "X Y"',
        ),
        (
            '[source.a]\nkind = "qminder"\nsecret = "s"\nclusters = { 7 = "Burgerzaken" }',
            "[source.a]: secret: a password must not stand in this file",
        ),
        (
            '[source.a]\nkind = "qminder"\nclusters = { 7 = "Burgerzakn" }',
            '[source.a.clusters]: 7: expected the name of a cluster whose channel is "desk", got "Burgerzakn"; di',
        ),
    ],
)
def test_a_mistake_is_said_with_its_place(write: Write, text: str, problem: str) -> None:
    (only,) = problems_of(write(text))
    assert only.startswith(problem)


def test_a_certificate_has_a_key_and_a_key_a_certificate() -> None:
    for given, other in (("CERTIFICATE_FILE", "key_file"), ("KEY_FILE", "certificate_file")):
        (problem,) = problems_of(DEFAULT_FILE, {f"WACHTMONITOR_RECEIVE_{given}": "x"})
        assert problem == f"[receive]: {other}: missing, {given.lower()} is of no use without it; add it"

"""What must fit together in [kafka]: each topic has a name of its own, and logging in has what it needs, and no more.

Validators of single keys, which look at the keys before them: those stand in `info.data`, unless they are wrong.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import SecretStr, ValidationInfo

from streams.channels import channels
from streams.contracts.topics import checkpoint_topic
from streams.settings.environment import variable
from streams.settings.toml.section import together
from streams.settings.toml.text import shown

SOURCES: Final = ("calls_topic", "tickets_topic")
"""Keys that name a topic with events, which has a checkpoint topic beside it."""

SASL_NEEDS: Final[Mapping[str, str]] = {
    "sasl_mechanism": "add one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512",
    "sasl_username": "add the name that Kafka knows this program by",
    "sasl_password": f"name a file that holds it in sasl_password_file, or set {variable('kafka', 'sasl_password')}",
}
"""What logging in takes, and what to do about each thing that is missing."""

T = TypeVar("T")


def own_topic(topic: str, info: ValidationInfo) -> str:
    """All topics differ, from the checkpoint topics of the sources too."""
    key = str(info.field_name)
    before = {name: text for name, text in info.data.items() if name.endswith("_topic")}
    taken = {text: name for name, text in before.items()} | {
        checkpoint_topic(before[name]): f"the checkpoints of {name}" for name in SOURCES if name in before
    }
    if topic in taken:
        raise together(f"expected a topic of its own, got {shown(topic)}, which is for {taken[topic]}")
    if key in SOURCES and (other := next((n for n, text in before.items() if text == checkpoint_topic(topic)), None)):
        raise together(
            f"expected a topic of its own, got {shown(before[other])}, which is for the checkpoints of {key}", other
        )
    return topic


def own_topics(topics: Mapping[str, str], info: ValidationInfo) -> dict[str, str]:
    """The topic of each channel without a key of its own, the default where none is named; of its own as well."""
    others = [each for each in channels() if not each.topic_setting]
    found = {each.name.value: topics.get(each.name, each.topic_default) for each in others}
    taken = {text: name for name, text in info.data.items() if name.endswith("_topic")}
    taken |= {
        checkpoint_topic(info.data[name]): f"the checkpoints of {name}" for name in SOURCES if name in info.data
    }
    for name, topic in found.items():
        for text in (topic, checkpoint_topic(topic)):
            if (other := taken.setdefault(text, name)) is not name:
                raise together(f"expected topics of its own for {name}, got {shown(text)}, which is for {other}")
    return found


def needed_to_log_in(value: T, info: ValidationInfo) -> T:
    """A part of logging in is there exactly when the protocol has it."""
    protocol = info.data.get("security_protocol")
    if protocol in ("SASL_PLAINTEXT", "SASL_SSL") and value is None:
        needs = SASL_NEEDS[str(info.field_name)]
        raise together(f"missing, security_protocol {shown(protocol)} needs it; {needs}")
    return only_to_log_in(value, info)


def only_to_log_in(value: T, info: ValidationInfo) -> T:
    """Without logging in nothing is set that only looks as if it protected something."""
    return _only_with(("SASL_PLAINTEXT", "SASL_SSL"), "SASL_SSL", value, info)


def only_encrypted(value: T, info: ValidationInfo) -> T:
    """The same for certificates without encryption."""
    return _only_with(("SSL", "SASL_SSL"), "SSL or SASL_SSL", value, info)


def _only_with(protocols: tuple[str, ...], advice: str, value: T, info: ValidationInfo) -> T:
    if value is not None and info.data.get("security_protocol", protocols[0]) not in protocols:
        raise together(f"not used with this security_protocol; choose {advice}, or remove it")
    return value


def with_certificate(path: Path | None, info: ValidationInfo) -> Path | None:
    """A key has its certificate."""
    if path is not None and info.data.get("ssl_certificate_file", path) is None:
        raise together(
            "missing, ssl_key_file is of no use without it; add the certificate", key="ssl_certificate_file"
        )
    return path


def password_from_file(password: Any, info: ValidationInfo) -> Any:
    """The password of the environment, or else that in the file that the settings name."""
    path = info.data.get("sasl_password_file")
    if password is not None or path is None:
        return password
    try:
        text = path.read_text(encoding="utf-8").strip("\r\n")
    except (UnicodeDecodeError, OSError):
        text = ""
    if not text:
        raise together("expected a file with a password in UTF-8, got one without", key="sasl_password_file")
    return SecretStr(text)

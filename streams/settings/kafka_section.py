"""The table [kafka] of the settings file: its keys, the password that must not stand in it, what must fit together.

Whatever is wrong becomes a problem, and the reading goes on. Must not connect to anything.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, get_args

from streams.contracts.topics import checkpoint_topic
from streams.settings import kinds
from streams.settings.environment import variable
from streams.settings.model import SaslMechanism, Secret, SecurityProtocol, Writer
from streams.toml_table import WRONG, Entry, Fields, Kind, Table, shown

TOPICS: Final = (
    "calls_topic",
    "tickets_topic",
    "dead_letters_topic",
    "month_totals_topic",
    "closed_months_topic",
    "snapshots_topic",
)
"""Keys that name a topic."""

SOURCES: Final = TOPICS[:2]
"""Keys that name a topic with events, which has a checkpoint topic beside it."""

SSL_KEYS: Final = ("ssl_ca_file", "ssl_certificate_file", "ssl_key_file")

SASL_KEYS: Final = ("sasl_mechanism", "sasl_username", "sasl_password", "sasl_password_file")

PASSWORD_VARIABLE: Final = variable("kafka", "sasl_password")

SASL_NEEDS: Final[Mapping[str, str]] = {
    "sasl_mechanism": f"add one of {', '.join(get_args(SaslMechanism))}",
    "sasl_username": "add the name that Kafka knows this program by",
    "sasl_password": f"name a file that holds it in sasl_password_file, or set {PASSWORD_VARIABLE}",
}
"""What logging in takes, and what to do about each thing that is missing."""


def kafka_entries(base: Path) -> tuple[Entry, ...]:
    """The keys of [kafka]; files are looked up from the directory `base`."""
    required: Mapping[str, Kind] = {
        "bootstrap_servers": kinds.SERVERS,
        "group": kinds.GROUP,
        **{key: kinds.topic(key.removesuffix("_topic").replace("_", "-")) for key in TOPICS},
        "partitions": kinds.whole("partitions", 1, 1_000, 4),
        "replication_factor": kinds.COPIES,
        "writer": kinds.choice(get_args(Writer)),
        "security_protocol": kinds.choice(get_args(SecurityProtocol)),
    }
    optional: Mapping[str, Kind] = {
        "sasl_mechanism": kinds.choice(get_args(SaslMechanism)),
        "sasl_username": kinds.USER,
        "sasl_password_file": kinds.readable_file("a file that holds the password and nothing else", base),
        "sasl_password": kinds.PASSWORD,
        **dict.fromkeys(SSL_KEYS, kinds.readable_file("a PEM file", base)),
    }
    return (
        *(Entry(key, kind, key) for key, kind in required.items()),
        *(Entry(key, kind, key, required=False) for key, kind in optional.items()),
    )


def read_kafka(table: Table, base: Path) -> Fields:
    """The fields of `KafkaSettings`; files are looked up from the directory `base`."""
    refused = table.refuse(
        "sasl_password",
        "a password must not stand in this file; put it alone into a file that only this program may read and name "
        f"that in sasl_password_file, or set {PASSWORD_VARIABLE}",
    )
    fields = table.read(kafka_entries(base))
    table.close()
    if "sasl_password" not in fields:
        fields |= {"sasl_password": WRONG} if refused else _password(table, fields)
    _check_topics(table, fields)
    _check_login(table, fields)
    _check_certificates(table, fields)
    return fields


def _password(table: Table, fields: Fields) -> Fields:
    """The field with the password from its file, if one is named."""
    path = fields.get("sasl_password_file")
    if not isinstance(path, Path):
        return {} if path is None else {"sasl_password": WRONG}
    try:
        password = path.read_text(encoding="utf-8").strip("\r\n")
    except UnicodeDecodeError:
        password = ""
    if not password:
        table.problem("expected a file with a password in UTF-8, got one without", "sasl_password_file")
    return {"sasl_password": Secret(password) if password else WRONG}


def _check_topics(table: Table, fields: Fields) -> None:
    """All topics differ, from the checkpoint topics of the sources too."""
    sources = [key for key in SOURCES if fields[key] is not WRONG]
    taken = {checkpoint_topic(fields[key]): f"the checkpoints of {key}" for key in sources}
    for key in TOPICS:
        if (topic := fields[key]) is WRONG:
            continue
        if topic in taken:
            table.problem(f"expected a topic of its own, got {shown(topic)}, which is for {taken[topic]}", key)
        taken[topic] = key


def _check_login(table: Table, fields: Fields) -> None:
    """Logging in has what it needs; without it nothing is set that only looks as if it protected something."""
    protocol = fields["security_protocol"]
    if protocol in ("PLAINTEXT", "SSL"):
        _refuse_unused(table, fields, SASL_KEYS, "SASL_SSL")
    elif protocol is not WRONG:
        for key, advice in SASL_NEEDS.items():
            if key not in fields:
                table.problem(f"missing, security_protocol {shown(protocol)} needs it; {advice}", key)


def _check_certificates(table: Table, fields: Fields) -> None:
    protocol = fields["security_protocol"]
    if protocol in ("PLAINTEXT", "SASL_PLAINTEXT"):
        _refuse_unused(table, fields, SSL_KEYS, "SSL or SASL_SSL")
    elif protocol is not WRONG and "ssl_key_file" in fields and "ssl_certificate_file" not in fields:
        table.problem("missing, ssl_key_file is of no use without it; add the certificate", "ssl_certificate_file")


def _refuse_unused(table: Table, fields: Fields, keys: Iterable[str], protocols: str) -> None:
    for key in keys:
        if fields.get(key, WRONG) is not WRONG:
            table.problem(f"not used with this security_protocol; choose {protocols}, or remove it", key)

"""Sources are tables of the user's names, each of a kind; whatever is wrong with them is said with its place."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from streams.core.rules import Channel
from streams.settings import DEFAULT_FILE, SettingsError, load
from streams.settings.reference import rows, tables
from streams.settings.sources import SOURCE_KINDS, AsteriskSource, ConnectSource, FreeSwitchSource, SecretFileError
from streams.settings.toml.section import ByKind

KCC = """
[source.kcc]
kind = "asterisk"
host = "10.0.0.5"
username = "wachtmonitor"
secret_file = "secret"
[source.kcc.queues]
600 = "Klantencontactcentrum"
[source.kcc.numbers]
038000500 = "Klantencontactcentrum"
"""

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write the packaged settings with these tables behind them, and give the path."""

    def written(text: str) -> Path:
        path = tmp_path / "settings.toml"
        path.write_text(DEFAULT_FILE.read_text(encoding="utf-8") + text, encoding="utf-8")
        return path

    return written


def problems_of(path: Path, environ: dict[str, str] | None = None) -> list[str]:
    """What loading complains about; it must complain."""
    with pytest.raises(SettingsError) as caught:
        load(path, environ or {})
    return list(caught.value.problems)


def test_nothing_is_watched_unless_the_file_says_so() -> None:
    settings = load(None, {})
    assert settings.sources == {}
    assert (settings.follow.host, settings.follow.port) == ("127.0.0.1", 9465)


def test_a_source_has_the_keys_of_its_kind(write: Write, tmp_path: Path) -> None:
    (source,) = load(write(KCC), {}).sources.values()
    assert source == AsteriskSource(
        kind="asterisk",
        host="10.0.0.5",
        port=5038,
        username="wachtmonitor",
        secret_file=tmp_path / "secret",
        queues={"600": "Klantencontactcentrum"},
        numbers={"038000500": "Klantencontactcentrum"},
    )
    assert source.channels == (Channel.PHONE,)


def test_a_freeswitch_exchange_is_a_source_with_a_password(write: Write) -> None:
    text = """
[source.kcc]
kind = "freeswitch"
host = "10.0.0.5"
[source.kcc.queues]
"kcc@default" = "Klantencontactcentrum"
"""
    source = load(write(text), {"WACHTMONITOR_SOURCE_KCC_SECRET": "s3cret"}).sources["kcc"]
    assert isinstance(source, FreeSwitchSource)
    assert (source.port, source.queues) == (8021, {"kcc@default": "Klantencontactcentrum"})
    assert (source.channels, source.read_secret("kcc")) == (("phone",), "s3cret")
    (problem,) = problems_of(write(text[: text.index("[source.kcc.queues]")]))
    assert problem == "[source.kcc]: queues: expected at least one queue or dialled number with its cluster; add it"


def test_variables_say_the_keys_of_a_source_by_its_name(write: Write) -> None:
    environ = {"WACHTMONITOR_SOURCE_KCC_PORT": "5039", "WACHTMONITOR_SOURCE_KCC_SECRET": "s3cret"}
    source = load(write(KCC), environ).sources["kcc"]
    assert isinstance(source, AsteriskSource)
    assert source.port == 5039
    assert source.read_secret("kcc") == "s3cret"
    assert "s3cret" not in repr(source)
    (problem,) = problems_of(write(KCC), {"WACHTMONITOR_SOURCE_KC_PORT": "5039"})
    assert problem == "WACHTMONITOR_SOURCE_KC_PORT: unknown variable; did you mean WACHTMONITOR_SOURCE_KCC_PORT?"


def test_a_secret_is_read_when_it_is_needed(write: Write, tmp_path: Path) -> None:
    """Who shares the settings without watching the source has no such file."""
    source = load(write(KCC), {}).sources["kcc"]
    assert isinstance(source, AsteriskSource)
    with pytest.raises(SecretFileError, match=r"^\[source\.kcc\]: secret_file: the file cannot be read \(No such"):
        source.read_secret("kcc")
    (tmp_path / "secret").write_bytes(b"\xff")
    with pytest.raises(SecretFileError, match="not UTF-8"):
        source.read_secret("kcc")
    (tmp_path / "secret").write_text("\n", encoding="utf-8")
    with pytest.raises(SecretFileError, match="got an empty one"):
        source.read_secret("kcc")
    (tmp_path / "secret").write_text("from file\n", encoding="utf-8")
    assert source.read_secret("kcc") == "from file"
    without = msgspec.structs.replace(source, secret_file=None)
    with pytest.raises(SecretFileError, match="or set WACHTMONITOR_SOURCE_KCC_SECRET"):
        without.read_secret("kcc")


def test_every_mistake_of_every_source_is_told_at_once(write: Write) -> None:
    text = """
[source.kcc]
kind = "asterisk"
hos = "10.0.0.5"
port = 0
secret = "s3cret"
[source.kcc.queues]
600 = "Klantencontactcentrm"
601 = "Wonen"
602 = 7
[source.Kcc]
kind = "asterisk"
host = "a"
username = "b"
[source.nothing]
host = "a"
[source.other]
kind = "asterix"
[source]
flat = 3
"""
    problems = problems_of(write(text))
    assert "s3cret" not in "".join(problems)
    known = ", ".join(f'"{kind}"' for kind in ByKind(SOURCE_KINDS).by_kind())
    assert sorted(problems) == sorted(
        [
            "[source.kcc]: secret: a password must not stand in this file; put it alone into a file that only this "
            "program may read and name that in secret_file, or set WACHTMONITOR_SOURCE_KCC_SECRET",
            '[source.kcc]: host: missing, expected the name or address of a machine; add host = "10.0.0.5"',
            "[source.kcc]: port: expected a whole number from 1 to 65535, such as 5038, got 0",
            '[source.kcc]: username: missing, expected a user name; add username = "wachtmonitor"',
            '[source.kcc.queues]: 602: expected the name of a cluster whose channel is "phone", such as '
            '"Burgerzaken", got 7',
            "[source.kcc]: hos: unknown key; did you mean host?",
            '[source.kcc.queues]: 600: expected the name of a cluster whose channel is "phone", got '
            '"Klantencontactcentrm"; did you mean Klantencontactcentrum?',
            '[source.kcc.queues]: 601: expected the name of a cluster whose channel is "phone", got "Wonen"; known '
            "here: Klantencontactcentrum",
            "[source]: Kcc: expected a name of 1 to 40 small letters, digits and dashes that begins with a letter",
            "[source.Kcc]: queues: expected at least one queue or dialled number with its cluster; add it",
            f'[source.nothing]: kind: missing, expected one of {known}; add kind = "asterisk"',
            f'[source.other]: kind: expected one of {known}, such as "asterisk", got "asterix": did you mean '
            '"asterisk"?',
            "[source]: flat: expected a table that begins with [source.flat], got 3",
        ]
    )


def test_a_topic_that_is_followed_is_none_of_our_own(write: Write) -> None:
    ours = """
[source.desks]
kind = "topic"
topic = "tickets"
channels = ["desk"]
mapping = "desks.toml"
"""
    (problem,) = problems_of(write(ours))
    assert problem == (
        '[source.desks]: topic: expected a topic of somebody else\'s, got "tickets", which is the tickets_topic of '
        "[kafka]"
    )
    (source,) = load(write(ours.replace('"tickets"', '"theirs"')), {}).sources.values()
    assert source.channels == (Channel.DESK,)


def test_contact_records_of_amazon_connect_stand_in_one_place(write: Write, tmp_path: Path) -> None:
    text = """
[source.kcc]
kind = "amazon-connect"
region = "eu-central-1"
queue_url = "https://sqs.eu-central-1.amazonaws.com/111122223333/connect"
records_directory = "records"
[source.kcc.numbers]
"+3235550100" = "Klantencontactcentrum"
"""
    (source,) = load(write(text), {}).sources.values()
    assert isinstance(source, ConnectSource)
    assert (source.records_directory, source.channels) == (tmp_path / "records", (Channel.PHONE,))
    both = text.replace('"records"', '"records"\nrecords_s3 = "s3://lier-connect/records/"')
    assert problems_of(write(both)) == [
        "[source.kcc]: records_s3: expected contact records in a directory or on S3, got both; remove one",
    ]
    wrong = text.replace('eu-central-1"', 'Frankfurt"').replace(
        'records_directory = "records"', 'records_s3 = "lier"'
    )
    assert sorted(problems_of(write(wrong))) == [
        "[source.kcc]: records_s3: expected a bucket of S3, with a prefix or without, such as "
        '"s3://lier-connect/records/", got "lier"',
        '[source.kcc]: region: expected a region of AWS, such as "eu-central-1", got "Frankfurt"',
    ]


def test_a_file_that_cannot_be_read_says_nothing_of_the_variables_of_its_sources(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path / "none.toml", {"WACHTMONITOR_SOURCE_KCC_PORT": "5039"})
    assert "cannot be read" in problem


def test_the_reference_has_the_keys_of_every_kind() -> None:
    of_kinds = [table for table in tables() if table.kind]
    assert len(of_kinds) == len(ByKind(SOURCE_KINDS).by_kind())
    assert {table.name for table in of_kinds} == {"[source.NAME]"}
    secret = next(row for row in rows() if row.table == "[source.NAME]" and row.key == "secret")
    assert secret.variable == "WACHTMONITOR_SOURCE_NAME_SECRET"
    assert next(row.variable for row in rows() if row.table == "[source.NAME]" and row.key == "kind") == ""

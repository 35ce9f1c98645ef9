"""The command `follow`: what it shows, what it refuses, and how it ends."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from streams.commands import follow as command
from streams.commands.follow import follow
from streams.settings import DEFAULT_FILE
from streams.settings.sources import RECEIVED_KINDS, SOURCE_KINDS
from streams.sources.following import DeliveryError
from streams.sources.source import Link, SourceError, Step
from streams.sources.watched import WATCHED
from tests.sources.following.scripted import Scripted, calls

KCC = """
[source.kcc]
kind = "asterisk"
host = "10.0.0.5"
username = "wachtmonitor"
[source.kcc.queues]
600 = "Klantencontactcentrum"
"""


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """The packaged settings with one source."""
    path = tmp_path / "settings.toml"
    path.write_text(DEFAULT_FILE.read_text(encoding="utf-8") + KCC, encoding="utf-8")
    return path


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(follow, list(map(str, arguments)))


def test_a_dry_run_shows_facts_and_what_else_comes_without_kafka(
    settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def end(number: int) -> None:
        if number == 2:
            raise SourceError("that was all")

    script = [*calls(1), Step(left_out={"no_cluster": 2}, link=Link(connected=False, why="cut off")), *calls(1)]
    monkeypatch.setattr(command, "source_of", lambda *_: Scripted(script, before=end))
    done = run("kcc", "--dry-run", "--settings", settings)
    assert done.exit_code == 1
    assert [json.loads(line)["type"] for line in done.stdout.splitlines()] == ["offered", "abandoned"]
    assert "Error: that was all" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("kc",), 'The settings have no [source.kc]: did you mean "kcc"?'),
        (("kcc", "--settings", "/nonexistent.toml"), "/nonexistent.toml: the settings file cannot be read"),
    ],
)
def test_what_cannot_be_followed_is_told_at_once(arguments: tuple[str, ...], text: str, settings: Path) -> None:
    done = run(*arguments, *(() if "--settings" in arguments else ("--settings", settings)))
    assert done.exit_code == 2
    assert text in done.stderr


def test_settings_without_sources_say_what_to_add() -> None:
    done = run("kcc", "--settings", DEFAULT_FILE)
    assert done.exit_code == 2
    assert "no source at all: add a table [source.kcc]" in done.stderr


def test_a_kafka_that_cannot_be_used_has_a_status_of_its_own(settings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refused(*_: object) -> None:
        raise DeliveryError("another follower has started")

    monkeypatch.setattr(command, "source_of", lambda *_: Scripted([]))
    monkeypatch.setattr(command, "_follow", refused)
    done = run("kcc", "--settings", settings)
    assert (done.exit_code, "another follower has started" in done.stderr) == (3, True)


def test_a_source_without_its_secret_is_not_begun(settings: Path) -> None:
    done = run("kcc", "--settings", settings)
    assert done.exit_code == 2
    assert "[source.kcc]: secret_file: missing; name a file that holds it" in done.stderr


def test_every_kind_that_does_not_call_by_itself_is_watched() -> None:
    assert set(WATCHED) == set(SOURCE_KINDS) - set(RECEIVED_KINDS)

"""`wachtmonitor demo --replay` says of a file what `publish` would: what it leaves out, and what nobody can tell."""

from pathlib import Path
from typing import Final

import pytest
from click import ClickException
from click.testing import CliRunner

from streams.commands.demo import _replayed, demo
from streams.settings import load
from tests.core.builders import KCC

RULES: Final = load(None, {}).rules

MAPPING: Final = """
[time]
zone = "Europe/Brussels"
format = "%Y-%m-%d %H:%M"
[id]
columns = ["id"]
[cluster]
column = "line"
[[event]]
type = "offered"
at = "in"
"""


def replayed(folder: Path, *rows: str) -> int:
    """How many events are played."""
    (folder / "mapping.toml").write_text(MAPPING)
    (folder / "calls.csv").write_text("\n".join(["id,in,line", *rows, ""]))
    return len(list(_replayed(folder / "calls.csv", folder / "mapping.toml", 1.0, RULES).live))


def test_what_is_left_out_and_what_cannot_be_told_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The hour comes twice on 25 October 2026; a file of times to come is played all the same."""
    rows = (f"1,2026-10-25 02:10,{KCC}", "2,2026-10-25 09:00,Elders", f"3,noon,{KCC}", f"4,2099-03-04 09:00,{KCC}")
    assert replayed(tmp_path, *rows) == 2
    told = capsys.readouterr().err
    assert "rows read: 4" in told
    assert "the hour that comes twice" in told
    assert '"Elders" is no cluster' in told
    assert "unreadable time: 1" in told


def test_a_file_without_an_event_is_said_to_have_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ClickException, match="no event was found"):
        replayed(tmp_path, f"1,noon,{KCC}")
    assert "unreadable time: 1" in capsys.readouterr().err


def test_the_stand_in_exchange_is_for_the_simulated_day(tmp_path: Path) -> None:
    file = tmp_path / "calls.csv"
    file.write_text("id\n")
    refused = CliRunner().invoke(demo, ["--exchange", "--replay", str(file)])
    assert refused.exit_code == 2
    assert "leave --replay out" in refused.output

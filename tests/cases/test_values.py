"""What a cell says, in files as exchanges write them, read by `publish`."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from streams.commands.publish import publish

MAPPING = """
[time]
format = "{}"
[id]
columns = "id"
[cluster]
constant = "Klantencontactcentrum"
[[event]]
type = "offered"
at = "created"
[[event]]
type = "answered"
at = "answered"
"""


@pytest.mark.parametrize(
    ("time_format", "row", "status", "told"),
    [
        pytest.param("epoch milliseconds", "a,1780300800000,1780300815250", 0, "2026-06-01T08:00:15.25", id="right"),
        pytest.param("epoch seconds", "a,1780300800000,", 1, "it is epoch milliseconds: say so", id="milliseconds"),
        pytest.param("epoch milliseconds", "a,1780300800,", 1, "it is epoch seconds: say so", id="seconds"),
    ],
)
def test_milliseconds_since_1970_are_read_and_told_from_seconds(
    tmp_path: Path, time_format: str, row: str, status: int, told: str
) -> None:
    (tmp_path / "mapping.toml").write_text(MAPPING.format(time_format))
    (tmp_path / "calls.csv").write_text(f"id,created,answered\n{row}\n")
    arguments = [str(tmp_path / "calls.csv"), "--mapping", str(tmp_path / "mapping.toml"), "--dry-run"]
    result = CliRunner().invoke(publish, arguments)
    assert (result.exit_code, told in result.stdout) == (status, True), result.output

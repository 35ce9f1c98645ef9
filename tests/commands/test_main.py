"""`wachtmonitor` by itself names its commands, and the one that may be meant."""

import pytest
from click.testing import CliRunner

from streams.commands.main import COMMANDS, main


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("wroker", "No such command 'wroker': did you mean \"worker\"?"),
        ("x", f"No such command 'x': known are: {', '.join(COMMANDS)}."),
    ],
)
def test_a_command_that_there_is_not_is_answered_with_those_that_there_are(name: str, said: str) -> None:
    result = CliRunner().invoke(main, [name])
    assert result.exit_code == 2
    assert said in result.output


def test_an_option_that_there_is_not_is_called_an_option() -> None:
    assert "No such option: -x" in CliRunner().invoke(main, ["-x"]).output

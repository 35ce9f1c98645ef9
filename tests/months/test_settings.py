"""The sections of the settings that the month needs."""

import re

import pytest

from streams.settings import DEFAULT_FILE, ClosingSettings, SettingsError, load
from streams.settings.reader import variable_keys


def test_the_packaged_closing_is_the_third_day_at_six() -> None:
    """And every key of it is explained in the file."""
    assert load(None, {}).closing == ClosingSettings(
        day=3, time_minutes=6 * 60, catch_up_days=62, quiet_minutes=60, check_seconds=60, reports_directory=None
    )
    text = DEFAULT_FILE.read_text(encoding="utf-8").partition("\n[closing]\n")[2].partition("\n[")[0]
    assert {key for key in variable_keys()["closing"] if re.search(rf"^(# )?{key} = ", text, re.MULTILINE)} == set(
        variable_keys()["closing"]
    )


@pytest.mark.parametrize(
    ("variable", "value", "problem"),
    [
        ("TIME", "24:00", 'a time of day from 00:00 to 23:59, such as "06:00", got "24:00"'),
        ("TIME", "6:00", "a time of day"),
        ("DAY", "0", "a whole number from 1 to 28"),
        ("DAY", "29", "a whole number from 1 to 28"),
    ],
)
def test_a_moment_that_is_none_is_refused(variable: str, value: str, problem: str) -> None:
    """A day that not every month has is none either."""
    with pytest.raises(SettingsError, match=re.escape(problem)):
        load(None, {f"WACHTMONITOR_CLOSING_{variable}": value})


def test_the_moment_can_be_set() -> None:
    """In the file or in a variable."""
    closing = load(None, {"WACHTMONITOR_CLOSING_TIME": "23:59", "WACHTMONITOR_CLOSING_DAY": "5"}).closing
    assert (closing.day, closing.time_minutes) == (5, 23 * 60 + 59)

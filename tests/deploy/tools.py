"""Programs that tests need: found, or the reason why a test is skipped; in CI they must be there."""

import os
import shutil

import pytest


def needs(program: str) -> str:
    """The path of a program; the test is skipped without it, and fails in CI."""
    found = shutil.which(program)
    if found is None:
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up(f"{program} is not installed; see the target system-packages of the Makefile")
    return found

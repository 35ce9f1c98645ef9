"""The short form of `make fuzz`: hundreds to thousands of records for each target, the same ones in every run."""

from pathlib import Path
from typing import Final

import pytest

from tests.fuzz.run import GROWTH_BYTES_MAX, FuzzError, fuzz, replay
from tests.fuzz.targets import TARGETS

pytest.importorskip("atheris", reason="the fuzzer is there for Linux alone")

RECORDS: Final = {"decoder": 10_000, "rows": 4_000, "file": 200, "mapping": 500, "batches": 2_000}


@pytest.mark.parametrize("name", TARGETS)
def test_no_bytes_do_harm(name: str, tmp_path: Path) -> None:
    account = fuzz(name, RECORDS[name], tmp_path / name, seed=1)
    assert account.records >= RECORDS[name]
    assert account.inputs > len(TARGETS[name].seeds)
    assert 0 < account.slowest_ms <= TARGETS[name].record_ms_max
    assert account.peak_bytes - account.early_bytes <= GROWTH_BYTES_MAX


def test_what_does_harm_is_found_and_can_be_seen_again(tmp_path: Path) -> None:
    """The alarm itself: where a record may take no time at all, the first one does harm."""
    name = "mapping"
    with pytest.raises(FuzzError, match=r"(?s)SlowRecordError: a record took .*--replay"):
        fuzz(name, RECORDS[name], tmp_path / name, seed=1, record_ms_max=0.0)
    (found,) = (tmp_path / name).glob("crash-*")
    assert "does no harm" in replay(name, found, tmp_path)

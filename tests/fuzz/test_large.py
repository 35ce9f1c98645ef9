"""The short form of what `make fuzz` says of memory: the batches that take most of it, once each."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pytest

from tests.fuzz.large import PEAK_BYTES_MAX, measure, shapes
from tests.runtime.batches import MIB

SHORT: Final = re.compile(r"^one value, gzip|one (key|value below).*zstd|headers, none|lies|garbage, lz4")


@pytest.mark.long
def test_no_batch_takes_the_memory_of_a_worker(tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        peaks = measure(tmp_path, {name: make for name, make in shapes().items() if SHORT.search(name)}, pool)
    assert len(peaks) >= 6
    assert all(peak.records for peak in peaks)
    assert all(MIB < peak.peak_bytes < PEAK_BYTES_MAX for peak in peaks), peaks

"""What becomes of large pieces of memory that are no longer used. It must not know any command."""

import ctypes
import sys
from typing import Final

_M_MMAP_THRESHOLD: Final = -3
"""The parameter's number in glibc's malloc.h."""


def give_back_from(size_bytes: int) -> None:
    """Let pieces of this size or more be the system's again as soon as they are freed; nothing without glibc.

    Left alone glibc raises its bound to 32 MiB with the first such piece that is freed, and keeps those that come
    after in a heap with gaps: a worker that reads batches that unpack large had 283 to 317 MiB at its peak instead
    of 233 to 246.
    """
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
        if mallopt is not None:
            mallopt(_M_MMAP_THRESHOLD, size_bytes)

"""What a fuzzing process says of itself when it has read enough."""

import msgspec


class Account(msgspec.Struct):
    """How it went."""

    target: str
    records: int = 0
    inputs: int = 0
    seconds: float = 0.0
    slowest_ms: float = 0.0
    """Of one record, in processor time, with the fuzzer's instrumentation unless that alone made it too slow."""
    early_bytes: int = 0
    """The process's largest memory after a fifth of the records."""
    peak_bytes: int = 0

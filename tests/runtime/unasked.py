"""For tests that make batches up: no broker is asked whether they are of the topic that was read."""

from collections.abc import Mapping
from typing import Any


class Unasked:
    """In the place of `streams.kafka.remade.Sources`."""

    def __init__(self, _: Any) -> None:
        """Whatever Kafka there is."""

    async def require_same(self, _: Mapping[Any, Any]) -> None:
        """Nothing was made anew."""

    async def stop(self) -> None:
        """Nothing to let go of."""

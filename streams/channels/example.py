"""An example of a record, for the documents of the contract: what they show is what the decoder does."""

from typing import Any

import msgspec


class Example(msgspec.Struct, frozen=True):
    """A valid record and the event that it holds."""

    title: str
    value: str
    event: Any
    """Of the channel that has the example."""

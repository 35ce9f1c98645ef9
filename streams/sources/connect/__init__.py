"""Calls of an Amazon Connect instance: contact events from a queue, and contact records that fill their gaps.

What is pure knows neither the network nor files nor a clock: `contacts` reads both into the same contact, `facts`
makes facts of one, `once` tells each once, `receipts` says which messages are done with and `reading` which files.
`aws`, `places` and `source` bring them the bytes.
"""

from streams.sources.connect.source import connect_source

__all__ = ["connect_source"]

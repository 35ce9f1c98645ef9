"""Calls of an Asterisk exchange, live: from its manager interface (AMI) and its queue_log, together or alone.

What is pure knows neither sockets nor files nor a clock: `manager_events` and `log_lines` make signs of what comes,
the `fold` makes facts of signs, `watch` says which of both inputs is believed. `client`, `tail` and `source` bring
them the bytes.
"""

from streams.sources.asterisk.parameters import Manager as Manager
from streams.sources.asterisk.parameters import StaffRules as StaffRules
from streams.sources.asterisk.source import AsteriskSource as AsteriskSource
from streams.sources.call_rules import CallRules as CallRules

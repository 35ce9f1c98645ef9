"""Calls of a FreeSWITCH exchange, live over its event socket, as mod_callcenter and its channels tell of them.

Built from the documentation and never tried on a real exchange. What is pure knows neither sockets nor a clock:
`frames` cuts what comes, `events` and `lists` read it, `watch` makes facts of it. `client` and `source` bring it the
bytes.
"""

from streams.sources.freeswitch.parameters import EventSocket as EventSocket
from streams.sources.freeswitch.source import FreeSwitchSource as FreeSwitchSource

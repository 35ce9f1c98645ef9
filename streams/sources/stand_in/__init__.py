"""An exchange that is none: made-up calls, told over AMI and queue_log as Asterisk 22 tells of real ones.

For showing and trying how an exchange is followed where there is none.
"""

from streams.sources.stand_in.happenings import Happening, happenings
from streams.sources.stand_in.server import StandInServer
from streams.sources.stand_in.telling import Line, StandIn

__all__ = ["Happening", "Line", "StandIn", "StandInServer", "happenings"]

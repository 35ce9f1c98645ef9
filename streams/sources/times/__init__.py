"""Times as files write them: text in some format, often local and without its date, becomes an instant in UTC.

`formats` reads what is written, `durations` lengths of time, `clock` knows local clocks, and `order` tells the two
comings of an hour apart. Nothing here knows a mapping or a column.
"""

from streams.sources.times.clock import Moment, NonexistentTimeError, past_midnight
from streams.sources.times.durations import check_duration_formats, duration_parser
from streams.sources.times.formats import (
    Holds,
    check_date_formats,
    check_time_formats,
    day_parser,
    is_rounded,
    moment_parser,
    need_zone,
    other_format,
    time_of_day_parser,
    what_formats_hold,
)

__all__ = [
    "Holds",
    "Moment",
    "NonexistentTimeError",
    "check_date_formats",
    "check_duration_formats",
    "check_time_formats",
    "day_parser",
    "duration_parser",
    "is_rounded",
    "moment_parser",
    "need_zone",
    "other_format",
    "past_midnight",
    "time_of_day_parser",
    "what_formats_hold",
]

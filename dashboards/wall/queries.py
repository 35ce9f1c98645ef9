"""What the wall asks of Prometheus."""

from typing import Final

from dashboards.queries import (
    AVERAGE,
    BAD,
    CHANNELS,
    DAY,
    DESKS,
    FEED_AGES_OF_TOPICS,
    FEED_STALE,
    GOOD,
    HERE,
    LINES,
    LONGEST,
    MISSED,
    MISSED_SHARE,
    NEUTRAL,
    NORM_MISSED,
    OPEN,
    SECONDS_IN_MINUTE,
    SERVICE_LEVEL,
    SHORT,
    WAITING,
    WORKERS_SEEN,
    Query,
    as_label,
    each,
    in_words,
    judged,
    judged_share,
    legend,
    line_service_level,
    of,
    of_line,
    signed,
)


def _line_average(window: str) -> str:
    return of_line(judged(of(AVERAGE, channel="phone", window=window), LINES, "<", of_each=LINES))


def _desk_average(window: str) -> str:
    return judged(
        of(AVERAGE, channel="desk", window=window), DESKS, "<=", divided_by=SECONDS_IN_MINUTE, of_each=DESKS
    )


LINE_WAITING: Final = Query(of(WAITING, channel="phone"), legend("line-waiting"))
LINE_LONGEST: Final = Query(
    of_line(judged(of(LONGEST, channel="phone"), LINES, "<=", of_each=LINES)), legend("line-longest")
)
LINE_AVERAGE_SHORT: Final = Query(_line_average(SHORT), legend("line-average-short"))
LINE_AVERAGE_DAY: Final = Query(_line_average(DAY), legend("line-average-today"))


LINE_SERVICE_LEVEL_DAY: Final = Query(
    line_service_level(of(SERVICE_LEVEL, window=DAY)),
    legend("line-in-time-today"),
)
LINE_MISSED_DAY: Final = Query(of_line(of(MISSED, window=DAY)), legend("line-missed-today"))
LINE_MISSED_SHARE_DAY: Final = Query(
    of_line(judged_share(of(MISSED_SHARE, window=DAY), each(NORM_MISSED, LINES), "<=")),
    legend("line-missed-share"),
)

_FEED_SIGNS: Final = (
    f"((({signed(f'{FEED_AGES_OF_TOPICS} <= on (topic) {FEED_STALE}', GOOD)}"
    f" or {signed(f'{FEED_AGES_OF_TOPICS} > on (topic) {FEED_STALE}', BAD)}) and on () ({OPEN} == 1))"
    f" or on (topic) {signed(FEED_AGES_OF_TOPICS, NEUTRAL)})"
)
_STALE_BY_CHANNEL: Final = "max by (topic, channel) (wachtmonitor_feed_stale_seconds)"
_CHANNEL_OF_FEED: Final = in_words(_STALE_BY_CHANNEL, "channel", CHANNELS)
FEED_AGE: Final = Query(
    f"{FEED_AGES_OF_TOPICS} * on (topic) group_left (sign) ({_FEED_SIGNS} ^ 0)"
    f" * on (topic) group_left (words) ({_CHANNEL_OF_FEED} ^ 0)",
    legend("feed-age"),
)
MONITOR_STOPPED: Final = Query(f"{WORKERS_SEEN} == 0", legend("monitor-stopped", bad=BAD))

DESK_LONGEST: Final = Query(
    judged(of(LONGEST, channel="desk"), DESKS, "<=", divided_by=SECONDS_IN_MINUTE, of_each=DESKS)
    + f" * {HERE} group_left (waiting) {as_label('waiting', of(WAITING, channel='desk'))}",
    legend("desk-longest"),
)
DESK_AVERAGE_SHORT: Final = Query(_desk_average(SHORT), legend("desk-average"))
DESK_HEADINGS: Final = (
    Query("vector(0)", legend("desks-now")),
    Query("vector(0)", legend("desks-short")),
    Query("vector(0)", legend("desks-today")),
)
"""Words above the desks' tiles, large enough to be read from afar: a series that is there for its name alone."""
DESK_AVERAGE_DAY: Final = Query(_desk_average(DAY), legend("desk-average"))

"""Whether the wall shows all clusters of the settings at once, or on pages in turn."""

from typing import Final

from streams.commands.check.finding import Finding, Status
from streams.core.rules import MINUTE_MS, SECOND_MS, Rules
from streams.serve.wall.layout import LAYOUTS
from streams.serve.wall.pages import TURN_SECONDS, Shown, pages_of, turn_seconds

LONG_SECONDS: Final = 2 * MINUTE_MS // SECOND_MS
"""Nobody stands in front of a screen for longer than this to see one line."""


def wall_finding(rules: Rules) -> Finding:
    """How many pages the clusters make, and how long a turn takes."""
    channels = [Shown(layout.form, len(rules.channel_clusters(channel))) for channel, layout in LAYOUTS.items()]
    clusters, pages = sum(each.clusters for each in channels), pages_of(channels)
    if not pages:
        return Finding(Status.GOOD, "wall", f"shows all {clusters} clusters at once")
    seconds = turn_seconds(pages)
    turn = f"{seconds} s" if seconds < LONG_SECONDS else f"{seconds / 60:.1f} minutes"
    text = (
        f"{clusters} clusters are legible from 5 m on {len(pages)} pages in turn, {TURN_SECONDS} s each: a turn "
        f"takes {turn}; how many are over their norm, and the worst of them, stay in view"
    )
    if seconds < LONG_SECONDS:
        return Finding(Status.GOOD, "wall", text)
    advice = "; who looks for one line finds it sooner on the dashboards in Grafana"
    return Finding(Status.NOTE, "wall", text + advice)

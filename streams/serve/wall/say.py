"""The wall in words: what a moment says in the language of the screen.

It must not know any channel, nor how the page looks or is sent.
"""

from collections.abc import Iterator, Sequence

from streams.core.rules import Channel
from streams.serve.wall.layout import LAYOUTS, Layout
from streams.serve.wall.moment import ClusterNow, Moment, Trouble
from streams.serve.wall.pages import TURN_SECONDS, Shown, pages_of
from streams.serve.wall.payload import (
    FeedStatus,
    Link,
    State,
    WallChannel,
    WallCluster,
    WallPayload,
    WallProblem,
)
from streams.words import Message, Words

_OPENING = {"open": "wall-live", "outside_opening_hours": "wall-closed", "closing_day": "wall-closed-today"}


def said(moment: Moment, words: Words) -> WallPayload:
    """Everything that the page shows."""
    problems = tuple(WallProblem(text=_problem(each, words), channels=each.channels) for each in moment.problems)
    channels = tuple(_channels(moment, problems, words))
    return WallPayload(
        at=moment.at,
        opening=moment.opening,
        demo=moment.demo,
        link=_link(moment, problems, words),
        announcement=_announcement(channels, problems, words),
        feeds=tuple(moment.feeds.values()),
        channels=channels,
        problems=problems,
        pages=pages_of([Shown(each.form, len(each.clusters)) for each in channels]),
        turn_seconds=TURN_SECONDS,
    )


def _problem(trouble: Trouble, words: Words) -> str:
    """A neighbour of another version may have found something that there are no words for here."""
    return say_or(trouble.message, "problem-unknown", words)


def say_or(message: Message, otherwise: str, words: Words) -> str:
    """What a message says, or another one where that cannot be said."""
    try:
        return words.say(message)
    except (LookupError, ValueError, RecursionError):
        return words(otherwise)


def _channels(moment: Moment, problems: Sequence[WallProblem], words: Words) -> Iterator[WallChannel]:
    """Those that have clusters."""
    for channel, layout in LAYOUTS.items():
        clusters = [each for each in moment.clusters if each.channel == channel]
        if clusters:
            yield _channel(layout, clusters, moment, problems, words)


def _channel(
    layout: Layout,
    clusters: Sequence[ClusterNow],
    moment: Moment,
    problems: Sequence[WallProblem],
    words: Words,
) -> WallChannel:
    channel = clusters[0].channel
    feed = moment.feeds[channel]
    keys = [column.key for column in layout.columns(moment, words)]
    is_silent = not moment.is_closed and (feed.age_seconds is None or feed.age_seconds > feed.stale_after_seconds)
    return WallChannel(
        channel=channel,
        form=layout.form,
        title=words(layout.title),
        place=words(layout.place),
        columns=layout.columns(moment, words),
        clusters=tuple(_cluster(each, layout, keys, moment, words) for each in clusters),
        stale=_stale(channel, feed, problems, words),
        never=words("wall-no-data-yet") if is_silent and feed.age_seconds is None else "",
        age=_age(feed, words) if is_silent else words("wall-age", duration="{duration}"),
        silent_seconds=feed.age_seconds if is_silent else None,
    )


def _cluster(cluster: ClusterNow, layout: Layout, keys: Sequence[str], moment: Moment, words: Words) -> WallCluster:
    cells = layout.cells(cluster, moment, words)
    state: State = cells[keys.index("average")].state if "average" in keys else "none"
    return WallCluster(
        cluster=cluster.cluster,
        cells=cells,
        norm=layout.norm(cluster, words),
        note=layout.note(cluster, moment, words),
        state=state,
    )


def _stale(channel: Channel, feed: FeedStatus, problems: Sequence[WallProblem], words: Words) -> str:
    """Why figures are grey, if not for their age: whoever is cut off does not know how far behind it is."""
    for problem in problems:
        if channel in problem.channels:
            return problem.text
    if feed.is_behind:
        return words("wall-behind", duration=words.duration(int(feed.behind_seconds or 0)), lag=feed.lag or 0)
    return ""


def _age(feed: FeedStatus, words: Words) -> str:
    if feed.lag:
        return words("wall-age-to-read", duration="{duration}", lag=feed.lag)
    return words("wall-age", duration="{duration}")


def _link(moment: Moment, problems: Sequence[WallProblem], words: Words) -> Link:
    if problems:
        return Link(state="problem", text=words("wall-problem", problem=problems[0].text))
    if any(feed.is_behind for feed in moment.feeds.values()):
        return Link(state="behind", text=words("wall-catching-up"))
    return Link(state=moment.opening, text=words(_OPENING[moment.opening]))


def _announcement(channels: Sequence[WallChannel], problems: Sequence[WallProblem], words: Words) -> str:
    """New only when a verdict turns: nobody wants every second read aloud."""
    if problems:
        return words("wall-says-problem", problem=problems[0].text)
    if any(each.stale or each.never or each.silent_seconds is not None for each in channels):
        return words("wall-says-stale")
    above = [each.cluster for channel in channels for each in channel.clusters if each.state == "bad"]
    if above:
        return words("wall-says-above", clusters=", ".join(above))
    return words("wall-says-none-above")

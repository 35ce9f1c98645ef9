"""A channel that is added stands on the wall by its layout and its words, with no change of what shows them."""

from collections.abc import Iterator
from typing import Any, Final, cast

import msgspec
import pytest

from streams.core.rules import Channel
from streams.serve.wall import layout
from streams.serve.wall.moment import ClusterNow, Moment, Trouble
from streams.serve.wall.payload import FeedStatus
from streams.words import Language, add_catalogues, message, words, words_of
from tests.serve.chats import ChatsLayout
from tests.serve.wall_payloads import wall_moment, wall_payload

CHAT: Final = cast("Channel", "chat")


@pytest.fixture
def chats(monkeypatch: pytest.MonkeyPatch) -> Iterator[Moment]:
    """Six in a chat, of whom one waits longer than the norm, beside the telephone and the desks."""
    monkeypatch.setattr(layout, "_LAYOUTS", {**layout.LAYOUTS})
    monkeypatch.setattr(words, "_packages", list(words._packages))
    add_catalogues("tests.serve.chats")
    layout.add_layout(CHAT, ChatsLayout())
    monkeypatch.setattr("streams.serve.wall.say.LAYOUTS", layout._LAYOUTS)
    moment = wall_moment()
    cluster = ClusterNow(
        channel=CHAT,
        cluster="Infochat",
        norm_seconds=60.0,
        waiting=6,
        longest_wait_seconds=75.0,
        windows={"15m": 3, "today": 1_234},
    )
    feeds = {**moment.feeds, CHAT: FeedStatus(topic="chats", age_seconds=1.0, lag=0, stale_after_seconds=90.0)}
    yield msgspec.structs.replace(moment, clusters=(*moment.clusters, cluster), feeds=feeds)
    words_of.cache_clear()


@pytest.mark.parametrize("language", Language)
def test_it_stands_behind_the_others_in_its_own_words(chats: Moment, language: Language) -> None:
    payload = wall_payload(chats, language)
    *_, chat = payload.channels
    assert [each.channel for each in payload.channels] == ["phone", "desk", "chat"]
    assert (chat.title, chat.place, chat.form) == (f"Chats ({language})", f"chat ({language})", "table")
    assert [column.key for column in chat.columns] == ["waiting", "longest", "offered"]
    (cluster,) = chat.clusters
    assert [cell.value for cell in cluster.cells] == [6, 75.0, 1_234]
    assert [cell.state for cell in cluster.cells] == ["none", "bad", "none"]
    assert payload.feeds[-1].topic == "chats"


def test_what_is_wrong_with_it_is_said_of_it_alone(chats: Moment) -> None:
    about = message("problem-all-missing", contacts=message("contacts-chat"))
    trouble = Trouble(message=about, channels=(CHAT,))
    payload = wall_payload(msgspec.structs.replace(chats, problems=(trouble,)), Language.ENGLISH)
    told: dict[str, Any] = {each.channel: each.stale for each in payload.channels}
    assert told == {"phone": "", "desk": "", "chat": "No data: chats (en)"}

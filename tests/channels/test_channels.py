"""The channels are objects: nothing outside of their rooms asks which one it is, and another one registers itself."""

import pickle
import re
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

import dashboards
import streams
from streams.channels import CALLS, VISITS, channel_names, channel_of, channel_of_event, channels, register, topics_of
from streams.core import rules
from streams.core.rules import Channel
from streams.settings import load
from tests.core.builders import offered, requested

ROOT: Final = Path(streams.__file__).parent
BRANCH: Final = re.compile(
    r"Channel\.(PHONE|DESK)|\bin (CALL|TICKET)_EVENTS|is (not )?(Offered|Requested|Arrived)\b"
    r"|is(instance|subclass)\([^)]*"
    r"(PhoneTally|DeskTally|CallState|TicketState|CallEvent|TicketEvent|Offered|Requested|Arrived)"
)

THROUGH: Final = re.compile(r"\bin Channel\b|\*Channel\b|\(Channel\)")
"""Goes through the names that are written down, which lack those that are added."""


def branching() -> set[str]:
    """The modules that ask which channel it is."""
    return {
        path.relative_to(ROOT).as_posix()
        for path in ROOT.rglob("*.py")
        if "channels" not in path.relative_to(ROOT).parts and BRANCH.search(path.read_text())
    }


def test_nobody_else_asks_which_channel_it_is() -> None:
    """Ask the channel object instead (`streams.channels.channel_of`)."""
    assert branching() == set()


@pytest.mark.parametrize("root", [ROOT, Path(dashboards.__file__).parent], ids=lambda root: root.name)
def test_who_goes_through_the_channels_goes_through_all(root: Path) -> None:
    """Ask `streams.channels` for `channel_names`."""
    assert [path.name for path in root.rglob("*.py") if THROUGH.search(path.read_text())] == []


def test_a_name_is_known_once_it_is_named() -> None:
    """By decoders that were made before, too, and no other is ever taken for a channel."""
    decode = msgspec.json.Decoder(Channel).decode
    with pytest.raises(msgspec.ValidationError):
        decode(b'"fax"')
    fax = Channel.named("fax")
    try:
        assert decode(b'"fax"') is Channel("fax") is Channel.named("fax") is pickle.loads(pickle.dumps(fax)) is fax
        assert (msgspec.json.encode(fax), f"{fax}", fax.name, fax.value) == (b'"fax"', "fax", "FAX", "fax")
        assert list(Channel) == [Channel.PHONE, Channel.DESK] == list(channel_names())
    finally:
        del rules._MORE_CHANNELS["fax"]
    not_known: tuple[Any, ...] = ("fax", ["fax"], 5, None)
    for value in not_known:
        with pytest.raises(ValueError, match="not a valid Channel"):
            Channel(value)


def test_the_channels_are_found_by_name_by_event_and_by_topic() -> None:
    assert channels()[:2] == (CALLS, VISITS)
    assert channel_of(Channel.PHONE) is channel_of_event(offered(0)) is CALLS
    assert channel_of(Channel.DESK) is channel_of_event(requested(0, 0)) is VISITS
    assert topics_of(load(None, {}).kafka) == {"calls": Channel.PHONE, "tickets": Channel.DESK}


def test_a_name_is_not_registered_twice() -> None:
    """Or the figures of one channel would be counted as the other's."""
    with pytest.raises(ValueError, match="give it another name"):
        register(msgspec.structs.replace(VISITS, name=Channel.PHONE))
    assert channel_of(Channel.PHONE) is CALLS

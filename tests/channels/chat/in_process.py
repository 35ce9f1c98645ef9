"""What holds where chats are added: run by `tests.channels.test_chat`, in a process of its own."""

from io import BytesIO
from pathlib import Path
from typing import Final

import msgspec
import pytest
from click.testing import CliRunner

from dashboards.rules.sums import sums
from streams import added
from streams.added import add_channel
from streams.channels import channel_names, channel_of, channels, indicator_of, indicators, register, topics_of
from streams.channels.calls.events import Offered
from streams.channels.named_events import event_types, name_of
from streams.channels.topics import topic_specs
from streams.commands.simulate import simulate
from streams.contracts.events import instant_ms
from streams.core.norms import Norms
from streams.core.rules import Channel
from streams.documents.schema import asyncapi, documents, json_schema
from streams.kafka.rights import Right, Role, rights_of
from streams.live.problems import Problem
from streams.months.report import channels as report
from streams.months.report.calls.report import CallsReport
from streams.months.report.counted import CountedReport
from streams.months.report.indicators import Line, lines_of
from streams.records.closings import Basis, FrozenTotal, frozen_total
from streams.runtime.feed_faults import grown
from streams.serve.metrics.metric import Page
from streams.serve.metrics.norms import norm_series
from streams.serve.wall.cells import share
from streams.settings import DEFAULT_FILE, Settings, SettingsError, load
from streams.sources.acceptance import Acceptance
from streams.sources.files.events import read_rows
from streams.sources.mapping import MappingError, parse_mapping
from streams.sources.sender import encoded
from streams.words import Language, message, words_of
from tests.channels.chat.channel import CHATS, add
from tests.channels.chat.counts import ChatTally
from tests.channels.chat.events import Offered as ChatOffered
from tests.channels.chat.indicators import ABANDONED_SHARE, WAIT
from tests.channels.chat.layout import ChatsLayout

add()

CLUSTER: Final = '\n[[cluster]]\nname = "Infochat"\nchannel = "chat"\nnorm_seconds = 20\n'


def written(folder: Path, more: str) -> Path:
    """The packaged settings with some more."""
    path = folder / "settings.toml"
    path.write_text(DEFAULT_FILE.read_text(encoding="utf-8") + more, encoding="utf-8")
    return path


def test_it_stands_behind_the_others() -> None:
    assert [each.name for each in channels()] == list(channel_names()) == ["phone", "desk", "chat"]
    assert channel_of(Channel("chat")) is CHATS
    assert Problem(code="any", text="any", on_wall=message("any")).channels == channel_names()


def test_the_report_tells_its_counts_unless_it_is_added_with_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "_REPORTS", dict(report._REPORTS))
    assert type(report.reports()[CHATS.name]) is CountedReport
    own = CallsReport()
    add_channel(CHATS, ChatsLayout(), "tests.channels.chat", own)
    assert report.reports()[CHATS.name] is own


def test_it_has_what_it_declares_where_the_settings_say_nothing(tmp_path: Path) -> None:
    settings = load(written(tmp_path, CLUSTER), {})
    kafka = settings.kafka
    assert topics_of(kafka) == {"calls": Channel.PHONE, "tickets": Channel.DESK, "chats": CHATS.name}
    assert settings.web.silences() == {Channel.PHONE: 90, Channel.DESK: 900, CHATS.name: 120}
    assert {"chats", "chats-checkpoints"} <= {spec.name for spec in topic_specs(kafka)}
    assert Right("topic", "chats", "Read") in rights_of(Role.WORKER, kafka)
    assert Right("topic", "chats-checkpoints", "Write") in rights_of(Role.WORKER, kafka)
    assert Right("topic", "chats", "Write") in rights_of(Role.SOURCE, kafka)
    assert list(settings.rules.channel_clusters(CHATS.name)) == ["Infochat"]


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        (
            '[kafka.topics]\nchat = "calls"\n',
            'of its own for chat, got "calls", which is for calls_topic',
        ),
        ('[kafka.topics]\nchat = "calls-checkpoints"\n', "which is for the checkpoints of calls_topic"),
        ('[kafka.topics]\nphone = "telephone"\n', "expected a channel without a key of its own as the key"),
        ("[norms.indicators]\nchat_wait = 20\n", "expected an indicator of a channel that was added as the key"),
        (
            "[norms.indicators]\nchat_abandoned_share = 120\n",
            "expected a percentage from 0 to 100 for chat_",
        ),
        (
            '[norms.indicators]\nchat_abandoned_share = "a"\n',
            "chat_abandoned_share: expected a number in the ",
        ),
        ("[web.stale_seconds]\nchat = 1\n", "[web.stale_seconds]: chat: expected a whole number of seconds from 5"),
    ],
)
def test_what_is_wrong_with_it_is_said(tmp_path: Path, more: str, problem: str) -> None:
    with pytest.raises(SettingsError) as raised:
        load(written(tmp_path, CLUSTER + more), {})
    assert problem in str(raised.value)


def test_what_is_wrong_with_its_topic_is_told_of_its_contacts(tmp_path: Path) -> None:
    settings = load(written(tmp_path, CLUSTER), {})
    (told,) = grown(settings.kafka, settings.rules, {"chats": settings.kafka.partitions + 1})
    assert "so chats that had begun before may be counted twice. Set partitions" in told.text


def test_its_indicator_stands_behind_those_of_the_plan() -> None:
    assert indicators()[-2:] == (WAIT, ABANDONED_SHARE)
    assert indicator_of("chat_wait") == (WAIT, CHATS)


def test_a_name_of_an_indicator_and_words_that_are_missing_are_told_when_it_is_added() -> None:
    other = msgspec.structs.replace(CHATS, name=Channel.named("mail"))
    with pytest.raises(ValueError, match=r"of new names, got chat_abandoned_share, chat_wait again"):
        register(other)
    unnamed = msgspec.structs.replace(WAIT, name="mail_wait")
    lacking = msgspec.structs.replace(other, indicators=(unnamed,))
    with pytest.raises(ValueError, match=r"add indicator-mail-wait \(nl\), indicator-mail-wait-text \(nl\)"):
        added._require_words(lacking, "tests.channels.mail")


def judged(settings: Settings) -> Line:
    """The share of abandoned chats of which one of four was, in a month."""
    basis = Basis(settings.rules, settings.norms)
    lines = lines_of(CHATS, {"Infochat": ChatTally(answered=3, abandoned=1)}, basis)
    (line,) = [each for each in lines if each.indicator == ABANDONED_SHARE.name]
    return line


@pytest.mark.parametrize(("percent", "met"), [("25", True), ("24.9", False)])
def test_a_norm_for_all_of_its_clusters_is_a_setting(tmp_path: Path, percent: str, met: bool) -> None:
    settings = load(written(tmp_path, f"{CLUSTER}[norms.indicators]\nchat_abandoned_share = {percent}\n"), {})
    line = judged(settings)
    assert (line.value, line.contacts, line.norm, line.met) == (0.25, 4, float(percent) / 100, met)
    kept = msgspec.json.decode(msgspec.json.encode(settings.norms), type=Norms)
    assert kept == settings.norms
    shown = {metric.name: value for metric, _, value in norm_series(settings.rules, settings.norms)}
    assert shown["wachtmonitor_norm_chat_abandoned_share_ratio"] == float(percent) / 100
    rules = {rule.record for page in Page for found in sums(page).values() for rule in found}
    norm = "wachtmonitor_norm_chat_abandoned_share_ratio:max"
    assert {f"city:{norm}", f"month:{norm.replace('_norm', '_month_norm')}"} <= rules


def test_without_a_norm_it_is_told_without_one_and_closings_are_written_as_before(tmp_path: Path) -> None:
    settings = load(written(tmp_path, CLUSTER), {})
    line = judged(settings)
    assert (line.value, line.norm, line.met) == (0.25, None, None)
    assert b"indicators" not in msgspec.json.encode(settings.norms)
    assert "wachtmonitor_norm_chat_abandoned_share_ratio" not in {
        metric.name for metric, _, _ in norm_series(settings.rules, settings.norms)
    }
    words = words_of(Language.ENGLISH)
    cell = share(0.25, None, ABANDONED_SHARE.comparison, words, empty="")
    assert (cell.text, cell.norm, cell.state) == ("25%", "", "none"), "told, and not judged"


def test_a_closing_keeps_what_is_counted_of_it() -> None:
    tally = ChatTally(answered=3, wait_ms=4_500, sketch={7: 3})
    total = frozen_total(CHATS.name, "Infochat", "chats-0", tally)
    again = msgspec.json.decode(msgspec.json.encode(total), type=FrozenTotal)
    assert again.tally == tally


MAPPING: Final = """
[id]
columns = "nummer"
[cluster]
constant = "Infochat"
[[event]]
type = "chat.offered"
at = "begin"
[[event]]
type = "chat.answered"
at = "antwoord"
"""


def test_a_mapping_names_its_events_which_are_read_from_a_file_as_others_are(tmp_path: Path) -> None:
    rules = load(written(tmp_path, CLUSTER), {}).rules
    file = b"nummer,begin,antwoord\n7,2024-05-31T14:08:37Z,2024-05-31T14:08:47Z\n8,2024-05-31T14:09:00Z,\n"
    rows = list(Acceptance(rules).of(read_rows(BytesIO(file), parse_mapping(MAPPING)), instant_ms(1717250400)))
    assert [row.refused for row in rows] == [None, None]
    assert [encoded(event) for row in rows for event in row.events] == [
        (b"7", b'{"type":"offered","chat_id":"7","cluster":"Infochat","at":"2024-05-31T14:08:37Z"}'),
        (b"7", b'{"type":"answered","chat_id":"7","cluster":"Infochat","at":"2024-05-31T14:08:47Z"}'),
        (b"8", b'{"type":"offered","chat_id":"8","cluster":"Infochat","at":"2024-05-31T14:09:00Z"}'),
    ]


def test_a_name_that_two_channels_have_stays_that_of_the_first() -> None:
    names = [*event_types()]
    assert names[:4] == ["offered", "answered", "abandoned", "ended"]
    assert names[-4:] == ["chat.offered", "chat.answered", "chat.abandoned", "chat.ended"]
    assert (name_of(Offered), name_of(ChatOffered)) == ("offered", "chat.offered")


@pytest.mark.parametrize(
    ("event", "problem"),
    [
        ('"chat.ofered"', "did you mean chat.offered?"),
        ('"chat.offered"\nplanned_at = "gepland"', "planned_at: only tickets are planned, not chats"),
    ],
)
def test_what_a_mapping_says_wrong_of_it_is_said(event: str, problem: str) -> None:
    with pytest.raises(MappingError) as raised:
        parse_mapping(MAPPING.replace('"chat.offered"', event))
    assert problem in str(raised.value)


def test_the_published_contract_has_its_events_beside_those_of_the_same_names() -> None:
    document = asyncapi()
    found = document["channels"]["chats"]
    assert [*found["messages"]] == ["chat.offered", "chat.answered", "chat.abandoned", "chat.ended"]
    assert found["description"].startswith("Key: `chat_id` in UTF-8")
    schemas = document["components"]["schemas"]
    assert "chat_id" in schemas["chat.Offered"]["properties"]
    assert "call_id" in schemas["Offered"]["properties"]
    assert json_schema(CHATS)["title"] == "Events on the topic chats"
    of_channels = ["calls.schema.json", "tickets.schema.json", "chats.schema.json"]
    assert [*documents()] == [*of_channels, "staffing.schema.json", "asyncapi.json"]


def test_a_simulated_day_has_it_too(tmp_path: Path) -> None:
    settings = written(tmp_path, CLUSTER)
    done = CliRunner().invoke(simulate, ["--date", "2026-03-23", "--settings", str(settings)])
    assert done.exit_code == 0, done.output
    *_, calls, tickets, chats = done.stderr.splitlines()
    assert (calls.split()[0], tickets.split()[0]) == ("calls:", "tickets:")
    assert chats in ("  chats: 1 offered, 1 answered", "  chats: 2 offered, 2 answered")
    assert '"chat_id":"sim-2026-03-23-1-chat-0"' in done.stdout

"""`wachtmonitor dead-letters`: which records were refused, by reason, and sending those again that fit by now."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Final

import click
from aiokafka.errors import KafkaError

from streams.channels import topics_of
from streams.commands.common import NotSent, local_time
from streams.commands.options import load_settings, settings_option
from streams.contracts.names import sentence
from streams.contracts.rejections import Reason
from streams.kafka.client import PATIENCE_SECONDS, KafkaProblemsError, admin_client
from streams.kafka.permission import allowed, require_rights
from streams.kafka.rights import Role
from streams.process.stoppable import run
from streams.records.dead_letters import DeadLetter
from streams.runtime.fetching.stored_letters import every_letter
from streams.runtime.letter_account import Example, Judge, Kind, Letters, Refusal, records_of
from streams.settings import KafkaSettings, Settings
from streams.sources.sender import EventSender, SendError

_UNKNOWN_REASON: Final = "not one of the contract: another version of the worker wrote it"


@click.command(name="dead-letters")
@click.option(
    "--reason",
    type=click.Choice([reason.value for reason in Reason]),
    help="Those of this reason alone.",
)
@click.option(
    "--send-again",
    is_flag=True,
    help="Send the records that these settings would have accepted to their topic again, as they came.",
)
@settings_option
def dead_letters(reason: str | None, settings_file: Path | None, *, send_again: bool) -> None:
    """List the records that were refused, by topic and reason, with examples in words.

    Nothing of a record is shown. For each reason it says how many records these settings would accept by now: after a
    cluster or an earlier day was put into the settings, say. Start the workers with those settings, then send the
    records again: without --send-again nothing is sent. Sending twice changes no figure.

    A record is judged by the time at which it came. So one whose event lay in the future stays refused although that
    moment has come, since its time is wrong; send it with the right time from its source.

    \b
    Exit code:
      0  listed, or every record that these settings accept was sent
      1  Kafka cannot be read
      2  the command is wrong
      3  Kafka did not take every record; run it again
    """
    settings = load_settings(settings_file)
    try:
        letters, outcome = run(allowed(settings.kafka, Role.LETTERS, _gone_through(settings, reason, send_again)))
    except SendError as error:
        raise NotSent(str(error)) from error
    except TimeoutError as error:
        text = f"{settings.kafka.dead_letters_topic} cannot be read: nothing came for {PATIENCE_SECONDS:.0f} s."
        raise click.ClickException(f"{text} Are all brokers up? `wachtmonitor check` tells.") from error
    except (KafkaError, KafkaProblemsError) as error:
        raise click.ClickException(str(error)) from error
    click.echo("\n".join(_listing(letters, settings, reason)))
    if outcome is not None:
        click.echo("\n".join(_account(outcome)))


class Outcome:
    """What became of the letters' records when they were to be sent again."""

    def __init__(self) -> None:
        self.sent: Counter[str] = Counter()
        """By topic."""
        self.refused: Counter[str] = Counter()
        """By the reason for which these settings refuse them too."""
        self.unsendable: Counter[str] = Counter()
        """By what is in the way, in words."""

    def note(self, letter: DeadLetter, refusal: Refusal) -> None:
        """One letter of which nothing was sent."""
        counted = self.refused if refusal.is_by_settings else self.unsendable
        counted[refusal.reason] += records_of(letter)


async def _gone_through(settings: Settings, reason: str | None, send_again: bool) -> tuple[Letters, Outcome | None]:
    letters = Letters(Judge(topics_of(settings.kafka), settings.rules, settings.kafka.staffing_topic))
    if not send_again:
        async for letter in _chosen(settings.kafka, reason):
            letters.add(letter)
        return letters, None
    await require_rights(settings.kafka, Role.SOURCE)
    if settings.has_staffing:
        await require_rights(settings.kafka, Role.STAFF_SOURCE)
    outcome = Outcome()
    async with EventSender(settings.kafka) as sender:
        async for letter in _chosen(settings.kafka, reason):
            refusal = letters.add(letter) or await _sent(sender, letter)
            if refusal is None:
                outcome.sent[letter.topic] += 1
            else:
                outcome.note(letter, refusal)
    return letters, outcome


async def _chosen(kafka: KafkaSettings, reason: str | None) -> AsyncIterator[DeadLetter]:
    async with asyncio.timeout(PATIENCE_SECONDS), admin_client(kafka) as admin:
        topics = {topic["topic"]: len(topic["partitions"]) for topic in await admin.describe_topics()}
    partitions = topics.get(kafka.dead_letters_topic, 0)
    async with aclosing(every_letter(kafka, partitions, PATIENCE_SECONDS)) as found:
        async for letter in found:
            if reason in (None, letter.reason):
                yield letter


async def _sent(sender: EventSender, letter: DeadLetter) -> Refusal | None:
    """Send a record as it came, to the partition in which the other facts of its contact are."""
    if letter.partition not in await sender.partitions(letter.topic):
        return Refusal("of a partition that its topic no longer has", is_by_settings=False)
    await sender.send_record(
        letter.topic, letter.key, letter.value, partition=letter.partition, timestamp_ms=letter.timestamp_ms
    )
    return None


def _listing(letters: Letters, settings: Settings, reason: str | None) -> Iterator[str]:
    of_reason = "" if reason is None else f" for {reason}"
    if not letters.records:
        yield f"Nothing was refused{of_reason}, as far as {settings.kafka.dead_letters_topic} goes back."
        return
    yield f"Records refused{of_reason}: {letters.records:,}"
    for kind in letters.kinds():
        yield ""
        yield from _kind(kind, settings.rules.zone)
    if any(kind.accepted for kind in letters.kinds()):
        yield ""
        yield "Once workers run with these settings: wachtmonitor dead-letters --send-again"


def _kind(kind: Kind, zone: str) -> Iterator[str]:
    first, last = local_time(kind.first_ms, zone), local_time(kind.last_ms, zone)
    when = f"on {first}" if first == last else f"from {first} to {last}"
    yield f"{kind.topic}, {kind.reason}: {kind.records:,}, {when}"
    yield f"  {_UNKNOWN_REASON if kind.known is None else kind.known.explanation}"
    for detail, example in kind.examples():
        yield f"  - {example.records:,}: {sentence(detail)} {_place(example, zone)}"
    if kind.other_details:
        yield f"  - and {kind.other_details:,} other details"
    if kind.known is not None:
        yield f"  What to do: {kind.known.remedy}"
    if kind.accepted:
        yield f"  These settings would accept {kind.accepted:,} of them."


def _place(example: Example, zone: str) -> str:
    letter = example.newest
    at = local_time(letter.timestamp_ms, zone)
    return f"Such as {letter.topic}-{letter.partition} offset {letter.offset}, on {at}."


def _account(outcome: Outcome) -> Iterator[str]:
    yield ""
    yield f"Records sent again: {outcome.sent.total():,}{_in_parts(outcome.sent)}"
    yield (
        f"Records not sent, since these settings refuse them too: {outcome.refused.total():,}"
        f"{_in_parts(outcome.refused)}"
    )
    yield f"Records not sent, since they cannot be: {outcome.unsendable.total():,}{_in_parts(outcome.unsendable)}"


def _in_parts(counted: Counter[str]) -> str:
    parts = ", ".join(f"{count:,} {name}" for name, count in counted.most_common())
    return parts and f" ({parts})"

"""Files of events as they stand on the topics: JSON lines of the contract, which need no mapping."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from streams.channels import channels
from streams.channels.acceptance import decoder_of
from streams.channels.staffing import TAG, AnyStaffing
from streams.contracts.decode import Decoder, Event
from streams.contracts.rejections import Rejection
from streams.core.rules import Rules
from streams.sources.files.json_lines import numbered_lines, record_of
from streams.sources.files.row import Row, RowLeftOutError, Unreadable, begun, unreadable
from streams.sources.files.unpacking import Content, FileError, unpacked


def read_contract(stream: BinaryIO, rules: Rules) -> Iterator[Row]:
    """The events of a file of JSON lines, one at a time; the stream must stay open, and is left open.

    Raises `FileError` when the file is of another kind, or not whole.
    """
    return begun(_read(stream, rules))


def _read(stream: BinaryIO, rules: Rules) -> Iterator[Row]:
    with unpacked(stream) as (content, plain):
        if content is not Content.JSON_LINES:
            raise FileError(
                f"The file is {content.value}: say with --mapping FILE which column is what; "
                "--guess looks at the file and writes a draft."
            )
        read = _EventReader(rules)
        for number, line in numbered_lines(plain):
            try:
                yield Row(number, [read(line)])
            except RowLeftOutError as error:
                yield Row(number, [], error.left_out)


def holds_contract(records: Sequence[Mapping[str, Any]]) -> bool:
    """Whether these records are events, right or not."""
    fields = {channel.decoder.id_field for channel in channels()}
    return bool(records) and all(
        "type" in each and "at" in each and (fields & set(each) or each["type"] == TAG) for each in records
    )


class _EventReader:
    """Reads the event on a line, whichever topic it is for; whether the settings accept it is judged later."""

    def __init__(self, rules: Rules) -> None:
        self._decoders: list[Decoder[Any]] = [decoder_of(channel.name, rules) for channel in channels()]
        self._staffing = AnyStaffing(rules)

    def __call__(self, line: bytes | None) -> Event:
        """The event.

        Raises `RowLeftOutError` when there is none.
        """
        record = record_of(line)
        if record.get("type") == TAG:
            return self._staffing_on(line)
        named = [decoder for decoder in self._decoders if decoder.id_field in record]
        if not named:
            fields = " or ".join(f"`{decoder.id_field}`" for decoder in self._decoders)
            raise unreadable(Unreadable.CONTRACT, detail=f"expected a field {fields}, got none of them")
        event: Event | None = named[0].read(line)
        if event is None:
            found = named[0](str(record[named[0].id_field]).encode(), line, 0)
            assert isinstance(found, Rejection), "what cannot be read is no event"
            raise unreadable(Unreadable.CONTRACT, detail=found.detail)
        return event

    def _staffing_on(self, line: bytes | None) -> Event:
        event = self._staffing.read(line)
        if event is None:
            found = self._staffing(None, line, 0)
            assert isinstance(found, Rejection), "what cannot be read is no event"
            raise unreadable(Unreadable.CONTRACT, detail=found.detail)
        return event

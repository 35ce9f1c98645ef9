"""Cuts what the manager interface sends into blocks: lines up to an empty one.

Takes bytes in whatever pieces they come. Keeps no more than one block, and one that is too large is left out and
counted, so that nothing that is sent can make it grow.
"""

from typing import Final

BLOCK_BYTES_MAX: Final = 64 * 1024
"""Largest block that is read. Those of calls have about 1 KiB."""

_END: Final = b"\r\n\r\n"


class BlockReader:
    """The blocks of one connection."""

    def __init__(self) -> None:
        self.too_large = 0
        """Blocks that were left out."""
        self._rest = b""
        self._is_skipping = False
        """Whether the block that is being read was too large already."""

    def feed(self, data: bytes) -> list[bytes]:
        """The blocks that are complete now, without their last line end."""
        *blocks, rest = (self._rest + data).split(_END)
        if blocks and self._is_skipping:
            del blocks[0]
            self._is_skipping = False
        if len(rest) > BLOCK_BYTES_MAX:
            self.too_large += not self._is_skipping
            self._is_skipping = True
            rest = rest[1 - len(_END) :]  # the end may have come in part
        self._rest = rest
        if any(len(block) > BLOCK_BYTES_MAX for block in blocks):
            whole = [block for block in blocks if len(block) <= BLOCK_BYTES_MAX]
            self.too_large += len(blocks) - len(whole)
            return whole
        return blocks


def field_of(block: bytes, line: bytes) -> bytes:
    """The value of a field behind the first; `line` is its key between a line end and a colon, as it is searched for.

    The first of those that come more than once; empty where there is none. A tenth of the time of reading all fields.
    """
    begin = block.find(line)
    if begin < 0:
        return b""
    begin += len(line)
    end = block.find(b"\r\n", begin)
    return (block[begin:] if end < 0 else block[begin:end]).strip()


def fields_of(block: bytes) -> dict[bytes, bytes]:
    """The fields of a block; of a key that comes more than once, the first. A line that is none says nothing."""
    fields: dict[bytes, bytes] = {}
    for line in block.split(b"\r\n"):
        key, colon, value = line.partition(b":")
        if colon:
            fields.setdefault(key, value.strip())
    return fields

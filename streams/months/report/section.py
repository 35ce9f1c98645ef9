"""What a report is made of for people to read: sections with sentences, tables and charts."""

from collections.abc import Sequence

import msgspec


class Table(msgspec.Struct, frozen=True):
    """Rows of text; the first `texts` columns are words, the others figures, set to the right."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    texts: int = 1
    caption: str = ""


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """Bars beside each other, each with its text; None is a bar that is not there."""

    title: str
    labels: Sequence[str]
    values: Sequence[float | None]
    texts: Sequence[str]
    """What stands above each bar."""
    marked: Sequence[bool]
    """The bars that stand out."""
    norm: float | None = None
    norm_text: str = ""
    legend: tuple[str, str] | None = None
    """What plain and marked bars are."""


class Section(msgspec.Struct, frozen=True):
    """A part of the report under a heading."""

    title: str
    sentences: Sequence[str] = ()
    tables: Sequence[Table] = ()
    charts: Sequence[Chart] = ()

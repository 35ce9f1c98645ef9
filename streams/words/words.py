"""Reads the catalogues and says their messages, with numbers, days and durations as the language writes them."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Final
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, get_day_names, get_month_names
from babel.lists import format_list
from babel.numbers import NumberPattern, format_currency, parse_pattern
from fluent.runtime import FluentBundle, FluentResource

from streams.words.language import Language
from streams.words.message import Message

Value = str | int | float | date | datetime
"""What a message may be given."""

DECIMALS_MAX: Final = 6
"""A figure is never written with more decimals, even where only the seventh would tell it from its norm."""

_LONG_CHARACTERS: Final = 500
_REMEMBERED: Final = 4096

_MINUTE_SECONDS: Final = 60
_HOUR_SECONDS: Final = 3600

_packages: Final = ["streams.words"]
"""Where there are catalogues: in a folder for each language."""


class Words:
    """The words of one language.

    >>> words_of(Language.DUTCH).number(1234.5, 1)
    '1.234,5'
    """

    def __init__(self, language: Language) -> None:
        """All catalogues of the language are read at once: they are small."""
        self.language = language
        self.locale = language.locale
        # Marks around what is filled in are for text of two directions, which none of these languages is.
        self._bundle = FluentBundle([language.tag], use_isolating=False, functions={"CAPITAL": _capital})
        self.keys: dict[str, str] = {}
        """The catalogue of each key."""
        for package in _packages:
            self._read(package)
        self._said = lru_cache(_REMEMBERED)(self._format)  # a wall says the same each second

    def _read(self, package: str) -> None:
        folder = files(package).joinpath(self.language.value)
        for file in sorted(folder.iterdir(), key=lambda each: each.name):
            if not file.name.endswith(".ftl"):
                continue
            resource = FluentResource(file.read_text(encoding="utf-8"))
            self._bundle.add_resource(resource)
            for entry in resource.body:
                if (name := getattr(getattr(entry, "id", None), "name", None)) is not None:
                    self.keys[name] = file.name.removesuffix(".ftl")

    # Messages.

    def __call__(self, key: str, /, **values: Value) -> str:
        """The message of a key with its values filled in; whole numbers are written as the language writes them.

        Raises `KeyError` when the language lacks the key, and `ValueError` when a value that it asks for is missing.
        """
        return self._said(key, tuple(values.items()))

    def _format(self, key: str, given: tuple[tuple[str, Value], ...]) -> str:
        values = dict(given)
        if key not in self.keys:
            raise KeyError(key)
        found = self._bundle.get_message(key)
        if found.value is None:
            raise KeyError(key)
        marked, long = _marked(values)
        formatted, errors = self._bundle.format_pattern(found.value, marked)
        if errors:
            raise ValueError(f"{key!r} in {self.language.value}: {errors[0]}") from errors[0]
        text = str(formatted)
        for mark, value in long.items():
            text = text.replace(mark, value)
        return text

    def say(self, message: Message) -> str:
        """What a message says in this language; raises as a call does."""
        values = {name: self.say(value) if isinstance(value, Message) else value for name, value in message.values}
        return self(message.key, **values)

    # Numbers.

    def number(self, value: float, decimals: int = 0) -> str:
        """`1234.5` as `1.234,5`, with exactly so many decimals."""
        rounded = Decimal(f"{value:.{decimals}f}")  # what is shown is the nearest to the figure itself
        return str(_pattern(decimals).apply(rounded, self.locale))

    def short(self, value: float) -> str:
        """Without decimals where there are none: a norm as people say it."""
        return self.number(value, 0 if value == round(value) else 2 if round(value, 2) == value else DECIMALS_MAX)

    def form(self, number: Decimal) -> str:
        """Which form of a word a number asks for, `one` or `other`: with the decimals that it is written with, since
        English has `1 day` and `1.0 days`. Fluent selects by whole numbers alone.
        """
        return str(self.locale.plural_form(number))

    def percent(self, ratio: float, decimals: int = 1) -> str:
        """A ratio as `12,3 %`."""
        return self.number(100 * ratio, decimals) + self.language.percent_sign

    def short_percent(self, ratio: float) -> str:
        """A norm as people say it: `20 %`."""
        return self.short(round(100 * ratio, DECIMALS_MAX)) + self.language.percent_sign

    def euro(self, cents: int) -> str:
        """An amount in cents as `€ 4.842,84`."""
        return format_currency(cents / 100, "EUR", locale=self.locale)

    def either(self, values: Iterable[str]) -> str:
        """`30 of 60`."""
        return format_list(list(values), style="or", locale=self.locale)

    # Durations.

    def duration(self, seconds: int) -> str:
        """Whole seconds as `38 s`, `2 min 05 s` or `1 u 05 min`."""
        if seconds < _MINUTE_SECONDS:
            return self("duration-seconds", seconds=str(seconds))
        if seconds < _HOUR_SECONDS:
            minutes, rest = divmod(seconds, _MINUTE_SECONDS)
            return self("duration-minutes", minutes=str(minutes), seconds=f"{rest:02d}")
        hours, rest = divmod(seconds, _HOUR_SECONDS)
        return self("duration-hours", hours=str(hours), minutes=f"{rest // _MINUTE_SECONDS:02d}")

    def norm_duration(self, seconds: float) -> str:
        """A norm: a duration without the zeros of whole minutes."""
        whole = round(seconds)
        if whole and whole % _HOUR_SECONDS < _MINUTE_SECONDS and whole >= _HOUR_SECONDS:
            return self("duration-whole-hours", hours=str(whole // _HOUR_SECONDS))
        if _MINUTE_SECONDS <= whole < _HOUR_SECONDS and whole % _MINUTE_SECONDS == 0:
            return self("duration-whole-minutes", minutes=str(whole // _MINUTE_SECONDS))
        return self.duration(whole)

    # Days.

    def day(self, day: date, skeleton: str = "long") -> str:
        """A day as `3 november 2026`; `skeleton` is one of Babel's formats."""
        return self._first(format_date(day, format=skeleton, locale=self.locale))

    def moment(self, moment: datetime, pattern: str) -> str:
        """A moment, in its own zone, by a pattern of Babel's such as `EEE d MMMM HH:mm`."""
        return self._first(format_datetime(moment, format=pattern, locale=self.locale))

    def day_and_time(self, at_ms: int, zone: str) -> str:
        """A moment, in UTC ms, as `3 november 2026 om 06:00`."""
        local = _local(at_ms, zone)
        return self("day-and-time", day=self.day(local.date()), time=f"{local:%H:%M}")

    def month(self, month: str) -> str:
        """`2026-10` as `oktober 2026`."""
        return f"{self.month_name(month)} {month[:4]}"

    def month_name(self, month: str) -> str:
        """`2026-10` as `oktober`."""
        return str(get_month_names("wide", "stand-alone", self.locale)[int(month[5:])])

    @property
    def short_months(self) -> tuple[str, ...]:
        """The months of a year where there is little room: `jan`."""
        names = get_month_names("abbreviated", "stand-alone", self.locale)
        return tuple(names[number] for number in range(1, 13))

    @property
    def weekdays(self) -> tuple[str, ...]:
        """From Monday on."""
        names = get_day_names("wide", "stand-alone", self.locale)
        return tuple(names[number] for number in range(7))

    def hours(self, starts_ms: Iterable[int], zone: str) -> list[str]:
        """Hours of the clock, in their order, as spans such as `di 6 oktober 09-12 u`; one ends with its day."""
        spans: list[list[datetime]] = []
        for start_ms in starts_ms:
            local = _local(start_ms, zone)
            before = spans[-1][-1] if spans else None
            if before and local.date() == before.date() and local.timestamp() - before.timestamp() == _HOUR_SECONDS:
                spans[-1].append(local)
            else:
                spans.append([local])
        return [self._span(each[0], each[-1]) for each in spans]

    def _span(self, first: datetime, last: datetime) -> str:
        return self(
            "hours-of-day", day=self.moment(first, "EEE d MMMM"), start=f"{first:%H}", end=f"{last.hour + 1:02d}"
        )

    def _first(self, text: str) -> str:
        """French calls the first of a month by an ordinal, which no pattern of the Unicode Consortium's does."""
        if self.language is not Language.FRENCH:
            return text
        return " ".join("1er" if part == "1" else part for part in text.split(" "))


def told_apart(value: float, norm: float, write: Callable[[float, int], str], decimals: int) -> str:
    """The value with as many decimals as it takes not to look equal to a norm that it is not equal to."""
    for places in range(decimals, DECIMALS_MAX):
        text = write(value, places)
        if value == norm or text != write(norm, places):
            return text
    return write(value, DECIMALS_MAX)


def plain(text: str) -> str:
    """With spaces where typography has narrow or unbreakable ones: for terminals, and for who looks for a text."""
    return text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")


@cache
def words_of(language: Language) -> Words:
    """The words of a language, read once in a process."""
    return Words(language)


def add_catalogues(package: str) -> None:
    """Take in the words of a package that has a folder of Fluent files for each language, such as a channel of it."""
    if package not in _packages:
        _packages.append(package)
        words_of.cache_clear()


def _marked(values: dict[str, Value]) -> tuple[dict[str, Value], Mapping[str, str]]:
    """The values with a mark in the place of each long one: Fluent takes those for an attack, and names add up."""
    long = {
        f"\N{OBJECT REPLACEMENT CHARACTER}{name}\N{OBJECT REPLACEMENT CHARACTER}": value
        for name, value in values.items()
        if isinstance(value, str) and len(value) > _LONG_CHARACTERS
    }
    return (values, long) if not long else ({**values, **{mark[1:-1]: mark for mark in long}}, long)


def _local(at_ms: int, zone: str) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(ZoneInfo(zone))


@lru_cache(maxsize=64)
def _pattern(decimals: int) -> NumberPattern:
    return parse_pattern("#,##0." + "0" * decimals if decimals else "#,##0")


def _capital(text: Any) -> Any:
    """For the start of a sentence; Fluent's types are its own."""
    return str(text)[:1].upper() + str(text)[1:]

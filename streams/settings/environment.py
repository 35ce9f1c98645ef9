"""Which environment variables are settings, and what they replace.

A value there is text: it is read as what its key takes, and then checked like any other.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

from streams.settings.toml.problems import Override
from streams.settings.toml.section import Key
from streams.settings.toml.text import did_you_mean

PREFIX: Final = "WACHTMONITOR_"

FILE_VARIABLE: Final = f"{PREFIX}SETTINGS"
"""Names the settings file where no command line does."""

TEST_VARIABLES: Final = (f"{PREFIX}REAL_CALLS",)
"""Known so that they are not refused, and read by the tests alone."""

Keys = Mapping[str, Mapping[str, Key]]
"""By table and name; those above all tables under the empty text."""

SOURCES: Final = "source"
"""The table of tables whose names are the user's."""

_WORDS_APART: Final = str.maketrans(".-", "__")

_WHOLE: Final = re.compile(r"[+-]?\d{1,18}", re.ASCII)


def variable(table: str, key: str) -> str:
    """The name of the variable for a key.

    >>> variable("kafka", "group"), variable("", "language"), variable("source.kcc-noord", "host")
    ('WACHTMONITOR_KAFKA_GROUP', 'WACHTMONITOR_LANGUAGE', 'WACHTMONITOR_SOURCE_KCC_NOORD_HOST')
    """
    return PREFIX + "_".join(filter(None, (table, key))).upper().translate(_WORDS_APART)


TOKEN_VARIABLE: Final = variable("grafana", "token")


def overrides(environ: Mapping[str, str], keys: Keys) -> dict[tuple[str, str], Override]:
    """What the environment says about these keys; an empty variable counts as one that is not set.

    Docker Compose passes those on.
    """
    names = {(table, name): variable(table, name) for table, known in keys.items() for name in known}
    return {spot: Override(environ[name], name) for spot, name in names.items() if environ.get(name)}


def unknown(environ: Mapping[str, str], keys: Keys) -> Iterator[str]:
    """Problems: variables that look like settings and are none."""
    known = (FILE_VARIABLE, *(variable(table, name) for table, names in keys.items() for name in names))
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in known and name not in TEST_VARIABLES:
            yield f"{name}: unknown variable; {_advice(name, known)}"


def _advice(name: str, known: Collection[str]) -> str:
    """The nearest name, by what tells variables apart: they all begin alike, so that any two look near."""
    own = [each.removeprefix(PREFIX) for each in known]
    likely = did_you_mean(name.removeprefix(PREFIX), own, lambda each: PREFIX + each)
    return likely or f"other keys are set in the file alone; known here: {', '.join(known)}"


def value_of(text: str, key: Key) -> object:
    """What the file would hold instead of this text; lists have commas, files are looked up from here."""
    item = _item(key.item_types)
    return [item(part.strip()) for part in text.split(",")] if key.is_array else item(text)


def _item(types: Collection[Any]) -> Callable[[str], object]:
    if Path in types:
        return lambda text: str(Path(text).absolute())
    return _number if {int, float, Decimal} & set(types) else str


def _number(text: str) -> object:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    return int(number) if _WHOLE.fullmatch(text) else number

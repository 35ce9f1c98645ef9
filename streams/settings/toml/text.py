"""TOML as text: how it is parsed, how a message writes a value, and which known name an unknown one may mean."""

import json
import tomllib
from collections.abc import Callable, Collection
from datetime import date
from decimal import InvalidOperation
from typing import Any, Final

from streams.contracts.names import most_like, visible

SHOWN_LENGTH_MAX: Final = 60
"""Characters of a wrong value that a message repeats: enough to find it in the file."""


def parse_toml(text: str, parse_float: Callable[[str], Any] = float) -> dict[str, Any]:
    """The tables of a TOML text; ValueError, with the reason, for whatever is none.

    `tomllib` has errors of its own kind for bad syntax alone, not for too deep nesting or too large a number.
    """
    try:
        return tomllib.loads(text, parse_float=parse_float)
    except RecursionError:
        raise ValueError("arrays or tables are nested too deeply") from None
    except InvalidOperation:
        raise ValueError("a number is too large") from None


def nearest(name: str, known: Collection[str]) -> str:
    """Advice for a name that is not known."""
    return did_you_mean(name, known) or f"known here: {', '.join(known)}"


def did_you_mean(name: object, known: Collection[str], write: Callable[[str], str] = str) -> str:
    """Advice for a name that is close to a known one, else nothing."""
    like = most_like(str(name), known)
    return f"did you mean {write(like.name)}?" if like else ""


def shown(value: object) -> str:
    """A value as the file writes it, cut to `SHOWN_LENGTH_MAX` characters; what cannot be seen has its code."""
    text = _written(value)
    return text if len(text) <= SHOWN_LENGTH_MAX else f"{text[:SHOWN_LENGTH_MAX]}…"


def _written(value: object) -> str:
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_written(item) for item in value)}]"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        text = json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace").decode()
        return "".join(map(visible, text))
    return json.dumps(value) if isinstance(value, bool) else str(value)

"""A name that came beside the names that are known: which one is meant, how the two differ, and how to show it.

Most unknown names are known ones in other letters: another case, a space that only looks like one, a typing error.
"""

import re
import unicodedata
from collections.abc import Collection
from difflib import get_close_matches
from typing import Final, NamedTuple

LIKE_RATIO: Final = 0.6
"""From here on a known name is worth asking about: difflib's own measure of what looks alike."""

ALIKE_RATIO: Final = 0.85
"""From here on a name is the known one with a typing error, or its neighbour: no other text looks so much like it."""

DIGITS_SHOWN_MAX: Final = 4
"""More digits, however they are grouped, may be a telephone number or an id: such a name is not shown."""

NAME_SHOWN_MAX: Final = 60
"""A longer text is no name but something else in its place, and is not shown."""

KNOWN_SHOWN: Final = 12
"""So many known names are listed where none is like the one that came."""

_LAST_OF_FOUR_DIGITS: Final = 0xFFFF
"""The last character that TOML escapes with four digits."""

_PERSONAL: Final = re.compile(r"[@<>{}\[\]\\]")
"""What stands in addresses and in data of another kind, and in no name of a queue or a desk."""


class Likeness(NamedTuple):
    """The known name that is most like the one that came."""

    name: str
    difference: str
    """How the two differ, as the end of a sentence; empty where they are only alike."""
    is_same: bool
    """Whether both have the same letters and digits: then it is surely meant."""


def most_like(name: str, known: Collection[str], ratio: float = LIKE_RATIO) -> Likeness | None:
    """The known name that is meant, or may be; None where none is as like it as `ratio` asks (0 to 1).

    >>> most_like("Burgerzakn", ["Burgerzaken", "Wonen"])
    Likeness(name='Burgerzaken', difference='', is_same=False)
    """
    by_letters = {_letters(each): each for each in known}
    letters = _letters(name)
    if (same := by_letters.get(letters)) is not None:
        return Likeness(same, _difference(name, same), is_same=True)
    close = get_close_matches(letters, by_letters, n=1, cutoff=ratio)
    return Likeness(by_letters[close[0]], _foreign(name, by_letters[close[0]]), is_same=False) if close else None


def advice(name: str, known: Collection[str]) -> str:
    """What to say of a name that is not known: a question where one is like it, else what is known.

    >>> advice("burgerzaken", ["Burgerzaken", "Wonen"])
    'did you mean "Burgerzaken"? It differs in case only.'
    >>> advice("Parking", ["Burgerzaken", "Wonen"])
    'known are: Burgerzaken, Wonen'
    """
    like = most_like(name, known)
    if like is None:
        return f"known are: {listed(known)}"
    return f'did you mean "{like.name}"?{like.difference and f" {like.difference}"}'


def sentence(text: str) -> str:
    """The text as a sentence: what ends in no mark gets a full stop."""
    return text if text.endswith((".", "?")) else f"{text}."


def listed(known: Collection[str]) -> str:
    """The names that are known, or the first of them; "none" where there are none."""
    names = list(known)
    more = f" and {len(names) - KNOWN_SHOWN} more" if len(names) > KNOWN_SHOWN else ""
    return f"{', '.join(names[:KNOWN_SHOWN]) or 'none'}{more}"


def shown(name: str) -> str | None:
    """The name in quotes, with the code of what cannot be seen in it; None for what may be personal data.

    >>> shown("Wonen\\u00a0")
    '"Wonen<U+00A0>"'
    >>> shown("03 800 05 00") is None
    True
    """
    digits = sum(char.isnumeric() for char in name)
    if len(name) > NAME_SHOWN_MAX or digits > DIGITS_SHOWN_MAX or _PERSONAL.search(name) or not _has_letter(name):
        return None
    return '"' + "".join(map(visible, name.replace('"', "'"))) + '"'


def as_toml(name: str) -> str:
    """The name as a file of settings has it, with what cannot be seen in it escaped.

    >>> as_toml("Wonen\\u00a0")
    '"Wonen\\\\u00a0"'
    """
    return (
        '"' + "".join(char if char.isprintable() and char not in '"\\\\' else _escaped(char) for char in name) + '"'
    )


def _escaped(char: str) -> str:
    code = ord(char)
    return f"\\U{code:08x}" if code > _LAST_OF_FOUR_DIGITS else f"\\u{code:04x}"


def _has_letter(name: str) -> bool:
    return any(map(str.isalpha, name))


def visible(char: str) -> str:
    """A character, by its code where it cannot be seen.

    >>> visible("\u00a0"), visible("é")
    ('<U+00A0>', 'é')
    """
    return char if char.isprintable() else f"<U+{ord(char):04X}>"


def _letters(name: str) -> str:
    """What of a name is read aloud: without case, accents, spaces and what cannot be seen."""
    apart = unicodedata.normalize("NFKD", name).casefold()
    return "".join(char for char in apart if char.isalnum() or unicodedata.category(char)[0] in "PS")


def _difference(name: str, known: str) -> str:
    """How two names of the same letters differ."""
    if hidden := [char for char in name if char not in known and not char.isprintable()]:
        return f"What came holds {_named(hidden[0])}."
    if name.casefold() == known.casefold():
        return "It differs in case only."
    if unicodedata.normalize("NFC", name).casefold() == unicodedata.normalize("NFC", known).casefold():
        return "Its accents are characters of their own (Unicode NFD, expected NFC)."
    if "".join(name.split()).casefold() == "".join(known.split()).casefold():
        return "It differs in spaces only."
    return "It differs in accents or spaces only."


def _foreign(name: str, known: str) -> str:
    """A letter of another script, which looks like one of the known name and is none."""
    scripts = {_script(char) for char in known if char.isalpha()}
    for char in name:
        if char.isalpha() and _script(char) not in scripts:
            return f"What came holds {_named(char)}."
    return ""


def _script(char: str) -> str:
    """The first word of what Unicode calls a letter: LATIN, CYRILLIC, GREEK."""
    return unicodedata.name(char, "").partition(" ")[0]


def _named(char: str) -> str:
    """A character as Unicode calls it, with its article."""
    name = unicodedata.name(char, "a control character").lower()
    article = "" if name.startswith("a ") else "an " if name[0] in "aeiou" else "a "
    return f"{article}{name} (U+{ord(char):04X})"

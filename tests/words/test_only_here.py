"""Words for people stand in the catalogues, and nowhere else in the product."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

STREAMS: Final = Path(__file__).parents[2] / "streams"

WORDS: Final = """
aan afgesloten alle als bij binnen boven cijfer cijfers dag dagen dan dat de deel die deze een gebeurtenis geen
gemiddeld gemist het hij jaar loket loketten maand maanden na naar niet nog nu om onder oproep oproepen
op te tot uit uur uren van vandaag voor voorlopig waarde wacht wachttijd wachttijden weg werkdagen wordt worden zijn
aucun aucune aux avec ce cette chiffre chiffres dans des du elle et guichet guichets il jour jours les
manqué mois norme par pas pour qui sur un une délai
"""
"""Words that Dutch or French cannot do without, and English does not know."""

FOREIGN: Final = frozenset(WORDS.split())

SIGNS: Final = frozenset(
    "≤≥–…·✓✕✗▲▼●■€\ufeff"
    "\N{REPLACEMENT CHARACTER}\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{OBJECT REPLACEMENT CHARACTER}"
)
"""Signs that are of no language."""

ALLOWED: Final = frozenset({"wachtmonitor-maand", "ce-"})
"""Names that other programs know by now, and what headers of CloudEvents begin with."""


def _docstrings(tree: ast.AST) -> set[int]:
    """The texts that document something, and are for who reads the code: every string that stands by itself."""
    return {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}


def _texts(file: Path) -> Iterator[tuple[int, str]]:
    """Every text in the code of a file, with its line."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    documents = _docstrings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documents:
            yield node.lineno, node.value


def _is_for_people(text: str) -> bool:
    """Whether a text is in a language of the screens that the code does not speak."""
    if text in ALLOWED:
        return False
    words = re.findall(r"[a-zà-ÿ]+", text.lower())
    strange = [sign for sign in text if not sign.isascii() and sign not in SIGNS]
    return bool(strange) or bool(FOREIGN & set(words))


READS: Final = ("words", "sources/guess")
"""Where words of other languages stand to be read: the catalogues, and what columns of files are called."""

FILES: Final = sorted(
    file for file in STREAMS.rglob("*.py") if not file.relative_to(STREAMS).as_posix().startswith(READS)
)


@pytest.mark.parametrize("file", FILES, ids=[str(file.relative_to(STREAMS)) for file in FILES])
def test_no_word_of_a_screen_stands_in_the_code(file: Path) -> None:
    assert [(line, text) for line, text in _texts(file) if _is_for_people(text)] == []


def test_a_word_of_a_screen_would_be_found() -> None:
    assert _is_for_people("wachtend nu")
    assert _is_for_people("délais")
    assert not _is_for_people("the worker does not reach the brokers")
    assert not _is_for_people("≤")


ROOMS: Final = ("serve/wall", "months/report")
"""Where every text is for people who read a screen, so that English in the code is one out of its place too."""

ENGLISH: Final = re.compile(r"^[A-Z][a-z]+$|^[^<]*[A-Za-z]{2,} [A-Za-z]{2,}")
"""A name with a capital or words beside each other: keys have neither; markup is something else."""

COMMANDS_SAY: Final = frozenset({"report/report.py"})
"""Says in English what a command was asked for in vain."""

CLASSES: Final = frozenset({"bar marked", "img-src data:"})
"""Names of other languages than people's."""


def _screen_texts(tree: ast.AST) -> Iterator[str]:
    """Every text in the code but what documents it and what is said of a fault in it."""
    of_faults = (
        part for node in ast.walk(tree) if isinstance(node, ast.Raise | ast.Assert) for part in ast.walk(node)
    )
    others = _docstrings(tree) | {id(part) for part in of_faults}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in others:
            yield node.value


def _english(tree: ast.AST) -> list[str]:
    return [text for text in _screen_texts(tree) if ENGLISH.search(text) and text not in CLASSES]


@pytest.mark.parametrize("room", ROOMS)
def test_no_english_for_people_stands_in_a_room_of_screens(room: str) -> None:
    files = [file for file in (STREAMS / room).rglob("*.py") if not file.as_posix().endswith(tuple(COMMANDS_SAY))]
    assert {
        file.name: found for file in files if (found := _english(ast.parse(file.read_text(encoding="utf-8"))))
    } == {}


def test_english_for_people_would_be_found() -> None:
    planted = ('title = "Longest waiting caller"', 'head = ("Cluster", "norm")', 'unit = f"{number} working days"')
    assert [bool(_english(ast.parse(text))) for text in planted] == [True, True, True]
    assert _english(ast.parse('title = words("report-title")')) == []


@pytest.mark.parametrize("name", ["wall.js", "wall.css", "page.html"])
def test_no_word_of_a_screen_stands_in_the_page(name: str) -> None:
    text = (STREAMS / "serve" / "wall" / name).read_text(encoding="utf-8")
    assert not FOREIGN & set(re.findall(r"[a-z]+", text.lower()))
    assert [sign for sign in text if not sign.isascii()] == []


def test_no_word_of_a_screen_stands_in_the_page_of_the_report() -> None:
    text = (STREAMS / "months" / "report" / "report.html").read_text(encoding="utf-8")
    assert not FOREIGN & set(re.findall(r"[a-z]+", text.lower()))

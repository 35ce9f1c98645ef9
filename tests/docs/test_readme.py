"""The README is short, begins with what this is, and leads to everything else."""

import re

from tests.docs.pages import PAGES, README, ROOT

TEXT = README.read_text(encoding="utf-8")


def test_it_has_at_most_1200_words() -> None:
    assert len(TEXT.split()) <= 1200


def test_it_says_in_three_sentences_what_this_is_and_shows_it() -> None:
    """One paragraph below the title, and the picture of the wall below that."""
    title, first, second = TEXT.split("\n\n")[:3]
    assert title == "# Wachtmonitor"
    assert re.sub(r"\s+", " ", first).count(". ") == 2
    assert first.endswith(".")
    assert re.fullmatch(r"!\[.+\]\(deploy/wall\.png\)", second)


def test_the_site_begins_with_the_same_words() -> None:
    assert PAGES["docs/index.md"].split("\n\n")[:2] == TEXT.split("\n\n")[:2]


def test_every_file_that_is_linked_is_there() -> None:
    linked = re.findall(r"\]\(([^)#:]+)(?:#[\w-]+)?\)", TEXT)
    assert len(linked) > 20
    assert [name for name in linked if not (ROOT / name).exists()] == []


def test_every_page_of_the_documentation_is_one_click_away_or_two() -> None:
    """Linked here, or by a page that is."""
    linked = set(re.findall(r"\]\((docs/[^)#]+)", TEXT))
    second = {
        (ROOT / name).parent.joinpath(target).resolve().relative_to(ROOT).as_posix()
        for name in linked
        for target in re.findall(r"\]\(([^):#]+\.md)", (ROOT / name).read_text(encoding="utf-8"))
    }
    pages = {path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md")}
    assert pages - linked - second == set()

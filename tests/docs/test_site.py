"""The documentation is a site that is whole and needs nobody else."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.docs.pages import ROOT

NEXT_TO_NOBODY: Final = {
    "NO_MKDOCS_2_WARNING": "1",
    "http_proxy": "http://127.0.0.1:9",
    "https_proxy": "http://127.0.0.1:9",
}
"""Whoever is asked for anything on the net refuses."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make lint` builds it, without a net."""
    directory = tmp_path_factory.mktemp("site")
    done = build(ROOT, directory)
    assert done.returncode == 0, done.stdout + done.stderr
    return directory


def build(root: Path, directory: Path) -> "subprocess.CompletedProcess[str]":
    """The command of `make lint`, with another place for the site."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (options,) = re.findall(r"\$\(BIN\)/mkdocs (build .*)", makefile)
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", *options.split(), "--site-dir", directory],
        cwd=root,
        env=os.environ | NEXT_TO_NOBODY,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("page", "text"),
    [
        pytest.param("index.md", "\n[nowhere](nowhere.md)\n", id="a link to nowhere"),
        pytest.param("index.md", "\n[nowhere](architecture.md#nowhere)\n", id="a link to no heading"),
        pytest.param("index.md", "\n![nothing to see](nothing.svg)\n", id="a picture that is not there"),
        pytest.param("lonely.md", "# Lonely\n", id="a page that no menu names"),
    ],
)
def test_what_leads_nowhere_is_an_error(page: str, text: str, tmp_path: Path) -> None:
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    with (tmp_path / "docs" / page).open("a", encoding="utf-8") as file:
        file.write(text)
    assert build(tmp_path, tmp_path / "site").returncode == 1


def test_it_has_every_page(site: Path) -> None:
    pages = [path.relative_to(ROOT / "docs").with_suffix("") for path in (ROOT / "docs").rglob("*.md")]
    assert len(pages) > 25
    for page in pages:
        assert (site / (page.parent if page.name == "index" else page) / "index.html").exists()


def test_nothing_that_it_loads_is_from_elsewhere(site: Path) -> None:
    """Neither scripts, styles, fonts and pictures of pages, nor what styles load; links that people click may be."""
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        loaded = re.findall(r"<(?:script|img|source|iframe)[^>]* src=[\"']?([^\"' >]+)", text)
        loaded += [
            address
            for link in re.findall(r"<link [^>]*>", text)
            if not re.search(r"rel=[\"']?(canonical|prev|next)", link)
            for address in re.findall(r"href=[\"']?([^\"' >]+)", link)
        ]
        assert loaded
        assert [address for address in loaded if "//" in address] == []
    for style in site.rglob("*.css"):
        text = style.read_text(encoding="utf-8")
        assert [
            each for each in re.findall(r"url\(([^)]*)\)|@import ([^;]*)", text) if "//" in "".join(each)[:8]
        ] == []


def test_every_picture_has_words_for_who_does_not_see_it(site: Path) -> None:
    pictures = [tag for page in site.rglob("*.html") for tag in re.findall(r"<img [^>]*>", page.read_text("utf-8"))]
    assert len(pictures) >= 5
    assert [tag for tag in pictures if not re.search(r'alt="[^"]{20,}"', tag)] == []

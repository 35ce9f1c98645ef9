"""`python -m dashboards`: writes every dashboard as JSON into `json/`, which is committed and which Grafana reads.

A folder for each language holds the same dashboards under the same names: Grafana is given one of them.
"""

import json
from pathlib import Path
from typing import Final

from dashboards.grafana import Json
from dashboards.health import panels as health
from dashboards.language import said
from dashboards.layout import UIDS
from dashboards.month import panels as month
from dashboards.runbook import page as runbook
from dashboards.team import panels as team
from dashboards.wall import panels as wall
from streams.words import Language, words_of

DIRECTORY: Final = Path(__file__).parent / "json"


def build(language: Language) -> dict[str, Json]:
    """The dashboards in a language, by their keys."""
    built = [wall.build(), team.build(), month.build(), health.build(), runbook.build(language)]
    return {key: said(each, words_of(language)) for key, each in zip(UIDS, built, strict=True)}


def files() -> dict[Path, str]:
    """The text of each file, as it is to stand in the repository."""
    return {
        DIRECTORY / language.value / f"{key}.json": json.dumps(dashboard, ensure_ascii=False, indent=2) + "\n"
        for language in Language
        for key, dashboard in build(language).items()
    }


def write() -> None:
    """Write all files, and remove the JSON of dashboards that are no more."""
    texts = files()
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for path in DIRECTORY.rglob("*.json"):
        if path not in texts:
            path.unlink()


if __name__ == "__main__":
    write()

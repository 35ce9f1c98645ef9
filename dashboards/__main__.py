"""`python -m dashboards`: writes every dashboard as JSON into `json/`, which is committed and which Grafana reads."""

import json
from pathlib import Path
from typing import Final

from dashboards import health, month, runbook_page, team, wall

DIRECTORY: Final = Path(__file__).parent / "json"


def files() -> dict[Path, str]:
    """The text of each file, as it is to stand in the repository."""
    built = [wall.build(), team.build(), month.build(), health.build()]
    if runbook_page.RUNBOOK.exists():
        built.append(runbook_page.build())
    return {DIRECTORY / f"{each['uid'].removeprefix('wachtmonitor-')}.json": _text(each) for each in built}


def _text(dashboard: dict[str, object]) -> str:
    return json.dumps(dashboard, ensure_ascii=False, indent=2) + "\n"


def write() -> None:
    """Write all files, and remove the JSON of dashboards that are no more."""
    texts = files()
    DIRECTORY.mkdir(exist_ok=True)
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    for path in DIRECTORY.glob("*.json"):
        if path not in texts:
            path.unlink()


if __name__ == "__main__":
    write()

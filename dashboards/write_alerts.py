"""`python -m dashboards.write_alerts` writes the alert files of deploy/grafana anew, from `dashboards.alerts`.

The mute timing follows the opening hours of the settings that WACHTMONITOR_SETTINGS names, or of Lier's.
"""

import os
from pathlib import Path
from typing import Any, Final

import yaml

from dashboards.alerts import mute_timings_file, rules_file
from streams.settings import load

DIRECTORY: Final = Path(__file__).parents[1] / "deploy" / "grafana" / "provisioning" / "alerting"

HEADER: Final = "# Written by `make dashboards` from dashboards/alerts.py: change it there.\n"

_WIDTH: Final = 118


def alert_files() -> dict[str, str]:
    """The files by name."""
    rules = load(None, os.environ).rules
    return {"rules.yml": _yaml(rules_file()), "mute-timings.yml": _yaml(mute_timings_file(rules))}


def _yaml(data: dict[str, Any]) -> str:
    return HEADER + yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=_WIDTH)


def main() -> None:
    """Write them all."""
    for name, text in alert_files().items():
        (DIRECTORY / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

"""`python -m tests.alerting` prints how the alarms did: on twenty simulated days, on days with trouble, while a part
of the installation was away, and on the real calls of a file where one is named."""

import sys
import tempfile
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from streams.settings import Settings, load
from tests.alerting import outages
from tests.alerting.measure import TROUBLES, all_measured, table, troubled
from tests.alerting.replay import MARGIN_SECONDS, Day, real_days, simulated_days

FIRST_DAY: Final = date(2026, 10, 5)
SIMULATED_DAYS: Final = 20

OUTAGE_REPLAYS: Final = 5
"""Of each outage, each on a day of its own."""

EXAMPLE: Final = Path(__file__).parents[2] / "deploy" / "examples" / "anonymous-bank"


def main(arguments: Sequence[str]) -> None:
    """Print the tables; an argument is the file of real calls."""
    settings = load(None, {})
    plain = simulated_days(settings, FIRST_DAY, SIMULATED_DAYS)
    later = simulated_days(settings, FIRST_DAY + timedelta(days=60), len(TROUBLES))
    _print("Twenty simulated days", settings, plain, trouble=False)
    _print("Simulated days with trouble", settings, troubled(later, MARGIN_SECONDS), trouble=True)
    _print_outages(settings)
    for name in arguments:
        bank = load(EXAMPLE / "settings.toml", {})
        days = real_days(bank, EXAMPLE / "mapping.toml", Path(name))
        _print("Real calls", bank, days, trouble=False)
        _print("Real calls with a silent feed", bank, troubled(days, MARGIN_SECONDS), trouble=True)


def _print(title: str, settings: Settings, days: Sequence[Day], *, trouble: bool) -> None:
    with tempfile.TemporaryDirectory(prefix="wachtmonitor-alarms-") as directory:
        print(table(title, all_measured(settings, days, Path(directory), trouble=trouble)), flush=True)


def _print_outages(settings: Settings) -> None:
    count = OUTAGE_REPLAYS * len(outages.OUTAGES)
    days = simulated_days(settings, FIRST_DAY + timedelta(days=120), count, outages.BUSY)
    with tempfile.TemporaryDirectory(prefix="wachtmonitor-alarms-") as directory:
        outcomes = outages.outcomes(settings, days, outages.OUTAGES, Path(directory))
        print(f"**Away and back**\n\n{outages.table(outcomes)}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])

"""`make fuzz`: ten million records, two processes at a time, and one summary."""

import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import click

from tests.fuzz.account import Account
from tests.fuzz.large import PARTITIONS, PEAK_BYTES_MAX, Peak, measure, shapes
from tests.fuzz.run import GROWTH_BYTES_MAX, FuzzError, fuzz, replay
from tests.fuzz.targets import TARGETS

SHARES: Final = {"decoder": 0.7, "rows": 0.26, "file": 0.01, "mapping": 0.02, "batches": 0.01}
"""What part of the records each target gets: a mapping takes a hundred times as long as a record, a batch more."""

_MIB: Final = 1024 * 1024


@click.command()
@click.option("--records", default=10_000_000, show_default=True, help="How many records in all.")
@click.option("--seed", default=1, show_default=True, help="What the fuzzer's choices begin with.")
@click.option("--parallel", default=2, show_default=True, help="Processes at a time.")
@click.option("--replay", "again", nargs=2, metavar="TARGET FILE", help="Read one input again instead.")
@click.option("--logs", type=click.Path(path_type=Path, file_okay=False), help="Where inputs are kept.")
def main(*, records: int, seed: int, parallel: int, again: tuple[str, str] | None, logs: Path | None) -> None:
    """Read bytes that nobody would send. Ends with status 1 when any of them does harm."""
    directory = logs or Path(tempfile.mkdtemp(prefix="wachtmonitor-fuzz-"))
    if again is not None:
        try:
            click.echo(replay(again[0], Path(again[1]).absolute(), directory))
        except FuzzError as error:
            raise click.ClickException(str(error)) from error
        return

    def run(name: str) -> Account | FuzzError:
        try:
            return fuzz(name, max(1, round(records * SHARES[name])), directory / name, seed)
        except FuzzError as error:
            return error

    with ThreadPoolExecutor(parallel) as pool:
        found = list(pool.map(run, TARGETS))
        peaks = measure(directory / "large", shapes(), pool)
    click.echo(summarised([each for each in found if isinstance(each, Account)]))
    click.echo(most(peaks))
    errors = [str(each) for each in found if isinstance(each, FuzzError)]
    grown = [each.target for each in found if isinstance(each, Account) and growth(each) > GROWTH_BYTES_MAX]
    grown += [each.name for each in peaks if each.peak_bytes >= PEAK_BYTES_MAX]
    if errors or grown:
        raise click.ClickException("\n\n".join([*errors, *(f"{name}: its memory grew too much" for name in grown)]))
    sys.exit(0)


def growth(account: Account) -> int:
    """Bytes that the largest memory grew by after a fifth of the records."""
    return account.peak_bytes - account.early_bytes


def summarised(accounts: Sequence[Account]) -> str:
    """A line for each target and one for all."""
    lines = [
        f"{each.target:<8} {each.records:>10,} records in {each.seconds:6.0f} s "
        f"({each.records / each.seconds:>8,.0f}/s)  slowest {each.slowest_ms:6.2f} ms  "
        f"memory {each.peak_bytes / _MIB:4.0f} MiB, {growth(each) / _MIB:+.0f} MiB after the first fifth"
        for each in accounts
    ]
    return "\n".join([*lines, f"in all   {sum(each.records for each in accounts):>10,} records"])


def most(peaks: Sequence[Peak]) -> str:
    """The batches that took most memory, unpacked."""
    largest = max(peaks, key=lambda each: each.peak_bytes)
    return (
        f"peak memory of a worker of {PARTITIONS} partitions, over {len(peaks)} kinds of batches that unpack large: "
        f"{largest.peak_bytes / _MIB:.0f} MiB ({largest.name}), below {PEAK_BYTES_MAX / _MIB:.0f} MiB must it be"
    )


if __name__ == "__main__":
    main()

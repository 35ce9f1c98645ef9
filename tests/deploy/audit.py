"""`make audit`: the known vulnerabilities of everything that is locked.

`pip-audit` asks PyPI, or OSV where PyPI does not answer. Where neither can be asked this says so: what nobody has
looked at is not clean.
"""

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import click
import msgspec

ROOT: Final = Path(__file__).parents[2]

LOCK: Final = ROOT / "requirements-dev.lock"
"""Holds what is shipped and what builds, tests and audits it."""

SERVICES: Final = ("pypi", "osv")

SECONDS: Final = 120.0


class Vulnerability(msgspec.Struct, frozen=True):
    """One known vulnerability, and the versions that mend it."""

    id: str
    fix_versions: tuple[str, ...] = ()


class Dependency(msgspec.Struct, frozen=True):
    """What was said of one package: `vulns` when its version was looked up, else why not."""

    name: str
    version: str = ""
    vulns: tuple[Vulnerability, ...] = ()
    skip_reason: str | None = None


class Answer(msgspec.Struct, frozen=True):
    """What came of asking one service."""

    service: str
    dependencies: tuple[Dependency, ...] = ()
    failure: str = ""
    """Why it could not be asked at all."""

    @property
    def audited(self) -> int:
        """How many packages were looked up."""
        return sum(each.skip_reason is None for each in self.dependencies)


class Audit(msgspec.Struct, frozen=True):
    """What is known of the locked packages."""

    vulnerable: tuple[str, ...]
    """A line for each known vulnerability."""
    unknown: tuple[str, ...]
    """The packages that nobody was asked about."""
    failures: tuple[str, ...]
    """Why services could not be asked."""
    audited: int

    def text(self) -> str:
        """For people, what matters most first."""
        lines = [f"vulnerable: {each}" for each in self.vulnerable]
        if self.audited == 0:
            reasons = "; ".join(self.failures) or "none answered"
            lines.append(f"NOT AUDITED: no source of advisories could be asked about {LOCK.name} ({reasons})")
        else:
            lines.append(f"audited: {self.audited} packages, {len(self.vulnerable)} known vulnerabilities")
            if self.unknown:
                lines.append(f"NOT AUDITED: {', '.join(self.unknown)}")
        return "\n".join(lines)


def ask(service: str) -> Answer:
    """What a service says of the locked packages."""
    command = [
        *(sys.executable, "-m", "pip_audit", "--requirement", str(LOCK), "--require-hashes", "--disable-pip"),
        *("--vulnerability-service", service, "--format", "json", "--progress-spinner", "off", "--timeout", "10"),
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return Answer(service, failure=f"{service}: no answer within {SECONDS:.0f} s")
    return read_answer(service, done.stdout, done.stderr)


def read_answer(service: str, output: str, errors: str) -> Answer:
    """An answer in the JSON of pip-audit; where there is none, the last line of what it printed instead."""
    try:
        found = msgspec.json.decode(output, type=dict[str, msgspec.Raw])
        return Answer(service, msgspec.json.decode(found["dependencies"], type=tuple[Dependency, ...]))
    except (msgspec.DecodeError, KeyError):
        last = next(iter(errors.strip().splitlines()[::-1]), "it printed nothing")
        return Answer(service, failure=f"{service}: {last[:200]}")


def audit(asking: Callable[[str], Answer] = ask, services: Sequence[str] = SERVICES) -> Audit:
    """Ask one service after the other until one knows every package; the one that knows most counts."""
    answers: list[Answer] = []
    for service in services:
        answers.append(asking(service))
        if answers[-1].dependencies and answers[-1].audited == len(answers[-1].dependencies):
            break
    best = max(answers, key=lambda answer: answer.audited)
    vulnerable = [
        f"{each.name} {each.version}: {found.id}, mended in {', '.join(found.fix_versions) or 'no version yet'}"
        for each in best.dependencies
        for found in each.vulns
    ]
    unknown = [each.name for each in best.dependencies if each.skip_reason is not None]
    return Audit(tuple(vulnerable), tuple(unknown), tuple(_failure(each) for each in answers), best.audited)


def _failure(answer: Answer) -> str:
    if answer.failure:
        return answer.failure
    reasons = [each.skip_reason for each in answer.dependencies if each.skip_reason]
    return f"{answer.service}: {reasons[0]}" if reasons else f"{answer.service}: it answered"


@click.command()
@click.option("--strict", is_flag=True, help="Fail, too, when a package could not be audited.")
def main(*, strict: bool) -> None:
    """Ends with status 1 when a locked package has a known vulnerability."""
    found = audit()
    click.echo(found.text())
    sys.exit(1 if found.vulnerable or (strict and (found.unknown or not found.audited)) else 0)


if __name__ == "__main__":
    main()

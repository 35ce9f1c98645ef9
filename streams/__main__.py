"""The command `wachtmonitor`: names the subcommands and loads only the one that is called.

It must hold no logic of its own: every command lives beside what it runs.
"""

import logging
from collections.abc import Mapping
from importlib import import_module
from typing import Final

import click

COMMANDS: Final[Mapping[str, str]] = {
    "demo": "streams.demo:demo",
    "worker": "streams.worker:worker",
    "publish": "streams.sources.publish_command:publish",
    "simulate": "streams.sources.simulate_command:simulate",
    "report": "streams.reports.report_command:report",
    "snapshot": "streams.reports.snapshot_command:snapshot",
    "month": "streams.reports.month_command:month",
    "check": "streams.check:check",
}
"""Subcommand to `module:function`, in the order of the help text."""


class LazyGroup(click.Group):
    """Imports a subcommand when it is used, so that `--help` and small commands start at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names in the order of `COMMANDS`, the most used first."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """The command, or None for a name that click then reports."""
        if (target := COMMANDS.get(cmd_name)) is None:
            return None
        module, _, function = target.partition(":")
        command: click.Command = getattr(import_module(module), function)
        return command


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="wachtmonitor")
def main() -> None:
    """Watch how long people wait, on the phone and at the desks, to the second and to the last call."""
    # the commands say in their own words what went wrong with Kafka; the client would say it first, in its words, and
    # asyncio after it, with a trace of each request that the client has given up
    for name in ("aiokafka", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


if __name__ == "__main__":
    main()

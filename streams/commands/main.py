"""The command `wachtmonitor`: names the subcommands and loads only the one that is called.

It must hold no logic of its own: every command lives beside what it runs.
"""

import logging
from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final

import click

from streams.commands.services import SERVICES
from streams.contracts.names import advice, sentence
from streams.process.signals import SIGNALS, exit_status, interrupt, nothing

COMMANDS: Final[Mapping[str, str]] = {
    "demo": "streams.commands.demo:demo",
    "worker": "streams.commands.worker:worker",
    "follow": "streams.commands.follow:follow",
    "receive": "streams.commands.receive:receive",
    "publish": "streams.commands.publish:publish",
    "simulate": "streams.commands.simulate:simulate",
    "report": "streams.commands.report:report",
    "snapshot": "streams.commands.snapshot:snapshot",
    "month": "streams.commands.month:month",
    "dead-letters": "streams.commands.dead_letters:dead_letters",
    "check": "streams.commands.check.command:check",
}
"""Subcommand to `module:function`, in the order of the help text."""


class LazyGroup(click.Group):
    """Imports a subcommand when it is used, so that each starts as soon as it can; `--help` imports all of them."""

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

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, which names no command that may be meant.

        From here on a signal interrupts the command. A service says by itself when it can stop.
        """
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            ctx.fail(f"No such command {args[0]!r}: {sentence(advice(args[0], COMMANDS))}")
        found = super().resolve_command(ctx, args)
        if found[0] not in SERVICES:
            SIGNALS.plan(interrupt)
        return found

    def invoke(self, ctx: click.Context) -> Any:
        """As click does; a command that was interrupted says so, and ends with the status that shells expect."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as interrupted:
            click.echo("Stopped before it was done.", err=True)
            raise click.exceptions.Exit(exit_status(interrupted)) from None
        finally:
            SIGNALS.plan(nothing)


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="wachtmonitor")
def main() -> None:
    """Watch how long people wait, on the phone and at the desks, to the second and to the last call."""
    # the commands say in their own words what went wrong with Kafka; the client would say it first, in its words, and
    # asyncio after it, with a trace of each request that the client has given up
    for name in ("aiokafka", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL)

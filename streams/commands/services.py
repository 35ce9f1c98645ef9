"""Which commands are services. Imports nothing, because it is asked before anything else is imported."""

from typing import Final

SERVICES: Final = ("worker", "follow", "receive", "demo")
"""Commands that run until they are told to stop.

These heed Ctrl-C even where a shell has them ignore it, as it does for a job in the background of a script: managers
of processes stop them by it. Other commands leave it to the shell.
"""

"""The mapping that tests of commands publish rows of calls with: `id`, when each `came` and when it was `taken`."""

from typing import Final

MAPPING: Final = """
[file]
delimiter = ","
[time]
zone = "Europe/Brussels"
format = "%Y-%m-%d %H:%M:%S"
[id]
columns = ["id"]
[cluster]
constant = "Klantencontactcentrum"
[[event]]
type = "offered"
at = "came"
[[event]]
type = "answered"
at = "taken"
"""

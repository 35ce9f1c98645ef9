"""Writes the pages and documents that follow from the code: `python -m docs.generate`, which `make docs` runs.

A page of the reference says nothing that the code does not say: settings, metrics, events, commands, reasons,
problems, topics and rights each come from the module that declares them. A test fails while a file differs from what
is written here.
"""

import ast
import inspect
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any, Final

import click

from streams.channels import channels
from streams.channels.example import Example
from streams.channels.named_events import tag_of
from streams.channels.staffing import staffing_examples
from streams.channels.topics import topic_specs
from streams.commands.main import COMMANDS, main
from streams.contracts.rejections import Reason
from streams.contracts.spelling import Repair
from streams.core.measure import Exclusion
from streams.documents.schema import ONE_RULE, documents, json_schema, staffing_schema, topic_of
from streams.kafka.rights import rights_markdown
from streams.live.faults import FAULT_CODES
from streams.live.problems import CODES
from streams.serve.metrics.reference import catalogue_markdown
from streams.settings import load
from streams.settings.reference import markdown as settings_markdown
from streams.settings.reference import tables
from streams.sources.mapping import documents as document_tables
from streams.sources.mapping import packaged
from streams.sources.mapping import tables as mapping_tables
from streams.sources.times import durations, formats

ROOT: Final = Path(__file__).parents[1]
CONTRACT: Final = ROOT / "deploy" / "contract"
"""Beside the other files that are handed to those who connect to the monitor or run it."""
REFERENCE: Final = ROOT / "docs" / "reference"

NOTE: Final = "<!-- Written by `make docs` from the code: change it there. -->\n\n"


def files() -> dict[Path, str]:
    """The text of each generated file, by its path."""
    pages = {
        "settings.md": settings_page(),
        "mapping.md": mapping_page(),
        "metrics.md": "# Metrics\n\n" + catalogue_markdown(),
        "events.md": events_page(),
        "commands.md": commands_page(),
        "reasons.md": reasons_page(),
        "problems.md": problems_page(),
        "kafka.md": kafka_page(),
    }
    return {CONTRACT / name: text for name, text in documents().items()} | {
        REFERENCE / name: NOTE + text.rstrip("\n") + "\n" for name, text in pages.items()
    }


def settings_page() -> str:
    """Every key, and the settings file that comes along."""
    text = (ROOT / "streams" / "wachtmonitor.toml").read_text(encoding="utf-8")
    return f"""\
# Settings

The settings come from one TOML file, and from variables that override it. Unknown keys are refused, and every mistake
is said at once, by `wachtmonitor check --settings FILE`.

## Every key

{settings_markdown(tables())}
## The file that comes along

```toml
{text.strip()}
```
"""


def mapping_page() -> str:
    """What a mapping file may say, as the module that reads it explains it."""
    explained = inspect.getdoc(mapping_tables) or ""
    example, _, rules = explained.partition("\n\n")[2].partition("\n\nWhat holds for every mapping")
    rules = rules.partition("\n\nThis module")[0]
    return f"""\
# Mapping files

A mapping says which columns of a delimited file are which facts, for `wachtmonitor publish` and
`wachtmonitor demo --replay FILE`. Unknown keys are refused, and every mistake is said at once.
[Publish your own files](../guides/files.md) is the guide.

```toml
{textwrap.dedent(example).strip()}
```

What holds for every mapping{rules}

## Documents

{_of_documents()}

## Formats

{_formats()}

## Mappings that come along

`extends` takes one of these, and what a mapping says itself goes over it: key by key in a table, its `[[event]]` in
the place of all, its `[[leave_out]]` before the others. A `[cluster]` with `column` or `constant` takes the place of
the other.

{_packaged()}
"""


def _of_documents() -> str:
    """What a mapping of documents says besides, as the module that reads it explains it."""
    explained = (inspect.getdoc(document_tables) or "").partition("\n\n")[2]
    example, _, rules = explained.partition("\n\n[time], [id]")
    rules = rules.partition("\n\nThis module")[0]
    return f"""\
A mapping of JSON documents says the same of what others send to [`wachtmonitor receive`](../guides/webhooks.md), and
of the records of a topic of others, which [`wachtmonitor follow`](../guides/sources.md) reads.

```toml
{textwrap.dedent(example).strip()}
```

[time], [id]{rules}"""


def _formats() -> str:
    """How times and durations may be written."""
    times = [(f'`"{name}"`', holds.value, f"`{example}`") for name, holds, example in formats.examples()]
    lengths = [(f'`"{name}"`', f"`{example}`") for name, example in durations.examples()]
    days = " or ".join(f'`"{name}"`' for name in formats.DATE_NAMES)
    return f"""\
A time (`format`) is written in one of these, or as the codes of Python's `strptime` say, such as `%d/%m/%Y %H:%M:%S`.
Names of months and of days of the week (`%b`, `%B`, `%a`, `%A`) may be Dutch, English or French, short or whole, with
a dot or without.

{_table(("format", "what it says", "example"), times)}

A day in a column of its own (`date_format`) is written as codes say, or as {days}. Days of
spreadsheets need five decimals to tell a second: with fewer they are unreadable, unless these are exact.

A duration (`duration_format`, or `format` in `plus`) is written in one of these; hours and minutes at the front may
be any number, and decimals have a point or a comma.

{_table(("duration", "two hours, three minutes and four seconds"), lengths)}

Each may be a list: the first that fits a text is taken. A list of which two take one text for two times, as
`["%d/%m/%Y", "%m/%d/%Y"]` would, is refused."""


def _packaged() -> str:
    """The mappings that come along, as they are."""
    names = (*packaged.NAMES, *packaged.DOCUMENT_NAMES)
    return "\n\n".join(f"### {name}\n\n```toml\n{packaged.text_of(name).strip()}\n```" for name in names)


def events_page() -> str:
    """Every event of the contract: what it says, its fields, an example."""
    parts = [
        "# Events",
        ONE_RULE,
        "One JSON object in each record, keyed by the contact's id in UTF-8. Fields that are not named here are "
        "allowed and ignored: of a valid event they are never stored, logged or passed on. Events may come in any "
        "order and more than once.",
    ]
    for channel in channels():
        definitions = json_schema(channel)["$defs"]
        parts.append(f"## Topic `{topic_of(channel)}`")
        parts += [_event(channel.examples(), schema) for name, schema in definitions.items() if name != "Instant"]
    (staffing,) = (each for name, each in staffing_schema()["$defs"].items() if name != "Instant")
    parts += ["## Topic `staffing`", _STAFFING_KEY, _event(staffing_examples(), staffing)]
    return "\n\n".join(parts)


_STAFFING_KEY: Final = (
    "Its records have another key: `source`, `channel` and `cluster` of the event with slashes between them, such as "
    "`kcc/phone/Wonen`. [Staff](../guides/sources.md#how-many-serve) says what is made of them."
)


def _event(examples: Iterable[Example], schema: dict[str, Any]) -> str:
    tag = schema["properties"]["type"]["const"]
    example = next(each for each in examples if tag_of(type(each.event)) == tag)
    rows = [
        (f"`{field}`", "yes" if field in schema["required"] else "no", _field(tag, field, described))
        for field, described in schema["properties"].items()
    ]
    table = _table(("field", "compulsory", "what it holds"), rows)
    summary = schema["description"].partition(" Other fields")[0]
    return f"### {tag}\n\n{summary}\n\n{table}\n\n```json\n{example.value}\n```"


def _field(tag: str, field: str, schema: dict[str, Any]) -> str:
    if field == "type":
        return f"`{tag}`"
    is_time = any("Instant" in each.get("$ref", "") for each in schema.get("oneOf", ()))
    how = " RFC 3339 with an offset, or seconds since 1970." if is_time else ""
    length = f" At most {schema['maxLength']} characters." if "maxLength" in schema else ""
    return f"{schema['description']}{how}{length}"


def commands_page() -> str:
    """What `--help` says of each command."""
    parts = ["# Commands", "What `wachtmonitor COMMAND --help` says."]
    with click.Context(main, info_name="wachtmonitor", **main.context_settings) as top:
        for name in COMMANDS:
            command = main.get_command(top, name)
            assert command is not None
            parts += [
                f"## {context.command_path.removeprefix('wachtmonitor ')}\n\n```text\n{context.get_help()}\n```"
                for context in _contexts(command, name, top)
            ]
    return "\n\n".join(parts)


def _contexts(command: click.Command, name: str, parent: click.Context) -> Iterator[click.Context]:
    context = click.Context(command, info_name=name, parent=parent, terminal_width=parent.max_content_width)
    yield context
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            found = command.get_command(context, below)
            assert found is not None
            yield from _contexts(found, below, context)


def reasons_page() -> str:
    """Why a record is rejected, and why a contact does not count."""
    rejections = _table(
        ("reason", "what is wrong", "what to do"),
        [(f"`{reason}`", reason.explanation, reason.remedy) for reason in Reason],
    )
    repairs = _table(("reason", "what"), [(f"`{repair}`", repair.explanation) for repair in Repair])
    exclusions = _table(("reason", "why"), [(f"`{name}`", text) for name, text in member_docs(Exclusion).items()])
    return f"""\
# Reasons

## Why a record is rejected

The record goes to the topic `dead-letters`, with the reason in its headers, and is counted in
`wachtmonitor_records_rejected_total`. Of several faults the first in this list is the reason.

{rejections}

## How a cluster's name is made up for

The event counts, and is counted in `wachtmonitor_names_repaired_total` too. Of several the last in this list is the
reason. What is no space but cannot be seen, and other letters, are never made up for.

{repairs}

## Why a contact does not count

Such a contact is in no average or share; it is counted by its reason in `wachtmonitor_excluded_contacts`.

{exclusions}
"""


def problems_page() -> str:
    """Every kind of problem that `/health`, the wall and the log tell of."""
    rows = [(f"`{code}`", meaning) for code, meaning in {**CODES, **FAULT_CODES}.items()]
    return f"""\
# Problems

While there is any problem, `/health` answers 503 and names each one, the wall shows it, and the log says it once. Its
text has the figures and what to do; the code stays the same however often the text changes.

{_table(("code", "what it means"), rows)}
"""


def kafka_page() -> str:
    """The topics, and what each part of the monitor needs to be allowed."""
    kafka = load(None, {}).kafka
    topics = [
        (f"`{spec.name}`", str(spec.partitions), spec.key, spec.value, _settings(spec.config))
        for spec in topic_specs(kafka)
    ]
    return f"""\
# Kafka topics and rights

## Topics

By their default names, and with the partitions of the bundled settings. A worker creates those that are
missing; `wachtmonitor check` compares their settings. The number of copies and `min.insync.replicas` are up to you.

{_table(("topic", "partitions", "key", "value", "configuration"), topics)}

## Rights

What each part of the monitor needs on topics that exist, and no more. A right to read or to write includes the one to
describe. Whoever creates topics needs `Create` on them as well. Every command asks Kafka before it begins, and names
each missing right with the options that grant it:

```sh
kafka-acls.sh --bootstrap-server kafka:9092 --add --allow-principal User:wachtmonitor --operation Read --topic calls
```

{rights_markdown(kafka)}"""


def _settings(config: Mapping[str, str]) -> str:
    return ", ".join(f"`{name}={value}`" for name, value in config.items())


def member_docs(enum: type[Enum]) -> dict[str, str]:
    """The docstring below each member of an enum, by the member's value."""
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(enum))).body
    assert isinstance(body, ast.ClassDef)
    found = {}
    for member, after in zip(body.body, body.body[1:], strict=False):
        if (
            isinstance(member, ast.Assign)
            and isinstance(target := member.targets[0], ast.Name)
            and isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
        ):
            found[str(enum[target.id].value)] = " ".join(str(after.value.value).split())
    return found


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def write() -> None:
    """Write every file that is not up to date, and say which."""
    for path, text in files().items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            click.echo(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    write()

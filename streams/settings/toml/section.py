"""A table of a TOML file as a struct: each field is a key, its annotation says what the key takes.

    class Web(Section, frozen=True, kw_only=True):
        port: Annotated[Whole, Field(ge=1, le=65_535)] = 9464

From that one line follow what pydantic checks, what a message says was expected ("a whole number from 1 to 65535,
such as 9464"), what a variable of the environment is read as, and the row in the reference. The structs are plain
ones: only what comes from a file is checked, by `streams.settings.toml.problems.read`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from functools import cache
from types import MappingProxyType, NoneType, UnionType
from typing import Annotated, Any, Final, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

import msgspec
from annotated_types import Ge, Le
from pydantic import GetCoreSchemaHandler, Strict
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from streams.settings.toml.text import shown

Whole = Annotated[int, Strict()]
"""A whole number: not true, not "1", not 1.0."""


@dataclass(frozen=True)
class Expected:
    """What a key takes, for its messages; goes on after "expected"."""

    text: str
    example: str = ""
    """A good value, written as in the file."""
    secret: bool = False
    """Whether a message must not repeat the value."""
    write: Callable[[Any], str] = shown
    """How the file has what the code has."""


@dataclass(frozen=True)
class Unit:
    """What a number counts, or what the keys of a table are that the user makes."""

    name: str


@dataclass(frozen=True)
class Always:
    """Marks a key that is checked where it is left out too, since another one may need it."""


KIND: Final = "kind"
"""The key that says which table it is, where the keys of a table depend on that."""


@dataclass(frozen=True)
class ByKind:
    """Marks tables of the user's own names: each is one of these, as its key `kind` says."""

    tables: tuple[type["Section"], ...]

    def __get_pydantic_core_schema__(self, _source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """How pydantic makes one. Asked by pydantic alone."""
        return core_schema.tagged_union_schema(
            {kind: handler.generate_schema(table) for kind, table in self.by_kind().items()}, discriminator=KIND
        )

    def by_kind(self) -> dict[str, type["Section"]]:
        """The tables by what `kind` says."""
        return {kind: table for table in self.tables for kind in keys_of(table)[KIND].choices}


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """A table of a file; other keys than its fields are mistakes."""

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """How pydantic makes one: from a dict with these keys. Asked by pydantic alone."""
        keys = keys_of(cls)
        schema = core_schema.model_fields_schema(
            {name: core_schema.model_field(key.schema(handler)) for name, key in keys.items()},
            extras_schema=None,
            extra_behavior="forbid",
        )
        return core_schema.no_info_after_validator_function(
            lambda found: cls(**{key.field: found[0][name] for name, key in keys.items()}), schema
        )


class Key(NamedTuple):
    """A key of a table, as its field declares it."""

    name: str
    field: str
    hint: Any
    types: tuple[Any, ...]
    """What the annotation allows, without None and without what `Annotated` adds."""
    extras: tuple[Any, ...]
    """What `Annotated` adds, the outermost last."""
    required: bool
    default: Any
    """None where there is none."""

    @property
    def section(self) -> type[Section] | None:
        """The table that the key holds, or each table of an array."""
        return next((kind for kind in self.item_types if isinstance(kind, type) and issubclass(kind, Section)), None)

    @property
    def item_types(self) -> tuple[Any, ...]:
        """What each item may be; of a key that holds no list, what the key may be."""
        return tuple(
            part
            for kind in self.types
            for part in (_parts(get_args(kind)[0]) if _is_array(kind) else (kind,))
            if _is_type(part)
        )

    @property
    def is_array(self) -> bool:
        """Whether it is an array of tables, or a list."""
        return any(map(_is_array, self.types))

    @property
    def entries(self) -> Expected | None:
        """What each entry takes, if the key holds a table whose keys are the user's."""
        tables = [kind for kind in self.types if get_origin(kind) is dict]
        return _expected(tuple(_parts(get_args(tables[0])[1])), None) if tables else None

    @property
    def entry_key(self) -> str:
        """What the keys of the entries are, such as a year."""
        parts = (part for kind in self.types if get_origin(kind) is dict for part in _parts(get_args(kind)[0]))
        return next((part.name for part in parts if isinstance(part, Unit)), "")

    @property
    def marks(self) -> tuple[Any, ...]:
        """What `Annotated` adds to the key, or to each entry of a table whose keys are the user's."""
        tables = [kind for kind in self.types if get_origin(kind) is dict]
        return (*self.extras, *(part for kind in tables for part in _parts(get_args(kind)[1]) if not _is_type(part)))

    @property
    def kinds(self) -> dict[str, type[Section]]:
        """The tables that it holds under the user's names, by what `kind` says; none for every other key."""
        tables = [kind for kind in self.types if get_origin(kind) is dict]
        marks = (part for kind in tables for part in _parts(get_args(kind)[1]) if isinstance(part, ByKind))
        return {kind: table for mark in marks for kind, table in mark.by_kind().items()}

    @property
    def kind(self) -> "Key":
        """What says which of its kinds a table is."""
        literal: Any = Literal
        return Key(KIND, KIND, None, (literal[tuple(self.kinds)],), (), required=True, default=None)

    @property
    def expected(self) -> Expected | None:
        """What it takes; None for tables."""
        return _expected((*self.types, *self.extras), self.default)

    @property
    def choices(self) -> tuple[str, ...]:
        """The texts of which it takes one, if they can be counted."""
        return _choices(self.types)

    def schema(self, handler: GetCoreSchemaHandler) -> CoreSchema:
        """How pydantic checks it; a default is taken as it is, unless it is `Always` checked."""
        schema = handler.generate_schema(self.hint)
        if self.required:
            return schema
        always = any(isinstance(extra, Always) for extra in self.extras)
        return core_schema.with_default_schema(schema, default=self.default, validate_default=always)


@cache
def keys_of(section: type[Section]) -> Mapping[str, Key]:
    """The keys of a table, by name, in the order of its fields."""
    hints = get_type_hints(section, include_extras=True)
    return MappingProxyType({field.encode_name: _key(field, hints) for field in msgspec.structs.fields(section)})


def _key(field: msgspec.structs.FieldInfo, hints: Mapping[str, Any]) -> Key:
    parts = tuple(_parts(hints[field.name]))
    default = None
    if field.default is not msgspec.NODEFAULT:
        default = field.default
    elif field.default_factory is not msgspec.NODEFAULT:
        default = field.default_factory()
    return Key(
        name=field.encode_name,
        field=field.name,
        hint=hints[field.name],
        types=tuple(part for part in parts if _is_type(part) and part is not NoneType),
        extras=tuple(part for part in parts if not _is_type(part)),
        required=field.required,
        default=default,
    )


def together(text: str, key: str | None = None) -> PydanticCustomError:
    """A mistake that takes more than one key to see; `key` is the one to blame, unless it is the one just checked."""
    return PydanticCustomError("together", "{text}", {"text": text, "key": key})


def _parts(hint: Any) -> Iterator[Any]:
    """The types of an annotation, and what `Annotated` adds to them, from the inside out."""
    if get_origin(hint) is Annotated:
        inner, *extras = get_args(hint)
        yield from _parts(inner)
        for extra in extras:
            yield extra
            if isinstance(extra, FieldInfo):
                yield from extra.metadata
    elif get_origin(hint) in (Union, UnionType):
        for kind in get_args(hint):
            yield from _parts(kind)
    else:
        yield hint


def _is_type(part: object) -> bool:
    return isinstance(part, type) or get_origin(part) is not None


def _is_array(kind: object) -> bool:
    return get_origin(kind) is tuple


_NUMBERS: Final[Mapping[Any, str]] = {int: "a whole number", float: "a number", Decimal: "a number"}


def _expected(parts: tuple[Any, ...], default: object) -> Expected | None:
    """What an annotation says is expected, or what follows from its bounds and choices."""
    said = [part for part in parts if isinstance(part, Expected)]
    examples = [str(part.examples[0]) for part in parts if isinstance(part, FieldInfo) and part.examples]
    write = said[-1].write if said else shown
    example = examples[-1] if examples else "" if default in (None, (), "") else write(default)
    if said:
        return replace(said[-1], example=example if examples else said[-1].example or example)
    if choices := _choices(parts):
        return Expected(f"one of {', '.join(map(shown, choices))}", example or shown(choices[0]))
    number = next((_NUMBERS[part] for part in parts if isinstance(part, type) and part in _NUMBERS), "")
    bounds = [
        *(part.ge for part in parts if isinstance(part, Ge)),
        *(part.le for part in parts if isinstance(part, Le)),
    ]
    if not number or not bounds:
        return None
    unit = "".join(f" of {part.name}" for part in parts if isinstance(part, Unit))
    return Expected(f"{number}{unit} from {bounds[0]} to {bounds[-1]}", example)


def _choices(parts: tuple[Any, ...]) -> tuple[str, ...]:
    for part in parts:
        if get_origin(part) is Literal:
            return tuple(map(str, get_args(part)))
        if isinstance(part, type) and issubclass(part, StrEnum):
            return tuple(member.value for member in part)
    return ()

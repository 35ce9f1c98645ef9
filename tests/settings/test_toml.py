"""What follows from one field of a table: the check, the message, the default and what a variable is read as."""

from typing import Annotated, Literal

import msgspec
import pytest
from pydantic import AfterValidator, Field, ValidationInfo

from streams.settings.environment import value_of
from streams.settings.toml.problems import Override, Problems, read
from streams.settings.toml.section import Always, Expected, Section, Unit, Whole, keys_of, together


def _below(high: int | None, info: ValidationInfo) -> int | None:
    if high is not None and high <= info.data.get("low", 0):
        raise together("expected more than low", key="low")
    return high


class Dish(Section, frozen=True, kw_only=True):
    """A table of an array."""

    name: Annotated[str, Field(min_length=1), Expected("a name", '"soup"')]
    grams: Annotated[Whole, Field(ge=1, le=900, examples=["250"]), Unit("grams")]


class Oven(Section, frozen=True, kw_only=True):
    """A table."""

    low: Annotated[Whole, Field(ge=10, le=300), Unit("degrees")] = 50
    high: Annotated[Whole | None, AfterValidator(_below), Always()] = None
    fan: Literal["on", "off"] = "off"
    shelves: Annotated[tuple[Whole, ...], Expected("a list of shelves", "[1, 2]")] = ()


class Kitchen(Section, frozen=True, kw_only=True):
    """A file."""

    oven: Oven = Oven()
    dish: Annotated[tuple[Dish, ...], Field(min_length=1)]
    prices: dict[str, Annotated[Whole, Expected("a price", "4")]] = msgspec.field(default_factory=dict)


DEGREES = "expected a whole number of degrees from 10 to 300, such as 50"

SOUP = {"name": "soup", "grams": 250}


def problems_of(values: object, **options: object) -> list[str]:
    with pytest.raises(Problems) as caught:
        read(Kitchen, values, **options)  # type: ignore[arg-type]  # the options are those of the function
    return caught.value.texts


def test_a_table_becomes_its_struct_and_what_is_left_out_its_default() -> None:
    found = read(Kitchen, {"oven": {"high": 200}, "dish": [SOUP], "prices": {"soup": 4}})
    assert found == Kitchen(oven=Oven(high=200), dish=(Dish(name="soup", grams=250),), prices={"soup": 4})


def test_a_struct_that_the_code_makes_is_not_checked() -> None:
    assert Oven(low=-1).low == -1


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"dish": [SOUP], "oven": {"low": 5}}, f"[oven]: low: {DEGREES}, got 5"),
        ({"dish": [SOUP], "oven": {"low": True}}, f"[oven]: low: {DEGREES}, got true"),
        (
            {"dish": [SOUP], "oven": {"fan": "of"}},
            '[oven]: fan: expected one of "on", "off", such as "off", got "of": did you mean "off"?',
        ),
        ({"dish": [SOUP], "oven": {"hihg": 5}}, "[oven]: hihg: unknown key; did you mean high?"),
        ({"dish": [SOUP], "oven": 5}, "oven: expected a table that begins with [oven], got 5"),
        (
            {"dish": [SOUP], "oven": {"shelves": [1, "2", "3"]}},
            '[oven]: shelves: expected a list of shelves, such as [1, 2], got [1, "2", "3"]',
        ),
        (
            {"dish": [{"name": "soup"}]},
            '[[dish]] 1 "soup": grams: missing, expected a whole number of grams from 1 to 900; add grams = 250',
        ),
        ({"dish": [SOUP, 5]}, "dish: expected one or more tables that begin with [[dish]], got [a table, 5]"),
        ({"dish": []}, "dish: expected one or more tables that begin with [[dish]], got []"),
        ({}, "dish: expected one or more tables that begin with [[dish]]"),
        ({"dish": [SOUP], "prices": {"soup": "4"}}, '[prices]: soup: expected a price, such as 4, got "4"'),
        ({"dish": [SOUP], "oven": {"low": 60, "high": 60}}, "[oven]: low: expected more than low"),
    ],
)
def test_a_mistake_is_told_once_with_its_place(values: object, problem: str) -> None:
    assert problems_of(values) == [problem]


def test_what_comes_from_elsewhere_is_told_by_where_it_comes_from() -> None:
    overrides = {("oven", "low"): Override("five", "KITCHEN_OVEN_LOW")}
    assert problems_of({"dish": [SOUP], "oven": {"low": "five"}}, overrides=overrides) == [
        f'KITCHEN_OVEN_LOW: {DEGREES}, got "five"'
    ]


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [("low", "60", 60), ("low", "x", "x"), ("fan", "on", "on"), ("shelves", "1, 2", [1, 2])],
)
def test_a_variable_is_read_as_what_its_key_takes(key: str, text: str, value: object) -> None:
    assert value_of(text, keys_of(Oven)[key]) == value

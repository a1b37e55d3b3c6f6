"""Named functions that can be chosen: poolings, losses, projections.

A function registers itself with one decorator and appears in the app, on the command line and in the tests. Its
keyword-only parameters with a default are its options; their annotation (never a string) carries range and explanation,
so widgets, flags and validation come from the function itself.
"""

import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from simcse_core.errors import OptionError
from simcse_core.numerals import number
from simcse_core.option_fields import OptionField, option_fields
from simcse_core.plain import shortened

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Entry(Generic[F]):
    """One choice: its name, its function, and one line on what it does (the docstring's first)."""

    name: str
    function: F
    summary: str
    options: type[BaseModel]

    @property
    def fields(self) -> list[OptionField]:
        """Its options, as widgets and lists need them."""
        return option_fields(self.options)

    def with_options(self, values: Mapping[str, object]) -> dict[str, Any]:
        """All options with their values: what is given, checked, over the defaults.

        Raises:
            OptionError: an option does not exist, has the wrong type or is out of range.
        """
        try:
            options = self.options(**values).model_dump()
        except ValidationError as error:
            raise option_error(error, self.name) from None
        for name, value in values.items():
            if isinstance(value, str) and not isinstance(options[name], str | bool) and number(value) is None:
                raise OptionError("{option} is {given!r}: write a number such as 0.5.", option=name, given=value)
        return options


E = TypeVar("E", bound=Entry[Any])


class Choices(Generic[E]):
    """The choices of one kind ("loss"), in the order in which they were added."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, E] = {}

    def add(self, entry: E) -> None:
        self._entries[entry.name] = entry

    def remove(self, name: str) -> None:
        """Take a choice away again, as a test does with one that it added."""
        del self._entries[name]

    def entries(self) -> list[E]:
        return list(self._entries.values())

    def names(self) -> list[str]:
        return list(self._entries)

    def __getitem__(self, name: str) -> E:
        if name not in self._entries:
            raise OptionError(
                "Unknown {kind} {given!r}. Choose one of: {choices}.",
                kind=self.kind,
                given=name,
                choices=", ".join(sorted(self._entries)),
            )
        return self._entries[name]


class Registry(Choices[Entry[F]]):
    """Choices of which no more has to be said than stands in the function itself."""

    def register(self, name: str) -> Callable[[F], F]:
        """Decorator: make the function choosable under `name`."""

        def add(function: F) -> F:
            self.add(Entry(name, function, summary_of(function), options_of(function, name)))
            return function

        return add


_RANGES = {
    "greater_than_equal": "at least {ge}",
    "greater_than": "more than {gt}",
    "less_than_equal": "at most {le}",
    "less_than": "less than {lt}",
}
"""What a number has to be, by pydantic's type of the complaint."""


def option_error(error: ValidationError, owner: str) -> OptionError:
    """The first complaint of pydantic, in one line that names the option and what was given."""
    first = error.errors(include_url=False)[0]
    option = ".".join(str(part) for part in first["loc"])
    value = first["input"]
    if first["type"] == "extra_forbidden":
        return OptionError("{owner} has no option {option!r}.", owner=owner, option=option)
    return OptionError(
        "{option} is {given!r}: {complaint}.",
        option=option,
        given=shortened(value) if isinstance(value, str) else value,
        complaint=_RANGES.get(first["type"], first["msg"]).format(**first.get("ctx", {})),
    )


def summary_of(function: Callable[..., Any]) -> str:
    """The first line of a function's docstring."""
    return (inspect.getdoc(function) or "").partition("\n")[0]


def options_of(function: Callable[..., Any], name: str, leaving_out: Collection[str] = ()) -> type[BaseModel]:
    """A model of a function's options, its keyword-only parameters with a default, but for those to leave out."""
    options: dict[str, Any] = {
        parameter.name: (parameter.annotation, parameter.default)
        for parameter in inspect.signature(function).parameters.values()
        if parameter.kind is parameter.KEYWORD_ONLY
        and parameter.default is not parameter.empty
        and parameter.name not in leaving_out
    }
    config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
    return create_model(f"{name}_options", __config__=config, **options)

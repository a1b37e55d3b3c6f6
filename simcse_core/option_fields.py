"""Options as widgets, flags and lists need them: read from pydantic here and nowhere else."""

import math
from dataclasses import dataclass
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo


@dataclass(frozen=True)
class OptionField:
    """One option of a function, or one setting of a model."""

    name: str
    value_type: type
    """int, float, str or dict."""
    default: Any
    explanation: str
    choices: tuple[Any, ...] = ()
    """All values that it may have, where they are named."""
    low: float = -math.inf
    high: float = math.inf
    excludes_low: bool = False
    """Whether it has to be above `low` ..."""
    excludes_high: bool = False
    """... and below `high`."""
    marks: tuple[object, ...] = ()
    """What else its annotation holds."""

    def has(self, mark: type) -> bool:
        """Whether its annotation holds a mark of this class."""
        return any(isinstance(one, mark) for one in self.marks)

    def allows(self, value: float) -> bool:
        """Whether a number is within its range."""
        above = value > self.low if self.excludes_low else value >= self.low
        below = value < self.high if self.excludes_high else value <= self.high
        return above and below


def option_fields(model: type[BaseModel]) -> list[OptionField]:
    """The options of a model, in its order."""
    return [_option_field(name, field) for name, field in model.model_fields.items()]


def _option_field(name: str, field: FieldInfo) -> OptionField:
    kind = _without_none(field.annotation)
    choices = get_args(kind) if get_origin(kind) is Literal else ()
    bounds = {side: _bound(field, side) for side in ("ge", "gt", "le", "lt")}
    low, high = (bounds["ge"], bounds["gt"]), (bounds["le"], bounds["lt"])
    return OptionField(
        name=name,
        value_type=type(choices[0]) if choices else get_origin(kind) or kind,
        default=field.default,
        explanation=field.description or "",
        choices=choices,
        low=next((bound for bound in low if bound is not None), -math.inf),
        high=next((bound for bound in high if bound is not None), math.inf),
        excludes_low=bounds["gt"] is not None,
        excludes_high=bounds["lt"] is not None,
        marks=tuple(field.metadata),
    )


def _without_none(annotation: Any) -> Any:
    """`int` of `int | None`."""
    parts = [part for part in get_args(annotation) if part is not NoneType]
    return parts[0] if NoneType in get_args(annotation) else annotation


def _bound(field: FieldInfo, side: str) -> float | None:
    return next((bound for mark in field.metadata if (bound := getattr(mark, side, None)) is not None), None)

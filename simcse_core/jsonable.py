"""Results as JSON: undefined numbers are null, never NaN."""

import math
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from typing import Any


def jsonable(value: Any) -> Any:
    """Dataclasses, pydantic models, arrays and numbers as what `json.dumps` takes; NaN and infinities become None."""
    if is_dataclass(value) and not isinstance(value, type):
        return jsonable(asdict(value))
    if hasattr(value, "model_dump"):  # a model of pydantic, which is not imported for it
        return jsonable(dict(value))
    if isinstance(value, Mapping):
        return {key: jsonable(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(inner) for inner in value]
    if hasattr(value, "tolist"):  # numpy arrays and numbers
        return jsonable(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value

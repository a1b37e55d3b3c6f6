"""Arrays and facts about them in one file of safetensors: never pickle."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from simcse_core import durable
from simcse_core.errors import ModelError

M = TypeVar("M", bound=BaseModel)
_KEY = "simcse"
"""Under which the facts stand among the file's metadata."""


@dataclass(frozen=True)
class TensorFile:
    """The content of a file."""

    facts: str
    """JSON."""
    tensors: Mapping[str, NDArray[Any]]

    def write(self, path: Path) -> None:
        """Write the file; it is the old one or the new one at every moment.

        Raises:
            OSError: it cannot be written.
        """
        from safetensors.numpy import save

        tensors = {name: np.ascontiguousarray(array) for name, array in self.tensors.items()}
        durable.write(path, save(tensors or {"nothing": np.zeros(1)}, {_KEY: self.facts}))

    @classmethod
    def read(cls, path: Path, name: str) -> "TensorFile":
        """Read a file.

        Args:
            path: of the file.
            name: how messages call it.

        Raises:
            ModelError: there is none, or it is no such file.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load

        try:
            content = path.read_bytes()
            tensors = load(content)
            length = int.from_bytes(content[:8], "little")
            facts = json.loads(content[8 : 8 + length])["__metadata__"][_KEY]
        except OSError as error:
            raise ModelError("{file} cannot be read: {reason}.", file=path, reason=error.strerror or error) from None
        except (SafetensorError, ValueError, KeyError, TypeError):
            raise ModelError("{file} of {name} is damaged, or something else.", file=path.name, name=name) from None
        return cls(str(facts), tensors)

    def facts_as(self, form: type[M], path: Path, name: str) -> M:
        """The facts, checked.

        Raises:
            ModelError: they are not what they have to be.
        """
        try:
            return form.model_validate_json(self.facts)
        except ValidationError:
            raise ModelError("{file} of {name} is damaged, or something else.", file=path.name, name=name) from None

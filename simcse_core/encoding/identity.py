"""Which encoder made some embeddings, so that they are never compared with those of another one in silence.

Names say little: a folder moves, a run is a copy of another one. So an encoder is known by its settings and by the
embedding that it gives a fixed text.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simcse_core.encoding.protocol import Encoder
from simcse_core.errors import ModelError

PROBE = "A cat sleeps on the sofa. 猫在沙发上睡觉。"
SAME = 1e-4
"""Two encoders are the same when the cosine of what they make of the probe is at most so far below 1: rounding, also of
another machine, is a thousandth of it, and what differs by less classifies alike."""


@dataclass(frozen=True, eq=False)
class Identity:
    """An encoder with its settings."""

    model: str
    """Its name: catalogue name, run id, folder or hub id."""
    layers: int | None
    """How many layers it computes; None for a frozen encoder."""
    pooling: str | None
    """None for a frozen encoder."""
    prompt: str
    """What it puts before each text."""
    dim: int
    """D, the length of an embedding."""
    probe: NDArray[np.float32]
    """(D,) the embedding of `PROBE`."""

    @classmethod
    def of(cls, encoder: Encoder) -> "Identity":
        """Of an encoder as it is set now."""
        prompts: Any = getattr(encoder, "prompts", None)
        return cls(
            model=encoder.name,
            layers=encoder.layers,
            pooling=getattr(encoder, "pooling", None),
            prompt="" if prompts is None else prompts.text,
            dim=encoder.dim,
            probe=encoder.encode([PROBE])[0],
        )

    def check(self, encoder: Encoder, what: str) -> None:
        """See that an encoder is the one that this is the identity of.

        Args:
            encoder: about to be used.
            what: was made with the other one, at the beginning of a sentence.

        Raises:
            ModelError: it is another one, and in what it differs.
        """
        other = Identity.of(encoder)
        differences = [
            f"{name} {wanted!r}, not {given!r}"
            for name, wanted, given in (
                ("dimensions", self.dim, other.dim),
                ("layers", self.layers, other.layers),
                ("pooling", self.pooling, other.pooling),
                ("prompt", self.prompt, other.prompt),
            )
            if wanted != given
        ]
        if not differences and float(self.probe @ other.probe) >= 1 - SAME:
            return
        raise ModelError(
            "{what} was made with {model}; {given} gives other embeddings ({differences}). Use the same model and "
            "settings, or make it again.",
            what=what,
            model=self.model,
            given=encoder.name,
            differences="; ".join(differences) or "its weights differ",
        )

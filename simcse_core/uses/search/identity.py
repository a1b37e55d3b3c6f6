"""What an index knows of the encoder that built it, so that nothing is searched with another one.

Names and files do not say enough: a folder may be overwritten, a model changed in memory. So an index keeps the
embedding of one text, and whoever searches has to give that text the same embedding.
"""

from dataclasses import dataclass

import numpy as np

from simcse_core.errors import ModelError
from simcse_core.uses.search.encoders import Sides, prompt_of

PROBE = "The probe of an index. 索引的探针 42"
SAME = 1e-5
"""Cosines of the probe that differ from 1 by less are the same model, on another machine or with other rounding."""


@dataclass(frozen=True)
class Identity:
    """An encoder as far as a search depends on it."""

    model: str
    dim: int
    document_prompt: str
    query_prompt: str
    probe: tuple[float, ...]
    """(D,) the embedding of `PROBE`, read as a document in float32."""

    @classmethod
    def of(cls, sides: Sides) -> "Identity":
        """Of an encoder that is loaded."""
        probe = sides.document.encode([PROBE])[0].astype(np.float64).round(6)
        prompts = prompt_of(sides.document), prompt_of(sides.query)
        return cls(sides.document.name, len(probe), *prompts, tuple(probe.tolist()))

    def check(self, other: "Identity", index: str) -> None:
        """See that another encoder gives the embeddings of this one, which built the index.

        Raises:
            ModelError: it does not; it says what differs.
        """
        if other.dim != self.dim:
            raise ModelError(
                "{index} has embeddings of {wanted} dimensions, by {model}; {other} gives {given}. Search with the "
                "model and the dimensions that it was built with.",
                index=index,
                wanted=self.dim,
                model=self.model,
                other=other.model,
                given=other.dim,
            )
        if not np.dot(self.probe, other.probe) >= 1 - SAME:
            if other.model == self.model:
                self._refuse_prompt("texts", self.document_prompt, other.document_prompt, index)
            raise ModelError(
                "{index} was built by {model}, and {other} gives other embeddings: another model, layer, pooling or "
                "head, or other weights. Search with the model that it was built with, or build it again.",
                index=index,
                model=self.model,
                other=f"{other.model} as it is now" if other.model == self.model else other.model,
            )
        self._refuse_prompt("queries", self.query_prompt, other.query_prompt, index)

    @staticmethod
    def _refuse_prompt(of: str, wanted: str, given: str, index: str) -> None:
        if wanted != given:
            raise ModelError(
                "{index} was built with the prompt {wanted!r} for {of}, not with {given!r}. Leave the prompt out, or "
                "build it again.",
                index=index,
                of=of,
                wanted=wanted,
                given=given,
            )

"""The word embeddings of the tokens that occur in the texts to learn from: all of the table that a training changes.

A row of which no text has the token gets no gradient. So only the others are trained, as a table of their own: their
gradients, their moments and their copies are as large as the texts' vocabulary, and not as the model's. For these rows
AdamW is the same, to the bit on one processor. The other rows stay as they were, where AdamW on the whole table would
multiply them by (1 - learning rate x weight decay) at each step, though nothing was learned about them.
"""

from collections.abc import Iterable, Sequence
from itertools import chain

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from simcse_core.encoding.model import SimCSE
from simcse_core.encoding.protocol import Trainable


class WordRows(nn.Module):
    """Stands where an encoder has its word embeddings, and trains those of some tokens.

    Args:
        words: all word embeddings, (V, H).
        ids: the tokens that will come, U different ones; another one is an IndexError.
    """

    def __init__(self, words: nn.Embedding, ids: Iterable[int]) -> None:
        super().__init__()
        self._words = [words]  # in a list: not a parameter of this module
        padding = [] if words.padding_idx is None else [words.padding_idx]  # which has no gradient
        self._ids = torch.tensor(sorted({*ids, *padding}), device=words.weight.device)  # (U,)
        self.weight = nn.Parameter(words.weight.detach()[self._ids])
        self._places = self._ids.new_full((words.num_embeddings,), -1)  # (V,) token -> row of `weight`
        self._places[self._ids] = torch.arange(len(self._ids), device=self._ids.device)
        self._padding = int(self._places[padding[0]]) if padding else None

    @property
    def table(self) -> Tensor:
        """The weight of the whole table, (V, H)."""
        return self._words[0].weight

    def forward(self, ids: Tensor) -> Tensor:
        """(N, T) -> (N, T, H)."""
        return F.embedding(self._places[ids], self.weight, self._padding)

    @torch.no_grad()
    def write_back(self) -> None:
        """Put the trained rows into the whole table."""
        self.table.index_copy_(0, self._ids, self.weight)


def train_rows(part: SimCSE, prepared: Sequence[Sequence[int]]) -> None:
    """Let a model train the word embeddings of these texts' tokens alone, as far as its family makes that the same.

    Args:
        part: a model with modules of its own (`SimCSE.above`).
        prepared: all texts that it will see, as token ids.
    """
    words = part.bert.get_input_embeddings()
    if type(words) is nn.Embedding and words.max_norm is None and not words.scale_grad_by_freq:
        part.bert.set_input_embeddings(WordRows(words, {part.padding_id, *chain.from_iterable(prepared)}))


def rows_of(part: Trainable) -> WordRows | None:
    """The rows that a model trains in the place of its word embeddings, if it does."""
    return next((module for module in part.modules() if isinstance(module, WordRows)), None)

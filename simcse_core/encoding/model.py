"""SimCSE on BERT: texts -> tokens -> hidden states of a layer -> [linear head] -> pooling -> unit vectors."""

import copy
import threading
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from simcse_core.encoding.batching import batches_by_length, pad
from simcse_core.encoding.device import pick_dtype
from simcse_core.encoding.head import make_head
from simcse_core.encoding.pooling import poolings
from simcse_core.encoding.texts import Progress, TextCheck, Vectors, checked, is_unreadable, once_each
from simcse_core.errors import ModelError, OptionError


class SimCSE(nn.Module):
    """A BERT encoder that gives one unit vector per sentence.

    Encoding is safe from several threads at once, as long as nobody trains the model meanwhile.

    Args:
        bert: any BERT-family encoder of transformers.
        tokenizer: its tokenizer.
        pooling: a name of `poolings`.
        head: linear layer H -> H for every token, or None.
        max_tokens: longer texts are cut to this many tokens.
        name: how messages call the model.
        tokenizer_lock: of whoever else uses the same tokenizer.

    Example:
        >>> model = SimCSE.load("minilm")
        >>> model.encode(["A cat sleeps.", "A kitten naps."]).shape
        (2, 384)
    """

    def __init__(
        self,
        bert: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        *,
        pooling: str = "mean",
        head: nn.Linear | None = None,
        max_tokens: int = 256,
        name: str = "bert",
        tokenizer_lock: "threading.Lock | None" = None,
    ) -> None:
        super().__init__()
        self.bert = bert
        self.tokenizer = tokenizer
        self.head = head
        self.pooling = poolings[pooling].name
        self.max_tokens = max_tokens
        self.name = name
        # Truncation is a state of a fast tokenizer: two threads at once get each other's, also through two models.
        self._tokenizer_lock = tokenizer_lock or threading.Lock()
        self.eval()

    @classmethod
    def load(
        cls,
        name: str = "minilm",
        *,
        pooling: str | None = None,
        layer: int | None = None,
        head: str | None = None,
        device: str = "auto",
        seed: int = 0,
    ) -> "SimCSE":
        """Load a model by catalogue name, run id or folder.

        Args:
            name: "minilm" works without a network.
            pooling: None keeps what the model was saved with.
            layer: use hidden states of this layer, 0 (word embeddings) to the last; negative counts from the end.
            head: one of `HEADS`; None keeps what the model was saved with.
            device: "auto", "cpu", "cuda" or "mps".
            seed: for a random head.

        Raises:
            ModelError: there is no such model, it is damaged, or it is frozen and gives sentence vectors only.
            OptionError: unknown pooling or head, or a layer the model does not have.
        """
        from simcse_core.encoding.catalogue import load

        model = load(name, pooling=pooling, layer=layer, head=head, device=device, seed=seed)
        if not isinstance(model, cls):
            raise ModelError("{name} is frozen and no BERT. Load it with simcse_core.load({name!r}).", name=name)
        return model

    @property
    def dim(self) -> int:
        """D, the length of a vector."""
        return int(self.bert.config.hidden_size) if self.head is None else self.head.out_features

    @property
    def layers(self) -> int:
        """L: hidden states exist for layers 0 (word embeddings) to L."""
        return len(layer_stack(self.bert))

    @property
    def device(self) -> torch.device:
        return self.bert.device

    def configured(
        self, *, pooling: str | None = None, layer: int | None = None, head: str | None = None, seed: int = 0
    ) -> "SimCSE":
        """The same model with other settings. It shares the weights, so this costs no memory and almost no time.

        Arguments and errors as for `load`.
        """
        new_head = self.head if head is None else make_head(head, int(self.bert.config.hidden_size), seed)
        return SimCSE(
            self.bert if layer is None else first_layers(self.bert, layer, self.name),
            self.tokenizer,
            pooling=pooling or self.pooling,
            head=None if new_head is None else new_head.to(self.device),
            max_tokens=self.max_tokens,
            name=self.name,
            tokenizer_lock=self._tokenizer_lock,
        )

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Embed a padded batch.

        Args:
            ids: (N, T) token ids.
            mask: (N, T) 1 for the sentence's own tokens, 0 for padding.

        Returns:
            (N, D) unit rows in float32.
        """
        output = self.bert(input_ids=ids, attention_mask=mask, output_hidden_states=True)
        tokens = output.last_hidden_state  # (N, T, H)
        first = output.hidden_states[0] if output.hidden_states else tokens  # (N, T, H); empty when cut at layer 0
        if self.head is not None:
            tokens, first = self.head(tokens), self.head(first)
        pooled = poolings[self.pooling].function(tokens, mask, first)  # (N, D)
        return F.normalize(pooled.float(), dim=-1)

    def prepare(self, texts: Sequence[str]) -> list[list[int]]:
        """The texts as token ids, cut at `max_tokens`: what `embed` works on."""
        if not texts:
            return []
        with self._tokenizer_lock:
            ids = self.tokenizer(list(texts), truncation=True, max_length=self.max_tokens, verbose=False)["input_ids"]
        return list(ids)

    def embed(self, prepared: Sequence[Sequence[int]]) -> Tensor:
        """(N, D) unit rows for one batch of prepared texts; gradients flow unless they are switched off."""
        ids, mask = pad(prepared, int(self.tokenizer.pad_token_id or 0), self.device)
        return self(ids, mask)

    @torch.inference_mode()
    def encode(
        self,
        texts: Sequence[str],
        *,
        precision: str = "float32",
        on_check: Callable[[TextCheck], None] | None = None,
        on_progress: Progress | None = None,
    ) -> Vectors:
        """One unit vector per text, in the order of the texts.

        Args:
            texts: N texts. Identical texts are encoded once.
            precision: "float32", "bfloat16", "float16", or "auto" for the fastest the hardware is good at.
            on_check: receives which texts were cut or are unreadable to this model.
            on_progress: receives (done, total) after each batch, in distinct texts.

        Returns:
            (N, D) float32, unit rows; (0, D) for no texts.

        Raises:
            InputError: `texts` is no list of texts.
            OptionError: unknown precision.
        """
        texts = checked(texts)
        dtype = pick_dtype(precision, self.device)
        if on_check is not None:
            on_check(self.check(texts))

        def encode_unique(unique: list[str]) -> Vectors:
            prepared = self.prepare(unique)
            vectors = np.empty((len(unique), self.dim), dtype=np.float32)
            done = 0
            for batch in batches_by_length([len(ids) for ids in prepared]):
                with torch.autocast(self.device.type, dtype, enabled=dtype != torch.float32):
                    vectors[batch] = self.embed([prepared[position] for position in batch]).cpu().numpy()
                done += len(batch)
                if on_progress is not None:
                    on_progress(done, len(unique))
            return vectors

        return once_each(texts, self.dim, encode_unique)

    def check(self, texts: Sequence[str]) -> TextCheck:
        """Which texts are too long for this model or written in what it cannot read."""
        texts = checked(texts)
        if not texts:
            return TextCheck()
        with self._tokenizer_lock:
            ids = self.tokenizer(texts, truncation=True, max_length=self.max_tokens + 1, verbose=False)["input_ids"]
        return TextCheck(
            truncated=tuple(number for number, own in enumerate(ids) if len(own) > self.max_tokens),
            unreadable=tuple(
                number for number, own in enumerate(ids) if is_unreadable(own, self.tokenizer.unk_token_id)
            ),
        )

    def tune(self, what: str) -> list[nn.Parameter]:
        """Choose what training may change, and return those parameters.

        Args:
            what: "head" (a linear head is added when there is none), "top:K" (the last K layers and the head), "all".

        Raises:
            OptionError: none of these, or more layers than the model has.
        """
        if what == "head" and self.head is None:
            self.head = make_head("linear", int(self.bert.config.hidden_size))
            self.to(self.device)
        stack = layer_stack(self.bert)
        top = len(stack) if what == "all" else _top_layers(what, len(stack))
        self.requires_grad_(what == "all")
        for module in [*list(stack)[len(stack) - top :], *([self.head] if self.head is not None else [])]:
            module.requires_grad_(True)
        return [parameter for parameter in self.parameters() if parameter.requires_grad]

    def save(self, folder: Path | str) -> None:
        """Write the model in the folder layout of sentence-transformers, where it gives the same vectors."""
        from simcse_core.encoding.storage import save

        save(self, Path(folder))


def layer_stack(bert: PreTrainedModel) -> nn.ModuleList:
    """The encoder's list of transformer layers, whatever the model family calls it.

    Raises:
        ModelError: the model has no such list (ALBERT uses one layer again and again).
    """
    for module in bert.modules():
        if isinstance(module, nn.ModuleList) and len(module) == bert.config.num_hidden_layers:
            return module
    raise ModelError("A model of the kind {kind!r} has no layers that can be told apart.", kind=bert.config.model_type)


def first_layers(bert: PreTrainedModel, layer: int, name: str) -> PreTrainedModel:
    """The encoder cut after a layer; it shares the weights with the whole one.

    Raises:
        OptionError: the model does not have this layer.
    """
    count = len(layer_stack(bert))
    if not -count - 1 <= layer <= count:
        raise OptionError(
            "{name} has no layer {given}: choose 0 (word embeddings) to {last}, or -1 (last) to {first}.",
            name=name,
            given=layer,
            last=count,
            first=-count - 1,
        )
    keep = layer if layer >= 0 else count + 1 + layer
    if keep == count:
        return bert
    # Copies the modules, not the tensors: what the memo already holds counts as copied.
    tensors: dict[int, Any] = {id(tensor): tensor for tensor in chain(bert.parameters(), bert.buffers())}
    shared: PreTrainedModel = copy.deepcopy(bert, tensors)
    del layer_stack(shared)[keep:]
    shared.config.num_hidden_layers = keep
    return shared


def _top_layers(what: str, count: int) -> int:
    if what == "head":
        return 0
    kind, _, number = what.partition(":")
    if kind != "top" or not (number.isascii() and number.isdecimal()) or not 1 <= int(number) <= count:
        raise OptionError(
            "Cannot train {given!r}. Choose 'head', 'all', or 'top:K' with K from 1 to {count}.",
            given=what,
            count=count,
        )
    return int(number)

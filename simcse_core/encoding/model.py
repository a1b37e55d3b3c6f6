"""SimCSE on BERT: texts -> tokens -> hidden states of a layer -> [linear head] -> pooling -> [layers] -> unit rows."""

import copy
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from weakref import WeakSet

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from simcse_core.encoding.batching import Prepared, pad
from simcse_core.encoding.classifier import NOTHING, Prediction
from simcse_core.encoding.device import pick_dtype
from simcse_core.encoding.foreign_errors import model_errors
from simcse_core.encoding.head import cut_at, make_head
from simcse_core.encoding.hidden_states import layer_grid, states_of, text_tokens, token_spans
from simcse_core.encoding.inference import encode_distinct, for_inference, stamp
from simcse_core.encoding.layers import (
    GivenStates,
    all_layers,
    first_layers,
    last_layers,
    layer_stack,
    layers_to_tune,
    refuse_below_final_norm,
    refuse_part_of_one_layer,
    trains,
)
from simcse_core.encoding.packing import can_pack, pack, use_packed_attention
from simcse_core.encoding.pooled import counting, dim_of, possible_poolings, refuse_misfit, whole_dim_of
from simcse_core.encoding.pooling import poolings
from simcse_core.encoding.predicting import predict
from simcse_core.encoding.prompts import Prompts, prompt_too_long
from simcse_core.encoding.texts import (
    Embeddings,
    Progress,
    Spans,
    TextCheck,
    TextTokens,
    checked,
    is_unreadable,
    once_each,
)
from simcse_core.errors import ModelError

NO_PROMPTS = Prompts()


class SimCSE(nn.Module):
    """A BERT encoder that gives one unit embedding per sentence.

    Encoding is safe from several threads at once, as long as nobody trains the model meanwhile.

    Args:
        bert: any BERT-family encoder of transformers.
        tokenizer: its tokenizer.
        pooling: a name of `poolings`.
        head: layer H -> H' for every token, or several, or None.
        sentence_layers: between the pooling and the unit rows, as folders bring them, or None.
        include_prompt: whether the tokens of the prompt count in the pooling.
        max_tokens: longer texts are cut to this many tokens.
        name: how messages call the model.
        prompts: what is put before each text.
        most_dims: only the first so many dimensions of an embedding count; None is all.
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
        head: nn.Module | None = None,
        sentence_layers: nn.Module | None = None,
        include_prompt: bool = True,
        max_tokens: int = 256,
        name: str = "bert",
        prompts: Prompts = NO_PROMPTS,
        most_dims: int | None = None,
        tokenizer_lock: "threading.Lock | None" = None,
    ) -> None:
        super().__init__()
        self.bert = bert
        self.tokenizer = tokenizer
        self.head = head
        self.sentence_layers = sentence_layers
        self.pooling = poolings[pooling].name
        self.include_prompt = include_prompt
        self.max_tokens = max_tokens
        self.name = name
        self.prompts = prompts
        self.most_dims = most_dims
        self.carried = NOTHING
        """What a training has learned beside the weights; `predict` applies it."""
        # Truncation is a state of a fast tokenizer: two threads at once get each other's, also through two models.
        self.tokenizer_lock = tokenizer_lock or threading.Lock()
        self._forget_others()
        self._starts_from_states = isinstance(getattr(bert, "embeddings", None), GivenStates)
        refuse_misfit(self)
        use_packed_attention(bert)
        self.eval()

    def _forget_others(self) -> None:
        """Have no twins for inference yet, and share the weights with no other model."""
        self._twins: dict[torch.dtype, tuple[object, PreTrainedModel]] = {}
        self.sharers: WeakSet[SimCSE] = WeakSet([self])
        """The models with these weights, this one among them."""

    def __getstate__(self) -> dict[str, Any]:
        """For `copy.deepcopy` and `pickle`: the copy has weights and a tokenizer of its own."""
        of_this_one = ("tokenizer_lock", "_twins", "sharers")
        return {name: value for name, value in self.__dict__.items() if name not in of_this_one}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)  # type: ignore[no-untyped-call]
        self.tokenizer_lock = threading.Lock()
        self._forget_others()

    @classmethod
    def load(
        cls,
        name: str | Path = "minilm",
        *,
        pooling: str | None = None,
        layer: int | None = None,
        head: str | None = None,
        prompt: str | None = None,
        dim: int | None = None,
        device: str = "auto",
        seed: int = 0,
    ) -> "SimCSE":
        """Load a model by catalogue name, run id or folder.

        Args:
            name: "minilm" works without a network.
            pooling: None keeps what the model was saved with.
            layer: use hidden states of this layer, 0 (word embeddings) to the last; negative counts from the end.
            head: one of `HEADS`; None keeps what the model was saved with.
            prompt: put before each text: a name among the model's prompts, or the text itself; "" is none, None is what
                the model was saved with.
            dim: cut embeddings to their first so many dimensions, up to all; None is what the model was saved with.
            device: "auto", "cpu", "cuda" or "mps".
            seed: for a random head.

        Raises:
            ModelError: there is no such model, it is damaged, or it is a frozen encoder.
            OptionError: unknown pooling or head, or a layer, a prompt or dimensions that the model does not have.
        """
        from simcse_core.encoding.catalogue import load

        model = load(name, pooling=pooling, layer=layer, head=head, prompt=prompt, dim=dim, device=device, seed=seed)
        if not isinstance(model, cls):
            raise ModelError("{name} is frozen and no BERT. Load it with simcse_core.load({name!r}).", name=name)
        return model

    @property
    def dim(self) -> int:
        """D, the length of an embedding."""
        return dim_of(self, self.pooling)

    @property
    def whole_dim(self) -> int:
        """The length of an embedding that is not cut."""
        return whole_dim_of(self, self.pooling)

    @property
    def layers(self) -> int:
        """L: hidden states exist for layers 0 (word embeddings) to L."""
        return len(layer_stack(self.bert))

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self.bert.device

    @property
    def padding_id(self) -> int:
        """The token id that fills a padded batch; the mask leaves it out."""
        return int(self.tokenizer.pad_token_id or 0)

    def possible_poolings(self) -> list[str]:
        """The poolings that are offered and fit the layers on tokens and behind the pooling, and the model's own."""
        return possible_poolings(self)

    def configured(
        self,
        *,
        pooling: str | None = None,
        layer: int | None = None,
        head: str | None = None,
        prompt: str | None = None,
        dim: int | None = None,
        seed: int = 0,
    ) -> "SimCSE":
        """The same model with other settings. It shares the weights, so this costs no memory and almost no time.

        Training (`tune`) gives it weights of its own first, as long as the other one is there.
        Arguments and errors as for `load`.
        """
        new_head = self.head if head is None else make_head(head, int(self.bert.config.hidden_size), seed)
        new = self._with(
            self.bert if layer is None else first_layers(self.bert, layer, self.name),
            pooling=pooling or self.pooling,
            head=None if new_head is None else new_head.to(self.device),
        )
        if prompt is not None:
            new.prompts = self.prompts.using(prompt, self.name)
            if len(new.prepare([""])[0]) >= self.max_tokens:
                raise prompt_too_long(self.name, self.max_tokens)
        if dim is not None:
            new.most_dims = cut_at(dim, new.whole_dim, self.name)
        new.sharers = self.sharers
        new.sharers.add(new)
        if head is None and self._reads_as(new):
            new.carried = self.carried
        return new

    def _reads_as(self, other: "SimCSE") -> bool:
        """Whether another configuration of the same weights gives the same embeddings."""
        mine, theirs = ((one.pooling, one.layers, one.prompts.text, one.dim) for one in (self, other))
        return mine == theirs

    def _own_weights(self) -> None:
        """Stop sharing weights with the models that this one was configured from, or that were from this one."""
        if len(self.sharers) > 1:
            self.bert, self.head, self.sentence_layers = copy.deepcopy((self.bert, self.head, self.sentence_layers))
            self.sharers.discard(self)
            self._forget_others()

    def _with(self, bert: PreTrainedModel, *, pooling: str, head: nn.Module | None) -> "SimCSE":
        """The same model on other layers: all that is about texts stays."""
        return SimCSE(
            bert,
            self.tokenizer,
            pooling=pooling,
            head=head,
            sentence_layers=self.sentence_layers,
            include_prompt=self.include_prompt,
            max_tokens=self.max_tokens,
            name=self.name,
            prompts=self.prompts,
            most_dims=self.most_dims,
            tokenizer_lock=self.tokenizer_lock,
        )

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Embed a padded batch.

        Args:
            ids: (N, T) token ids.
            mask: (N, T) 1 for the sentence's own tokens, 0 for padding.

        Returns:
            (N, D) unit rows in float32.
        """
        tokens, first = self.hidden_states(self.bert, input_ids=ids, attention_mask=mask)
        return F.normalize(self.pool(tokens, mask, first), dim=-1)

    def pool(self, tokens: Tensor, mask: Tensor, first: Tensor, pooling: str | None = None) -> Tensor:
        """(N, T, H), (N, T), (N, T, H) -> (N, D), through the layers behind the pooling, not normalised."""
        pooled = poolings[pooling or self.pooling].function(tokens, counting(self, mask), first)
        if self.sentence_layers is not None:
            pooled = self.sentence_layers(pooled).float()
        return pooled if self.most_dims is None else pooled[..., : self.most_dims]

    def hidden_states(self, bert: PreTrainedModel, **inputs: Any) -> tuple[Tensor, Tensor]:
        """Hidden states of the last layer and of layer 0, through the head, in float32: (N, T, D) each."""
        words: Tensor | None = None
        if self._starts_from_states:
            states = inputs["inputs_embeds"]
            hidden = int(bert.config.hidden_size)
            inputs["inputs_embeds"], words = states[..., :hidden], states[..., -hidden:]
        output = bert(**inputs, output_hidden_states=words is None)
        tokens = output.last_hidden_state
        first = words if words is not None else output.hidden_states[0] if output.hidden_states else tokens
        if self.head is not None:
            width = next(self.head.parameters()).dtype
            tokens, first = self.head(tokens.to(width)), self.head(first.to(width))
        return tokens.float(), first.float()

    def prepare(self, texts: Sequence[str]) -> list[list[int]]:
        """The texts as token ids, cut at `max_tokens`: what `embed` works on."""
        return self._ids(texts, self.max_tokens) if texts else []

    def _ids(self, texts: Sequence[str], most: int) -> list[list[int]]:
        """At most so many token ids of each text; nothing else is made of them, which takes time."""
        no_more = {"return_token_type_ids": False, "return_attention_mask": False, "verbose": False}
        whole = [self.prompts.text + text for text in texts]
        with self.tokenizer_lock, model_errors(self.name, "tokenizer"):
            return list(self.tokenizer(whole, truncation=True, max_length=most, **no_more)["input_ids"])

    def embed(self, prepared: Sequence[Prepared], twin: PreTrainedModel | None = None) -> Tensor:
        """(N, D) unit rows for one batch of prepared texts; gradients flow unless they are switched off.

        Args:
            prepared: N texts as `prepare` gives them, or as `above` takes them.
            twin: as `twin` gives it, to compute with in the place of the layers that train.
        """
        bert = self.bert if twin is None else twin
        if not can_pack(bert):
            padded, mask = pad(prepared, self.padding_id, self.device)
            kind = "inputs_embeds" if self._starts_from_states else "input_ids"
            tokens, first = self.hidden_states(bert, **{kind: padded}, attention_mask=mask)
            return F.normalize(self.pool(tokens, mask, first), dim=-1)
        batch = pack(prepared, bert)
        tokens, first = self.hidden_states(bert, **batch.inputs, groups=batch.groups)
        pooled = []
        sizes = [group.tokens for group in batch.groups]
        rows = (torch.split(states[0], sizes) for states in (tokens, first))
        for group, *parts in zip(batch.groups, *rows, strict=True):  # texts of one length: nothing to mask
            tokens, first = (part.view(group.count, group.length, -1) for part in parts)
            pooled.append(self.pool(tokens, tokens.new_ones(tokens.shape[:2]), first))
        return F.normalize(batch.restore(torch.cat(pooled)), dim=-1)

    def token_states(self, prepared: Sequence[Prepared]) -> list[Tensor]:
        """Hidden states (T, H) of each prepared text, before head and pooling; gradients flow."""
        lengths = [len(ids) for ids in prepared]
        if not can_pack(self.bert):
            ids, mask = pad(prepared, self.padding_id, self.device)
            states = self.bert(input_ids=ids, attention_mask=mask).last_hidden_state
            return [row[:length] for row, length in zip(states, lengths, strict=True)]
        batch = pack(prepared, self.bert)
        row = self.bert(**batch.inputs, groups=batch.groups).last_hidden_state[0]
        packed = torch.split(row, [lengths[position] for position in batch.order])
        by_position = dict(zip(batch.order, packed, strict=True))
        return [by_position[position] for position in range(len(prepared))]

    def twin(self, dtype: torch.dtype) -> PreTrainedModel:
        """The encoder laid out for inference; made again when training has changed the weights."""
        now = stamp(self.bert)
        made_at, twin = self._twins.get(dtype, (None, None))
        if twin is None or made_at != now:
            twin = for_inference(self.bert, dtype)
            self._twins[dtype] = (now, twin)
        return twin

    @torch.inference_mode()
    def encode(
        self,
        texts: Iterable[str],
        *,
        precision: str = "float32",
        on_check: Callable[[TextCheck], None] | None = None,
        on_progress: Progress | None = None,
    ) -> Embeddings:
        """One unit embedding per text, in the order of the texts.

        Args:
            texts: N texts, also from a generator or an open file. Identical texts are encoded once.
            precision: "float32", "bfloat16", "float16", "int8" (x86 processors), or "auto" for the fastest without
                loss that the hardware is good at.
            on_check: receives which texts were cut or are unreadable to this model.
            on_progress: receives (done, total) after each batch, in distinct texts; a GPU may still be at work on the
                last few batches.

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

        return once_each(texts, self.dim, lambda distinct: encode_distinct(self, distinct, dtype, on_progress))

    def predict(
        self, texts: "Iterable[str] | Iterable[tuple[str, str]]", *, threshold: float = 0.0
    ) -> list[Prediction]:
        """Which class each text is of, or whether the two texts of each pair match, as training has learned it.

        A run on labelled texts carries a classifier; one that learned by binary cross-entropy turns the cosine of a
        pair into the probability of a "match".

        Args:
            texts: N texts, or N pairs of texts.
            threshold: what is less probable is not named.

        Raises:
            ModelError: the model carries nothing of the kind; or it was set to give other embeddings since.
            InputError: these are neither texts nor pairs.
            OptionError: the threshold is not from 0 to 1.
        """
        return predict(self, self.carried, texts, threshold)

    def check(self, texts: Iterable[str]) -> TextCheck:
        """Which texts are too long for this model or written in what it cannot read."""
        texts = checked(texts)
        if not texts:
            return TextCheck()
        nothing, *ids = self._ids(["", *texts], self.max_tokens + 1)  # nothing: markers, and the prompt
        unknown = self.tokenizer.unk_token_id
        return TextCheck(
            truncated=tuple(number for number, of_text in enumerate(ids) if len(of_text) > self.max_tokens),
            unreadable=tuple(
                number for number, of_text in enumerate(ids) if is_unreadable(of_text, unknown, len(nothing))
            ),
        )

    def tokens(self, text: str) -> TextTokens:
        """The tokens of one text, and what each of them adds to the text's embedding.

        Every pooling here works dimension by dimension and grows in proportion with its input. For such a function the
        value is the sum of the inputs times their derivatives (Euler), so the parts add up to the pooled embedding.
        """
        return text_tokens(self, text)

    def token_spans(self, text: str) -> Spans:
        """Where the tokens of one text stand in it, without computing anything of them."""
        return token_spans(self, text)

    def encode_grid(
        self, texts: Sequence[str], pooling_names: Sequence[str], *, on_progress: Progress | None = None
    ) -> dict[tuple[int, str], Embeddings]:
        """Embeddings of every layer with every pooling, in one pass over the texts.

        Args:
            texts: N texts.
            pooling_names: which poolings.
            on_progress: as for `encode`.

        Returns:
            For each layer (0 to L) and pooling, (N, D) float32, unit rows.

        Raises:
            OptionError: unknown pooling.
        """
        return layer_grid(self, texts, pooling_names, on_progress)

    def above(self, layer: int | None) -> "SimCSE":
        """The layers above `layer`, with head and pooling, as a model of its own for training.

        It shares the weights and has modules of its own, so its dropout and its mode are nobody else's.

        Args:
            layer: 0 to L; `embed` then takes what `states_of` gives for this layer. None is the whole model, word
                embeddings included; `embed` takes token ids.
        """
        bert = all_layers(self.bert) if layer is None else last_layers(self.bert, layer)
        return self._with(bert, pooling=self.pooling, head=self.head)

    def states_of(
        self, prepared: Sequence[Sequence[int]], layer: int, precision: str = "float32"
    ) -> Iterator[tuple[int, Tensor]]:
        """Hidden states of a layer, without dropout, as `above(layer)` takes them.

        Args:
            prepared: texts as token ids.
            layer: 0 to L.
            precision: as for `encode`.

        Yields:
            A text's position and its (T, H) states on the CPU; with a pooling that needs layer 0 (T, 2H), its
            states behind the others. Texts of similar length come together.
        """
        return states_of(self, prepared, layer, precision)

    def frozen_layers(self) -> int | None:
        """The highest layer below which nothing trains; None when the word embeddings train."""
        if trains(self.bert.get_input_embeddings()):
            return None
        stack = layer_stack(self.bert)
        return next((layer for layer, module in enumerate(stack) if trains(module)), len(stack))

    def tune(self, part: str) -> list[nn.Parameter]:
        """Choose what training may change, and return those parameters.

        A model that shares its weights with another one (`configured`) gets weights of its own, so that the other one
        stays as it is.

        Args:
            part: "head" (a linear head is added when there is none), "top:K" (the last K layers, the head, and the
                layers behind the pooling), "all".

        Raises:
            ModelError: the model could not be saved afterwards.
            OptionError: none of these, or more layers than the model has.
        """
        poolings.saved(self.pooling)
        refuse_below_final_norm(self.bert, self.name)
        refuse_part_of_one_layer(self.bert, part, self.name)
        self._own_weights()
        self.carried = NOTHING  # it was of other weights
        if part == "head" and self.head is None:
            self.head = make_head("linear", int(self.bert.config.hidden_size))
            self.to(self.device)
        stack = layer_stack(self.bert)
        top = layers_to_tune(part, len(stack))
        self.requires_grad_(part == "all")
        if getattr(self.bert, "pooler", None) is not None:
            self.bert.pooler.requires_grad_(False)  # it feeds a task that nobody asks about here
        above = [*list(stack)[len(stack) - top :], *([self.sentence_layers] if part != "head" else []), self.head]
        for module in above:
            if module is not None:
                module.requires_grad_(True)
        return [parameter for parameter in self.parameters() if parameter.requires_grad]

    def save(self, folder: Path | str, *, base: str | None = None) -> None:
        """Write the model in the folder layout of sentence-transformers, where it gives the same embeddings.

        Args:
            folder: it is made where there is none.
            base: name of the model that it was made from: what has not changed may then be left out (`deltas`).
        """
        from simcse_core.encoding.storage import save

        save(self, Path(folder), base=base)

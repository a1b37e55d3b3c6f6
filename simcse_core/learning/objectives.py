"""The objective of a training: a loss on sentence embeddings, or guessing hidden words. Both leave gradients behind."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from statistics import fmean
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from simcse_core.data.conversions import convert
from simcse_core.data.kinds import Dataset, Texts
from simcse_core.encoding.batching import Prepared, to_device
from simcse_core.encoding.classifier import NOTHING, Carried
from simcse_core.encoding.device import pick_dtype
from simcse_core.encoding.frozen import FrozenEncoder
from simcse_core.encoding.protocol import Trainable
from simcse_core.errors import DataError, ModelError, OptionError
from simcse_core.learning.batches import shuffled_batches
from simcse_core.learning.examples import Batch, examples
from simcse_core.learning.frozen_states import learner, set_dropout
from simcse_core.learning.losses import learned_options, losses
from simcse_core.learning.losses.matryoshka import over_dims, parse_dims
from simcse_core.learning.masked_language_model_head import MaskedLanguageModelHead
from simcse_core.learning.pretraining import pretraining
from simcse_core.learning.processes import Processes
from simcse_core.learning.settings import TrainingSettings

START_ROWS = 64
"""Rows, or a batch if that is more, from which the start of a loss's parameters is computed."""


@dataclass(frozen=True)
class Result:
    """What one batch gave."""

    loss: float
    texts: int
    """Encoded, over all processes."""
    observed: dict[str, float]


def make_objective(
    model: Trainable, data: Dataset, settings: TrainingSettings, processes: Processes
) -> "EmbeddingLoss | HiddenWords":
    """The objective that the settings name; it has to be prepared before the first batch.

    Raises:
        DataError: it cannot learn from this data.
    """
    if settings.loss in pretraining.names():
        return HiddenWords(model, data, settings, processes)
    return EmbeddingLoss(model, data, settings, processes)


class EmbeddingLoss:
    """A loss on the embeddings of a batch's texts. `HiddenWords` has the same methods."""

    sees_all = True
    """Whether each process computes the whole loss, so that the objective's own parameters have whole gradients."""

    def __init__(self, model: Trainable, data: Dataset, settings: TrainingSettings, processes: Processes) -> None:
        self.entry = losses[settings.loss]
        self.options: dict[str, Any] = self.entry.with_options(settings.loss_options)
        self.examples = examples(data, settings.loss, self.options, seed=settings.seed)
        self.rows, self.texts_per_row = self.examples.rows, self.examples.texts_per_row
        self.description = self.examples.description
        """How the data had to become another kind first; empty when it did not."""
        self.settings, self.processes, self.device = settings, processes, model.device
        self.dtype = pick_dtype(settings.precision, model.device)
        self.whole = self.model = model
        self.prepared: Sequence[Prepared] | dict[int, Prepared] = {}
        """By number of the text."""
        self.learned: dict[str, nn.Parameter] = {}
        self.dims = _checked_dims(settings, model)

    def batches(self, epoch_seed: int) -> Iterator[list[int]]:
        """The rows of each batch of an epoch, the same in all processes."""
        return self.examples.batches(self.settings.batch_size, epoch_seed)

    def prepare(self, batches: Sequence[list[int]] | None = None) -> float:
        """Make the texts of all rows ready, or only those of a few batches that are rehearsed.

        Returns:
            The share of the texts that was made ready.
        """
        everything = range(len(self.examples.texts))
        numbers_of_batches = {number for rows in batches or [] for number in self.examples.batch(rows).texts}
        numbers = everything if batches is None else sorted(numbers_of_batches)
        texts = [self.examples.texts[number] for number in numbers]
        self.model, states = learner(self.whole, texts, self.settings.precision)
        self.prepared = states if batches is None else dict(zip(numbers, states, strict=True))
        self.model.train()
        if self.settings.dropout is not None:
            set_dropout(self.model, self.settings.dropout)
        if not self.learned:
            self.learned = self._learned(texts, numbers, self._first_batches() if batches is None else batches)
            self.options |= self.learned
        return len(numbers) / len(everything)

    def objective_parameters(self) -> dict[str, nn.Parameter]:
        """Parameters of the objective that are trained with the model, by name."""
        return self.learned

    def carried(self, of_loss: Mapping[str, Tensor]) -> Carried:
        """What the model carries of what the loss has learned.

        Args:
            of_loss: the loss's own parameters by name; nothing is carried where some are missing or no numbers.
        """
        values = {name: tensor.detach().cpu().double().numpy() for name, tensor in of_loss.items()}
        is_whole = self.learned.keys() == values.keys() and all(np.isfinite(value).all() for value in values.values())
        if self.entry.carries is None or not is_whole:
            return NOTHING
        return self.entry.carries(values, self.options, list(self.examples.classes))

    def backward(self, rows: list[int]) -> Result:
        """Add the gradients of a batch to all parameters that train."""
        batch = self.examples.batch(rows)
        texts = batch.texts
        share = self.processes.share(texts)
        chunk = self.settings.chunk_size
        if chunk is None or len(share) <= chunk:
            embeddings = self.embed_rows(share)
            loss, observed = self._loss(self.processes.gather(embeddings, len(texts)), batch)
            loss.backward()  # type: ignore[no-untyped-call]
        else:
            loss, observed = self._in_chunks(share, len(texts), batch, chunk)
        numbers = _read({"loss": loss, **observed})
        return Result(numbers.pop("loss"), len(texts), numbers)

    def _in_chunks(
        self, share: list[int], count: int, batch: Batch, chunk: int
    ) -> tuple[Tensor, dict[str, Tensor | float]]:
        """Gradient caching: the embeddings' gradients first, then the encoder's, a few texts at a time.

        Each chunk is encoded twice, under the same dropout. Source: arXiv 2101.06983.
        """
        parts = [share[start : start + chunk] for start in range(0, len(share), chunk)]
        seeds = torch.randint(2**62, (len(parts),)).tolist()  # a generator's state would be another one on each device
        with torch.no_grad():
            embeddings = [self._embed_seeded(part, seed) for part, seed in zip(parts, seeds, strict=True)]
        joined = torch.cat(embeddings).requires_grad_()
        loss, observed = self._loss(self.processes.gather(joined, count), batch)
        loss.backward()  # type: ignore[no-untyped-call]
        assert joined.grad is not None
        for part, seed, gradient in zip(parts, seeds, torch.split(joined.grad, chunk), strict=True):
            self._embed_seeded(part, seed).backward(gradient)  # type: ignore[no-untyped-call]
        return loss, observed

    def _embed_seeded(self, texts: Sequence[int], seed: int) -> Tensor:
        torch.manual_seed(seed)
        return self.embed_rows(texts)

    def embed_rows(self, texts: Sequence[int]) -> Tensor:
        prepared: list[Any] = [self.prepared[number] for number in texts]
        if not prepared:  # more processes than texts
            return torch.zeros(0, self.model.dim, device=self.device, requires_grad=True)
        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32):
            return self.model.embed(prepared).float()

    def _loss(self, embeddings: Tensor, batch: Batch) -> tuple[Tensor, dict[str, Tensor | float]]:
        arguments, supervision = _arguments(embeddings, batch)
        function = self.entry.function
        if self.dims:
            in_space = [name for name, value in self.learned.items() if value.ndim == 2]
            function = over_dims(function, self.dims, in_space)
        loss = function(*arguments, **supervision, **self.options)
        observed: dict[str, Tensor | float] = {name: value for name, value in self.learned.items() if value.ndim == 0}
        with torch.no_grad():
            if self.entry.observe is not None:
                observed |= self.entry.observe(*arguments, **supervision, **self.options)
            observed |= _mean_cosines(batch.supervision, *arguments)
        return loss, observed

    def _first_batches(self) -> list[list[int]]:
        """Some whole batches, from which the start of the loss's parameters is computed."""
        count = math.ceil(START_ROWS / self.settings.batch_size)
        return list(islice(self.batches(self.settings.seed), count))

    def _learned(
        self, texts: list[str], numbers: Sequence[int], batches: Sequence[list[int]]
    ) -> dict[str, nn.Parameter]:
        """Scale, bias, centres, classifier: what the loss learns for itself, and how it starts on these texts."""
        start = {name: float(self.options[name]) for name in learned_options(self.entry.name)} | self._started(batches)
        learned = {name: nn.Parameter(torch.tensor(value, device=self.device)) for name, value in start.items()}
        if self.entry.parameters is not None:
            embeddings = torch.from_numpy(self.whole.encode(texts)).to(self.device)
            codes = self.examples.codes[list(numbers)].to(self.device)
            started = self.entry.parameters(embeddings, codes, len(self.examples.classes))
            learned |= {name: nn.Parameter(value) for name, value in started.items()}
        return learned

    def _started(self, batches: Sequence[list[int]]) -> dict[str, float]:
        """Where options that nobody has set start on these batches."""
        if self.entry.start is None:
            return {}
        starts: list[dict[str, float]] = []
        self.model.eval()  # without dropout
        with torch.no_grad():
            for batch in map(self.examples.batch, batches):
                arguments, supervision = _arguments(self.embed_rows(batch.texts).cpu(), batch)
                starts.append(self.entry.start(*arguments, **supervision, **self.options))
        self.model.train()
        names = starts[0].keys() - self.settings.loss_options.keys()
        return {name: fmean(one[name] for one in starts) for name in names}


class HiddenWords:
    """Guessing hidden words (masked language model)."""

    sees_all = False
    texts_per_row = 1

    def __init__(self, model: Trainable, data: Dataset, settings: TrainingSettings, processes: Processes) -> None:
        if isinstance(model, FrozenEncoder):
            raise DataError("{name} has no tokens: words can be hidden only from a BERT.", name=model.name)
        if settings.matryoshka is not None:
            raise OptionError(
                "{loss} guesses words and has no embeddings: leave Matryoshka dimensions out.", loss=settings.loss
            )
        if settings.tune == "head":
            raise OptionError("{loss} trains the encoder itself: choose tune 'all' or 'top:K'.", loss=settings.loss)
        if model.tokenizer.mask_token_id is None:
            raise ModelError("{name} has no token [MASK]: words cannot be hidden from it.", name=model.name)
        made = convert(data, "texts")
        assert isinstance(made.data, Texts)
        self.description = "" if made.data is data else made.description
        self.settings, self.processes, self.device = settings, processes, model.device
        self.dtype = pick_dtype(settings.precision, model.device)
        entry = pretraining[settings.loss]
        self.hide, self.options = entry.function, entry.with_options(settings.loss_options)
        self.prepared = [ids for ids in model.prepare(made.data.text) if len(ids) > 2]
        self.rows = len(self.prepared)
        if not self.rows:
            raise DataError("{file} has no text with a word in it.", file=data.name)
        self.model = model.above(None)
        self.model.train()
        if settings.dropout is not None:
            set_dropout(self.model, settings.dropout)
        self.special = torch.tensor(model.tokenizer.all_special_ids)
        self.mask_id = int(model.tokenizer.mask_token_id)
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(settings.seed)  # torch.manual_seed would reseed the GPUs too
            self.guesser = MaskedLanguageModelHead(self.model.bert)

    def batches(self, epoch_seed: int) -> Iterator[list[int]]:
        return shuffled_batches(self.rows, self.settings.batch_size, epoch_seed)

    def prepare(self, batches: Sequence[list[int]] | None = None) -> float:
        return 1.0  # all there is to do for a text is to cut it into tokens

    def objective_parameters(self) -> dict[str, nn.Parameter]:
        return dict(self.guesser.named_parameters())

    def carried(self, of_loss: Mapping[str, Tensor]) -> Carried:
        return NOTHING

    def backward(self, rows: list[int]) -> Result:
        share = [self.prepared[row] for row in self.processes.share(rows)]
        size = self.settings.chunk_size or max(len(share), 1)
        chunks = [share[start : start + size] for start in range(0, len(share), size)]
        drawn = self._hide(share)  # for the whole batch, so that chunks do not change what is hidden
        count = self.processes.sum(int(drawn[2].sum()))
        tokens_of_chunks = [sum(map(len, chunk)) for chunk in chunks]
        losses_of_chunks, right = [], []
        parts = (torch.split(each, tokens_of_chunks) for each in drawn)
        for chunk, ids, hidden, to_guess in zip(chunks, *parts, strict=True):
            texts: list[Prepared] = [part.tolist() for part in torch.split(hidden, [len(one) for one in chunk])]
            places = to_device(to_guess.nonzero().flatten(), self.device)
            with torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32):
                states = torch.cat(self.model.token_states(texts))[places]  # (to guess, H)
                guesses = self.guesser(states).float()  # (to guess, vocabulary)
            wanted = to_device(ids[to_guess], self.device)
            loss = F.cross_entropy(guesses, wanted, reduction="sum") / max(count, 1)
            loss.backward()  # type: ignore[no-untyped-call]
            losses_of_chunks.append(loss.detach())
            right.append((guesses.argmax(dim=1) == wanted).sum())
        observed = {"guessed_right": self.processes.sum(float(sum(right))) / max(count, 1)}
        return Result(self.processes.sum(float(sum(losses_of_chunks))), len(rows), observed)

    def _hide(self, texts: list[list[int]]) -> tuple[Tensor, Tensor, Tensor]:
        """The ids of all tokens, as they are and as they are read, and True for those to guess; each (T,)."""
        ids = torch.tensor([token for text in texts for token in text], dtype=torch.long)
        special = torch.isin(ids, self.special)
        vocabulary = int(self.model.bert.config.vocab_size)
        hidden, to_guess = self.hide(ids, special=special, mask_id=self.mask_id, vocabulary=vocabulary, **self.options)
        return ids, hidden, to_guess


def _checked_dims(settings: TrainingSettings, model: Trainable) -> tuple[int, ...]:
    """The lengths of embeddings that the loss trains; none where it trains the whole alone."""
    dims = () if settings.matryoshka is None else parse_dims(settings.matryoshka)
    if dims and dims[0] > model.dim:
        raise OptionError(
            "{name} has embeddings of {dim} dimensions: Matryoshka cannot cut them to {given}.",
            name=model.name,
            dim=model.dim,
            given=dims[0],
        )
    return dims


def _arguments(embeddings: Tensor, batch: Batch) -> tuple[tuple[Tensor, ...], dict[str, Tensor]]:
    """What a loss is called with: the anchors, the positives if there are any, and the supervision."""
    n = len(batch.anchor)
    arguments = (embeddings,) if batch.positive is None else (embeddings[:n], embeddings[n:])
    return arguments, {name: to_device(value, embeddings.device) for name, value in batch.supervision.items()}


def _read(numbers: dict[str, Tensor | float]) -> dict[str, float]:
    """Scalars as numbers, read all at once: each reading waits for the device."""
    scalars = {name: value.detach() for name, value in numbers.items() if isinstance(value, Tensor)}
    values = dict(zip(scalars, torch.stack(list(scalars.values())).tolist(), strict=True))
    return {name: values[name] if isinstance(value, Tensor) else value for name, value in numbers.items()}


def _mean_cosines(supervision: dict[str, Tensor], anchor: Tensor, positive: Tensor | None = None) -> dict[str, Tensor]:
    """Mean cosine of what matches and of what does not, where the supervision, still on the CPU, says it."""
    if "scores" in supervision:
        return {}
    left = F.normalize(anchor, dim=-1)
    cosines = left @ (left if positive is None else F.normalize(positive, dim=-1)).T
    if "targets" in supervision:
        matches, mismatches = supervision["targets"] == 1, supervision["targets"] == -1
    else:
        classes = supervision["classes"]
        mismatches = classes.unsqueeze(1) != classes.unsqueeze(0)
        matches = (~mismatches).fill_diagonal_(False)
    pairs = {"cosine_of_matches": matches, "cosine_of_mismatches": mismatches}
    return {name: _mean_of(cosines, which, int(which.sum())) for name, which in pairs.items() if which.any()}


def _mean_of(values: Tensor, which: Tensor, count: int) -> Tensor:
    return values.where(to_device(which, values.device), 0.0).sum() / count

"""Mistakes with losses, made on purpose: for each a batch on which it shows, beside the same batch without it.

Each failure is a function that computes everything when it is called; nothing about the outcome is written down here.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from simcse_core.learning.circle.batch import PRESETS, Batch, targets_of
from simcse_core.learning.circle.cells import Cells, cells
from simcse_core.learning.circle.forms import Form, Itself, State, form_for, identity_targets, matrix
from simcse_core.learning.circle.motion import STEPS, Floats, Motion, descend, move
from simcse_core.learning.losses import losses, naive_losses
from simcse_core.learning.losses.registry import Loss

if TYPE_CHECKING:
    from torch import Tensor

Measure = Literal["nearest", "matches", "mismatches", "nearest_probability"]
"""What tells a mistake from the correct version, see `Panel.measured`."""


@dataclass(frozen=True)
class Panel:
    """One circle of a failure."""

    loss: str
    """The name of the loss, or what stands for it."""
    wrong: bool
    motion: Motion
    classes: tuple[int, ...]
    setting: str = ""
    """What is set differently, in the words of the code: "temperature = 1"."""
    matrices: Cells | None = None
    views: Floats | None = None
    """(F, N, V, 2) further points that belong to each point, to be drawn small."""
    belonging: Floats | None = None
    """(F,) mean cosine of what belongs together, where that is not pairs of points."""

    def measured(self, measure: Measure) -> Floats:
        """(F,): mean cosine of each point with its nearest mismatch, of the matches, of the mismatches; or how likely
        the loss thinks it is that the nearest mismatch is a match, the mean over the points."""
        match measure:
            case "nearest":
                return self.motion.nearest
            case "matches":
                return self.motion.matches if self.belonging is None else self.belonging
            case "mismatches":
                return self.motion.mismatches
        assert self.matrices is not None
        assert self.matrices.probabilities is not None
        apart = self.matrices.targets == -1
        return np.where(apart, self.matrices.probabilities, 0.0).max(axis=2)[:, apart.any(axis=1)].mean(axis=1)


@dataclass(frozen=True)
class Failure:
    """The circles of a mistake, the wrong ones first, and the numbers that its explanation quotes."""

    panels: tuple[Panel, ...]
    telling: Measure
    """In which the wrong and the right circles differ."""
    numbers: dict[str, float] = field(default_factory=dict)


def _panel(
    loss: Loss,
    batch: Batch,
    options: dict[str, object] | None = None,
    *,
    wrong: bool,
    form: Form | None = None,
    rate: float | None = None,
    setting: str = "",
    truth: Batch | None = None,
    learns_options: bool = True,
) -> Panel:
    """A loss on a batch with its matrices; `truth` is what belongs together where the loss gets other labels."""
    form = form or form_for(loss, batch)
    motion = move(loss, batch, options, form=form, rate=rate, learns_options=learns_options)
    matrices = cells(loss, form, motion, options)
    if truth is not None:
        motion = replace(motion, truth=truth.targets)
    return Panel(loss.name, wrong, motion, (truth or batch).classes, setting, matrices)


LOOK_ALIKES = PRESETS["look_alikes"]
"""Three groups, in each of which two classes overlap: hard negatives."""


def no_temperature() -> Failure:
    """Cross-entropy on plain cosines, at the learning rate that suits a temperature of 0.05."""
    loss = losses["cross_entropy"]
    right = _panel(loss, LOOK_ALIKES, wrong=False, setting="temperature = 0.05")
    wrong = _panel(
        loss, LOOK_ALIKES, {"temperature": 1.0}, wrong=True, rate=right.motion.rate, setting="temperature = 1"
    )
    best = move(loss, LOOK_ALIKES, {"temperature": 1.0}, steps=4 * STEPS)  # at its own pace, as long as it takes
    return Failure(
        (wrong, right),
        "nearest",
        {
            "start": _first(wrong.motion.losses),
            "floor": _last(best.losses),
            "weaker": _first(right.motion.gradients) / _first(wrong.motion.gradients),
            "before": _first(wrong.motion.nearest),
            "wrong": _last(wrong.motion.nearest),
            "right": _last(right.motion.nearest),
        },
    )


EIGHT = Batch.of([0, 20, 55, 75, 110, 140, 165, 185], "ABCDEFGH")
"""Eight texts that each match themselves only."""


def plus_minus_one() -> Failure:
    """Softmax cross-entropy straight on a matrix of 1 and -1."""
    form = Itself(identity_targets(len(EIGHT.classes)), diagonal=True)
    naive, loss = naive_losses["naive_cross_entropy"], losses["cross_entropy"]
    wrong = _panel(naive, EIGHT, wrong=True, form=form, setting="targets = 1, −1")
    right = _panel(loss, EIGHT, {"temperature": 1.0}, wrong=False, form=form, setting="targets = 1, 0")
    separated = move(naive, _evenly(len(EIGHT.classes)), form=form, steps=0)
    return Failure(
        (wrong, right),
        "nearest",
        {
            "clusters": _last(wrong.motion.losses),
            "separated": _first(separated.losses),
            "wrong": _last(wrong.motion.nearest),
            "right": _last(right.motion.nearest),
        },
    )


def _evenly(count: int) -> Batch:
    """Points as far apart as a circle allows, each a class of its own."""
    return Batch.of([360 / count * place for place in range(count)], list(range(count)))


def minus_one_bce() -> Failure:
    """Binary cross-entropy that is given -1 where it expects 0; scale and bias are learned, as always."""
    options: dict[str, object] = {"scale": 10.0, "bias": -10.0}  # where SigLIP starts
    rate = 0.8  # with larger steps the wrong one trembles, as its scale grows as well
    right = _panel(losses["bce"], LOOK_ALIKES, options, wrong=False, rate=rate, setting="targets = 1, 0")
    wrong = _panel(
        naive_losses["bce_minus_one"],
        LOOK_ALIKES,
        options,
        wrong=True,
        rate=rate,
        setting="targets = 1, −1",
    )
    return Failure(
        (wrong, right),
        "nearest",
        {
            "loss": _last(wrong.motion.losses),
            "bias": _last(wrong.motion.learned["bias"]),
            "right_loss": _last(right.motion.losses),
            "before": _first(wrong.motion.nearest),
            "wrong": _last(wrong.motion.nearest),
            "right": _last(right.motion.nearest),
        },
    )


FOUR = Batch.of([0, 60, 40, 110, 90, 170, 200, 250], "AABBCCDD")
"""Four classes, mixed up; at best they stand at right angles."""


def sigmoid_alone() -> Failure:
    """The sigmoid of the cosine: a scale of 1 and a bias of 0 that nothing learns. Each side moves at its own pace."""
    loss = losses["bce"]
    plain: dict[str, object] = {"scale": 1.0, "bias": 0.0}
    wrong = _panel(loss, FOUR, plain, wrong=True, setting="scale = 1, bias = 0", learns_options=False)
    right = _panel(loss, FOUR, wrong=False, setting="scale = 10, bias = −5")
    measure: Measure = "nearest_probability"
    return Failure(
        (wrong, right),
        measure,
        {
            "floor": math.log1p(math.exp(-1)),
            "least": 1 / (1 + math.e),
            "most": math.e / (1 + math.e),
            "loss": _last(wrong.motion.losses),
            "right_loss": _last(right.motion.losses),
            "wrong": _last(wrong.measured(measure)),
            "right": _last(right.measured(measure)),
        },
    )


PADDED_UP_TO = 12


def padding_in_the_max() -> Failure:
    """Max-pooling with and without a mask, while the longest text of the batch grows: a frame for each length."""
    wrong = _pooled("max", masked=False)
    right = _pooled("max", masked=True)
    classes = tuple(range(_TEXTS))
    return Failure(
        (
            Panel("max", True, wrong, classes, "mask = 1, 1, 1, 1, …", belonging=_same_text(wrong)),
            Panel("max", False, right, classes, "mask = 1, 1, 1, 0, …", belonging=_same_text(right)),
        ),
        "matches",
        {
            "most": PADDED_UP_TO,
            "wrong": _last(_same_text(wrong)),
            "right": _last(_same_text(right)),
            "before": _first(wrong.mismatches),
            "after": _last(wrong.mismatches),
        },
    )


_TEXTS, _TOKENS = 4, 3


def _pooled(name: str, *, masked: bool) -> Motion:
    """Frame t: four short texts pooled with t positions of padding behind them. Padding has hidden states as well."""
    import torch

    from simcse_core.encoding.pooling import poolings

    chance = np.random.default_rng(3)
    middles = np.radians([100.0, 170.0, 225.0, 280.0])
    tokens = np.stack([np.cos(middles), np.sin(middles)], axis=1)[:, None] + chance.normal(
        0, 0.25, (_TEXTS, _TOKENS, 2)
    )
    padding = np.broadcast_to(chance.normal(0, 0.45, (1, PADDED_UP_TO, 2)), (_TEXTS, PADDED_UP_TO, 2))
    both = torch.tensor(np.concatenate([tokens, padding], axis=1))
    mask = torch.ones(both.shape[:2])
    if masked:
        mask[:, _TOKENS:] = 0
    frames = []
    for length in range(_TOKENS, _TOKENS + PADDED_UP_TO + 1):
        pooled = poolings[name].function(both[:, :length], mask[:, :length], both[:, :length])
        frames.append(torch.nn.functional.normalize(pooled, dim=1).numpy())
    unknown = np.full(len(frames), np.nan)
    return Motion(np.stack(frames), unknown, unknown, truth=targets_of(range(_TEXTS)))


def _same_text(motion: Motion) -> Floats:
    """(F,) cosine of a text with itself as it was without padding, on average."""
    return (motion.points * motion.points[0]).sum(axis=2).mean(axis=1)


WORDS = 4
_SCATTER = 1.1


def same_mask_twice() -> Failure:
    """SimCSE whose two dropout views of a text are the same view.

    A text is the mean of its four words, which are free to move; dropout leaves one of them out.
    """
    wrong, wrong_views = _two_views(same=True)
    right, right_views = _two_views(same=False)
    return Failure(
        (
            _of_views(wrong, wrong_views, "mask 2 = mask 1", wrong=True),
            _of_views(right, right_views, "mask 2 ≠ mask 1", wrong=False),
        ),
        "matches",
        {
            "before": _first(_agreement(wrong_views)),
            "wrong": _last(_agreement(wrong_views)),
            "right": _last(_agreement(right_views)),
            "wrong_gradient": _first(wrong.gradients),
            "right_gradient": _first(right.gradients),
        },
    )


def _of_views(motion: Motion, views: Floats, setting: str, *, wrong: bool) -> Panel:
    classes = tuple(range(motion.points.shape[1]))
    return Panel("simcse", wrong, motion, classes, setting, views=views, belonging=_agreement(views))


def _two_views(*, same: bool, texts: int = 5) -> tuple[Motion, Floats]:
    """What SimCSE makes of the words, and (F, N, V, 2) the views of each text with each word left out in turn."""
    import torch

    chance = np.random.default_rng(1)
    middles = np.radians(np.linspace(30, 150, texts))
    words = np.stack([np.cos(middles), np.sin(middles)], axis=1)[:, None] + chance.normal(
        0, _SCATTER, (texts, WORDS, 2)
    )
    drawn = np.random.default_rng(2).integers(WORDS, size=(STEPS + 1, 2, texts))
    loss, targets = losses["simcse"], matrix(identity_targets(texts))

    def objective(state: State, step: int) -> "Tensor":
        first, second = (without(state["words"], torch.tensor(drawn[step, view])) for view in (0, 0 if same else 1))
        return loss.function(first, second, targets=targets)

    frames = descend(objective, {"words": torch.tensor(words)})
    moved = torch.tensor(frames.states["words"])  # (F, N, W, 2)
    unit = torch.nn.functional.normalize
    leave_out = [
        torch.stack([without(one, torch.full((texts,), word)) for one in moved]) for word in range(WORDS)
    ]  # W of (F, N, 2)
    views = unit(torch.stack(leave_out, dim=2), dim=3).numpy()
    motion = Motion(
        unit(moved.mean(dim=2), dim=2).numpy(),
        frames.losses,
        frames.gradients,
        truth=targets_of(range(texts)),
        rate=frames.rate,
    )
    return motion, views


def without(words: "Tensor", dropped: "Tensor") -> "Tensor":
    """(N, 2): the mean of each text's words (N, W, 2) without one of them, `dropped` (N,)."""
    import torch

    remaining = 1 - torch.nn.functional.one_hot(dropped, words.shape[1]).to(words.dtype)
    return (words * remaining.unsqueeze(2)).sum(dim=1) / remaining.sum(dim=1, keepdim=True)


def _agreement(views: Floats) -> Floats:
    """(F,) mean cosine of two different views of the same text."""
    count = views.shape[2]
    cosines = views @ views.transpose(0, 1, 3, 2)  # (F, N, V, V)
    return cosines[:, :, ~np.eye(count, dtype=bool)].mean(axis=(1, 2))


CLOSE_PAIRS = PRESETS["close"]


def batch_of_one() -> Failure:
    """Cross-entropy whose batches hold one pair: the only candidate is the right one."""
    loss = losses["cross_entropy"]
    alone = CLOSE_PAIRS.with_targets([[max(target, 0) for target in row] for row in CLOSE_PAIRS.targets])
    wrong = _panel(loss, alone, wrong=True, setting="batch size = 1", truth=CLOSE_PAIRS)
    right = _panel(loss, CLOSE_PAIRS, wrong=False, setting="batch size = 4")
    return Failure(
        (wrong, right),
        "nearest",
        {
            "loss": _first(wrong.motion.losses),
            "gradient": float(wrong.motion.gradients.max()),
            "right_gradient": _first(right.motion.gradients),
            "wrong": _last(wrong.motion.nearest),
            "right": _last(right.motion.nearest),
        },
    )


def same_class_negatives() -> Failure:
    """In-batch negatives that ignore the labels: each text has one positive of its class, the others are negatives."""
    loss = losses["cross_entropy"]
    truth = Batch.of([10, 25, 40, 55, 190, 205, 220, 235], "AAAABBBB")
    positives = [1, 0, 3, 2, 5, 4, 7, 6]
    in_batch = [
        [1 if column == positive else -1 if column != row else 0 for column in range(len(positives))]
        for row, positive in enumerate(positives)
    ]
    masked = [
        [0 if value == -1 and truth.targets[row][column] == 1 else value for column, value in enumerate(values)]
        for row, values in enumerate(in_batch)
    ]
    wrong = _panel(loss, truth.with_targets(in_batch), wrong=True, setting="targets = −1", truth=truth)
    right = _panel(
        loss, truth.with_targets(masked), wrong=False, setting="targets = 0", truth=truth, rate=wrong.motion.rate
    )
    return Failure(
        (wrong, right),
        "matches",
        {
            "before": _first(wrong.motion.matches),
            "wrong": _last(wrong.motion.matches),
            "right": _last(right.motion.matches),
        },
    )


def one_class() -> Failure:
    """Every text has the same label, so there is no mismatch; what that does depends on the loss."""
    truth = Batch.of([0, 15, 30, 60, 80, 100, 120, 135, 150], "AAABBBCCC")
    alike = replace(truth, classes=(0,) * 9, targets=targets_of((0,) * 9))
    wrong = [_panel(losses[name], alike, wrong=True, setting="1 class", truth=truth) for name in ONE_CLASS]
    right = _panel(losses["supcon"], truth, wrong=False, setting="3 classes")
    numbers = {panel.loss: _last(panel.motion.mismatches) for panel in wrong}
    start = _first(right.motion.mismatches)
    return Failure((*wrong, right), "mismatches", {**numbers, "before": start, "right": _last(right.motion.mismatches)})


ONE_CLASS = ("supcon", "bce", "triplet")
"""The losses on which one class is shown: two collapse, one learns nothing."""


FAILURES: dict[str, Callable[[], Failure]] = {
    "no_temperature": no_temperature,
    "plus_minus_one": plus_minus_one,
    "sigmoid_alone": sigmoid_alone,
    "minus_one_bce": minus_one_bce,
    "padding": padding_in_the_max,
    "same_mask": same_mask_twice,
    "small_batch": batch_of_one,
    "same_class": same_class_negatives,
    "one_class": one_class,
}
"""Mistakes by name, in the order in which the page shows them."""


def _first(values: Floats) -> float:
    return float(values[0])


def _last(values: Floats) -> float:
    return float(values[-1])

"""What a loss says of itself when it registers, and the options that losses share."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simcse_core.encoding.classifier import Carried
from simcse_core.learning.losses.parts import Parts
from simcse_core.registry import Choices, Entry, options_of, summary_of

if TYPE_CHECKING:
    from torch import Tensor

Values = NDArray[np.float64]
LossFunction = Callable[..., "Tensor"]
F = TypeVar("F", bound=LossFunction)

Input = Literal[
    "views",
    "classes",
    "class_pairs",
    "matches",
    "marked_pairs",
    "marked_rows",
    "triplets",
    "own_triplets",
    "scores",
    "class_codes",
]
"""How the rows of a batch become what a loss is called with.

`targets` is (N, M): 1 where anchor i and column j match, -1 where they do not, 0 where the pair is left out. Equal
texts in different rows are always left out, because they are no mismatch.

- views: anchor = texts, positive = the same texts under another dropout mask; 1 on the diagonal, -1 elsewhere.
- classes: anchor = texts, no positive; `targets_from_labels`.
- class_pairs: anchor = texts, positive = for each another text of its class; 1 on the diagonal, -1 for another class,
  0 for the same class elsewhere.
- matches: the two sentences of the rows that match; 1 on the diagonal, 0 for other pairs that the data marks as
  matches, -1 elsewhere.
- marked_pairs: the two sentences of all rows; on the diagonal 1 or -1 as the row says, elsewhere 0 for pairs that the
  data marks as matches and -1 for the pairs that nobody has judged, most of which do not match.
- marked_rows: as marked_pairs, but only the pair of each row counts, all others are 0; unless all rows match, which
  would leave no mismatch.
- triplets: anchor, positive = the N positives, then the N hard negatives; targets (N, 2N), 1 for an anchor's positive,
  -1 elsewhere.
- own_triplets: as triplets, but -1 only for an anchor's hard negative, 0 elsewhere.
- scores: the two sentences of all rows, and `scores` (N,), higher is closer, in place of targets.
- class_codes: anchor = texts, and `classes` (N,), whole numbers from 0, in place of targets.
"""


@dataclass(frozen=True)
class Learned:
    """Marks an option that is only where a parameter starts: training passes a tensor and learns it."""


@dataclass(frozen=True)
class OfInput:
    """Marks an option that says what a batch becomes for the loss (`Loss.input_for`); the loss itself ignores it."""


@dataclass(frozen=True)
class LossOfEqualTexts:
    """Marks an option whose value is the loss when all embeddings are equal: training that stays there is stuck."""


@dataclass(frozen=True)
class Loss(Entry[LossFunction]):
    """One loss: `function(anchor, positive, targets=..., **options)`, or as its input says."""

    inputs: Mapping[str, Input]
    """For each kind of data that can feed it, how rows become its input; the kind that suits it best comes first."""
    learned_nothing: str
    """Which value means that it has learned nothing."""
    collapse: str
    """What it looks like when the embeddings collapse."""
    in_batch: Mapping[str, Input] = field(default_factory=dict)
    """As `inputs`, for kinds whose rows become something else when the option `in_batch_negatives` is on."""
    parameters: "Callable[[Tensor, Tensor, int], dict[str, Tensor]] | None" = None
    """Where tensors start that training learns and passes by name, from all texts before the first step: embeddings
    (N, D), classes (N,), how many classes there are."""
    observe: "Callable[..., dict[str, float]] | None" = None
    """Numbers for the training record, without gradients; called as the loss itself."""
    start: "Callable[..., dict[str, float]] | None" = None
    """Where options that training learns start when nobody sets them; called as the loss itself, on a batch before the
    first step."""
    carries: "Callable[[Mapping[str, Values], Mapping[str, Any], Sequence[str]], Carried] | None" = None
    """What the model carries of it when training is over, from the learned numbers by name, all options, and the names
    of the classes in the order of their numbers."""
    parts: "Callable[..., Parts] | None" = None
    """What each pair contributes, for the page Losses; called as the loss itself, with every option. None shows cosines
    and gradients only."""

    def input_for(self, kind: str, options: Mapping[str, object]) -> Input:
        """How rows of a kind become its input under these options."""
        in_batch = self.in_batch if options.get("in_batch_negatives") == "on" else {}
        return in_batch.get(kind, self.inputs[kind])

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of data that can feed it, the best first."""
        return tuple(self.inputs)

    @property
    def needs_only_texts(self) -> bool:
        """Whether it can learn from texts without labels, as pre-training does."""
        return "texts" in self.inputs


class Losses(Choices[Loss]):
    """The losses of one kind, in the order in which they registered."""

    def register(
        self,
        name: str,
        *,
        inputs: Mapping[str, Input],
        learned_nothing: str,
        collapse: str,
        in_batch: Mapping[str, Input] | None = None,
        parameters: "Callable[[Tensor, Tensor, int], dict[str, Tensor]] | None" = None,
        observe: "Callable[..., dict[str, float]] | None" = None,
        start: "Callable[..., dict[str, float]] | None" = None,
        carries: "Callable[[Mapping[str, Values], Mapping[str, Any], Sequence[str]], Carried] | None" = None,
        parts: "Callable[..., Parts] | None" = None,
    ) -> Callable[[F], F]:
        """Decorator: make the function choosable under `name`. The arguments are those of `Loss`."""

        def add(undecorated: F) -> F:
            function = _with_former_name(undecorated)
            summary, options = summary_of(function), options_of(function, name)
            self.add(
                Loss(
                    name,
                    function,
                    summary,
                    options,
                    inputs=inputs,
                    learned_nothing=learned_nothing,
                    collapse=collapse,
                    in_batch=in_batch or {},
                    parameters=parameters,
                    observe=observe,
                    start=start,
                    carries=carries,
                    parts=parts,
                )
            )
            return function

        return add


def _with_former_name(function: F) -> F:
    """The same function; `positive` was once called `other`, and calls that name it so still work."""

    @wraps(function)
    def called(*embeddings: "Tensor", **named: Any) -> "Tensor":
        if "other" in named:
            named["positive"] = named.pop("other")
        return function(*embeddings, **named)

    return cast(F, called)


losses = Losses("loss")
naive_losses = Losses("naive loss")
"""Losses as one might first write them, to show what goes wrong. Training cannot choose them."""


def learned_options(name: str) -> list[str]:
    """The options of a loss that training learns."""
    return [field.name for field in losses[name].fields if field.has(Learned)]


Temperature = Annotated[
    float, Field(gt=0, le=10, description="Divides the cosines: the lower, the more the hardest negatives count.")
]
Scale = Annotated[
    float,
    Field(gt=0, le=100, description="Multiplies the cosines before the sigmoid, so that it can say 'surely not'."),
    Learned(),
]
Bias = Annotated[
    float,
    Field(
        ge=-50,
        le=50,
        description="Added to the scaled cosines. Left as it is, training starts it where it suits the first batches.",
    ),
    Learned(),
]
InBatchNegatives = Annotated[
    Literal["off", "on"],
    Field(
        description="Whether sentences of different rows of a batch count as mismatches, as most of them are. 'off' "
        "takes only the pairs that the data judges: all pairs of labelled texts, else those of the rows."
    ),
    OfInput(),
]
Margin = Annotated[
    float,
    Field(gt=0, le=2, description="How much closer, in cosine, a match has to be than a mismatch."),
    LossOfEqualTexts(),
]
Mining = Annotated[
    Literal["all", "hard", "semi-hard"],
    Field(
        description="'hard': each anchor's farthest match and nearest mismatch; 'semi-hard': for each match, the "
        "nearest mismatch that is farther than it; 'all': every triplet that is violated."
    ),
]
HardNegativeWeight = Annotated[
    float,
    Field(
        gt=0, le=100, description="How much the anchor's own hard negative counts; 1 is as much as any other negative."
    ),
]
Pull = Annotated[
    float, Field(ge=0, le=10, description="How strongly each text is drawn to the centre of its class; 0 is off.")
]
Push = Annotated[
    float, Field(ge=0, le=10, description="How strongly each text is pushed from the nearest other centre; 0 is off.")
]
CenterMargin = Annotated[
    float,
    Field(
        gt=0,
        le=4,
        description="How much closer, in squared distance (0 to 4), a text has to be to the centre of its class than "
        "to any other.",
    ),
]

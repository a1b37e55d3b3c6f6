"""Mistakes with losses in words: what goes wrong, why, and what to do. The numbers come from the computation."""

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from simcse_core.data import bundled
from simcse_core.data.lint import FINDINGS, lint
from simcse_core.learning.circle.failures import FAILURES, Failure
from simcse_core.learning.losses import losses
from ui.frame.translation import N_, _, language
from ui.losses.view import Shown
from ui.shared.colors import START, of_loss


@dataclass(frozen=True)
class Mistake:
    """The words of a failure of FAILURES; {placeholders} are its numbers."""

    title: str
    seen: str
    """What the circles show, in one sentence."""
    why: str
    remedy: str
    telling: str = N_("nearest mismatch")
    """What the large number under a circle is."""
    step: str | None = None
    """What a frame is, when it is not a step of training."""
    matches: str | None = None
    """What belongs together, when it is not pairs of points."""
    mismatches: str | None = None


MISTAKES = {
    "no_temperature": Mistake(
        N_("No temperature"),
        N_(
            "Without a temperature look-alike classes stay together: the cosine with the nearest mismatch ends at "
            "{wrong:.2f}, with a temperature of 0.05 at {right:.2f} (start: {before:.2f})."
        ),
        N_(
            "A cosine is at most 1, so a softmax over plain cosines is nearly flat: a look-alike counts hardly more "
            "than a text on the other side. With the same step size the gradient begins {weaker:.0f} times smaller, "
            "and even the best arrangement costs {floor:.2f} of the {start:.2f} at the start."
        ),
        N_("Divide the cosines by a temperature of 0.05 to 0.1."),
    ),
    "plus_minus_one": Mistake(
        N_("±1 targets"),
        N_(
            "With targets of ±1, cross-entropy gathers eight different texts in two clusters (nearest mismatch "
            "{wrong:.2f}); with targets of 1 and 0 they spread ({right:.2f})."
        ),
        N_(
            "Cross-entropy multiplies each log-probability by its target, so −1 rewards a low log-probability, not a "
            "low probability. A mismatch with more than its share of the softmax is pulled closer: two clusters cost "
            "{clusters:.1f}, eight separate places {separated:.1f}."
        ),
        N_("Make the targets a distribution: 1 shared among the matches of a row, 0 for mismatches."),
    ),
    "sigmoid_alone": Mistake(
        N_("Sigmoid of the cosine alone"),
        N_(
            "With the sigmoid of the cosine alone, each text's nearest mismatch is still a match with probability "
            "{wrong:.2f}; with scale and bias, with {right:.2f}."
        ),
        N_(
            "A cosine lies between −1 and 1, so its sigmoid lies between {least:.2f} and {most:.2f}, and an unrelated "
            "pair (cosine 0) gets 0.50: the loss cannot say “unrelated”. Even a perfect match costs {floor:.3f}, so it "
            "cannot fall below that; here it ends at {loss:.2f} instead of {right_loss:.2f}."
        ),
        N_("Let the loss learn a scale and a bias: sigmoid(10 · cosine − 5) to begin with."),
        telling=N_("probability of the nearest mismatch"),
    ),
    "minus_one_bce": Mistake(
        N_("−1 in BCE"),
        N_(
            "With −1 where 0 belongs the loss falls to {loss:.0f}, yet look-alikes stay together: nearest mismatch "
            "{wrong:.2f}, with targets of 1 and 0 {right:.2f} (start: {before:.2f})."
        ),
        N_(
            "With a target of −1 a mismatch costs log(1 + e^z) + z, which has no lower end: the bias runs away, here "
            "to {bias:.0f}. Then all mismatches are pushed alike, near or far, and the pushes cancel out. BCELoss "
            "refuses such targets; binary_cross_entropy_with_logits does not."
        ),
        N_("Turn −1 into 0, or use −1 only as a sign: −log σ(y · z)."),
    ),
    "padding": Mistake(
        N_("Padding in the max"),
        N_(
            "Pooled with their padding, texts agree less and less with themselves (cosine {wrong:.2f} instead of "
            "{right:.2f}) and more with each other ({after:.2f} instead of {before:.2f})."
        ),
        N_(
            "Padding has hidden states too. Taken into the maximum they win in one dimension after the other, so the "
            "embedding of a text depends on the longest text of its batch. The circles are a sketch in two "
            "dimensions, without training; the tokens below are real."
        ),
        N_("Set padding to −∞ before the maximum; divide a mean by the sum of the mask."),
        telling=N_("each text with itself"),
        step=N_("Positions of padding: {n} of {most}"),
        matches=N_("each text with itself"),
        mismatches=N_("different texts"),
    ),
    "same_mask": Mistake(
        N_("Same mask twice"),
        N_(
            "With the same dropout mask twice, the two views of a text stay apart (cosine {wrong:.2f}); with two masks "
            "they come together, from {before:.2f} to {right:.2f}."
        ),
        N_(
            "With the same mask both views are the same embedding: their cosine is 1 whatever the weights are, so "
            "nothing aligns them, and texts are only pushed apart. The loss falls and looks healthy. Here a text is "
            "the mean of four words, dropout leaves one out, and the small rings are the views."
        ),
        N_("Encode the batch twice in training mode, so that dropout draws twice."),
        telling=N_("views of a text"),
        matches=N_("views of a text"),
        mismatches=N_("different texts"),
    ),
    "small_batch": Mistake(
        N_("Batch of one"),
        N_(
            "In batches of one pair nothing moves: the cosine with the nearest mismatch stays at {wrong:.2f}; in one "
            "batch of four pairs it falls to {right:.2f}."
        ),
        N_(
            "The other texts of the batch are the negatives. Alone, a text has one candidate, its match, and the "
            "softmax over one candidate is 1: loss {loss:.2f}, gradient {gradient:.2f} instead of "
            "{right_gradient:.2f}. Collecting gradients over such batches does not help: a sum of zeros is zero."
        ),
        N_("Use larger batches, or gradient caching, which makes one large batch out of small ones."),
    ),
    "same_class": Mistake(
        N_("In-batch false negatives"),
        N_(
            "Where texts of the same class count as mismatches, the cosine within a class falls from {before:.2f} to "
            "{wrong:.2f}; with them left out it stays at {right:.2f}."
        ),
        N_(
            "In-batch negatives count everything but a text's positive as wrong, including those of the same class. "
            "The nearest of them are pushed hardest, because they look most like a match."
        ),
        N_("Give such pairs the target 0, or use a loss that knows the classes (supcon)."),
        telling=N_("within a class"),
    ),
    "one_class": Mistake(
        N_("All one class"),
        N_(
            "With one label for all, supcon and bce pull three true classes together (cosine across them {supcon:.2f} "
            "and {bce:.2f}) and triplet does nothing ({triplet:.2f}); with the right labels it is {right:.2f}."
        ),
        N_(
            "Without a mismatch nothing pushes. For bce the best is one point for all; supcon wants equal cosines, "
            "which is the same; a triplet needs a mismatch and finds none. A sorted file gives such batches: class "
            "after class."
        ),
        N_("Shuffle, and make sure that each batch has several classes, each with several texts."),
        telling=N_("across the true classes"),
    ),
}
"""In the order of FAILURES."""
SETTINGS = (N_("1 class"), N_("3 classes"))
"""Settings of FAILURES in words; the others are names and values as in code."""


@st.cache_resource(max_entries=len(FAILURES), show_spinner=False)
def failure(name: str) -> Failure:
    """A failure, computed once for everybody."""
    return FAILURES[name]()


class _Number(float):
    """A number with a real minus sign."""

    def __format__(self, spec: str) -> str:
        return super().__format__(spec).replace("-", "−")


@dataclass(frozen=True)
class Story:
    """A mistake in words, in the language of this session."""

    seen: str
    why: str
    remedy: str


def story(name: str, numbers: Mapping[str, float]) -> Story:
    """What is seen, why, and what to do."""
    mistake = MISTAKES[name]
    values = {key: _Number(value) for key, value in numbers.items()}
    return Story(_(mistake.seen).format(**values), _(mistake.why).format(**values), _(mistake.remedy))


def words(name: str) -> dict[str, str]:
    """The words of the picture that differ from the usual ones."""
    mistake = MISTAKES[name]
    differing = {
        "step": mistake.step,
        "matches": mistake.matches,
        "mismatches": mistake.mismatches,
        "nearest": mistake.mismatches and N_("nearest other text"),
    }
    return {key: _(text) for key, text in differing.items() if text}


def shown(name: str, failed: Failure) -> list[Shown]:
    """The circles of a failure."""
    return [
        Shown(
            id=f"{number}-{panel.loss}",
            title=panel.loss,
            color=of_loss(panel.loss) if panel.loss in losses.names() else START,
            motion=panel.motion,
            cells=panel.matrices,
            views=panel.views,
            belonging=panel.belonging,
            setting=_(panel.setting),
            verdict="wrong" if panel.wrong else "right",
            telling=panel.measured(failed.telling),
            telling_in_words=_(MISTAKES[name].telling),
        )
        for number, panel in enumerate(failed.panels)
    ]


def same_class_rate() -> tuple[str, str]:
    """What the linter expects of in-batch negatives in a bundled labelled set: the set's name, and the sentence."""
    name = f"intents-{bundled.ending(language())}"
    name = name if name in bundled.names() else "intents-en"
    _severity, template = FINDINGS["same_class_negatives"]
    return name, _(template).format(**_found(name))


@st.cache_data(max_entries=8, show_spinner=False)
def _found(name: str) -> dict[str, object]:
    return next(one for one in lint(bundled.load(name)) if one.code == "same_class_negatives").values

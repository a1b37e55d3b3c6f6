"""Mistakes with losses in words: what goes wrong, why, and what to do. The numbers come from the computation."""

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from simcse_core.learning.circle.failures import FAILURES, Failure
from simcse_core.learning.losses import losses
from ui.frame.translation import N_, _
from ui.losses.view import Shown
from ui.shared.colors import START, of_loss


@dataclass(frozen=True)
class Mistake:
    """The words of a failure of FAILURES; {placeholders} are its numbers."""

    title: str
    seen: str
    """What the circles show."""
    why: str
    remedy: str
    step: str | None = None
    """What a frame is, when it is not a step of training."""
    matches: str | None = None
    """What belongs together, when it is not pairs of points."""
    mismatches: str | None = None


MISTAKES = {
    "no_temperature": Mistake(
        N_("No temperature"),
        N_(
            "Two classes overlap in each of three groups. With a temperature of 0.05 they come apart: the "
            "cosine with the nearest mismatch falls from {before:.2f} to {right:.2f}. Without one (temperature 1), at "
            "the same learning rate, it stays at {wrong:.2f}."
        ),
        N_(
            "A cosine is at most 1, so without a temperature a softmax over plain cosines is nearly flat: the "
            "look-alike counts hardly more than texts on the other side. The gradient begins {weaker:.0f} times "
            "smaller, and even the best arrangement still costs {floor:.2f} of the {start:.2f} at the start: the loss "
            "can hardly fall, so it hardly says anything."
        ),
        N_("Divide the cosines by a temperature of 0.05 to 0.1."),
    ),
    "plus_minus_one": Mistake(
        N_("±1 targets"),
        N_(
            "Eight texts, each of which matches only itself. The naive loss gathers them in two clusters, which cost "
            "less ({clusters:.1f}) than eight separate places ({separated:.1f}). With targets of 1 and 0 they spread."
        ),
        N_(
            "Cross-entropy multiplies each log-probability by its target. A target of −1 so rewards a low "
            "log-probability, not a low probability. A mismatch that already has more than its share of the softmax is "
            "then pulled closer, because all other log-probabilities fall with it."
        ),
        N_("Make the targets a distribution: 1 shared among the matches of a row, 0 for mismatches."),
    ),
    "minus_one_bce": Mistake(
        N_("−1 in BCE"),
        N_(
            "The loss falls to {loss:.0f} and would fall forever, yet look-alikes stay together (cosine with "
            "the nearest mismatch {before:.2f} before, {wrong:.2f} after). With targets of 1 and 0 it ends at "
            "{right_loss:.2f}, and that cosine at {right:.2f}."
        ),
        N_(
            "With a target of −1 a mismatch costs log(1 + e^z) + z, which has no lower end: the bias runs away, here "
            "to {bias:.0f}, and takes the loss with it. Then every mismatch is pushed alike, near or far, and the "
            "pushes cancel out. BCELoss would have refused such targets; binary_cross_entropy_with_logits does not."
        ),
        N_("Turn −1 into 0, or use −1 only as a sign: −log σ(y · z)."),
    ),
    "padding": Mistake(
        N_("Padding in the max"),
        N_(
            "Four short texts beside a longer and longer one; each frame adds one position of padding. Pooled with "
            "the padding, they drift until they agree with each other ({after:.2f} instead of {before:.2f}) and no "
            "longer with themselves: {wrong:.2f}. With a mask: {right:.2f}."
        ),
        N_(
            "Padding positions have hidden states too, here the same for all texts. Taken into the maximum they win in "
            "one dimension after the other. The embedding of a text then depends on the other texts of its batch. This "
            "is a mistake in the pooling, before any loss; there is no training here."
        ),
        N_("Set padding to −∞ before the maximum; divide a mean by the sum of the mask."),
        N_("Positions of padding: {n} of {most}"),
        N_("each text with itself"),
        N_("different texts"),
    ),
    "same_mask": Mistake(
        N_("Same mask twice"),
        N_(
            "A text is the mean of four words, and dropout leaves one out; the small rings are its views. With two "
            "masks the views of a text come together, from a cosine of {before:.2f} to {right:.2f}. With the same "
            "mask twice they stay apart, at {wrong:.2f}, and the texts only spread."
        ),
        N_(
            "With the same mask both views have the same embedding. Their cosine is 1 whatever the weights are, so it "
            "has no gradient: nothing is aligned any more. What is left pushes texts apart, and the gradient begins at "
            "{wrong_gradient:.2f} instead of {right_gradient:.2f}. The loss still falls and looks healthy."
        ),
        N_("Encode the batch twice in training mode, so that dropout draws twice."),
        matches=N_("views of a text"),
        mismatches=N_("different texts"),
    ),
    "small_batch": Mistake(
        N_("Batch of one"),
        N_(
            "Four pairs, close together. In batches of one pair nothing moves: loss {loss:.2f}, gradient "
            "{gradient:.2f} from the first step to the last. In one batch of four pairs the gradient begins at "
            "{right_gradient:.2f}, and the cosine with the nearest mismatch falls from {wrong:.2f} to {right:.2f}."
        ),
        N_(
            "The other texts of the batch are the negatives. Alone, a text has one candidate, its match; the "
            "softmax over one candidate is 1, and log 1 is 0. Collecting gradients over several such batches does not "
            "help: a sum of zeros is zero."
        ),
        N_("Use larger batches, or gradient caching, which makes one large batch out of small ones."),
    ),
    "same_class": Mistake(
        N_("Same-class negatives"),
        N_(
            "Each text has one positive of its class; the rest of the batch counts as mismatches, including those of "
            "the same class. The classes are torn apart: the cosine within a class falls from {before:.2f} to "
            "{wrong:.2f}. With them left out it stays at {right:.2f}."
        ),
        N_(
            "In-batch negatives count everything but a text's positive as wrong. With few classes most batches hold "
            "more texts of the same class, and the nearest of them are pushed hardest, because they look most like a "
            "match."
        ),
        N_("Give such pairs the target 0, or use a loss that knows the classes (supcon)."),
    ),
    "one_class": Mistake(
        N_("All one class"),
        N_(
            "Three classes that all carry the same label. supcon and bce pull everything together: the cosine across "
            "the true classes rises from {before:.2f} to {supcon:.2f} and {bce:.2f}. triplet does nothing at all "
            "({triplet:.2f}). With the right labels it is {right:.2f}."
        ),
        N_(
            "Without a mismatch nothing pushes. For bce the best is one point for all; supcon wants equal cosines, "
            "which is the same; a triplet needs a mismatch and finds none, so its loss is 0. A sorted file gives "
            "such batches: class after class."
        ),
        N_("Shuffle, and see to it that each batch has several classes, each with several texts."),
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


def story(name: str, numbers: Mapping[str, float]) -> list[tuple[str, str]]:
    """What is seen, why, and what to do: a heading and a text each, in the language of this session."""
    mistake = MISTAKES[name]
    values = {key: _Number(value) for key, value in numbers.items()}
    return [
        (_(mistake.title), _(mistake.seen).format(**values)),
        (_("Why?"), _(mistake.why).format(**values)),
        (_("Instead"), _(mistake.remedy)),
    ]


def words(name: str) -> dict[str, str]:
    """The words of the picture that differ from the usual ones."""
    mistake = MISTAKES[name]
    differing = {"step": mistake.step, "matches": mistake.matches, "mismatches": mistake.mismatches}
    return {key: _(text) for key, text in differing.items() if text}


def shown(failed: Failure) -> list[Shown]:
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
            tab=f"{panel.loss} · {_(panel.setting)}",
        )
        for number, panel in enumerate(failed.panels)
    ]

"""Which cosine is white: 0, or the one that a model gives to sentences that have nothing to do with each other."""

from collections.abc import Sequence

from simcse_core.meaning.similarity import CROWDED_FROM
from ui.frame.translation import _
from ui.shared.matrix.colors import CosineColors

HIGHEST = 0.9999
"""Above it all cosines are equal up to rounding, and there is no range left to colour."""


def is_crowded(unrelated: float | None) -> bool:
    """Whether a picture from -1 to 1 would be one colour: unrelated sentences are already that close.

    Args:
        unrelated: the middle of the cosines of unrelated sentences; None where it cannot be measured.
    """
    return unrelated is not None and CROWDED_FROM <= unrelated < HIGHEST


def from_unrelated(unrelated: float, threshold: float | None = None) -> CosineColors:
    """White at the middle of unrelated pairs, deepest purple at 1, and as far below orange.

    Args:
        unrelated: the middle of their cosines; below 0 it counts as 0.
        threshold: cells under it are grey.
    """
    return CosineColors(2 * min(max(unrelated, 0.0), HIGHEST) - 1, 1.0, threshold, white=_("unrelated"))


def side_by_side(unrelated: Sequence[float | None]) -> list[CosineColors]:
    """Scales of one meaning for pictures to compare: from unrelated pairs where one of them needs it, else fixed."""
    if not any(map(is_crowded, unrelated)):
        return [CosineColors() for _picture in unrelated]
    return [from_unrelated(middle or 0.0) for middle in unrelated]


def in_words(colors: CosineColors) -> str:
    """What purple, white and orange mean."""
    if not colors.white:
        return _("Purple is close, orange would be opposite; unrelated has no colour.")
    return _(
        "No colour is {white}, the median cosine that the model gives to unrelated sentences. Deepest purple is 1; "
        "orange pairs are even farther apart than unrelated ones."
    ).format(white=colors.number(colors.middle))

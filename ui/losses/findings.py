"""The sentence under the circles of the page Losses."""

from collections.abc import Sequence

from simcse_core.learning.circle import MOST_OFF, names_of
from ui.frame.translation import _
from ui.losses.inputs import TypedStart
from ui.losses.view import Shown

FEW = 3
"""So many losses are named one by one."""


def compared(shown: Sequence[Shown]) -> str:
    """Where matches and nearest mismatches end under each loss."""
    if len(shown) <= FEW:
        nearest = [f"{_number(one.motion.nearest[-1])} ({one.title})" for one in shown]
        return _("From the same start, the nearest mismatch ends at {nearest} and matches at {matches}.").format(
            nearest=", ".join(nearest), matches=", ".join(_number(one.matches[-1]) for one in shown)
        )
    return _(
        "From the same start, the nearest mismatch ends between {least} ({least_loss}) and {most} ({most_loss})."
    ).format(**_ends(shown))


def _ends(shown: Sequence[Shown]) -> dict[str, str]:
    ordered = sorted(shown, key=lambda one: float(one.motion.nearest[-1]))
    least, most = ordered[0], ordered[-1]
    return {
        "least": _number(least.motion.nearest[-1]),
        "least_loss": least.title,
        "most": _number(most.motion.nearest[-1]),
        "most_loss": most.title,
    }


def refused(typed: TypedStart) -> str:
    """Why sentences are not shown on a circle."""
    names, (row, column) = names_of(typed.sentences.classes), typed.fit.worst
    real = float(typed.fit.cosines[row, column])
    points = typed.fit.batch.points
    return _(
        "No circle keeps these cosines: {first} and {second} would have {drawn} instead of {real}, and more than "
        "{most} off is refused."
    ).format(
        first=names[row],
        second=names[column],
        drawn=_number(float(points[row] @ points[column])),
        real=_number(real),
        most=f"{MOST_OFF:g}",
    )


def _number(value: float) -> str:
    return f"{value + 0.0:.2f}".replace("-", "−") if value == value else "–"

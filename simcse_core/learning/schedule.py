"""The learning rate of each step, and how many steps a budget allows."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from simcse_core.errors import OptionError
from simcse_core.learning.settings import MOST_EPOCHS, TrainingSettings
from simcse_core.limits import limits

REPLAN_SHARE = 0.1
"""A time budget is planned anew whenever this share of what was left of it, in seconds or in steps, has gone by."""


def rate_factor(done: int, steps: int, warmup: float) -> float:
    """What the learning rate is multiplied by: linear warm-up, then linear decay to 0 after the last step.

    Args:
        done: steps so far, 0 to `steps` - 1.
        steps: planned.
        warmup: share of the steps in which it rises, 0 to 1.

    Returns:
        Above 0, at most 1.
    """
    rising = max(round(warmup * steps), 1)
    return (done + 1) / rising if done < rising else (steps - done) / max(steps - rising, 1)


def steps_for_sentences(budget: int, epoch: Sequence[int]) -> int:
    """The step after which the number of sentences learned from is nearest to the budget; at least 1.

    Args:
        budget: sentences.
        epoch: how many each step of an epoch learns from; all epochs are alike.
    """
    epochs, rest = divmod(budget, sum(epoch))
    learned = list(accumulate(epoch, initial=0))
    nearest = min(range(len(learned)), key=lambda step: abs(learned[step] - rest))
    return max(epochs * len(epoch) + nearest, 1)


def step_limits(settings: TrainingSettings, epoch: Sequence[int]) -> dict[int, str]:
    """How many steps each setting allows, and the setting's name; of equal ones the first counts.

    Args:
        settings: epochs, steps and sentences of them.
        epoch: as for `steps_for_sentences`.
    """
    allowed = [("steps", settings.steps)]
    if ends_by_epochs(settings):
        allowed.insert(0, ("epochs", settings.epochs * len(epoch)))
    if settings.sentences is not None:
        allowed.append(("sentences", steps_for_sentences(settings.sentences, epoch)))
    return {steps: name for name, steps in reversed(allowed) if steps is not None}


def ends_by_epochs(settings: TrainingSettings) -> bool:
    """Whether epochs are a limit: the most that can be set are none beside a number of sentences, because few rows may
    be seen often."""
    return settings.sentences is None or settings.epochs < MOST_EPOCHS


def allowed_steps(settings: TrainingSettings, step_limits: Iterable[int]) -> "tuple[int, Budget | None]":
    """How many steps there may be, and the time budget, if the settings have one.

    Raises:
        OptionError: more steps than a training may have are planned.
    """
    steps, most = min(step_limits), limits().max_training_steps
    if settings.seconds is not None:
        return steps, Budget(settings.seconds, min(steps, most))
    if steps > most:
        raise OptionError(
            "{given:,} steps are planned: the limit is {most:,} (SIMCSE_MAX_TRAINING_STEPS). Choose fewer epochs.",
            given=steps,
            most=most,
        )
    return steps, None


@dataclass
class Budget:
    """Holds a training to its seconds: plans the steps that fit, and plans again as it goes.

    So the learning rate follows its whole course, whether the machine becomes slower or faster, and the end comes
    within half a step of the budget. It looks at no clock: the same seconds give the same plans.

    Args:
        seconds: of training.
        most: steps that are allowed, whatever fits.
    """

    seconds: float
    most: int
    _since: tuple[int, float] = (0, 0.0)
    """Steps and seconds at the last plan ..."""
    _next: tuple[int, float] = (0, 0.0)
    """... and at the next one, whichever comes first."""

    def plan(self, done: int, used: float, per_step: float) -> int:
        """How many steps there will be in all; at least one.

        Args:
            done: steps so far.
            used: seconds so far.
            per_step: seconds that a step is expected to take.
        """
        left = self.seconds - used
        steps = min(max(done + round(left / per_step), 1), self.most)
        self._since = (done, used)
        self._next = (done + math.ceil(REPLAN_SHARE * (steps - done)), used + REPLAN_SHARE * left)
        return steps

    def after(self, done: int, used: float, steps: int) -> int:
        """How many steps there will be, after each step; `done` where no other fits. Arguments as for `plan`."""
        then, seconds = self._since
        per_step = (used - seconds) / (done - then)  # the recent pace
        if used + per_step / 2 > self.seconds:
            return done
        if done < self._next[0] and used < self._next[1]:
            return steps
        return self.plan(done, used, per_step)

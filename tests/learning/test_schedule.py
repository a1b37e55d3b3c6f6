from collections.abc import Callable

import pytest

from simcse_core.learning.schedule import Budget, rate_factor, steps_for_sentences


def trained(
    seconds: float, probe: float, pace: Callable[[float], float], most: int = 10_000
) -> list[tuple[float, float]]:
    """A training as the engine goes through it: the time at the end of each step, and its learning rate."""
    budget, used, done = Budget(seconds, most), 0.0, 0
    steps = budget.plan(0, used, probe)
    course: list[tuple[float, float]] = []
    while done < steps:
        rate = rate_factor(done, steps, 0.1)
        used, done = used + pace(used), done + 1
        steps = budget.after(done, used, steps)
        course.append((used, rate))
    return course


@pytest.mark.parametrize(
    ("probe", "pace"),
    [
        (0.1, lambda used: 0.1),
        (2.0, lambda used: 0.1),
        (0.01, lambda used: 0.1),
        (0.1, lambda used: 0.1 + used / 100),
        (0.1, lambda used: 0.1 if used < 10 else 0.3),
        (0.1, lambda used: 0.3 if used < 10 else 0.1),
        (0.1, lambda used: 1.0 if 9 < used < 10 else 0.1),
    ],
    ids=["steady", "slow probe", "quick probe", "slower and slower", "half as slow", "half as quick", "a hiccup"],
)
def test_a_budget_is_held_to_half_a_step_and_the_rate_goes_its_whole_course(
    probe: float, pace: Callable[[float], float]
) -> None:
    course = trained(20.0, probe, pace)
    ends, rates = zip(*course, strict=True)
    assert ends[-1] == pytest.approx(20.0, abs=pace(ends[-1]) / 2 + 1e-6)
    assert max(rates) > 0.9
    assert rates[-1] < 0.1
    falling = rates[rates.index(max(rates)) :]
    assert sum(falling) / len(falling) == pytest.approx(0.5, abs=0.15)  # a line down to 0


def test_a_budget_gives_one_step_at_least_and_no_more_than_are_allowed() -> None:
    assert len(trained(1e-9, 5.0, lambda used: 5.0)) == 1
    assert len(trained(20.0, 0.1, lambda used: 0.1, most=7)) == 7
    assert Budget(1.0, 100).plan(0, used=3.0, per_step=0.1) == 1


@pytest.mark.parametrize(
    ("sentences", "steps"),
    [
        (1, 1),  # no training is without a step
        (14, 1),
        (15, 1),  # as far from 10 as from 20: rather fewer
        (16, 2),
        (24, 3),  # 20 and 26
        (26, 3),
        (26_000 + 12, 3_001),
    ],
)
def test_a_budget_of_sentences_ends_after_the_step_that_comes_nearest(sentences: int, steps: int) -> None:
    """Steps that learn from 10, 10 and 6 sentences, epoch after epoch."""
    assert steps_for_sentences(sentences, [10, 10, 6]) == steps


def test_the_rate_rises_falls_and_never_is_nothing() -> None:
    rates = [rate_factor(done, 10, 0.3) for done in range(10)]
    assert rates == pytest.approx([1 / 3, 2 / 3, 1, 1, 6 / 7, 5 / 7, 4 / 7, 3 / 7, 2 / 7, 1 / 7])
    assert rate_factor(0, 1, 0.0) == 1.0

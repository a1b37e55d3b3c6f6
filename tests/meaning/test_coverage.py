"""Intervals hold the truth about as often as they say, by simulation; `benchmarks.verdicts` does so at length."""

import pytest

from benchmarks.coverage import Population, coverage, synthetic

ITEMS, TRIALS, SAMPLES = 50, 150, 250
FEWEST = 89.0
"""In %: of 150 trials at 95 % all but one in a thousand simulations hold the truth in so many."""


@pytest.mark.parametrize("population", synthetic(), ids=lambda population: population.name)
def test_every_metric_alone_and_as_a_difference(population: Population) -> None:
    metrics = []
    for found in coverage(population, ITEMS, TRIALS, SAMPLES):
        metrics.append(found.metric)
        assert found.single >= FEWEST, found
        assert found.paired >= FEWEST, found
    assert metrics

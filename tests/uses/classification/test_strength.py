"""One strength for all folds, so that one temperature makes probabilities of all their scores."""

import numpy as np

from simcse_core.uses.classification import Examples, cross_validate
from simcse_core.uses.classification.methods import TFIDF, strength_for


def test_scores_of_all_folds_have_one_size() -> None:
    chance = np.random.default_rng(0)
    centres = chance.normal(size=(4, 16))
    codes = np.arange(80) % 4
    rows = centres[codes] + 2.6 * chance.normal(size=(80, 16))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    examples = Examples.of(
        [f"text {row}" for row in range(80)], [f"c{code}" for code in codes], rows.astype(np.float32)
    )
    validation = cross_validate(examples)
    sizes = [float(np.abs(validation.scores[validation.folds == fold]).max()) for fold in range(5)]
    assert max(sizes) < 2 * min(sizes)
    assert strength_for(examples, "logistic") in (1.0, 10.0, 100.0)
    assert strength_for(examples, TFIDF) in (1.0, 10.0, 100.0)
    assert strength_for(examples, "centre") is None

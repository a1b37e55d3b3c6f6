"""What the page begins with is what the model and the classifier give."""

from simcse_core.encoding.model import SimCSE
from ui.classify import stored


def test_stored_results_are_those_of_the_model(minilm: SimCSE) -> None:
    outcome, classifier = stored.outcome("en"), stored.classifier("en")
    rows = minilm.encode(outcome.model.texts[:12])
    again = classifier.probabilities(rows)
    assert again.shape == (12, 8)
    predicted = [one.label for one in classifier.predict_embeddings(rows)]
    assert predicted == list(outcome.model.labels[:12]), "it has learned from these"
    assert outcome.model.report().accuracy.low > outcome.baseline.report().accuracy.high
    assert outcome.model.calibration_error() < 0.1
    for language in ("en", "zh_CN"):
        points = stored.curve(language).points["logistic"]
        assert points[-1].accuracy.value > points[0].accuracy.value

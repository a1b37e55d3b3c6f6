import math
from collections.abc import Sequence

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import normalize

from simcse_core.data.kinds import Answers, Labelled, Pairs, Scored, Texts, Triplets, text_columns
from simcse_core.encoding.texts import Embeddings
from simcse_core.errors import DataError
from simcse_core.learning import baselines as module
from simcse_core.learning import classifiers
from simcse_core.learning.baselines import baselines, centre_hits, logistic_hits, with_classifiers
from simcse_core.learning.measuring import main_metric_among, measure
from simcse_core.meaning.items import Items
from tests.learning.small import LABELS, TEXTS, data_of, tiny_model

MEASURED = ["labelled", "pairs", "scored", "triplets", "answers"]


@pytest.mark.parametrize("kind", MEASURED)
def test_items_are_those_of_a_measurement(kind: str) -> None:
    """One table of metrics whatever made the vectors, with the metric that decides among them."""
    model, data = tiny_model(), data_of(kind)
    parts = [model.encode(column) for column in text_columns(data)]
    expected = measure(model, data).items
    found = data.items(parts)
    assert found.metrics == expected.metrics
    assert main_metric_among(found.metrics) is not None
    assert found.gold == expected.gold
    np.testing.assert_allclose(found.cosines, expected.cosines, atol=1e-6)
    for name, values in expected.values.items():
        np.testing.assert_allclose(found.values[name], values)


@pytest.mark.parametrize("kind", MEASURED)
def test_every_kind_has_its_lexical_baseline(kind: str) -> None:
    found = baselines(data_of("texts"), data_of(kind))
    assert list(found) == ["tfidf"]
    assert main_metric_among(found["tfidf"].metrics) is not None


def test_cosines_are_those_of_words_and_pairs_of_words() -> None:
    known = ("the cat sleeps", "the cat runs", "a dog runs")
    asked = Scored(
        "s", ("the cat runs", "a dog", "nobody knows"), ("the cat sleeps", "Dog, a", "the cat"), (3.0, 2.0, 1.0)
    )
    oracle = TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"\b\w+\b").fit(known)
    expected = np.diag(cosine_similarity(oracle.transform(asked.sentence1), oracle.transform(asked.sentence2)))
    items = baselines(Texts("t", known), asked)["tfidf"]
    np.testing.assert_allclose(items.cosines, expected, atol=1e-6)
    assert items.cosines[2] == 0.0  # no known word: nothing is known of it
    assert items.gold == [3.0, 2.0, 1.0]


def test_chinese_is_compared_by_characters() -> None:
    known = Texts("t", ("我想借一本书", "请问几点关门"))
    asked = Pairs("p", ("我想借书", "我想借书"), ("想借一本书", "几点关门"), (1, 0))
    close, far = baselines(known, asked)["tfidf"].cosines
    assert close > 0.2
    assert far == 0.0


@pytest.mark.parametrize(
    ("dev", "metric", "expected"),
    [
        (Triplets("t", ("the cat",), ("a cat",), ("a dog",)), "accuracy", [1.0]),
        (Triplets("t", ("the cat",), ("zebra",), ("lion",)), "accuracy", [0.0]),  # as close is no hit
        (Answers("a", ("the cat", "the cat"), ("a dog", "a cat"), (1, 0)), "map", [0.5]),
    ],
)
def test_unknown_words_are_close_to_nothing(
    dev: Triplets | Answers | Labelled, metric: str, expected: list[float]
) -> None:
    assert baselines(Texts("t", ("the cat", "a cat", "a dog")), dev)["tfidf"].values[metric] == expected


def test_texts_without_words_and_dev_data_without_labels() -> None:
    assert baselines(Texts("t", ("!", "?")), data_of("scored"))["tfidf"].cosines == [0.0] * 48
    with pytest.raises(DataError, match="nothing to compare with"):
        baselines(data_of("texts"), data_of("texts"))


def test_many_dev_texts_get_fewer_features(monkeypatch: pytest.MonkeyPatch) -> None:
    assert module.tfidf(list(TEXTS), list(TEXTS))[1].shape[1] > 20
    monkeypatch.setattr(module, "MOST_CELLS", 20 * len(TEXTS))
    known, asked = module.tfidf(list(TEXTS), list(TEXTS))
    assert known.shape == asked.shape == (48, 20)
    dense = module.dense_rows(asked)
    np.testing.assert_allclose(dense @ dense.T, (asked @ asked.T).toarray(), atol=1e-6)


def on_axes(labels: Sequence[str], noise: float = 0.05) -> Embeddings:
    """Unit rows near an axis for each class."""
    names = sorted(set(labels))
    rows = np.eye(len(names) + 1)[[names.index(label) for label in labels]]
    rows += np.random.default_rng(0).normal(size=rows.shape) * noise
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_a_logistic_regression_learns_from_the_training_texts() -> None:
    labels = ["a", "b", "c"] * 8
    embeddings = on_axes(labels, noise=0.6)
    train, dev = slice(0, 15), slice(15, 24)
    hits = logistic_hits(embeddings[train], labels[train], embeddings[dev], labels[dev])
    by_strength = [
        (
            LogisticRegression(C=strength, max_iter=1_000)
            .fit(embeddings[train], labels[train])
            .predict(embeddings[dev])
            == np.array(labels[dev])
        ).tolist()
        for strength in (1.0, 10.0, 100.0)
    ]
    assert hits in by_strength
    shifted = labels[dev][1:] + labels[dev][:1]
    assert sum(logistic_hits(on_axes(labels)[train], labels[train], on_axes(labels)[dev], labels[dev])) == 9
    assert sum(logistic_hits(on_axes(labels)[train], labels[train], on_axes(labels)[dev], shifted)) == 0


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["a", "b", "a", "b"], [1.0, 1.0, 0.0]),  # too few for folds; a class that is new is never right
        (["a", "a", "a", "a"], [1.0, 0.0, 0.0]),  # one class: always that
    ],
)
def test_small_classes_do_not_stop_a_logistic_regression(labels: list[str], expected: list[float]) -> None:
    dev = ["a", "b", "z"]
    both = on_axes([*labels, *dev], noise=0.0)
    assert logistic_hits(both[:4], labels, both[4:], dev) == expected


def test_the_strength_is_low_where_nothing_can_choose_it() -> None:
    labels = np.array(["a", "a", "a", "b"])
    assert classifiers.regularisation_strength(on_axes(labels.tolist()), labels) == 1.0


def test_the_strength_is_chosen_on_a_sample_of_many(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = np.array(["a", "b", "c"] * 20 + ["alone"])
    monkeypatch.setattr(classifiers, "SAMPLE_FOR_STRENGTH", 30)
    assert classifiers.regularisation_strength(on_axes(labels.tolist()), labels) in classifiers.STRENGTHS


def test_models_are_compared_as_classifiers_that_learn_from_the_training_texts() -> None:
    model = tiny_model()
    train, dev = Labelled("l", TEXTS[::2], LABELS[::2]), Labelled("l", TEXTS[1::2], LABELS[1::2])
    found = with_classifiers(Items({"m": [math.nan] * 24}), model, train, dev)
    assert list(found.values) == ["m", "logistic_accuracy", "centre_accuracy"]
    embeddings = (model.encode(train.text), train.label, model.encode(dev.text), dev.label)
    assert found.values["logistic_accuracy"] == logistic_hits(*embeddings)
    assert found.values["centre_accuracy"] == centre_hits(*embeddings)
    beside = baselines(train, dev, model)
    assert list(beside) == ["as_it_comes", "tfidf"]
    for items in beside.values():
        assert items.metrics == ["mean_average_precision", "logistic_accuracy", "centre_accuracy"]
    assert beside["as_it_comes"].values["logistic_accuracy"] == found.values["logistic_accuracy"]
    assert baselines(train, data_of("pairs"))["tfidf"].metrics == ["average_precision", "auc"]


def test_the_nearest_centre_is_scikit_learns_by_cosine() -> None:
    rng = np.random.default_rng(0)
    labels, asked = rng.choice(list("abc"), 40).tolist(), rng.choice(list("abcz"), 30).tolist()
    train, dev = (normalize(rng.normal(size=(count, 5)) + 0.5).astype(np.float32) for count in (40, 30))
    sums = np.stack([train[np.array(labels) == label].sum(axis=0) for label in "abc"])
    oracle = KNeighborsClassifier(1, metric="cosine").fit(sums, list("abc")).predict(dev)
    expected = (oracle == np.array(asked)).astype(float).tolist()
    assert centre_hits(train, labels, dev, asked) == expected
    assert centre_hits(csr_matrix(train), labels, csr_matrix(dev), asked) == expected
    nothing = np.zeros((1, 5), dtype=np.float32)  # as near to all centres: no hit, even where the first one is right
    assert centre_hits(train, labels, nothing, ["a"]) == [0.0]

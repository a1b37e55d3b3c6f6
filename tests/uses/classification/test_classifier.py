"""A classifier of texts: what it says, what it does not say, and that it says the same after saving."""

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import simcse_core
from simcse_core import Classifier
from simcse_core.encoding.model import SimCSE
from simcse_core.errors import DataError, ModelError, OptionError, UserError
from simcse_core.uses.classification import METHODS, Examples
from tests.uses.classification.clusters import axes, clusters

TEXTS = [f"{word} {number}" for number in range(8) for word in ("apple", "brick", "cloud")]
LABELS = [text.split()[0] for text in TEXTS]


def fitted(method: str = "logistic", **options: Any) -> Classifier:
    return Classifier.fit(TEXTS, LABELS, model=axes(), method=method, **options)


@pytest.mark.parametrize("method", METHODS)
def test_it_says_the_same_after_saving_and_loading(method: str, tmp_path: Path) -> None:
    classifier = fitted(method, threshold=0.6)
    classifier.save(tmp_path / "c.safetensors")
    loaded = Classifier.load(tmp_path / "c.safetensors", model=axes())
    asked = ["an apple", "red brick", "nothing of it", ""]
    assert loaded.predict(asked) == classifier.predict(asked)
    assert (loaded.classes, loaded.method, loaded.threshold) == (classifier.classes, method, 0.6)
    first = loaded.predict(asked)[0]
    assert (first.label, first.labels) == ("apple", ("apple",))
    assert sum(first.probabilities.values()) == pytest.approx(1)
    assert first.probability == max(first.probabilities.values())


def test_it_names_no_class_of_which_it_is_not_sure() -> None:
    classifier = fitted()
    unsure = classifier.predict(["nothing of it"])[0]
    assert unsure.label in LABELS
    silent = classifier.with_threshold(0.99).predict(["nothing of it", "apple"])
    assert (silent[0].label, silent[0].labels) == (None, ())
    assert silent[0].probability == unsure.probability


def test_texts_may_have_several_labels(tmp_path: Path) -> None:
    texts = [f"{word} {number}" for number in range(10) for word in ("apple", "brick", "cloud")]
    labels = [{"apple": ["fruit", "red"], "brick": ["red"], "cloud": []}[text.split()[0]] for text in texts]
    classifier = Classifier.fit(texts, labels, model=axes())
    classifier.save(tmp_path / "c")
    for one in (classifier, Classifier.load(tmp_path / "c", model=axes())):
        said = one.predict(["apple", "brick", "cloud"])
        assert [set(prediction.labels) for prediction in said] == [{"fruit", "red"}, {"red"}, set()]
        assert said[2].label is None


def test_another_model_is_refused_and_the_error_says_what_differs(tmp_path: Path) -> None:
    fitted().save(tmp_path / "c")
    with pytest.raises(ModelError, match="its weights differ"):
        Classifier.load(tmp_path / "c", model=axes(turn=1))
    other = axes()
    other.dim = 8
    with pytest.raises(ModelError, match="dimensions 16, not 8"):
        Classifier.load(tmp_path / "c", model=other)


def test_a_real_model_is_known_by_its_settings(minilm: SimCSE, tmp_path: Path) -> None:
    classifier = Classifier.fit(TEXTS, LABELS, model=minilm.configured(layer=2, dim=32, prompt="a: "), method="centre")
    classifier.save(tmp_path / "c")
    with pytest.raises(ModelError, match=r"dimensions 32, not 384; layers 2, not 6; prompt 'a: ', not ''"):
        Classifier.load(tmp_path / "c", model=minilm)
    by_name = Classifier.load(tmp_path / "c", model="minilm")  # which is set as the classifier needs it
    assert by_name.predict(["an apple"]) == classifier.predict(["an apple"])
    assert Classifier.load(tmp_path / "c").predict(["an apple"]) == classifier.predict(["an apple"])


def test_embeddings_alone_make_a_classifier_that_takes_embeddings(tmp_path: Path) -> None:
    examples = clusters()
    classifier = Classifier.fit_examples(examples)
    assert classifier.predict_embeddings(examples.embeddings[:1])[0].label == examples.labels[0]
    for use in (lambda: classifier.predict(["a"]), lambda: classifier.save(tmp_path / "c")):
        with pytest.raises(ModelError, match="without a model"):
            use()
    with pytest.raises(ModelError, match="16 dimensions, and these have 3"):
        classifier.predict_embeddings(np.ones((1, 3), dtype=np.float32))


def test_what_cannot_be_fitted_is_said_in_words() -> None:
    with pytest.raises(DataError, match="second class"):
        Classifier.fit(["a", "b"], ["x", "x"], model=axes())
    with pytest.raises(DataError, match="2 texts and 1 labels"):
        Classifier.fit(["a", "b"], ["x"], model=axes())
    with pytest.raises(OptionError, match="Unknown classifier 'tfidf'"):
        fitted("tfidf")
    for threshold in (-0.1, 1.1, float("nan")):
        with pytest.raises(OptionError, match="from 0 to 1"):
            fitted(threshold=threshold)


def test_two_texts_are_enough_and_no_certainty() -> None:
    classifier = Classifier.fit(["apple", "brick"], ["x", "y"], model=axes())
    said = classifier.predict(["apple"])[0]
    assert said.label == "x"
    assert said.probability < 0.95


@pytest.mark.parametrize("content", [b"", b"nothing", b"\x08\0\0\0\0\0\0\0{}      "])
def test_a_file_of_something_else_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "c").write_bytes(content)
    with pytest.raises(ModelError, match="damaged, or something else"):
        Classifier.load(tmp_path / "c")


def test_a_missing_file_and_damaged_numbers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        Classifier.load(tmp_path / "nowhere")
    save_file({"weights": np.ones((2, 2))}, tmp_path / "model.safetensors")
    with pytest.raises(ModelError, match="something else"):
        Classifier.load(tmp_path / "model.safetensors")
    fitted().save(tmp_path / "c")
    whole = (tmp_path / "c").read_bytes()
    for wrong in (b'\\"dim\\":16', b'\\"method\\":\\"logistic\\"', b'\\"temperature\\":'):
        assert wrong in whole
        (tmp_path / "bad").write_bytes(whole.replace(wrong, wrong[:-2] + b"xx"))
        with pytest.raises(ModelError):
            Classifier.load(tmp_path / "bad")


def test_the_file_holds_numbers_and_names_and_no_texts(tmp_path: Path) -> None:
    fitted("knn").save(tmp_path / "c")
    assert set(load_file(tmp_path / "c")) == {"probe", "embeddings", "marks"}
    assert b"apple 3" not in (tmp_path / "c").read_bytes()


def test_it_is_seen_where_people_look_and_its_errors_are_those_of_users() -> None:
    assert "Classifier" in simcse_core.__all__
    with pytest.raises(UserError):
        Classifier.fit([], [], model=axes())


def test_copies_say_the_same() -> None:
    classifier = fitted()
    for other in (copy.deepcopy(classifier), pickle.loads(pickle.dumps(classifier))):
        assert other.predict(["apple"]) == classifier.predict(["apple"])


def test_it_is_measured_on_other_texts() -> None:
    results = fitted().evaluate(Examples.of(["apple x", "brick y", "z"], ["apple", "brick", "new"], axes()))
    assert results.report().accuracy.value == pytest.approx(2 / 3)
    with pytest.raises(DataError, match="spelled the same way"):
        fitted().evaluate(Examples.of(["apple"], ["new"], axes()))

"""What a model carries beside its weights: it is saved with it, goes where it goes, and predict applies it."""

import copy
import pickle
from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from simcse_core.encoding import deltas
from simcse_core.encoding.classifier import Carried, LinearClassifier, MatchScale, sigmoid, softmax
from simcse_core.encoding.frozen import FrozenEncoder
from simcse_core.encoding.layout import CARRIED_FILE, model_files
from simcse_core.encoding.model import SimCSE
from simcse_core.errors import InputError, ModelError, OptionError
from tests.encoding.tiny import tiny

TEXTS = ["A cat sleeps.", "Stocks fell."]
PAIRS = [("A cat sleeps.", "A kitten naps."), ("A cat sleeps.", "Stocks fell.")]


def carried(dim: int, prompts: tuple[str, str] = ("", "")) -> Carried:
    weights = np.random.default_rng(0).normal(size=(3, dim))
    return Carried(
        LinearClassifier(("a", "b", "c"), weights, np.array([0.1, 0.0, -0.1]), 0.5), MatchScale(9.0, -4.0, prompts)
    )


@pytest.fixture
def model() -> SimCSE:
    made = tiny(layers=2)
    made.carried = carried(made.dim)
    return made


def test_texts_get_classes_and_pairs_the_probability_of_a_match(model: SimCSE) -> None:
    linear, embeddings = model.carried.classifier, model.encode(TEXTS).astype(np.float64)
    assert linear is not None
    expected = softmax((embeddings @ linear.weights.T + linear.bias) / 0.5)
    found = model.predict(TEXTS)
    np.testing.assert_allclose([list(one.probabilities.values()) for one in found], expected)
    assert [one.label for one in found] == [("a", "b", "c")[place] for place in expected.argmax(axis=1)]
    cosines = [float(model.encode([a])[0] @ model.encode([b])[0]) for a, b in PAIRS]
    matches = model.predict(PAIRS)
    np.testing.assert_allclose(
        [one.probabilities["match"] for one in matches], sigmoid(np.array(cosines) * 9 - 4), atol=1e-5
    )
    assert all(one.probabilities["match"] + one.probabilities["mismatch"] == pytest.approx(1) for one in matches)
    assert model.predict([]) == []
    assert model.predict(TEXTS, threshold=1.0)[0].label is None


@pytest.mark.parametrize("as_delta", [False, True])
def test_it_is_saved_with_the_model_and_other_libraries_leave_it_alone(
    as_delta: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deltas, "LEAST_SHARED", 1_000)
    base = tiny(layers=2)
    base.save(tmp_path / "base")
    model = SimCSE.load(tmp_path / "base", device="cpu")
    model.carried = carried(model.dim)
    model.save(tmp_path / "run", base=str(tmp_path / "base") if as_delta else None)
    assert (tmp_path / "run" / "base.json").exists() is as_delta
    loaded = SimCSE.load(tmp_path / "run", device="cpu")
    assert loaded.predict(TEXTS) == model.predict(TEXTS)
    assert loaded.predict(PAIRS) == model.predict(PAIRS)
    assert tmp_path / "run" / CARRIED_FILE in model_files(tmp_path / "run", "run")
    if not as_delta:
        vectors = SentenceTransformer(str(tmp_path / "run"), device="cpu").encode(TEXTS)
        np.testing.assert_allclose(vectors, model.encode(TEXTS), atol=1e-5)


def test_a_model_that_carries_nothing_writes_no_file_and_says_what_to_do(tmp_path: Path) -> None:
    model = tiny(layers=1)
    model.save(tmp_path / "plain")
    assert not (tmp_path / "plain" / CARRIED_FILE).exists()
    for asked in (TEXTS, PAIRS):
        with pytest.raises(ModelError, match=r"Classifier\.fit"):
            SimCSE.load(tmp_path / "plain", device="cpu").predict(asked)


def test_saving_again_without_it_takes_the_old_one_away(model: SimCSE, tmp_path: Path) -> None:
    model.save(tmp_path / "m")
    model.carried = Carried()
    model.save(tmp_path / "m")
    assert not SimCSE.load(tmp_path / "m", device="cpu").carried


def test_what_only_the_other_kind_was_learned_for_is_said(model: SimCSE) -> None:
    both = model.carried
    model.carried = Carried(classifier=both.classifier)
    with pytest.raises(ModelError, match="give predict single texts"):
        model.predict(PAIRS)
    model.carried = Carried(matches=both.matches)
    with pytest.raises(ModelError, match="give predict pairs of texts"):
        model.predict(TEXTS)


def test_other_settings_and_training_make_it_forget(model: SimCSE) -> None:
    assert model.configured().carried is model.carried
    assert model.configured(pooling="mean", layer=2, dim=16).carried is model.carried  # as it is already
    for other in (model.configured(layer=1), model.configured(pooling="max"), model.configured(dim=8),
                  model.configured(prompt="a: "), model.configured(head="random")):  # fmt: skip
        assert not other.carried
    model.tune("head")
    assert not model.carried


def test_copies_carry_it_too(model: SimCSE) -> None:
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert other.predict(TEXTS) == model.predict(TEXTS)


def test_a_frozen_encoder_carries_it_too(multilingual: FrozenEncoder, tmp_path: Path) -> None:
    encoder = multilingual.configured(head="linear")
    encoder.carried = carried(512)
    encoder.save(tmp_path / "frozen")
    from simcse_core.encoding.catalogue import load

    for other in (load(str(tmp_path / "frozen")), copy.deepcopy(encoder)):
        assert other.predict(TEXTS) == encoder.predict(TEXTS)
        assert other.predict(PAIRS) == encoder.predict(PAIRS)
    assert not encoder.configured(dim=8).carried
    encoder.tune("head")
    assert not encoder.carried


def test_questions_and_answers_keep_their_prompts(model: SimCSE) -> None:
    plain = model.predict([("a cat: A cat sleeps.", "sofa A kitten naps.")])
    model.carried = carried(model.dim, ("a cat: ", "sofa "))
    assert model.predict([("A cat sleeps.", "A kitten naps.")]) == plain


@pytest.mark.parametrize("texts", ["a text", [1], [("a", 1)], [("a", "b"), "c"], [("a", "b", "c")]])
def test_what_is_neither_texts_nor_pairs_is_refused(texts: object, model: SimCSE) -> None:
    with pytest.raises(InputError):
        model.predict(texts)  # type: ignore[arg-type]


def test_a_threshold_is_a_probability(model: SimCSE) -> None:
    with pytest.raises(OptionError, match="from 0 to 1"):
        model.predict(TEXTS, threshold=2)


def test_a_damaged_file_is_said(model: SimCSE, tmp_path: Path) -> None:
    model.save(tmp_path / "m")
    file = tmp_path / "m" / CARRIED_FILE
    whole = file.read_bytes()
    for damaged in (whole[:-8], b"", whole.replace(b'\\"a\\"', b'\\"b\\"')):
        file.write_bytes(damaged)
        with pytest.raises(ModelError, match="damaged"):
            SimCSE.load(tmp_path / "m", device="cpu")

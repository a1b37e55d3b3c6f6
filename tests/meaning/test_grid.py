import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from simcse_core.encoding.model import SimCSE
from simcse_core.encoding.pooling import poolings
from simcse_core.errors import OptionError
from simcse_core.meaning import grid
from simcse_core.meaning.grid import Grid, similarity_grid, spearman_grid
from simcse_core.meaning.similarity import cosine_similarity, pair_cosines
from tests.conftest import SENTENCES
from tests.stand_in_hub import tiny_model

PAIRS = [(SENTENCES[at], SENTENCES[(3 * at + 1) % 8]) for at in range(7)]
SCORES = [3.0, 5.0, 1.0, 0.5, 2.0, 2.0, 4.0]


@pytest.mark.parametrize("head", ["none", "random"])
def test_every_cell_is_the_model_configured_that_way(minilm: SimCSE, head: str) -> None:
    model = tiny_model(minilm).configured(head=head)
    embeddings = model.encode_grid(SENTENCES, poolings.names())
    assert set(embeddings) == {(layer, name) for layer in range(3) for name in poolings.names()}
    for (layer, name), own in embeddings.items():
        expected = model.configured(layer=layer, pooling=name).encode(SENTENCES)
        np.testing.assert_allclose(own, expected, atol=1e-5)


def test_the_grid_of_minilm_has_its_own_vectors_in_the_last_layer(minilm: SimCSE) -> None:
    embeddings = minilm.encode_grid(SENTENCES, ["mean", "first_last_mean"])
    assert len(embeddings) == 7 * 2
    np.testing.assert_allclose(embeddings[6, "mean"], minilm.encode(SENTENCES), atol=1e-5)
    words = minilm.configured(layer=0).encode(SENTENCES)
    np.testing.assert_allclose(embeddings[0, "first_last_mean"], words, atol=1e-5)


def test_a_model_cut_at_its_word_embeddings_has_a_grid_of_one_layer(minilm: SimCSE) -> None:
    model = minilm.configured(layer=0)
    assert set(model.encode_grid(["a"], ["mean"])) == {(0, "mean")}


def test_a_grid_of_no_texts_and_one_of_an_unknown_pooling(minilm: SimCSE) -> None:
    model = tiny_model(minilm)
    assert {embeddings.shape for embeddings in model.encode_grid([], ["mean"]).values()} == {(0, 32)}
    with pytest.raises(OptionError, match="Unknown pooling 'sum'"):
        model.encode_grid(["a"], ["sum"])


def test_the_similarity_grid_has_the_cosines_and_their_mean(minilm: SimCSE) -> None:
    model = tiny_model(minilm)
    found = similarity_grid(model, SENTENCES)
    assert (found.layers, found.poolings) == ((0, 1, 2), tuple(poolings.names()))
    for row, layer in enumerate(found.layers):
        for column, name in enumerate(found.poolings):
            embeddings = model.configured(layer=layer, pooling=name).encode(SENTENCES)
            cosines = cosine_similarity(embeddings)
            np.testing.assert_allclose(found.similarity[layer, name], cosines, atol=1e-5)
            of_pairs = cosines[np.triu_indices(8, k=1)].mean()
            assert found.mean.values[row, column] == pytest.approx(of_pairs, abs=1e-5)


def test_the_spearman_grid_is_that_of_evaluating_each_cell(minilm: SimCSE, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grid, "PAIRS_AT_ONCE", 3)
    model = tiny_model(minilm)
    with torch.no_grad():
        for parameter in model.bert.parameters():
            parameter.mul_(4)  # fresh weights keep [CLS] the same within rounding
    first, second = zip(*PAIRS, strict=True)
    seen: list[tuple[int, int]] = []
    found = spearman_grid(model, first, second, SCORES, on_progress=lambda done, total: seen.append((done, total)))
    assert isinstance(found, Grid)
    assert found.values.shape == (3, 4)
    assert seen == [(3, 7), (6, 7), (7, 7)]
    for row, layer in enumerate(found.layers):
        for column, name in enumerate(found.poolings):
            configured = model.configured(layer=layer, pooling=name)
            cosines = pair_cosines(configured.encode(first), configured.encode(second))
            if (layer, name) == (0, "cls"):  # the word embedding of [CLS] is the same in every text
                assert np.isnan(found.values[row, column])
            else:
                assert found.values[row, column] == pytest.approx(spearmanr(cosines, SCORES).statistic, abs=1e-6)

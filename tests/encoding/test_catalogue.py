"""The catalogue: what its cards say, and that what is special about a model is asked of its card alone."""

from dataclasses import replace

import numpy as np
import pytest

from simcse_core.encoding.cards import CATALOGUE, READS_MOST, WITH_LAYERS, ModelCard
from simcse_core.encoding.catalogue import can_read_instead, is_here, load
from simcse_core.encoding.frozen import FrozenEncoder
from simcse_core.encoding.pooling import poolings
from simcse_core.errors import ModelError

PACKAGED = [card for card in CATALOGUE.values() if card.package]


@pytest.mark.parametrize("card", CATALOGUE.values(), ids=lambda card: card.name)
def test_every_card_says_where_its_model_is_from_and_how_it_pools(card: ModelCard) -> None:
    assert (card.package is None) != (card.hub is None)
    assert card.pooling in (*poolings.names(), None)
    assert (card.pooling is None) == card.is_frozen
    assert is_here(card.name) == (card.hub is None)
    assert card.hub is None or card.hub.count("/") == 1


def test_the_models_that_need_no_network_come_first() -> None:
    assert [card.name for card in CATALOGUE.values()][: len(PACKAGED)] == [card.name for card in PACKAGED]


def test_every_language_of_the_interface_begins_with_one_model_that_needs_no_network() -> None:
    assert sorted(language for card in PACKAGED for language in card.default_for) == ["en", "zh_CN"]
    assert not any(card.default_for for card in CATALOGUE.values() if card.hub)


@pytest.mark.parametrize("card", PACKAGED, ids=lambda card: card.name)
def test_a_card_has_as_many_layers_as_its_model(card: ModelCard) -> None:
    assert load(card.name).layers == card.layers
    if card.crowded_at is not None:
        layer, pooling = card.crowded_at
        assert card.layers is not None
        assert 0 <= layer < card.layers
        assert pooling in poolings.names()


def test_what_stands_in_for_another_model_needs_no_network() -> None:
    assert WITH_LAYERS in PACKAGED
    assert not WITH_LAYERS.is_frozen
    assert READS_MOST in PACKAGED
    assert READS_MOST.multilingual
    assert can_read_instead(READS_MOST.name) is None
    assert can_read_instead(WITH_LAYERS.name) == can_read_instead("owner/model") == READS_MOST.name


def test_a_model_of_another_name_is_frozen_when_its_card_says_so(
    monkeypatch: pytest.MonkeyPatch, multilingual: FrozenEncoder
) -> None:
    monkeypatch.setitem(CATALOGUE, "renamed", replace(CATALOGUE["use-multilingual"], name="renamed"))
    model = load("renamed")
    np.testing.assert_allclose(model.encode(["A cat."]), multilingual.encode(["A cat."]), atol=1e-6)
    with pytest.raises(ModelError, match=r"renamed gives sentence embeddings only: .* no layer can be chosen"):
        load("renamed", layer=3)

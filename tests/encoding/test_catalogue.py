"""The catalogue: what its cards say, and that what is special about a model is asked of its card alone."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from simcse_core.data import bundled
from simcse_core.encoding.cards import CATALOGUE, ModelCard
from simcse_core.encoding.catalogue import can_read_instead, default_for, is_here, load, reads_most, with_layers
from simcse_core.encoding.frozen import FrozenEncoder
from simcse_core.encoding.model import SimCSE
from simcse_core.encoding.pooling import poolings
from simcse_core.encoding.protocol import Encoder
from simcse_core.errors import ModelError
from simcse_core.meaning.similarity import Background

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
    assert {language for card in PACKAGED for language in card.default_for} == {"en", "zh_CN"}
    assert [default_for(language).name for language in ("en", "zh_CN", "fr")] == ["minilm", "me5-small", "minilm"]
    assert not any(card.default_for for card in CATALOGUE.values() if card.hub)


@pytest.mark.parametrize("card", PACKAGED, ids=lambda card: card.name)
def test_a_card_has_as_many_layers_as_its_model(card: ModelCard, offline: dict[str, Encoder]) -> None:
    assert offline[card.name].layers == card.layers
    if card.crowded_at is not None:
        layer, pooling = card.crowded_at
        assert card.layers is not None
        assert 0 <= layer < card.layers
        assert pooling in poolings.names()
        model = offline[card.name]
        assert isinstance(model, SimCSE)
        unrelated = bundled.unrelated("en")[:40]
        crowded = Background.of(model.configured(layer=layer, pooling=pooling).encode(unrelated))
        assert crowded.middle == pytest.approx(0.9, abs=0.05)


def test_what_stands_in_for_another_model_needs_no_network() -> None:
    assert (with_layers().name, reads_most().name) == ("me5-small", "me5-small")
    assert can_read_instead("me5-small") is None
    assert can_read_instead("minilm") == can_read_instead("use-multilingual") == can_read_instead("owner/model")
    assert can_read_instead("owner/model") == "me5-small"


def test_without_its_package_the_models_that_are_there_take_its_place(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As on Windows, for which the package has no wheel."""
    monkeypatch.setenv("SIMCSE_MODELS", str(tmp_path))  # nobody has unpacked it here
    monkeypatch.setitem(CATALOGUE, "me5-small", replace(CATALOGUE["me5-small"], package="no_such_package"))
    assert not is_here("me5-small")
    assert default_for("zh_CN").name == reads_most().name == "use-multilingual"
    assert with_layers().name == "minilm"
    assert can_read_instead("use-multilingual") is None


def test_a_model_of_another_name_is_frozen_when_its_card_says_so(
    monkeypatch: pytest.MonkeyPatch, multilingual: FrozenEncoder
) -> None:
    monkeypatch.setitem(CATALOGUE, "renamed", replace(CATALOGUE["use-multilingual"], name="renamed"))
    model = load("renamed")
    np.testing.assert_allclose(model.encode(["A cat."]), multilingual.encode(["A cat."]), atol=1e-6)
    with pytest.raises(ModelError, match=r"renamed gives sentence embeddings only: .* no layer can be chosen"):
        load("renamed", layer=3)

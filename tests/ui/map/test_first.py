"""The map that the page begins with is stored, and is that of today's texts, model and methods."""

import numpy as np
import pytest

from simcse_core.encoding.protocol import Encoder
from simcse_core.meaning.projection import measure_quality
from ui.frame.translation import LANGUAGES
from ui.map import first
from ui.map.source import MapSource, content_of
from ui.shared import defaults, stored
from ui.shared.cache import EncoderSettings


def source_of(language: str) -> MapSource:
    texts, settings = first.texts_of(language), EncoderSettings(defaults.model(language))
    rows = stored.embeddings(texts.texts, settings)
    assert rows is not None, "run make assets"
    return MapSource(texts, rows, settings, content_of(texts, settings), language)


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_the_stored_embeddings_are_those_of_the_model(language: str, offline: dict[str, Encoder]) -> None:
    source = source_of(language)
    encoded = offline[defaults.model(language)].encode(list(source.texts.texts))
    np.testing.assert_allclose((source.embeddings * encoded).sum(axis=1), 1, atol=1e-3)


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_the_stored_map_has_the_quality_that_it_says_and_groups_with_names(language: str) -> None:
    source = source_of(language)
    for recipe in first.RECIPES:
        result = first.stored_map(source, recipe)
        assert result is not None, "run make assets"
        assert result.quality is not None
        measured = measure_quality(source.embeddings, result.points)
        assert result.quality.trustworthiness == pytest.approx(measured.trustworthiness, abs=0.01)
        assert result.quality.kept.mean() == pytest.approx(measured.kept.mean(), abs=0.02)
    grouping = first.stored_grouping(source)
    assert grouping is not None
    assert grouping.groups.count == len(grouping.names) >= 5
    assert sum(grouping.groups.sizes) == (grouping.groups.of >= 0).sum()


def test_other_texts_and_other_settings_have_no_stored_map() -> None:
    source = source_of("en")
    other = MapSource(source.texts, source.embeddings, EncoderSettings("minilm", layer=3), "another", "en")
    assert first.stored_map(other, first.RECIPES[0]) is None
    assert first.stored_grouping(other) is None

"""The small maps that come with the app are those of today's texts, settings and library."""

from pathlib import Path

import numpy as np
import pytest

from simcse_core.encoding.model import SimCSE
from simcse_core.meaning.projection import trustworthiness
from ui.map.honesty import grids, stored
from ui.map.honesty.sample import sample_rows

ROOT = Path(__file__).parent.parent.parent.parent
PINNED = dict(
    line.split("==", 1) for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").split() if "==" in line
)


@pytest.mark.parametrize("data", stored.names())
def test_small_maps_are_of_today_s_texts_settings_and_library(data: str) -> None:
    texts, settings = stored.of_bundled(data)
    rows = sample_rows(len(texts))
    there = stored.load(data)
    assert there is not None, "make assets"
    assert there.digest == stored.digest([texts.texts[row] for row in rows], settings.model), "make assets"
    assert list(there.maps) == grids.stored_recipes(), "make assets"
    assert there.versions == {package: PINNED[package] for package in stored.PACKAGES}, "make assets"
    for one in there.maps.values():
        assert one.points.shape == (len(rows), 2)
        assert one.points.max() == pytest.approx(1)
        assert np.isfinite(one.points).all()
        assert 0.5 < one.trustworthiness <= 1


@pytest.mark.parametrize("data", ["texts-en", "intents-zh"])
def test_small_maps_keep_as_much_of_the_models_embeddings_as_they_say(data: str, offline: dict[str, SimCSE]) -> None:
    """Points of other embeddings would have a trustworthiness of about one half."""
    texts, settings = stored.of_bundled(data)
    there = stored.load(data)
    assert there is not None
    rows = sample_rows(len(texts))
    embeddings = offline[settings.model].encode([texts.texts[row] for row in rows])
    for one in list(there.maps.values())[:2]:
        assert trustworthiness(embeddings, one.points) == pytest.approx(one.trustworthiness, abs=0.005)


def test_only_a_bundled_set_by_the_model_as_it_comes_has_stored_maps() -> None:
    from dataclasses import replace

    texts, settings = stored.of_bundled("texts-en")
    bundled_texts = replace(texts, is_bundled=True)
    drawn = [bundled_texts.texts[row] for row in sample_rows(len(texts))]
    assert len(stored.maps(bundled_texts, settings, drawn)) == len(grids.stored_recipes())
    assert not stored.maps(texts, settings, drawn), "a file of one's own may have the same name"
    assert not stored.maps(bundled_texts, replace(settings, layer=3), drawn)
    assert not stored.maps(bundled_texts, settings, drawn[1:])


def test_stored_coordinates_keep_the_proportions_of_a_map() -> None:
    points = np.array([[0, 0], [4, 0], [0, 1]], dtype=np.float32)
    np.testing.assert_array_equal(stored.quantised(points), [[0, 0], [65_535, 0], [0, 16_384]])
    np.testing.assert_array_equal(stored.quantised(points[:1]), [[0, 0]])

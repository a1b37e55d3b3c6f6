import numpy as np
import pytest

from simcse_core.data import bundled
from simcse_core.encoding.catalogue import load
from simcse_core.meaning.similarity import cosine_similarity
from simcse_core.runs.config import data_hash
from simcse_core.runs.race import results, verdict
from ui import defaults, stored
from ui.translation import LANGUAGES


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_the_stored_heatmap_is_what_the_model_gives(language: str) -> None:
    look = stored.first_look(language)
    assert look.model == defaults.MODEL[language]
    assert look.texts == bundled.samples()[look.sample].sentences[language]
    np.testing.assert_allclose(look.matrix, cosine_similarity(load(look.model).encode(look.texts)), atol=1e-3)


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_the_recorded_race_is_of_today_s_data_settings_and_losses(language: str) -> None:
    race = stored.race(language)
    names = defaults.race_losses(bundled.load(race.config.data))
    assert [outcome.loss for outcome in race.outcomes] == names
    wanted = defaults.race_config(language)
    assert race.config.settings == wanted.settings
    assert (race.config.data, race.config.model, race.config.layer) == (wanted.data, wanted.model, wanted.layer)
    assert race.config.data_sha256 == data_hash(bundled.load(wanted.data))
    assert all(outcome.finished for outcome in race.outcomes)
    assert [line.name for line in results(race.outcomes, race.baselines)] == ["frozen", "tfidf", *names]
    assert verdict(race.outcomes) is not None


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_the_recorded_start_is_what_the_frozen_model_gives(language: str) -> None:
    race = stored.race(language)
    frozen = load(race.config.model, layer=race.config.layer)
    np.testing.assert_allclose(race.before, cosine_similarity(frozen.encode(race.texts)), atol=1e-3)

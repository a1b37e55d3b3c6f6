import numpy as np
import pytest

from simcse_core.data import bundled
from simcse_core.encoding.catalogue import CATALOGUE
from simcse_core.encoding.model import SimCSE
from simcse_core.encoding.protocol import Encoder
from simcse_core.learning.records import Step
from simcse_core.meaning.similarity import Background, cosine_similarity
from simcse_core.runs.config import data_hash
from simcse_core.runs.race import configs, results, verdict
from ui.assets import faq_texts
from ui.frame.translation import LANGUAGES
from ui.shared import defaults, stored


@pytest.mark.parametrize(
    ("model", "language"), [(card.name, language) for card in CATALOGUE.values() for language in card.default_for]
)
def test_the_stored_heatmap_is_what_the_model_gives(model: str, language: str, offline: dict[str, Encoder]) -> None:
    look = stored.first_look(model)
    assert look.model == model
    assert look.texts == bundled.samples()[look.sample].sentences[language]
    encoder = offline[model]
    np.testing.assert_allclose(look.matrix, cosine_similarity(encoder.encode(look.texts)), atol=1e-3)
    unrelated = Background.of(encoder.encode(bundled.unrelated(language)))
    assert look.unrelated == pytest.approx(unrelated.middle, abs=1e-3)


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_the_recorded_race_is_of_today_s_data_settings_and_losses(language: str) -> None:
    race = stored.race(language)
    names = defaults.race_losses(bundled.load(race.config.data))
    assert [outcome.loss for outcome in race.outcomes] == names * len(defaults.RACE_SEEDS)
    assert len(defaults.RACE_SEEDS) >= 3
    wanted = defaults.race_config(language)
    planned = configs(wanted, names, defaults.RACE_SEEDS)[0].settings
    assert race.config.settings == planned
    start = (wanted.data, wanted.model, wanted.layer, wanted.pooling)
    assert (race.config.data, race.config.model, race.config.layer, race.config.pooling) == start
    assert race.config.data_sha256 == data_hash(bundled.load(wanted.data))
    assert all(outcome.finished for outcome in race.outcomes)
    lines = [line.name for line in results(race.outcomes, race.baselines)]
    assert lines[:2] == ["as_it_comes", "tfidf"]
    assert lines[-len(names) :] == names
    found = verdict(race.outcomes, race.baselines)
    assert found is not None
    assert found.is_about_seeds


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_the_recorded_losses_learned_from_equally_many_sentences(language: str) -> None:
    """Each as near to the plan as whole steps allow."""
    race = stored.race(language)
    planned = race.config.settings.sentences
    assert planned is not None
    for outcome in race.outcomes:
        texts = [record.texts for record in outcome.records if isinstance(record, Step)]
        assert abs(sum(texts) - planned) <= max(texts) / 2


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_the_recorded_start_is_what_the_model_gives(language: str, offline: dict[str, Encoder]) -> None:
    race = stored.race(language)
    start = offline[race.config.model]
    if isinstance(start, SimCSE):
        start = start.configured(layer=race.config.layer, pooling=race.config.pooling)
    np.testing.assert_allclose(race.before, cosine_similarity(start.encode(race.texts)), atol=1e-3)


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_the_stored_embeddings_are_what_the_models_give_for_the_lists_of_today(
    language: str, offline: dict[str, SimCSE]
) -> None:
    for settings, texts in faq_texts(language):
        rows = stored.embeddings(texts, settings)
        assert rows is not None, "make assets"
        encoder = offline[settings.model].configured(prompt=settings.prompt)
        sample = slice(None, None, 20)
        cosines = (rows[sample] * encoder.encode(texts[sample])).sum(axis=1)
        np.testing.assert_allclose(cosines, 1, atol=1e-3)

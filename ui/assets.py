"""Computes what `ui/shared/stored` holds: `make assets`, a few minutes. The races are real; they take place here."""

import json
import os
import platform
import tempfile
from dataclasses import asdict, replace

import numpy as np

from simcse_core.data import bundled
from simcse_core.data.faq import bundled_faq
from simcse_core.encoding.catalogue import CATALOGUE, load
from simcse_core.encoding.model import SimCSE
from simcse_core.encoding.protocol import Encoder
from simcse_core.jsonable import jsonable
from simcse_core.meaning.projection import Recipe
from simcse_core.meaning.similarity import Background, cosine_similarity
from simcse_core.runs import race, store
from simcse_core.runs.config import open_split
from simcse_core.runs.execute import execute
from ui.classify import stored as classify
from ui.frame.translation import LANGUAGES, catalogue
from ui.losses import padding
from ui.losses import run as losses_run
from ui.map import first as map_first
from ui.map.honesty import grids
from ui.map.honesty import stored as small_maps
from ui.search import first
from ui.search.corpus import BUNDLED as SEARCHED
from ui.shared import defaults
from ui.shared.cache import EncoderSettings
from ui.shared.prompt_and_dim import PAIR, sides
from ui.shared.stored import FOLDER, StoredHeatmap, StoredRace, digest, embeddings_file
from ui.similarity import stored as similarity
from ui.start import stored as start


def main() -> None:
    _write("first_look", first_looks())
    for language in LANGUAGES:
        _write(f"classify_{language}", classify.compute(language, load(defaults.model(language))))
        _write(f"padding_{language}", asdict(padding.compute(language)))
    losses_run.store_first()
    _write("first_search", first_searches())
    store_embeddings()
    for language in LANGUAGES:
        map_first.store(language)
    store_small_maps()
    _write("questions", asdict(questions()))
    for model, language in similarity.models():
        similarity.store(model, language)
    with tempfile.TemporaryDirectory() as home:
        os.environ["SIMCSE_HOME"] = home
        for language in LANGUAGES:
            stored = _race(language)
            _write(f"race_{language}", jsonable({**asdict(stored), "config": stored.config.model_dump(mode="json")}))


def first_looks() -> dict[str, object]:
    """By model, for each that a language begins with where its package is there."""
    return {
        card.name: asdict(_first_look(card.name, language))
        for language in LANGUAGES
        for card in CATALOGUE.values()
        if language in card.default_for
    }


def first_searches() -> dict[str, object]:
    """By model, as `first_looks`."""
    return {
        card.name: asdict(
            first.computed(
                card.name, f"{SEARCHED}-{bundled.ending(language)}", catalogue(language).gettext(first.QUERIES[0])
            )
        )
        for language in LANGUAGES
        for card in CATALOGUE.values()
        if language in card.default_for
    }


def _first_look(name: str, language: str) -> StoredHeatmap:
    texts = bundled.samples()["first_look"].in_language(language).sentences
    model = load(name)
    return StoredHeatmap(name, "first_look", texts, _cosines(model, texts), _unrelated(model, language))


def store_embeddings() -> None:
    """Those of the bundled lists of questions and answers, with what is asked of them, and of the first map, by each
    language's model."""
    for language in LANGUAGES:
        digests, rows = [], []
        for settings, texts in [*faq_texts(language), map_texts(language)]:
            digests += [digest(text, settings.prompt) for text in texts]
            rows.append(load(settings.model, prompt=settings.prompt).encode(texts).astype(np.float16))
        np.savez_compressed(
            embeddings_file(defaults.model(language)), digests=np.array(digests), rows=np.concatenate(rows)
        )


def store_small_maps() -> None:
    """Those of the page Map: seeds and settings side by side."""
    for data in small_maps.names():
        texts, settings = small_maps.of_bundled(data)
        small_maps.store(data, load(settings.model).encode(texts.texts), texts.texts, settings.model)


def questions() -> start.Questions:
    """The small figures of the page Start: the model that pages begin with, and a map with two seeds."""
    maps = small_maps.load(f"{map_first.DATA}-en")
    assert maps is not None
    first, second = (maps.maps[recipe].points for recipe in grids.seeds(Recipe.of(grids.USUAL))[:2])
    return start.compute(SimCSE.load(start.MODEL), first, second)


def faq_texts(language: str) -> list[tuple[EncoderSettings, list[str]]]:
    """Every text that the page Answers shows first in a language, with the encoder that it starts with."""
    faq, card = bundled_faq(language), CATALOGUE[defaults.model(language)]
    has_both = card.prompts.pair(PAIR) is not None and card.prompts.default is None
    of_questions, of_answers = sides(EncoderSettings(card.name, prompt=PAIR if has_both else None))
    return [(of_questions, [*faq.questions, *(one.question for one in faq.asked)]), (of_answers, [*faq.answers])]


def map_texts(language: str) -> tuple[EncoderSettings, list[str]]:
    """Every text that the page Map shows first in a language, with its encoder."""
    return EncoderSettings(defaults.model(language)), list(map_first.texts_of(language).texts)


def _race(language: str) -> StoredRace:
    data, dev = open_split(defaults.race_config(language))
    assert dev is not None
    configs = race.configs(defaults.race_config(language), defaults.race_losses(data), defaults.RACE_SEEDS)
    texts = defaults.comparison_texts(dev)
    outcomes: list[race.Outcome] = []
    after: dict[str, list[list[float]]] = {}
    unrelated: dict[str, float] = {}
    for config in configs:
        run = store.create(config)
        execute(run, emit=lambda _: None)
        outcomes.append(race.outcome(run))
        loss = config.settings.loss
        if loss not in after:  # of the first seed
            trained = load(run.id)
            after[loss], unrelated[loss] = _cosines(trained, texts), _unrelated(trained, language)
        print(loss, config.settings.seed, outcomes[-1].finished)
    config = configs[0]
    start = load(
        config.model, layer=config.layer, pooling=config.pooling, head=config.head, prompt=config.prompt, dim=config.dim
    )
    return StoredRace(
        cores=os.cpu_count() or 1,
        system=platform.system(),
        config=config,
        outcomes=[_anywhere(outcome) for outcome in outcomes],
        baselines=race.beside(config),
        texts=texts,
        before=_cosines(start, texts),
        after=after,
        unrelated_before=_unrelated(start, language),
        unrelated_after=unrelated,
    )


def _anywhere(outcome: race.Outcome) -> race.Outcome:
    """Without what names the run on this machine."""
    finished = outcome.finished
    assert finished is not None
    records = [*outcome.records[:-1], finished.model_copy(update={"run": "", "model": ""})]
    return replace(outcome, run="", records=records)


def _unrelated(model: Encoder, language: str) -> float:
    return round(Background.of(model.encode(bundled.unrelated(language))).middle, 4)


def _cosines(model: Encoder, texts: list[str]) -> list[list[float]]:
    rounded: list[list[float]] = cosine_similarity(model.encode(texts)).astype(float).round(4).tolist()
    return rounded


def _write(name: str, value: object) -> None:
    (FOLDER / f"{name}.json").write_text(json.dumps(value, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

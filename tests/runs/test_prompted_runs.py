"""Runs with a prompt or shorter embeddings: recorded, repeated by a command, and the saved model does it by itself."""

import shlex
from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from simcse_core.commands.main import make_parser
from simcse_core.commands.training_options import config_of
from simcse_core.data.kinds import Answers
from simcse_core.data.opening import open_data
from simcse_core.encoding.model import SimCSE
from simcse_core.errors import OptionError
from simcse_core.learning.baselines import baselines
from simcse_core.learning.measuring import measure
from simcse_core.learning.prompting import prompted
from simcse_core.learning.settings import TrainingSettings
from simcse_core.runs import race, store
from simcse_core.runs.config import RunConfig, describe
from simcse_core.runs.execute import execute
from simcse_core.runs.exports import DEV_DATA, data_of
from simcse_core.runs.reproduce import command
from simcse_core.runs.summary import settings_of
from tests.encoding.tiny import TEXTS, change, tiny

ONE_STEP = TrainingSettings(loss="cross_entropy", steps=1, batch_size=8)


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """A model that names two prompts and uses none."""
    tiny(layers=1).save(tmp_path / "named")
    change(
        tmp_path / "named" / "config_sentence_transformers.json",
        prompts={"query": "a cat: ", "document": "two kittens: "},
    )
    return str(tmp_path / "named")


def trained(**settings: object) -> store.Run:
    run = store.create(describe(RunConfig.model_validate({"data": "answers-en", "settings": ONE_STEP, **settings})))
    execute(run, lambda _record: None)
    return run


def test_a_run_trains_and_is_saved_with_its_prompt_and_its_dimensions(folder: str) -> None:
    run = trained(model=folder, prompt="query", dim=8, dev="answers-en")
    model = SimCSE.load(run.id)
    assert (model.prompts.default, model.prompts.text, model.dim) == ("query", "a cat: ", 8)
    peer = SentenceTransformer(str(run.model), device="cpu")
    np.testing.assert_allclose(peer.encode(TEXTS, normalize_embeddings=True), model.encode(TEXTS), atol=1e-5)
    start = measure(SimCSE.load(folder, prompt="query", dim=8), open_data("answers-en")).metrics
    finished = run.finished()
    assert finished is not None
    assert finished.dev_before is not None
    assert finished.dev_before["map"] == pytest.approx(vars(start)["map"], abs=1e-5)


def test_two_prompts_are_put_before_questions_and_answers_and_the_saved_model_has_none(folder: str) -> None:
    run = trained(model=folder, prompt="query,document", dev="answers-en")
    model = SimCSE.load(run.id)
    assert (model.prompts.text, model.prompts.names) == ("", ("query", "document"))
    data = open_data("answers-en")
    assert isinstance(data, Answers)
    by_hand = Answers.of(
        "by hand",
        [[f"a cat: {text}" for text in data.question], [f"two kittens: {text}" for text in data.answer], data.label],
    )
    finished = run.finished()
    assert finished is not None
    assert finished.dev_after is not None
    for read in (by_hand, data_of(model)[DEV_DATA]):  # an export of the run is measured on the latter
        kept = measure(model, read).metrics
        assert finished.dev_after["map"] == pytest.approx(vars(kept)["map"], abs=1e-5)


@pytest.mark.parametrize("prompt", ["query", "query,document"])
def test_the_model_as_it_comes_reads_texts_with_the_prompt_of_the_run(folder: str, prompt: str) -> None:
    finished = (run := trained(model=folder, prompt=prompt, dev="answers-en")).finished()
    assert finished is not None
    assert finished.dev_as_it_comes is not None
    assert finished.dev_before is not None
    assert finished.dev_as_it_comes["map"] == pytest.approx(finished.dev_before["map"], abs=1e-5)
    data = open_data("answers-en")
    assert finished.dev_as_it_comes["map"] != pytest.approx(vars(measure(SimCSE.load(folder), data).metrics)["map"])
    assert race.beside(run.config)["tfidf"] == baselines(data, data)["tfidf"]
    assert race.baselines_file(run.config) != race.baselines_file(run.config.model_copy(update={"prompt": None}))


def test_two_prompts_need_questions_and_answers(folder: str) -> None:
    with pytest.raises(OptionError, match=r"answers; pairs-en\.csv holds pairs"):
        prompted(SimCSE.load(folder), "query,document", open_data("pairs-en"))
    with pytest.raises(OptionError, match=r"answers; intents-en\.csv holds labelled"):
        prompted(SimCSE.load(folder), "query,document", open_data("answers-en"), open_data("intents-en"))


@pytest.mark.parametrize("prompt", ["query", "it's a text: ", "", "--q: ", "查询："])
def test_the_command_of_a_run_says_its_prompt_and_its_dimensions(prompt: str) -> None:
    config = RunConfig(data="answers-en", prompt=prompt, dim=64)
    words = shlex.split(command(config))
    again = config_of(make_parser().parse_args(words[3:]))
    assert (again.prompt, again.dim) == (prompt, 64)
    assert (settings_of(config)["prompt"], settings_of(config)["dim"]) == (prompt, "64")
    assert "prompt" not in command(RunConfig(data="answers-en"))


def test_a_training_for_several_lengths_says_what_each_is_worth(folder: str) -> None:
    settings = ONE_STEP.model_copy(update={"matryoshka": "16,4"})
    run = trained(model=folder, settings=settings, dev="answers-en")
    end = run.finished()
    assert end is not None
    assert end.dev_by_dim is not None
    assert end.dev_after is not None
    assert list(end.dev_by_dim) == [16, 4]
    for dim, metrics in end.dev_by_dim.items():
        again = measure(SimCSE.load(run.id, dim=dim), open_data("answers-en")).metrics
        assert metrics["map"] == pytest.approx(vars(again)["map"], abs=1e-5)
    assert end.dev_by_dim[16]["map"] == pytest.approx(end.dev_after["map"], abs=1e-5)
    assert "--matryoshka 16,4" in command(run.config)

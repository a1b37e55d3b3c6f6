"""Every page survives every model in its list, whatever has happened to a run's folder."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from transformers import DistilBertConfig

from simcse_core.encoding.model import SimCSE
from simcse_core.runs import index, store
from tests.encoding.test_damage import CONTENTS
from tests.encoding.tiny import tiny
from tests.ui import races
from tests.ui.races import ME
from tests.ui.test_pages import ROOT
from ui.frame.page import PAGES
from ui.shared import models

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


@pytest.fixture(autouse=True)
def everything_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "REFRESH_SECONDS", 0.0)


def offered() -> list[str]:
    models.finished_runs.clear()
    models.is_readable.clear()
    return models.finished_runs(ME)


def trained(model: SimCSE, loss: str = "bce") -> store.Run:
    """A finished run of mine with this model."""
    (run,) = races.start((loss,))
    races.finish(run, right=0.9)
    model.save(run.model)
    return run


def distilbert() -> SimCSE:
    return tiny(DistilBertConfig, dim=16, hidden_dim=24, n_heads=2)


@pytest.mark.parametrize("file", ["config.json", "modules.json", "1_Pooling/config.json"])
def test_a_damaged_run_is_left_out_of_the_list_and_the_others_stay(file: str) -> None:
    whole, damaged = trained(tiny(layers=1)), trained(tiny(layers=1), "supcon")
    assert offered() == [damaged.id, whole.id]
    for content in CONTENTS.values():
        (damaged.model / file).write_bytes(content)
        assert offered() == [whole.id]


def layer_0() -> SimCSE:
    return tiny(layers=1).configured(layer=0)


@pytest.mark.parametrize("model", [distilbert, layer_0])
def test_the_page_similarity_shows_a_run_of_any_family_and_of_any_number_of_layers(
    model: Callable[[], SimCSE],
) -> None:
    run = trained(model())
    assert models.card(run.id).layers == model().layers
    page = open_similarity(run.id)
    assert page.selectbox(key="model-en").value == run.id
    assert page.table[0].value.shape == (8, 8)


def test_the_page_similarity_shows_another_model_when_a_link_asks_for_a_damaged_one() -> None:
    run = trained(tiny(layers=1))
    (run.model / "config.json").write_text("null")
    page = open_similarity(run.id)
    assert page.selectbox(key="model-en").value == "minilm"
    assert page.table[0].value.shape == (8, 8)


def open_similarity(model: str) -> AppTest:
    page = AppTest.from_file(str(Path(ROOT) / "app.py"), default_timeout=60)
    page.switch_page(PAGES["similarity"].path)
    page.query_params["language"], page.query_params["model"] = "en", model
    page.run()
    assert not page.exception
    assert not page.error
    return page


def test_the_page_similarity_says_in_words_that_weights_are_damaged() -> None:
    run = trained(tiny(layers=1))
    (run.model / "model.safetensors").write_bytes(b"garbage")
    page = AppTest.from_file(str(Path(ROOT) / "app.py"), default_timeout=60)
    page.switch_page(PAGES["similarity"].path)
    page.query_params["language"], page.query_params["model"] = "en", run.id
    page.run()
    assert not page.exception
    assert "cannot be read (weights)" in page.error[0].value.replace("\\", "")

"""The page Similarity: every look in both languages, and what it makes of unusual sentences."""

import hashlib
import json
import math
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import spearmanr
from streamlit.testing.v1 import AppTest

from simcse_core.data import bundled
from simcse_core.encoding.model import SimCSE
from simcse_core.encoding.protocol import Encoder
from simcse_core.meaning.attribution import leave_one_out
from simcse_core.meaning.intervals import interval
from simcse_core.meaning.similarity import Background, cosine_similarity, pair_cosines
from ui.frame import projector
from ui.frame.page import PAGES
from ui.shared import cache, defaults, heatmap
from ui.similarity import pair_charts, stored, take_away

ROOT = Path(__file__).parent.parent.parent
LOOKS = ["pair", "spread", "beside", "grid"]
EVIL = "<img src=x onerror=alert(1)>"
STRANGE = [
    "\x00 NUL \x07 bell",
    "\ud800 lone surrogate",
    "مرحبا بالعالم",
    "😀👍🏽 👨‍👩‍👧",
    EVIL,
    "=HYPERLINK(1)",
    "a" * 5_000,
    "\u202eright to left\u202c",
]

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


def open_similarity(language: str = "en", text: str | None = None, **parameters: str) -> AppTest:
    cache.encoder(cache.EncoderSettings())  # what is tested here stands below a loaded model
    if language == "zh_CN" or "model" in parameters:
        cache.encoder(cache.EncoderSettings(parameters.get("model", defaults.model(language))))
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    page.switch_page(PAGES["similarity"].path)
    for parameter, value in {"language": language, **parameters}.items():
        page.query_params[parameter] = value
    page.run()
    if text is not None:
        page.session_state["sentences-state"].text = text
        page.run()
    return page


@pytest.mark.parametrize("language", ["en", "zh_CN"])
@pytest.mark.parametrize("look", LOOKS)
def test_every_look_opens_in_both_languages(look: str, language: str) -> None:
    page = open_similarity(language, look=look)
    assert not page.exception
    assert not page.error
    assert page.table[-1].value.shape == (8, 8)  # the numbers stay on the page


@pytest.mark.parametrize("look", LOOKS)
def test_strange_sentences_break_no_look(look: str) -> None:
    page = open_similarity(text="\n".join(STRANGE), look=look, order="cluster", range="stretched", threshold="20")
    assert not page.exception
    assert page.table[-1].value.shape == (len(STRANGE), len(STRANGE))


def test_a_cell_in_the_address_shows_its_cosine_its_angle_how_unusual_it_is_and_its_words(minilm: SimCSE) -> None:
    page = open_similarity(cell="1-3")
    sentences = bundled.samples()["first_look"].in_language("en").sentences
    (cosine,) = pair_cosines(minilm.encode(sentences[:1]), minilm.encode(sentences[2:3]))
    assert [metric.value for metric in page.metric] == [
        f"{cosine:.2f}",
        f"{math.degrees(math.acos(cosine)):.1f}°",
        "> 99.9",
    ]
    assert any("practically all" in text.value for text in page.markdown)
    assert any("Purple words" in caption.value for caption in page.caption)
    first, second = (str(box.key) for box in page.selectbox if str(box.key).startswith("pair-"))
    page.selectbox(key=first).select_index(3).run()
    page.selectbox(key=second).select_index(6).run()
    assert page.metric[0].value == "0.06"
    assert page.query_params["cell"] == "4-7"
    assert any("% of the pairs" in text.value.replace("**", "") for text in page.markdown)
    page.button(key="pair-close").click().run()
    assert not page.metric
    assert "cell" not in page.query_params


def test_the_cosine_of_a_chosen_pair_follows_the_typing_and_its_words_wait_to_be_asked_for() -> None:
    page = open_similarity(text="A cat sleeps.\nA kitten naps.\nStocks fell.", cell="1-2")
    before = page.metric[0].value
    (ask,) = [button for button in page.button if "Which words" in button.label]
    ask.click().run()
    assert any("Purple words" in caption.value for caption in page.caption)
    page.session_state["sentences-state"].text = "A cat sleeps.\nA train stops.\nStocks fell."
    page.run()
    assert page.metric[0].value != before
    assert not any("Purple words" in caption.value for caption in page.caption)
    page.session_state["sentences-state"].text = "Only one."
    page.run()
    assert not page.exception


def test_a_pair_the_model_cannot_read_has_no_percentile_and_no_words() -> None:
    page = open_similarity(text="今天天气很好，我们去公园。\n图书馆几点开门呢？", cell="1-2")
    assert any("no percentile" in warning.value for warning in page.warning)
    assert not any("Purple words" in caption.value for caption in page.caption)


def test_lines_that_the_model_cannot_read_are_never_the_closest_pair() -> None:
    text = "A cat sleeps.\nStocks fell.\n今天天气很好，我们去公园。\n今天天气很好，我们去花园。"
    page = open_similarity(text=text)
    assert any(text.value.startswith("The cosine of the two sentences is") for text in page.markdown)
    assert any("cannot read" in warning.value for warning in page.warning)
    alone = open_similarity(text="今天天气很好，我们去公园。\n图书馆几点开门呢？")
    assert not any("closest" in text.value or "is **" in text.value for text in alone.markdown)
    assert alone.button(key="reader")


def test_two_languages_are_read_by_a_model_that_can(me5_small: SimCSE) -> None:
    cache.encoder(cache.EncoderSettings("me5-small"))
    page = open_similarity(sample="side_by_side")
    assert page.selectbox(key="model-en").value == "me5-small"
    assert not page.warning
    page.selectbox(key="model-en").set_value("minilm").run()
    page.selectbox(key="sample-en").set_value("negation").run()
    assert page.selectbox(key="model-en").value == "minilm"
    page.selectbox(key="sample-en").set_value("side_by_side").run()
    assert page.selectbox(key="model-en").value == "me5-small"


def test_side_by_side_in_chinese_opens_on_two_models_that_read_it(me5_small: SimCSE) -> None:
    page = open_similarity("zh_CN", look="beside", model="use-multilingual")
    assert not page.exception
    assert not page.warning
    assert page.selectbox(key="b-model-zh_CN").value == "me5-small"


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_which_layer_and_pooling_is_better_is_known_at_once_on_bundled_pairs(language: str) -> None:
    page = open_similarity(language, look="grid")
    grid = stored.grid(defaults.model(language), language)
    assert grid is not None
    assert grid.best is not None
    (said,) = [text.value for text in page.markdown if "Spearman" in text.value or "斯皮尔曼" in text.value]
    found = interval(grid.items[grid.best], "spearman")
    assert "240" in said
    for number in (found.value, found.low, found.high):
        assert f"{number:.2f}" in said


@pytest.mark.parametrize(("model", "language"), stored.models())
def test_stored_grids_are_what_the_models_give(model: str, language: str, offline: dict[str, Encoder]) -> None:
    grid, pairs, encoder = stored.grid(model, language), stored.data(language), offline[model]
    assert grid is not None
    assert isinstance(encoder, SimCSE)
    layer, pooling = encoder.layers // 2, "max"
    configured = encoder.configured(layer=layer, pooling=pooling)
    cosines = pair_cosines(configured.encode(pairs.sentence1[:8]), configured.encode(pairs.sentence2[:8]))
    np.testing.assert_allclose(grid.items[layer, pooling].cosines[:8], cosines, atol=1e-3)
    everything = spearmanr(grid.items[layer, pooling].cosines, pairs.score).statistic
    assert grid.values[layer, grid.poolings.index(pooling)] == pytest.approx(everything, abs=1e-3)


def test_a_frozen_model_says_that_it_has_no_tokens_and_no_layers() -> None:
    page = open_similarity(model="use-multilingual", cell="1-2")
    page.session_state["pair-more"] = True
    page.run()
    assert not page.exception
    assert len(page.subheader) == 2  # words are left out, but there is no picture word by word
    grid = open_similarity("en", look="grid", model="use-multilingual")
    assert "has no layers" in grid.info[0].value


def test_the_same_encoder_twice_is_said() -> None:
    page = open_similarity(look="beside", **{"b-layer": "6"})
    assert "Both are the same" in page.info[0].value


def test_a_threshold_and_a_stretched_range_are_named() -> None:
    page = open_similarity(order="cluster", range="stretched", threshold="20")
    said = " ".join(caption.value for caption in page.caption)
    assert "below 0.20. 13 of 28 pairs" in said
    assert "stretched from 0.01 to 0.78" in said.replace("(white) ", "")


def test_a_good_model_is_the_living_example_of_why_everything_is_0_9(me5_small: SimCSE) -> None:
    page = open_similarity(look="spread", layer="3")
    (button,) = [
        button for button in page.button if "See it on multilingual-e5-small" in button.label.replace("\\", "")
    ]
    button.click().run(timeout=120)
    assert not page.exception
    assert page.slider(key="layer-").value == me5_small.layers
    (why,) = [text.value for text in page.markdown if "A good model can look like this" in text.value]
    unrelated = me5_small.encode(bundled.unrelated("en"))
    background = Background.of(unrelated)
    assert "temperature 0.01" in why
    assert f"**{background.mean:.2f}**" in why
    assert f"**{background.cosine_at(95):.2f}**" in why
    assert not [button for button in page.button if "See it on" in button.label]


def test_where_all_is_close_the_colours_start_at_unrelated_sentences_and_may_be_fixed_again() -> None:
    page = open_similarity(layer="5", pooling="cls")
    assert [radio.value for radio in page.radio] == ["unrelated"]
    assert "No colour is 0.99" in " ".join(caption.value for caption in page.caption)
    page.radio[0].set_value("fixed").run()
    assert not page.exception
    assert "No colour is" not in " ".join(caption.value for caption in page.caption)
    assert open_similarity().radio[0].value == "fixed"


def test_more_sentences_than_a_table_can_hold_become_ranked_pairs() -> None:
    page = open_similarity(text="\n".join(f"Sentence number {number}." for number in range(301)))
    page.session_state["all-pairs"] = True  # the list of pairs is opened
    page.run()
    assert not page.exception
    assert len(page.dataframe[-1].value) == 200
    assert (
        page.dataframe[-1].value.iloc[0, 0]
        >= page.dataframe[-1].value.iloc[99, 0]
        > page.dataframe[-1].value.iloc[-1, 0]
    )


def test_the_python_to_take_away_computes_the_same_matrix(capsys: pytest.CaptureFixture[str]) -> None:
    settings = cache.EncoderSettings(layer=3, pooling="max", head="random")
    script = take_away.python([*STRANGE[2:6], 'quotes " and \\ and \u2028'], settings)
    names: dict[str, Any] = {}
    exec(compile(script, "similarity.py", "exec"), names)
    np.testing.assert_allclose(
        names["similarity"], cosine_similarity(cache.embeddings(names["sentences"], settings)), atol=1e-5
    )
    assert "1." in capsys.readouterr().out


def test_the_csv_to_take_away_holds_no_formula() -> None:
    rows = take_away.csv(["=1+1", "b"], np.eye(2, dtype=np.float32)).splitlines()
    assert rows == ['"","\'=1+1","b"', '"\'=1+1",1.0,0.0', '"b",0.0,1.0']


def test_cached_embeddings_are_encoded_once_and_forgotten_in_the_order_of_use() -> None:
    cached = cache.EmbeddingCache(megabytes=16e-6)  # two embeddings of two numbers
    one, two = cache.EncoderSettings(), cache.EncoderSettings(layer=1)
    cached.add(["a", "b"], one, np.eye(2, dtype=np.float32))
    assert cached.missing(["a", "c", "c"], one) == ["c"]
    assert cached.missing(["a"], two) == ["a"]
    np.testing.assert_array_equal(cached.get(["b", "a", "b"], one), np.eye(2)[[1, 0, 1]])
    cached.add(["c"], one, np.ones((1, 2), dtype=np.float32))
    assert cached.get(["a"], one) is None  # used before b
    assert cached.get([], one) is None


def test_embeddings_are_those_of_the_model_and_tell_their_progress(minilm: SimCSE) -> None:
    texts = [f"text {number}" for number in range(600)]
    seen: list[tuple[int, int]] = []
    embeddings = cache.embeddings(texts, cache.EncoderSettings(layer=1), lambda done, total: seen.append((done, total)))
    np.testing.assert_allclose(embeddings, minilm.configured(layer=1).encode(texts), atol=1e-6)
    assert seen[-1] == (600, 600)
    assert len(seen) > 1
    assert seen == sorted(set(seen))


def test_what_another_session_encodes_meanwhile_is_not_encoded_again(
    minilm: SimCSE, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, texts = cache.EncoderSettings(layer=2), [f"meanwhile {number}" for number in range(3)]
    encoded: list[Sequence[str]] = []
    embeddings = minilm.configured(layer=2).encode(texts)

    def encode(part: Sequence[str]) -> NDArray[np.float32]:
        encoded.append(part)
        return embeddings

    monkeypatch.setattr(cache, "encoder", lambda _settings: SimpleNamespace(encode=encode))
    with ThreadPoolExecutor(2) as sessions:
        with cache.turns().turn(1):
            both = [sessions.submit(cache.embeddings, texts, settings) for _session in range(2)]
            end = time.monotonic() + 60
            while cache.turns().waiting < 2 and not any(session.done() for session in both):
                assert time.monotonic() < end
                time.sleep(0.001)
        for session in both:
            np.testing.assert_array_equal(session.result(), embeddings)
    assert encoded == [texts]


def test_tags_stay_text_in_the_figures_of_a_pair(minilm: SimCSE) -> None:
    effects = leave_one_out(minilm, f"{EVIL} cat", "a cat")
    figures = [
        pair_charts.word_effects(effects.words[0], effects.effects[0], reach=1, title="x"),
        pair_charts.word_pairs(np.eye(2, dtype=np.float32), [EVIL, "b"], ["<b>", "c"], reach=1),
    ]
    assert all("<img" not in str(figure.to_plotly_json()) for figure in figures)
    assert "&lt;b&gt;" in str(figures[1].layout.xaxis.ticktext)


def test_everything_on_a_projector_is_at_least_20_pixels() -> None:
    figure = pair_charts.word_pairs(np.eye(3, dtype=np.float32), list("abc"), list("abc"), reach=1)
    projector.enlarge(figure)
    sizes = [figure.layout.font.size, figure.layout.yaxis.tickfont.size]
    assert min(sizes) >= 20


def test_numbers_in_cells_on_a_projector_do_without_the_leading_zero() -> None:
    assert [projector.short(value) for value in (1.0, 0.694, -0.13, -0.001, 0.999, -1.0)] == [
        "1",
        ".69",
        "−.13",
        ".00",
        "1",
        "−1",
    ]


def test_an_old_click_is_no_click(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["a", "b", "c"]
    header = json.dumps({"rows": ["c", "b", "a"], "columns": None, "order": [3, 2, 1]}).encode()
    state: dict[str, Any] = {"map": {"cell": [0, 2, hashlib.sha256(header).hexdigest(), 123]}}
    monkeypatch.setattr("streamlit.session_state", state)
    reordered = heatmap.View(order=(2, 1, 0))
    assert heatmap.clicked(texts, key="map", view=reordered) == (2, 0)
    assert heatmap.clicked(texts, key="map", view=reordered) is None
    state["map"]["cell"][3] = 456
    assert heatmap.clicked(["new", *texts], key="map") is None  # a click on sentences that are no longer there


def test_the_spread_marks_a_pair_among_unrelated_ones() -> None:
    background = Background.of(np.random.default_rng(0).normal(size=(20, 8)))
    figure = pair_charts.spread(background, marked=0.5, names=("unrelated", ""), axis="x")
    assert abs(sum(figure.data[0].y) - 100) < 1e-6
    assert figure.layout.shapes[0].x0 == 0.5

"""Prompt and dimensions on the pages: chosen, in the address, and part of all that is cached."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from simcse_core.encoding.frozen import FrozenEncoder
from simcse_core.encoding.model import SimCSE
from simcse_core.encoding.prompts import Prompts
from simcse_core.meaning.similarity import cosine_similarity
from tests.encoding.tiny import tiny
from tests.ui.test_looks import open_similarity
from ui.shared import cache
from ui.shared.prompt_and_dim import PAIR, sides
from ui.similarity import take_away

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")

TEXTS = ("A cat sleeps.", "Stocks fell.")


def test_what_is_cached_depends_on_prompt_and_dimensions(minilm: SimCSE, multilingual: FrozenEncoder) -> None:
    for settings, model in (
        (cache.EncoderSettings(), minilm),
        (cache.EncoderSettings(prompt="cats: "), minilm.configured(prompt="cats: ")),
        (cache.EncoderSettings(dim=32), minilm.configured(dim=32)),
        (cache.EncoderSettings(dim=64), minilm.configured(dim=64)),
        (cache.EncoderSettings("use-multilingual", dim=64), multilingual.configured(dim=64)),
    ):
        np.testing.assert_allclose(cache.embeddings(TEXTS, settings), model.encode(TEXTS), atol=1e-5)


def test_unrelated_sentences_are_measured_under_the_same_dimensions() -> None:
    whole, short = (cache.background(cache.EncoderSettings(dim=dim), "en", "en") for dim in (None, 16))
    assert whole is not None
    assert short is not None
    assert short.cosine_at(95) > whole.cosine_at(95) + 0.1  # few dimensions leave more to chance


def test_a_prompt_makes_a_text_too_long_that_is_not_without() -> None:
    text = "cat " * 250
    assert cache.check((text,), cache.EncoderSettings()).truncated == ()
    assert cache.check((text,), cache.EncoderSettings(prompt="a dog on a sofa: ", dim=8)).truncated == (0,)


def test_queries_and_documents_have_each_their_prompt() -> None:
    pair = cache.EncoderSettings("me5-small", prompt=PAIR, dim=64)
    query, document = sides(pair)
    assert (query.prompt, document.prompt) == ("query", "document")
    assert (query.dim, document.model) == (64, "me5-small")
    query, document = sides(cache.EncoderSettings(prompt="query,passage"))
    assert (query.prompt, document.prompt) == ("query", "passage")
    alone = cache.EncoderSettings(prompt="cats, dogs: ")
    assert sides(alone) == (alone, alone)


def test_who_wants_no_prompt_where_a_search_starts_with_two_gets_none() -> None:
    def page() -> None:
        import streamlit as st

        from simcse_core.encoding.catalogue import CATALOGUE
        from ui.shared import prompt_and_dim

        is_search = st.query_params["is_search"] == "yes"
        chosen, _dim = prompt_and_dim.choose(CATALOGUE["me5-small"], st.container(), starts_with_pair=is_search)
        st.session_state["chosen"] = chosen

    def chosen(**given: str) -> str | None:
        app = AppTest.from_function(page)
        for name, value in given.items():
            app.query_params[name] = value
        assert not app.run().exception
        prompt: str | None = app.session_state["chosen"]
        return prompt

    assert chosen(is_search="yes") == PAIR
    assert chosen(is_search="yes", prompt="none") == ""  # None would be both prompts
    assert chosen(is_search="no") is None
    assert chosen(is_search="no", prompt="query") == "query"


def test_what_was_forgotten_is_measured_with_the_first_of_two_prompts(monkeypatch: pytest.MonkeyPatch) -> None:
    def page() -> None:
        import streamlit as st

        from ui.shared import cache
        from ui.shared.tuner import forgetting

        both = cache.EncoderSettings("tiny", prompt="query,document"), cache.EncoderSettings("tiny", prompt="query")
        st.session_state["forgotten-asked"] = both
        forgetting.show(*both, ("one", "other"), key="forgotten")

    model = tiny(layers=1)
    model.prompts = Prompts({"query": "cats: ", "document": "Stocks fell: "})
    monkeypatch.setattr(cache, "encoder", lambda of: model.configured(prompt=of.prompt))
    app = AppTest.from_function(page, default_timeout=30).run()
    assert not app.exception
    assert "The difference of +0.000 is inside the noise" in app.markdown[-1].value


def test_the_python_to_take_away_names_prompt_and_dimensions(minilm: SimCSE) -> None:
    script = take_away.python(TEXTS, cache.EncoderSettings(prompt="it's: ", dim=32))
    assert """load('minilm', prompt="it's: ", dim=32)""" in script


def test_the_page_takes_both_from_its_address_and_hands_them_to_the_link() -> None:
    page = open_similarity(text="\n".join(TEXTS), prompt="text", dim="64", **{"prompt-text": "cats:"})
    assert not page.exception
    assert [page.query_params[name] for name in ("prompt", "prompt-text", "dim")] == ["text", "cats:", "64"]
    expected = cosine_similarity(SimCSE.load(prompt="cats: ", dim=64).encode(TEXTS))[0, 1]
    assert f"{expected:.2f}" in " ".join(text.value for text in page.markdown)

"""Who reads the sentences: the settings of the encoder, and a model that can read the sample."""

import streamlit as st

from simcse_core.data import bundled
from simcse_core.data.language import language_of
from simcse_core.encoding.catalogue import CATALOGUE, reads_most
from ui.frame import address
from ui.frame.errors import plain
from ui.frame.translation import _, language
from ui.shared import cache, defaults, inputs, models


def encoder() -> cache.EncoderSettings:
    """The encoder of the page; it starts with the model that reads the sample."""
    return choose("", _model_for(address.remembered("sample", list(bundled.samples()), next(iter(bundled.samples())))))


def choose(prefix: str, start: str, layers_less: int = 0) -> cache.EncoderSettings:
    """Ask for layer and pooling in sight, and for model and all the rest behind its name.

    Args:
        prefix: of the settings' names in the address.
        start: the model it starts with.
        layers_less: how far below the last layer it starts.
    """
    layer, pooling = st.columns(2, gap="small", vertical_alignment="bottom")
    asked = [st.query_params.get(f"{prefix}model"), address.choice_of(f"{prefix}model"), start]
    name = address.remembered(f"{prefix}model", models.names(asked), start)
    with st.expander(_("Model: {name}").format(name=plain(models.title(name))), icon=":material/tune:"):
        model, rest = st.container(), st.container()
    places = [model, layer, pooling, rest]
    return inputs.encoder_settings(prefix, places=places, model=start, layers_less=layers_less)


def read_sample(name: str) -> None:
    """A sample was chosen: where the chosen model cannot read it, one that can is chosen."""
    chosen = address.choice_of("model")
    if chosen is not None and not _reads(str(chosen), name):
        address.put("model", _model_for(name))


def _model_for(sample: str) -> str:
    """The model that the language begins with, or the one that reads most where the sample needs it."""
    start = defaults.model(language())
    return start if _reads(start, sample) else reads_most().name


def _reads(model: str, sample: str) -> bool:
    sentences = bundled.samples()[sample].in_language(language()).sentences
    is_english = all(language_of([sentence]) == "en" for sentence in sentences)
    card = CATALOGUE.get(models.base_of(model))
    return is_english or card is None or card.multilingual

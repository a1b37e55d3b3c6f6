"""What is asked: which data, which encoder, which classifier, compared with what."""

from dataclasses import dataclass

import streamlit as st

from simcse_core.encoding.catalogue import is_here
from ui.classify import stored
from ui.classify.data import KEY, ClassifyData, with_test
from ui.frame import address
from ui.frame.errors import plain
from ui.frame.translation import N_, _, language
from ui.shared import defaults, inputs, models
from ui.shared.cache import EncoderSettings

METHODS = {
    "logistic": N_("Logistic regression"),
    "centre": N_("Nearest centre"),
    "knn": N_("Ten nearest neighbours"),
}
EXPLAINED = {
    "logistic": N_("It learns a weight for each dimension of the embedding and each class."),
    "centre": N_("It takes the class whose mean embedding is nearest; good with few labels."),
    "knn": N_("It asks the ten nearest labelled texts, the nearer ones more."),
}
NOTHING = "nothing"


@dataclass(frozen=True)
class Question:
    """All that the results of the page depend on."""

    data: ClassifyData
    settings: EncoderSettings
    method: str
    compared: EncoderSettings | None = None

    @property
    def key(self) -> str:
        return repr((self.data.key, self.settings, self.method, self.compared))

    @property
    def is_first(self) -> bool:
        """Whether it is what the page begins with in this language: its results are stored."""
        language_model = EncoderSettings(defaults.model(language()))
        data = self.data
        untouched = data.test is None and not data.changes and data.chosen.source == stored.data_name(language())
        return untouched and self.method == "logistic" and self.settings == language_model and self.compared is None

    @property
    def name(self) -> str:
        """The encoder and its classifier, for the screen."""
        return f"{models.title(self.settings.model)} · {_(METHODS[self.method])}"


def ask(data: ClassifyData) -> Question:
    """Asks for encoder, classifier, what it is compared with and tested by; folded away, because it has good defaults.

    Raises:
        UserError: a model or a test file cannot be used.
    """
    chosen = _name_of_choice()
    with st.popover(chosen, icon=":material/tune:", width="stretch"):
        key, keep = address.widget(f"{KEY}-by", list(METHODS), "logistic", language=language())
        method = st.selectbox(
            _("Classifier"), list(METHODS), format_func=lambda name: _(METHODS[name]), key=key, on_change=keep
        )
        st.caption(_(EXPLAINED[method]))
        data = with_test(data)
        settings = inputs.encoder_settings()
        compared = _compared(settings)
    return Question(data, settings, method, compared)


def _name_of_choice() -> str:
    method = address.remembered(f"{KEY}-by", list(METHODS), "logistic")
    model = address.choice_of("model") or st.query_params.get("model") or defaults.model(language())
    title = models.title(model) if is_here(model) else models.title(defaults.model(language()))
    return plain(f"{title} · {_(METHODS[method])}")


def _compared(settings: EncoderSettings) -> EncoderSettings | None:
    """Asks for a second model beside the first; of a run, its base is offered first."""
    base = models.base_of(settings.model)
    here = [name for name in models.names([st.query_params.get(f"{KEY}-with"), base]) if is_here(name)]
    options = [NOTHING, *sorted(here, key=lambda name: name != base)]
    key, keep = address.widget(f"{KEY}-with", options, NOTHING, language=language())
    name = st.selectbox(
        _("Compared with"),
        options,
        format_func=lambda name: _("TF-IDF only") if name == NOTHING else models.title(name),
        key=key,
        on_change=keep,
        help=_("Another model with the same classifier, for example the model that a run started from."),
    )
    if name == NOTHING:
        return None
    other = EncoderSettings(name)
    return None if other == settings else other

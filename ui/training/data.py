"""The data of a race: training rows, held-out rows, and the findings of the linter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from simcse_core.data import bundled
from simcse_core.data.conversions import convert, targets
from simcse_core.data.held_out import Sides, in_words
from simcse_core.data.kinds import KINDS, Dataset, kind_of, texts_of
from simcse_core.data.lint import Finding, lint
from simcse_core.data.splits import split
from simcse_core.encoding.texts import TextCheck
from simcse_core.errors import UserError
from simcse_core.learning.checks import losses_for, trainable
from simcse_core.learning.losses import losses
from simcse_core.learning.pretraining import pretraining
from simcse_core.runs.config import NOTHING
from ui.frame import address
from ui.frame.errors import plain
from ui.frame.translation import N_, _, joined, language
from ui.shared import cache, data_choice
from ui.shared.data_choice import ChosenData, data_title

FEW_HELD_OUT = 30
"""With fewer held-out texts the intervals are so wide that a race shows little."""
CHECKED_BY_MODEL = 2_000
"""Rows of which a model says whether it can read them; a seeded sample of more."""
HELD_OUT = {
    "share": N_("a share of this data"),
    "nothing": N_("nothing: all rows are learned from"),
    "own": N_("a file of my own"),
}
"""What results are measured on, besides bundled sets."""
SHARES = (0.1, 0.2, 0.3, 0.4, 0.5)
AS_IT_IS = "as it is"


@dataclass(frozen=True)
class HeldOut:
    """What a race is measured on: a share of the data's own rows, unless other data or nothing is said."""

    other: ChosenData | None = None
    share: float | None = None
    """Of the data's own rows; None is what is usual for their kind."""
    nothing: bool = False

    @property
    def key(self) -> str:
        return f"{self.other.key if self.other else ''} {self.share} {self.nothing}"

    @property
    def dev(self) -> str | None:
        """As `RunConfig.dev`, where it is no upload."""
        if self.other is not None:
            return self.other.source if isinstance(self.other.source, str) else ""
        return NOTHING if self.nothing else None


@dataclass(frozen=True)
class Prepared:
    """Both sides of a race's data."""

    sides: Sides
    findings: list[Finding]

    @property
    def train(self) -> Dataset:
        return self.sides.train

    @property
    def dev(self) -> Dataset | None:
        return self.sides.dev

    @property
    def losses(self) -> list[str]:
        """The losses that can learn from the training rows."""
        return [name for name in losses_for(self.train) if name in (*losses.names(), *pretraining.names())]


def measured_on(training_data: ChosenData) -> HeldOut:
    """Asks what results are measured on.

    Raises:
        DataError: the file cannot be used.
    """
    texts = not training_data.data.metrics
    of_this_data = ["nothing"] if texts else ["share", "nothing"]
    options = [*of_this_data, *data_choice.offered([kind for kind in KINDS if KINDS[kind].is_symmetric]), "own"]
    name = f"training-dev-{'texts' if texts else 'rows'}"
    start = next((one for one in options if one.startswith("scored")), of_this_data[0]) if texts else of_this_data[0]
    key, keep = address.widget(name, options, start, language=language())
    held = st.selectbox(
        _("Measured on"),
        options,
        format_func=lambda option: _(HELD_OUT[option]) if option in HELD_OUT else data_title(option),
        key=key,
        on_change=keep,
        help=_("Texts without labels give nothing to measure; a set of pairs shows what the model learned from them."),
    )
    if held == "own":
        brought = data_choice.upload("training-dev", [kind for kind in KINDS if KINDS[kind].metrics])
        return HeldOut(None if brought is None else data_choice.opened(brought, "training-dev"))
    if held == "share":
        return HeldOut(share=_share(training_data.data))
    return HeldOut(nothing=not texts) if held == "nothing" else HeldOut(ChosenData(bundled.load(held), held))


def _share(data: Dataset) -> float | None:
    """Asks how much of the data is held out; None is what is usual for its kind."""
    usual = data.dev_share
    share = st.select_slider(
        _("Share to hold out"),
        SHARES,
        usual,
        format_func=lambda one: f"{one:.0%}",
        key=f"race-dev-share-{kind_of(data)}",
        help=_("What is held out is not learned from. The more there is, the narrower the ranges of the result."),
    )
    return None if share == usual else share


def kind_choice(training_data: ChosenData) -> str | None:
    """Asks whether the rows become another kind before they are learned from; None leaves them as they are."""
    options = [AS_IT_IS, *targets(kind_of(training_data.data))]
    if len(options) == 1:
        return None
    kind = st.selectbox(
        _("Learn from the rows as"),
        options,
        format_func=lambda option: _("what they are") if option == AS_IT_IS else _(KINDS[option].rows_are),
        key=f"race-kind-{kind_of(training_data.data)}-{language()}",
        help=_("Another kind makes other losses possible. The held-out rows are set aside first."),
    )
    return None if kind == AS_IT_IS else kind


def prepare(training_data: ChosenData, held: HeldOut, kind: str | None, *, seed: int, batch_size: int) -> Prepared:
    """Both sides and the linter's findings, once for the same choices and all sessions.

    Args:
        training_data: what to learn from.
        held: what to measure on.
        kind: that the training rows become; None leaves them as they are.
        seed: for what is held out.
        batch_size: for what is expected of in-batch negatives.

    Raises:
        DataError: nothing can learn from this data, or nothing of it can be held out.
    """
    prepared = prepared_once(training_data.key, held.key, kind, seed, batch_size, training_data, held)
    if isinstance(prepared, UserError):
        raise prepared
    return prepared


@st.cache_resource(max_entries=24, show_spinner=False)
def prepared_once(
    key: str,
    held_key: str,
    kind: str | None,
    seed: int,
    batch_size: int,
    _training_data: ChosenData,
    _held: HeldOut,
) -> Prepared | UserError:
    """A refusal is cached as well: it may take as long to compute."""
    data, dev = _training_data.data, None if _held.other is None else _held.other.data
    try:
        learned_from = trainable(data, losses_for(data)[0])
        if dev is None and not _held.nothing and data.metrics:
            learned_from, dev = split(learned_from, dev_share=_held.share, seed=seed)
        sides = Sides(data, learned_from, dev, convert(learned_from, kind, seed=seed) if kind else None)
        trainable(sides.train, losses_for(sides.train)[0])
        return Prepared(sides, lint(sides.train, dev=dev, batch_size=batch_size))
    except UserError as error:
        return error


def show(prepared: Prepared, training_data: ChosenData, model: str, *, opened: bool = False) -> None:
    """How many rows there are on each side, and what the linter has to say.

    Args:
        prepared: both sides.
        training_data: what is learned from.
        model: that will read it; empty for one that is yet to be made.
        opened: whether what is only good to know is unfolded.
    """
    st.caption(plain(joined(*(_(said.template).format(**_named(said.values)) for said in in_words(prepared.sides)))))
    if prepared.sides.converted is not None:
        st.caption(plain(_(prepared.sides.converted.description)))
    if prepared.dev is not None and len(prepared.dev) < FEW_HELD_OUT:
        st.warning(_("So few held-out texts say little: expect wide ranges and no winner."))
    findings = [*prepared.findings, *(_of_the_model(training_data, prepared.train, model) if model else ())]
    for finding in findings:
        if finding.severity != "info":
            st.warning(_in_words(finding), icon=":material/rule:")
    folded = [finding for finding in findings if finding.severity == "info"]
    if folded:
        with st.expander(_("Good to know about this data"), icon=":material/rule:", expanded=opened):
            for finding in folded:
                st.markdown(_in_words(finding))


def _in_words(finding: Finding) -> str:
    return plain(_(finding.template).format(**finding.values))


def _named(values: Mapping[str, object]) -> dict[str, object]:
    """The values of a sentence, with data and kinds as the screen calls them."""
    named = dict(values)
    if "name" in named:
        bundled_name = str(named["name"]).removesuffix(".csv")
        named["name"] = data_title(bundled_name) if bundled_name in bundled.names() else named["name"]
    if "kind" in named:
        named["kind"] = _(KINDS[str(named["kind"])].rows_are)
    return named


def _of_the_model(training_data: ChosenData, train: Dataset, model: str) -> Sequence[Finding]:
    """Texts that the model cannot read or cuts; nothing while it is loading, because the first paint does not wait."""
    if not cache.is_loaded(model):
        return ()
    some = (
        train
        if len(train) <= CHECKED_BY_MODEL
        else train.take(range(0, len(train), -(-len(train) // CHECKED_BY_MODEL)))
    )
    return _checked(training_data.key, model, some, cache.encoder(cache.EncoderSettings(model)).check)


@st.cache_data(max_entries=100, show_spinner=False)
def _checked(key: str, model: str, _train: Dataset, _check: object) -> list[Finding]:
    assert callable(_check)
    check: TextCheck = _check(texts_of(_train))
    return [finding for finding in lint(_train, check=check) if finding.code in ("unreadable", "truncated")]

"""The data of a race: what is learned from, what is measured on, and what the linter says of both."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from simcse_core.data import bundled
from simcse_core.data.conversions import Converted, convert, targets
from simcse_core.data.kinds import KINDS, Dataset, Labelled, Texts, kind_of, texts_of
from simcse_core.data.lint import Finding, lint
from simcse_core.data.splits import split
from simcse_core.encoding.texts import TextCheck
from simcse_core.errors import UserError
from simcse_core.learning.checks import losses_for, trainable
from simcse_core.learning.losses import losses
from simcse_core.learning.pretraining import pretraining
from ui import address, cache, data_choice
from ui.data_choice import ChosenData, data_title
from ui.page import plain
from ui.translation import N_, _, language

FEW_HELD_OUT = 30
"""With fewer held-out texts the intervals are so wide that a race shows little."""
CHECKED_BY_MODEL = 2_000
"""Rows of which a model says whether it can read them; a seeded sample of more."""
HELD_OUT = {
    "share": N_("a share of this data"),
    "nothing": N_("nothing: only how the vectors lie"),
    "own": N_("a file of my own"),
}
"""What results are measured on, besides bundled sets."""
AS_IT_IS = "as it is"
MEASURED_KINDS = ("scored", "pairs")
"""Of bundled sets that are offered to measure on."""


@dataclass(frozen=True)
class Prepared:
    """Both sides of a race's data."""

    rows: int
    train: Dataset
    dev: Dataset | None
    findings: list[Finding]
    converted: Converted | None
    """How the training rows came about, when they became another kind."""

    @property
    def losses(self) -> list[str]:
        """Which can learn from it."""
        return [name for name in losses_for(self.train) if name in (*losses.names(), *pretraining.names())]


def measured_on(chosen: ChosenData) -> ChosenData | None:
    """Asks what results are measured on; None is a share of the data itself, or nothing where that is texts.

    Raises:
        DataError: the file cannot be used.
    """
    texts = isinstance(chosen.data, Texts)
    first = "nothing" if texts else "share"
    options = [first, *data_choice.offered(MEASURED_KINDS), "own"]
    name = f"training-dev-{'texts' if texts else 'rows'}"
    start = next((one for one in options if one.startswith("scored")), first) if texts else first
    key, keep = address.widget(name, options, start, language=language())
    held = st.selectbox(
        _("Measured on"),
        options,
        format_func=lambda option: _(HELD_OUT[option]) if option in HELD_OUT else data_title(option),
        key=key,
        on_change=keep,
        help=_("Texts without labels have nothing to measure; a set of pairs shows what they taught."),
    )
    if held == "own":
        brought = data_choice.upload("training-dev", [kind for kind in KINDS if kind != "texts"])
        return None if brought is None else data_choice.opened(brought, "training-dev")
    return ChosenData(bundled.load(held), held) if held in bundled.names() else None


def kind_choice(chosen: ChosenData) -> str | None:
    """Asks whether the rows become another kind before they are learned from; None leaves them as they are."""
    options = [AS_IT_IS, *targets(kind_of(chosen.data))]
    if len(options) == 1:
        return None
    kind = st.selectbox(
        _("Learn from the rows as"),
        options,
        format_func=lambda option: _(KIND_NAMES[option]),
        key=f"race-kind-{kind_of(chosen.data)}-{language()}",
        help=_("Another kind makes other losses possible. What is held out is held out before."),
    )
    return None if kind == AS_IT_IS else kind


KIND_NAMES = {
    AS_IT_IS: N_("what they are"),
    "texts": N_("texts without labels"),
    "labelled": N_("labelled texts"),
    "pairs": N_("pairs that match or not"),
    "scored": N_("scored pairs"),
    "triplets": N_("triplets"),
    "answers": N_("questions and answers"),
}


def prepare(chosen: ChosenData, held: ChosenData | None, kind: str | None, *, seed: int, batch_size: int) -> Prepared:
    """Both sides and the linter's findings, once for the same choices and all sessions.

    Args:
        chosen: what to learn from.
        held: what to measure on; None holds out a share, where there is something to hold out.
        kind: that the training rows become; None leaves them as they are.
        seed: for what is held out.
        batch_size: for what is expected of in-batch negatives.

    Raises:
        DataError: nothing can learn from this data, or nothing of it can be held out.
    """
    found = _prepared(chosen.key, held.key if held else "", kind, seed, batch_size, chosen, held)
    if isinstance(found, UserError):
        raise found
    return found


@st.cache_resource(max_entries=24, show_spinner=False)
def _prepared(
    key: str,
    held_key: str,
    kind: str | None,
    seed: int,
    batch_size: int,
    _chosen: ChosenData,
    _held: ChosenData | None,
) -> Prepared | UserError:
    """A refusal is kept as well: to find it may take as long."""
    data, dev = _chosen.data, None if _held is None else _held.data
    try:
        train = trainable(data, losses_for(data)[0])
        if dev is None and not isinstance(data, Texts):
            train, dev = split(train, seed=seed)
        converted = convert(train, kind, seed=seed) if kind else None
        train = trainable(converted.data, losses_for(converted.data)[0]) if converted else train
        return Prepared(len(data), train, dev, lint(train, dev=dev, batch_size=batch_size), converted)
    except UserError as error:
        return error


def show(prepared: Prepared, chosen: ChosenData, held: ChosenData | None, model: str) -> None:
    """How many rows there are on each side, and what the linter has to say.

    Args:
        prepared: both sides.
        chosen: what is learned from.
        held: what is measured on, where that is other data.
        model: that will read it; empty for one that is yet to be made.
    """
    st.caption(_summary(prepared, chosen.data, held))
    if prepared.converted is not None:
        st.caption(
            _("{how} {before} rows become {after}.").format(
                how=plain(_(prepared.converted.description)),
                before=prepared.converted.rows_before,
                after=prepared.converted.rows_after,
            )
        )
    if prepared.dev is not None and len(prepared.dev) < FEW_HELD_OUT:
        st.warning(_("So few held-out texts say little: expect wide ranges and no winner."))
    findings = [*prepared.findings, *(_of_the_model(chosen, prepared.train, model) if model else ())]
    for finding in findings:
        if finding.severity != "info":
            st.warning(_in_words(finding), icon=":material/rule:")
    folded = [finding for finding in findings if finding.severity == "info"]
    if folded:
        with st.expander(_("Good to know about this data"), icon=":material/rule:"):
            for finding in folded:
                st.markdown(_in_words(finding))


def _in_words(finding: Finding) -> str:
    return plain(_(finding.template).format(**finding.values))


def _summary(prepared: Prepared, data: Dataset, held: ChosenData | None) -> str:
    dev = prepared.dev
    if dev is None:
        return _("Texts: {n}. Nothing is held out.").format(n=prepared.rows)
    if held is not None:
        other = data_title(held.source) if isinstance(held.source, str) else plain(held.source.name)
        return _("Rows to learn from: {n}. Measured on {dev} rows of other data: {name}.").format(
            n=prepared.rows, dev=len(dev), name=other
        )
    learned = prepared.rows - len(dev)
    if isinstance(data, Labelled):
        return _("Texts: {n}, classes: {classes}. {train} to learn from, {dev} held out to measure.").format(
            n=prepared.rows, classes=len(data.classes), train=learned, dev=len(dev)
        )
    return _("Rows: {n}. {train} to learn from, {dev} held out to measure; no text is on both sides.").format(
        n=prepared.rows, train=learned, dev=len(dev)
    )


def _of_the_model(chosen: ChosenData, train: Dataset, model: str) -> Sequence[Finding]:
    """What the model cannot do justice to; nothing while it is loading, because the first paint does not wait."""
    if not cache.is_loaded(model):
        return ()
    some = (
        train
        if len(train) <= CHECKED_BY_MODEL
        else train.take(range(0, len(train), -(-len(train) // CHECKED_BY_MODEL)))
    )
    return _checked(chosen.key, model, some, cache.encoder(cache.EncoderSettings(model)).check)


@st.cache_data(max_entries=100, show_spinner=False)
def _checked(key: str, model: str, _train: Dataset, _check: object) -> list[Finding]:
    assert callable(_check)
    check: TextCheck = _check(texts_of(_train))
    return [finding for finding in lint(_train, check=check) if finding.code in ("unreadable", "truncated")]

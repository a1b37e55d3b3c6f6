"""The view Label my own: from texts without labels to a classifier, by keys alone, measured on the way."""

from concurrent.futures import Future
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from simcse_core.encoding.texts import Embeddings
from simcse_core.uses.classification.labelling import Pool
from ui.classify import charts, data, own_texts, proposing
from ui.classify.answer import WORKER
from ui.classify.charts import Line
from ui.classify.own_texts import OwnTexts
from ui.classify.proposing import Proposed
from ui.classify.session import KEYS, LabellingSession
from ui.frame import address, errors, page, projector
from ui.frame.components import component
from ui.frame.stage import Stage
from ui.frame.translation import _, joined, language
from ui.shared import background, cache, data_choice, inputs
from ui.shared.cache import EncoderSettings
from ui.shared.data_choice import Upload
from ui.shared.encoding import encode
from ui.shared.names import label_name

_SCRIPT = Path(__file__).parent / "frontend" / "labelling.js"
KEY = "classify-keys"
ENOUGH = 8
"""Labels from which on a result can be looked at."""


def show(places: Stage) -> None:
    """Texts one by one at the left; at the right what is labelled, how good it is so far, and what to do with it."""
    with places.rail, errors.user_errors():
        own = own_texts.choose()
        with st.popover(_("Classes and model"), icon=":material/tune:", width="stretch"):
            settings = inputs.encoder_settings()
            classes = own_texts.class_names(own)
        session = own_texts.session_of(own, classes)
        session.apply(st.session_state.get(f"{KEY}-{session.token}", {}).get("events"))
        st.caption(_("Texts: {name}").format(name=own_texts.title(own)))
        estimate = st.container()
        _take_away(session, own)
        with places.figure:
            embeddings = encode(session.texts, settings)
            if embeddings is None:
                return
            pool = _pool(session, embeddings, settings)
            state = session.state
            content = f"{session.token} {settings} {state.to_json()}"
            future = background.submit(WORKER, content, proposing.proposed, pool, state)
            _forget_older(future)
            if is_done := future.done():
                session.take(future.result())
            session.fill(map(int, pool.lots))
            _keys(session)
        _show_estimate(session, estimate, places)
        if not is_done:
            _watch(future)


def _forget_older(future: "Future[Proposed]") -> None:
    """A proposal that was asked for with fewer labels and has not begun is not made any more."""
    older: Future[Proposed] | None = st.session_state.get(f"{KEY}-pending")
    if older is not None and older is not future:
        older.cancel()
    st.session_state[f"{KEY}-pending"] = future


def _pool(session: LabellingSession, embeddings: Embeddings, settings: EncoderSettings) -> Pool:
    """The texts as the core takes them, with the names of the classes as texts."""
    names = [name.replace("_", " ").replace("-", " ") for name in session.classes]
    return Pool(embeddings, dict(zip(session.classes, cache.embeddings(names, settings), strict=True)))


@st.fragment(run_every=0.5)
def _watch(future: "Future[Proposed]") -> None:
    """Draws the page anew when the proposal is there."""
    if future.done():
        st.rerun()


def _keys(session: LabellingSession) -> None:
    """The text that is to be labelled, with the keys."""
    queue = session.queue[: proposing.AHEAD]
    data = {
        "session": session.token,
        "classes": list(map(label_name, session.classes)),
        "keys": list(KEYS[: len(session.classes)]),
        "queue": [{"row": row, "text": session.texts[row]} for row in queue],
        "done": [
            {"row": step.row, "text": session.texts[step.row], "label": step.label} for step in session.steps[-20:]
        ],
        "seen": session.seen,
        "left": len(session.left),
        "labelled": len(session.labels),
        "total": len(session.texts),
        "words": {
            "count": _("{n} of {total} texts labelled"),
            "wait": _("Choosing the next texts …"),
            "end": _("All texts are labelled or skipped."),
            "skip": _("Skip"),
            "undo": _("Back"),
            "skipped": _("Skipped."),
            "undone": _("Taken back."),
            "labelled": _("Labelled {label}."),
            "help": _("Label this text: press the key of its class. S skips, Backspace goes back."),
        },
    }
    component("simcse_labelling", _SCRIPT)(
        key=f"{KEY}-{session.token}", data=data, height="stretch", on_events_change=lambda: None
    )


def _show_estimate(session: LabellingSession, place: DeltaGenerator, places: Stage) -> None:
    """The accuracy over the number of labels."""
    with place:
        points = sorted(session.accuracies.items())
        if len(points) > 1:
            line = Line(_("accuracy"), [count for count, _one in points], [one for _count, one in points], charts.MODEL)
            figure = charts.bands([line], x_name=_("labels"), y_name=_("accuracy"))
            figure.update_yaxes(range=[0, 1.02])
            figure.update_layout(height=230)
            said = ", ".join(f"{count}: {one.value:.0%}" for count, one in points[-8:])
            projector.chart(
                figure,
                key="classify-estimate",
                alt=_("Accuracy over the number of labels: {points}.").format(points=said),
            )
    with places.finding:
        st.markdown(finding(session))


def finding(session: LabellingSession) -> str:
    """How good a classifier from these labels is, as far as is known."""
    labels = session.labels
    missing = [name for name in session.classes if name not in set(labels.values())]
    if not session.accuracies:
        return joined(
            _("Press the key of a class: the text is labelled and the next one comes."),
            _("Two of three are those the classifier is least sure of; every third is drawn at random, for measuring."),
        )
    count, accuracy = max(session.accuracies.items())
    said = _(
        "With {n} labels about **{accuracy:.0%}** are right (95 % range {low:.0%} to {high:.0%}), measured on texts "
        "drawn at random that were not learned from."
    ).format(n=count, accuracy=accuracy.value, low=accuracy.low, high=accuracy.high)
    if missing:
        said = joined(
            said, _("No text yet of: {names}.").format(names=errors.plain(", ".join(map(label_name, missing[:6]))))
        )
    return said


def _take_away(session: LabellingSession, own: OwnTexts) -> None:
    """Export, look at the result, race."""
    count = len(session.labels)
    enough = count >= ENOUGH and len(set(session.labels.values())) > 1
    with st.container(horizontal=True, gap="xsmall"):
        if st.button(
            _("See the result"),
            icon=":material/monitoring:",
            type="primary",
            disabled=not enough,
            key="classify-own-result",
            help=_("Needs at least {n} labels, of two classes.").format(n=ENOUGH),
        ):
            data_choice.hand_over(data.KEY, _as_file(session))
            address.put("classify-view", "result")
            st.rerun()
        if st.button(
            _("Race with these labels"), icon=":material/model_training:", disabled=not enough, key="classify-own-race"
        ):
            _race(session)
        with st.popover(_("Save"), icon=":material/download:", disabled=not count):
            st.download_button(
                _("The labelled texts (CSV)"),
                session.to_csv().encode("utf-8-sig"),
                "labelled.csv",
                "text/csv",
                icon=":material/download:",
                on_click="ignore",
            )
            st.download_button(
                _("All texts, to continue later (CSV)"),
                session.progress_csv().encode("utf-8-sig"),
                "labelling.csv",
                "text/csv",
                icon=":material/save:",
                on_click="ignore",
            )
            st.caption(
                _(
                    "Labels are kept while this tab is open. To continue another day, save all texts and upload them "
                    "here."
                )
            )


def _race(session: LabellingSession) -> None:
    """Open the page Training with these labels as its data."""
    data_choice.hand_over("training", _as_file(session))
    st.switch_page(page.PAGES["training"].path, query_params={"language": language()})


def _as_file(session: LabellingSession) -> Upload:
    content = session.to_csv().encode()
    return Upload(content, "labelled.csv", data_choice.hash_of(content))

"""What to take away: the fitted classifier, predictions, the Python and the command that do the same."""

import shlex
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from simcse_core.data.writers import to_csv
from ui.classify import answer, result
from ui.classify.abstain import THRESHOLD
from ui.classify.computing import Outcome
from ui.classify.data import written
from ui.classify.question import Question
from ui.frame import address
from ui.frame.translation import _
from ui.shared import cache
from ui.shared.data_choice import Upload

if TYPE_CHECKING:
    from simcse_core.uses.classification import Classifier

FILE = "classifier.safetensors"


def show(question: Question, outcome: Outcome) -> None:
    """All ways to take it away; nothing is computed before somebody opens it."""
    box = st.popover(_("Take away"), icon=":material/download:", key="classify-take", on_change="rerun")
    if not box.open:
        return
    with box:
        with st.container(horizontal=True):
            _download(
                _("Predictions (CSV)"),
                result.predictions_csv(outcome.model).encode("utf-8-sig"),
                "predictions.csv",
                "text/csv",
            )
            _download("Python", python(question).encode(), "classify.py", "text/x-python")
            classifier = answer.classifier(question)
            if classifier is not None:
                _download(_("Classifier (safetensors)"), saved(classifier, question), FILE, "application/octet-stream")
                if question.data.test is not None:
                    _download(
                        _("Test file with predictions (CSV)"),
                        of_test(classifier, question).encode("utf-8-sig"),
                        "test-predictions.csv",
                        "text/csv",
                    )
        st.caption(_("The same on the command line:"))
        st.code(command(question), language="bash", wrap_lines=True)
        st.caption(_("And in Python:"))
        st.code(python(question), language="python")
        st.caption(_("This link opens the page with the same settings; data of your own are not in it."))
        st.code(address.link(), language=None, wrap_lines=True)


def _download(label: str, content: bytes, file: str, mime: str) -> None:
    st.download_button(
        label, content, file, mime, icon=":material/download:", on_click="ignore", key=f"classify-take-{file}"
    )


def saved(classifier: "Classifier", question: Question) -> bytes:
    """The classifier as `Classifier.load` reads it, with the threshold that was set on the page."""
    encoder = cache.encoder(question.settings)
    from simcse_core.encoding.identity import Identity

    whole = replace(classifier, identity=Identity.of(encoder), encoder=encoder)
    if (threshold := chosen_threshold()) is not None:
        whole = whole.with_threshold(threshold)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / FILE
        whole.save(file)
        return file.read_bytes()


def chosen_threshold() -> float | None:
    """The threshold that somebody has set under When to abstain."""
    set_there = st.session_state.get(f"{THRESHOLD}-setting")
    return set_there.threshold if set_there is not None and set_there.by_user else None


def of_test(classifier: "Classifier", question: Question) -> str:
    """The texts of the test file with what is predicted."""
    rows = cache.embeddings(question.data.test_texts, question.settings)
    predictions = (classifier.with_threshold(chosen_threshold() or classifier.threshold)).predict_embeddings(rows)
    table = (
        (text, written(one.labels) if classifier.several else one.label or "", round(one.probability, 4))
        for text, one in zip(question.data.test_texts, predictions, strict=True)
    )
    return to_csv(["text", "predicted", "probability"], table)


def command(question: Question) -> str:
    """The command line that prints the same numbers."""
    data, settings = question.data, question.settings
    parts = [f"--train {shlex.quote(_file(question))}"]
    if data.test is not None:
        parts.append(f"--test {shlex.quote(_name(data.test.source))}")
    if data.several:
        parts.append(f"--several {shlex.quote(data.separator)}")
    parts += [f"--classifier {question.method}", f"--save {FILE}", f"--model {settings.model}"]
    parts += [f"--{name} {shlex.quote(str(value))}" for name, value in _options(settings).items()]
    return "python -m simcse_core classify " + " ".join(parts)


def _options(settings: cache.EncoderSettings) -> dict[str, object]:
    """What is set beside the model."""
    return {name: value for name, value in asdict(settings).items() if name != "model" and value is not None}


def _file(question: Question) -> str:
    return "corrected.csv" if question.data.changes else _name(question.data.chosen.source)


def _name(source: str | Upload) -> str:
    return source if isinstance(source, str) else source.name


def python(question: Question) -> str:
    """A script that does the same."""
    settings = question.settings
    loaded = "".join(f", {name}={value!r}" for name, value in _options(settings).items())
    name = _file(question)
    threshold = chosen_threshold()
    at = "" if threshold is None else f", threshold={threshold:g}"
    split = f"[part.strip() for part in label.split({question.data.separator!r})]"
    labels = f"[{split} for label in data.label]" if question.data.several else "data.label"
    return (
        "# Run it in the folder of SimCSE Explorer: .venv/bin/python classify.py\n"
        "from simcse_core import Classifier, load\nfrom simcse_core.data.opening import open_data\n\n"
        f"data = open_data({name!r})\n"
        f"model = load({settings.model!r}{loaded})\n"
        f"classifier = Classifier.fit(data.text, {labels}, model=model, method={question.method!r}{at})\n"
        "print(classifier.validation.report().accuracy)\n"
        f"classifier.save({FILE!r})\n"
        f"print(classifier.predict([{question.data.texts[0]!r}])[0].label)\n"
    )

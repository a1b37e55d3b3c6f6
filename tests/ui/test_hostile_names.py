"""Every page with hostile names in every place where somebody can choose one: nothing of them is read as Markdown."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from simcse_core.data.writers import to_csv
from simcse_core.encoding.cards import CATALOGUE
from simcse_core.home import home
from simcse_core.learning.records import State
from simcse_core.learning.settings import TrainingSettings
from simcse_core.meaning.attribution import Word
from simcse_core.runs import queue, store
from simcse_core.runs.config import RunConfig, Stage
from simcse_core.runs.run import Run
from tests.hostile import NAMES, OF_A_RUN, UNSEEN, pictures_and_links
from tests.records import write_by_hand
from tests.ui import races
from tests.ui.races import ME
from ui.frame import users
from ui.frame.page import PAGES
from ui.map import uploaded
from ui.shared import data_choice
from ui.shared.cache import EncoderSettings
from ui.shared.data_choice import Upload
from ui.shared.races import words as race_words
from ui.similarity import pair_charts, take_away
from ui.training import my_races

ROOT = Path(__file__).parent.parent.parent
WRITTEN_AS_IT_IS = {
    "Code.code_text", "Selectbox.options", "Selectbox.raw_value", "TextInput.placeholder", "TextInput.default",
    "TextInput.value", "TextArea.value", "TextArea.default", "TextArea.placeholder", "PageLink.query_string",
    "Button.url", "PlotlyChart.spec", "Html.body", "FileUploader.type",
}  # fmt: skip
"""Fields that a browser shows letter for letter (or that figures of ours escape), by message and field."""
READ = re.compile(
    r"(?<!\\)(?:!\[|\]\((?!#)|:material/(?:delete|home)|\$x|\$\\frac|\*\*c\*\*|\*\*hostile|~~d|~~hostile)"
)
"""Of the names, what would be read where nothing escapes it."""

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


@pytest.fixture(autouse=True)
def i_am_at_the_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "ensure_supervisor", lambda **_options: None)
    monkeypatch.setattr(users, "current", lambda: ME)
    monkeypatch.setattr(users, "remember", lambda: None)
    my_races.races_of.clear()


def open_page(name: str, **parameters: str) -> AppTest:
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    page.switch_page(PAGES[name].path)
    for parameter, value in {"language": "en", **parameters}.items():
        page.query_params[parameter] = value
    page.run()
    assert not page.exception
    return page


def markdown_of(page: AppTest) -> Iterator[tuple[str, str]]:
    """Every text of a page that Streamlit reads as Markdown, with the name of its place."""
    for node in page._tree:
        if (proto := getattr(node, "proto", None)) is not None:
            yield from _texts_of(proto)
    for table in page.table:
        frame: pd.DataFrame = table.value
        cells = frame.to_numpy().ravel()
        yield from (
            ("Table", str(text))
            for text in (*frame.columns, *frame.index, frame.index.name, frame.columns.name, *cells)
        )


def _texts_of(message: Any) -> Iterator[tuple[str, str]]:
    if message.DESCRIPTOR.name == "BidiComponent":  # of ours; a test below looks at its scripts
        return
    for field, value in message.ListFields():
        name = f"{message.DESCRIPTOR.name}.{field.name}"
        if name in WRITTEN_AS_IT_IS or field.name in ("id", "form_id", "icon", "element_id", "key"):
            continue
        for one in (
            [value]
            if isinstance(value, str) or hasattr(value, "ListFields")
            else value
            if hasattr(value, "__iter__")
            else ()
        ):
            if isinstance(one, str):
                yield name, one
            elif hasattr(one, "ListFields"):  # another message
                yield from _texts_of(one)


def assert_only_text(page: AppTest) -> str:
    """Nothing on the page is a picture, a link, HTML or an icon of somebody's choice.

    Returns:
        What is written on it.
    """
    texts = list(markdown_of(page))
    for place, text in texts:
        found = [one for one in pictures_and_links(text) if re.search("hostile|script|<", one)]
        found += [one[0] for one in READ.finditer(text)] + [one[0] for one in UNSEEN.finditer(text)]
        assert not found, f"{found} in {place}: {text!r}"
    return "\n".join(text for _place, text in texts).replace("\\", "").replace("\u2060", "")


def run_of(owner: str = ME, name: str = OF_A_RUN, **config: Any) -> Run:
    """A finished run with a hostile name, of hostile data, from hostile models."""
    stages = (Stage(run=NAMES[0], loss=NAMES[7], data=NAMES[2], started_from=NAMES[0]),)
    given: dict[str, Any] = {
        "data": f"/data/{NAMES[0]}.csv", "dev": f"/data/{NAMES[2]}.csv", "dev_sha256": "d", "data_sha256": NAMES[0],
        "model": "use-multilingual", "columns": {"text": NAMES[7]}, "stages": stages,
        "settings": TrainingSettings(tune="head"), **config,
    }  # fmt: skip
    run = store.create(RunConfig(**given), owner=owner)
    run.rename(name, None)
    races.learn(run, races.STEPS)
    write_by_hand(
        run,
        {"event": "note", "step": 1, "code": "x", "template": "{a}", "values": {"a": NAMES[0]}, "message": NAMES[0]},
        {"event": "finished", "run": run.id, "model": "m", "base_model": NAMES[0], "reason": "epochs",
         "steps": 1, "seconds": 2.0, "dev_before": {"accuracy": 0.5}, "dev_after": {"accuracy": 0.6}},
    )  # fmt: skip
    run.set_status(State.FINISHED)
    return run


def test_a_run_of_hostile_names_is_text_on_its_page() -> None:
    run = run_of(model=NAMES[7])
    run.log.write_text("\n".join(NAMES), encoding="utf-8", errors="replace")
    shown = assert_only_text(open_page("runs", run=run.id))
    assert OF_A_RUN in shown


def test_a_run_that_failed_says_why_as_text() -> None:
    run = run_of()
    run.set_status(State.FAILED, " ".join(NAMES[:12]))
    assert NAMES[0] in assert_only_text(open_page("runs", run=run.id))


def test_runs_of_hostile_names_are_text_beside_each_other_and_when_they_are_removed() -> None:
    runs = [run_of(name=name[:80], model=name) for name in NAMES[:8]]
    page = open_page("runs", run=",".join(run.id for run in runs))
    shown = assert_only_text(page)
    assert NAMES[0] in shown
    next(button for button in page.button if "Delete" in button.label).click().run()
    assert_only_text(page)
    assert_only_text(open_page("runs", run=f"{NAMES[0]},{NAMES[1]},{NAMES[4]}"))
    assert_only_text(open_page("runs", projector="1"))


def test_a_race_from_a_hostile_model_is_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(race_words, "model_title", lambda _name: OF_A_RUN)
    runs = races.start()
    races.finish(runs[0], 0.6)
    runs[1].set_status(State.FAILED, NAMES[0])
    shown = assert_only_text(open_page("training", race=races.id_of(runs)))
    assert OF_A_RUN in shown  # above the race
    assert_only_text(open_page("training", race=NAMES[0]))


def hostile_upload() -> Upload:
    rows = [(f"{name} text {number}", name) for number in range(12) for name in NAMES[:8]]
    return Upload(to_csv(["text", "label"], rows).encode("utf-8", "replace"), f"{OF_A_RUN}.csv", "token")


@pytest.mark.parametrize("page", ["training", "map"])
def test_a_file_of_hostile_names_and_classes_is_text(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_choice, "upload", lambda *_arguments, **_options: hostile_upload())
    monkeypatch.setattr(data_choice, "handed_over", lambda key: hostile_upload() if key == "map" else None)
    shown = assert_only_text(open_page(page, **{"race-model": "use-multilingual"}))
    assert OF_A_RUN in shown


def test_columns_of_hostile_names_are_asked_for_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    table = to_csv([NAMES[0], NAMES[7]], [("a", "b"), ("c", "d")]).encode()
    monkeypatch.setattr(data_choice, "upload", lambda *_a, **_o: Upload(table, f"{NAMES[1]}.csv", "columns"))
    monkeypatch.setattr(uploaded, "upload", lambda: Upload(table, f"{NAMES[1]}.csv", "columns"))
    assert_only_text(open_page("map"))
    assert_only_text(open_page("training"))
    broken = Upload(b"text,label\na,b\nc\n", f"{OF_A_RUN}.csv", "broken")
    monkeypatch.setattr(uploaded, "upload", lambda: broken)
    assert OF_A_RUN in assert_only_text(open_page("map"))


@pytest.mark.parametrize("look", ["pair", "spread", "beside", "grid"])
def test_hostile_sentences_and_a_hostile_model_are_text_on_similarity(
    look: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = replace(CATALOGUE["use-multilingual"], title=OF_A_RUN)
    monkeypatch.setitem(CATALOGUE, "use-multilingual", card)
    page = open_page("similarity", look=look, model="use-multilingual", **{"b-model": "minilm"})
    page.session_state["sentences-state"].text = "\n".join(name.split("\n")[0] for name in NAMES[:8])
    page.session_state["take-away"] = look == "pair"
    page.run()
    assert not page.exception
    shown = assert_only_text(page)
    if look == "beside":
        assert OF_A_RUN in shown


def test_hostile_labels_are_text_on_losses() -> None:
    page = open_page("losses", batch="own")
    page.session_state["circle-sentences-state"].text = "\n".join(f"{name}: x {name}" for name in NAMES[:5])
    page.run()
    assert not page.exception
    assert_only_text(page)


def test_figures_read_no_tag_in_a_text() -> None:
    square = np.eye(len(NAMES), dtype=np.float32)
    words = [Word(name, 0, 1) for name in NAMES]
    for figure in (
        pair_charts.word_effects(words, square[0], reach=1.0, title="x"),
        pair_charts.word_pairs(square, NAMES, NAMES, reach=1.0),
    ):
        shown = str(figure.to_plotly_json())
        assert "<img" not in shown
        assert not UNSEEN.search(shown.replace("\n", " "))


def test_python_to_take_away_holds_texts_as_literals() -> None:
    code = take_away.python(NAMES, EncoderSettings(OF_A_RUN))
    assert not UNSEEN.search(code)
    compile(code, "similarity.py", "exec")


def test_components_of_ours_write_text_as_text() -> None:
    scripts = sorted((ROOT / "ui").rglob("*.js"))
    assert scripts
    for script in scripts:
        code = script.read_text(encoding="utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", code), (
            script.name
        )


def test_no_hostile_name_becomes_a_path() -> None:
    run_of()
    assert not [path for path in home().rglob("*") if "hostile" in path.name]

"""The page Map without a browser and without a model: what it says, what it does with bad input, and every way back."""

import hashlib
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from streamlit.testing.v1 import AppTest

from simcse_core.home import home
from simcse_core.meaning.projection import Note, Recipe, measure_quality, project
from simcse_core.meaning.projection.store import MapResult
from ui.frame.page import PAGES
from ui.map import computing, encoded, uploaded
from ui.map.computing import Suspects
from ui.shared import cache, projecting, work
from ui.shared.data_choice import Upload, hash_of

ROOT = Path(__file__).parent.parent.parent.parent
TOPICS = ("cards are lost", "rooms are booked", "loans are late")
MANY = "\n".join(f"{TOPICS[number % 3]} today, case {number}" for number in range(45))

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")

Open = Callable[..., AppTest]


def rows_of(texts: Sequence[str], *_settings: object) -> NDArray[np.float32]:
    """Unit rows in 12 dimensions: near to others with the same beginning, the same for the same text."""
    rows = []
    for text in texts:
        topic, own = (
            np.random.default_rng(int(hashlib.sha256(part.encode()).hexdigest()[:8], 16)).normal(size=12)
            for part in (text[:9], text)
        )
        rows.append(topic + 0.3 * own)
    return (np.array(rows) / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


class DoneJob:
    """A map that is there at once."""

    state, progress, ahead, seconds_left, error, is_over = "finished", 1.0, 0, None, None, True

    def __init__(self, result: MapResult | None) -> None:
        self.result = result

    def cancel(self) -> None: ...


@pytest.fixture(autouse=True)
def nothing_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the place of the model, the worker of maps and the worker of groups: what they would give, at once."""

    def request(content: str, embeddings: NDArray[np.float32], recipe: Recipe, **_options: object) -> DoneJob:
        points = project(embeddings, Recipe.of("pca", dimensions=recipe.dimensions)).points
        notes = (Note("{option} is {used}.", (("option", "n_neighbors"), ("used", 44))),)
        return DoneJob(MapResult(points, notes if recipe.method == "umap" else (), measure_quality(embeddings, points)))

    def result(_worker: str, _key: str, _title: str, work: Callable[..., Any], *arguments: Any) -> Any:
        if work is computing.grouping:
            return computing.found(*arguments)
        if work is computing.suspects:
            count = len(arguments[0])
            return Suspects(np.arange(count), ("x",) * count, np.arange(count) < 2)
        from simcse_core.uses.search.duplicates import duplicates

        return duplicates(*arguments)

    monkeypatch.setattr(projecting, "request", request)
    monkeypatch.setattr(work, "result", result)
    monkeypatch.setattr(encoded, "encode", rows_of)
    monkeypatch.setattr(cache, "is_loaded", lambda _model: True)
    monkeypatch.setattr(cache, "embeddings", rows_of)
    monkeypatch.setattr(cache, "warm_up", lambda _language: None)
    monkeypatch.setattr("ui.map.sources.inputs.warn_about", lambda *_arguments: None)


@pytest.fixture
def open_map(monkeypatch: pytest.MonkeyPatch) -> Open:
    """The page with a file that somebody has brought, drawn once."""

    def draw(content: str | bytes = MANY, name: str = "texts.txt", language: str = "en", **parameters: str) -> AppTest:
        data = content.encode() if isinstance(content, str) else content
        brought = Upload(data, name, hash_of(data)) if data else None
        monkeypatch.setattr(uploaded, "upload", lambda: brought)
        page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
        page.switch_page(PAGES["map"].path)
        for parameter, value in {"language": language, **parameters}.items():
            page.query_params[parameter] = value
        page.run()
        assert not page.exception
        return page

    return draw


def words(page: AppTest) -> str:
    elements = [*page.markdown, *page.caption, *page.error, *page.info, *page.warning]
    return "\n".join(str(element.value).replace("\\", "") for element in elements)


def keyed(elements: Any, beginning: str, ending: str = "") -> list[Any]:
    """The elements whose keys begin and end so."""
    return [one for one in elements if str(one.key).startswith(beginning) and str(one.key).endswith(ending)]


def button(page: AppTest, label: str) -> Any:
    return next(one for one in page.button if label in one.label.replace("\\", ""))


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_the_map_says_what_it_shows_and_how_far_it_can_be_trusted(open_map: Open, language: str) -> None:
    page = open_map(language=language)
    assert not page.error
    assert "45" in words(page)
    assert "n_neighbors" in words(page), "what the worker did otherwise than asked for is said"
    assert page.dataframe[0].value.shape[0] == 45


def test_a_group_is_selected_shown_below_named_and_left_out_and_everything_comes_back(open_map: Open) -> None:
    page = open_map()
    first = keyed(page.button, "groups-", "-0")[0]
    size = int(first.label.split("·")[-1])
    first.click().run()
    assert f"**{size}** of 45 texts selected" in words(page)
    assert page.dataframe[0].value.shape[0] == size
    name = keyed(page.text_input, "map-group-name")[0]
    name.set_value("My own name").run()
    assert any("My own name" in one.label for one in page.button)
    page.button(key="map-leave-out").click().run()
    assert f"{size} texts are left out." in words(page)
    assert page.dataframe[0].value.shape[0] == 45 - size
    page.button(key="map-anew").click().run()
    assert f"The map is made without {size} texts." in words(page)
    assert page.dataframe[0].value.shape[0] == 45 - size
    page.button(key="map-undo-anew").click().run()
    assert page.dataframe[0].value.shape[0] == 45


def test_found_texts_are_selected_labelled_and_handed_on(open_map: Open) -> None:
    page = open_map(**{"map-find": "pattern"})
    page.session_state["map-query-state"].text = r"^cards.*case (3|6)\b"
    page.run()
    assert "2 texts found" in words(page)
    page.button(key="map-select-found").click().run()
    assert "**2** of 45 texts selected" in words(page)
    labels = page.session_state["map-labels"]
    (own,) = labels.values()
    own.give(["cards are lost today, case 3"], "lost")
    own.give(["rooms are booked today, case 1"], "room")
    page.run()
    assert "2 labels given here." in words(page)
    assert page.selectbox(key="map-color-en-True").value == "label"
    button(page, "Undo").click().run()
    assert "1 labels given here." in words(page)


def test_a_clicked_outlier_is_looked_at_with_its_nearest_texts(open_map: Open) -> None:
    page = open_map(**{"map-list": "outliers"})
    keyed(page.button, "odd-")[0].click().run()
    assert "The chosen text" in [header.value for header in page.header]
    neighbours = [one.label for one in keyed(page.button, "neighbours-")]
    cosines = [float(label.split(" ")[0]) for label in neighbours]
    assert len(cosines) == 8
    assert cosines == sorted(cosines, reverse=True)


@pytest.mark.parametrize("color", ["group", "length", "none", "query", "column:n", "label"])
def test_every_colour_can_be_chosen(open_map: Open, color: str) -> None:
    lines = [f"{text},{row},{'ab'[row % 2]}" for row, text in enumerate(MANY.replace(",", "").splitlines())]
    page = open_map("text,n,kind\n" + "\n".join(lines), "t.csv", **{"map-color": color})
    assert not page.error
    assert page.selectbox(key="map-color-en-True").value == color, "a column of few values is taken for labels"


def test_doubted_labels_can_be_coloured(open_map: Open) -> None:
    lines = [f"{text},{'xy'[row % 2]}" for row, text in enumerate(MANY.replace(",", "").splitlines())]
    page = open_map("text,label\n" + "\n".join(lines), "t.csv", **{"map-color": "suspect"})
    assert not page.error


@pytest.mark.parametrize(
    ("content", "name", "problem"),
    [
        ("a\nb\nc", "t.txt", "at least 4 texts; there are 3"),
        ("text,label\na,x\n\u200b,y\nb,x\nc,x\n", "t.csv", "row 3"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "t.txt", "is not a text file"),
    ],
)
def test_what_cannot_be_mapped_is_said_in_words(open_map: Open, content: str, name: str, problem: str) -> None:
    page = open_map(content, name)
    assert problem in words(page)


def test_too_many_texts_name_the_limit(open_map: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMCSE_MAX_MAP_POINTS", "40")
    assert "the limit is 40 (SIMCSE_MAX_MAP_POINTS)" in words(open_map(MANY + "\nOne more."))


def test_embeddings_without_texts_are_mapped_and_bad_ones_named_by_their_row(open_map: Open) -> None:
    vectors = rows_of(MANY.splitlines())
    out = BytesIO()
    np.save(out, vectors)
    page = open_map(out.getvalue(), "v.npy")
    assert not page.error
    assert "each row is named by its number" in words(page)
    vectors[7, 3] = np.nan
    out = BytesIO()
    np.save(out, vectors)
    assert "row 8" in words(open_map(out.getvalue(), "v.npy"))


@pytest.mark.parametrize(
    "content",
    [
        "\n".join(["the same"] * 20),
        "\n".join(["the same"] * 40 + MANY.splitlines()[:20]),
        "\n".join(MANY.splitlines()[:4]),
        "\n".join(MANY.splitlines()[:14]),
    ],
    ids=["all the same", "40 of 60 the same", "four", "fourteen"],
)
@pytest.mark.parametrize("dimensions", ["2", "3"])
def test_texts_that_hardly_differ_or_are_few_are_mapped_as_far_as_that_goes(
    open_map: Open, content: str, dimensions: str
) -> None:
    page = open_map(content, **{"map-dimensions": dimensions})
    assert not page.error
    if content.count("\n") in (3, 13):
        assert "UMAP needs at least" in words(page)


def test_five_hundred_labels_are_no_error(open_map: Open) -> None:
    rows = "\n".join(f"{TOPICS[row % 3]} {row},label {row % 500}" for row in range(600))
    page = open_map(f"text,label\n{rows}\n", "t.csv")
    assert not page.error


@pytest.mark.parametrize(
    "source", ["run:20260101-000000000000-0123456789ab", "index:gone", "index:../../etc", "nothing"]
)
def test_a_source_that_is_gone_is_said(open_map: Open, source: str) -> None:
    page = open_map("", **{"map-data": source})
    if source != "nothing":  # what was never there is not chosen
        assert page.error
        assert "Traceback" not in words(page)


def test_a_map_can_be_stopped_and_started_again(open_map: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    class Waiting(DoneJob):
        state, progress, ahead, is_over = "running", 0.4, 0, False
        stopped = 0

        def cancel(self) -> None:
            Waiting.stopped += 1

    monkeypatch.setattr(projecting, "request", lambda *_arguments, **_options: Waiting(None))
    page = open_map()
    page.button(key="map-cancel").click().run()
    assert Waiting.stopped == 1
    assert "Stopped" in words(page)
    assert "PCA of 45 texts" in words(page)
    page.button(key="map-go-on").click().run()
    assert page.button(key="map-cancel")


def test_an_index_of_the_search_is_mapped_with_its_own_embeddings(open_map: Open) -> None:
    from simcse_core.encoding.catalogue import load
    from simcse_core.uses.search.corpus import open_corpus
    from simcse_core.uses.search.encoders import Sides
    from simcse_core.uses.search.stored import build_folder

    texts = [f"{text}." for text in MANY.splitlines()]
    build_folder(home() / "indexes" / "mine", open_corpus(texts), Sides.of(load("minilm")))
    page = open_map("", **{"map-data": "index:mine"})
    assert not page.error
    assert "384 dimensions" in words(page)
    assert page.dataframe[0].value.shape[0] == 45


def test_hostile_texts_columns_and_values_stay_text(open_map: Open) -> None:
    from tests.hostile import NAMES

    rows = "".join(f'"{text}","{NAMES[row % 6].splitlines()[0]}"\n' for row, text in enumerate(MANY.splitlines()))
    page = open_map(f'text,"{NAMES[1]}"\n{rows}', "t.csv", **{"map-list": "outliers"})
    assert not page.error

"""A loss, a pooling, a kind of data, a projection and a bundled set that are each added in one place are everywhere."""

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import Field
from streamlit.testing.v1 import AppTest
from torch import Tensor

from simcse_core.commands.main import main
from simcse_core.data import bundled
from simcse_core.data.conversions import Made, conversions
from simcse_core.data.kinds import KINDS, Dataset, Metric, kind
from simcse_core.data.kinds.cell_types import MatchColumn, TextColumn
from simcse_core.encoding.catalogue import load
from simcse_core.encoding.pooling import Saved, poolings
from simcse_core.encoding.texts import Embeddings
from simcse_core.learning.losses import losses
from simcse_core.learning.records import Step
from simcse_core.learning.settings import TrainingSettings
from simcse_core.meaning.evaluation import Metrics
from simcse_core.meaning.items import Items
from simcse_core.meaning.projection import projections
from simcse_core.runs import queue, race, store
from simcse_core.runs.config import RunConfig, describe
from simcse_core.runs.execute import execute
from simcse_core.runs.summary import summarise
from tests.runs.conftest import carry_out_all
from ui.frame import users
from ui.frame.page import PAGES

ROOT = Path(__file__).parent.parent
ME = "somebody"
THINGS = ("cat", "train", "soup", "river", "letter", "garden", "window", "song", "winter", "market", "bridge", "candle")

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


@pytest.fixture(autouse=True)
def dummy_loss() -> Iterator[None]:
    @losses.register(
        "dummy_loss",
        inputs={"dummy_kind": "matches", "labelled": "classes"},
        learned_nothing="Any value: it is a dummy.",
        collapse="All texts meet in one point.",
    )
    def dummy(
        anchor: Tensor,
        positive: Tensor | None = None,
        *,
        targets: Tensor,
        dummy_weight: Annotated[float, Field(gt=0, le=10, description="How much the dummy weighs.")] = 1.0,
    ) -> Tensor:
        """Mean distance of what matches, times a weight."""
        cosines = anchor @ (anchor if positive is None else positive).T
        match = targets == 1
        return dummy_weight * (1 - cosines[match]).mean()

    yield
    losses.remove("dummy_loss")


@pytest.fixture(autouse=True)
def dummy_pooling() -> Iterator[None]:
    @poolings.register("dummy_pooling", saved=Saved("dummy_mode"))
    def dummy(tokens: Tensor, mask: Tensor, first: Tensor) -> Tensor:
        """The second token of the sentence."""
        return tokens[:, 1]

    yield
    poolings.remove("dummy_pooling")


@pytest.fixture(autouse=True)
def dummy_projection() -> Iterator[None]:
    @projections.register("dummy_projection", title="Dummy map", is_instant=True)
    def dummy(embeddings: Embeddings, *, seed: int = 0) -> NDArray[np.float32]:
        """The first two dimensions."""
        return embeddings[:, :2]

    yield
    projections.remove("dummy_projection")


@dataclass(frozen=True)
class DummyMetrics(Metrics):
    n: int
    dummy_gap: float


@pytest.fixture(autouse=True)
def dummy_kind() -> Iterator[None]:
    @kind("dummy_kind")
    @dataclass(frozen=True)
    class DummyKind(Dataset):
        """Two phrases and whether they are about one thing."""

        phrase_a: TextColumn
        phrase_b: TextColumn
        same: MatchColumn

        metrics = (Metric("dummy_gap", "gap of the dummy", "Gap: how much closer matches are.", is_main=True),)

        def positive_pairs(self, scale_max: float | None = None) -> NDArray[np.int64]:
            return self.first_two(np.array(self.same) == 1)

        def evaluate(
            self, columns: Sequence[Embeddings], unique: Embeddings, *, scale_max: float | None = None
        ) -> DummyMetrics:
            return DummyMetrics(len(self), float(np.mean(self.items(columns).values["dummy_gap"])))

        def items(self, columns: Sequence[Embeddings]) -> Items:
            cosines = (columns[0] * columns[1]).sum(axis=1)
            return Items({"dummy_gap": np.where(self.same, cosines, 1 - cosines).astype(float).tolist()})

    @conversions.register("dummy_kind->pairs")
    def dummy_pairs(data: DummyKind, chance: object) -> Iterator[Made]:
        """A row of the dummy is a pair as it stands."""
        for row, cells in enumerate(zip(data.phrase_a, data.phrase_b, data.same, strict=True)):
            yield cells, (row,)

    yield
    conversions.remove("dummy_kind->pairs")
    del KINDS["dummy_kind"]


@pytest.fixture(autouse=True)
def dummy_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dummy_kind: None) -> Iterator[None]:
    folder = tmp_path / "bundled"
    shutil.copytree(bundled.FOLDER, folder)
    phrases = [f"The {thing} is here,A {thing} came,1" for thing in THINGS]
    phrases += [f"Where is my {thing}?,The {other} is old,0" for thing, other in zip(THINGS, THINGS[3:], strict=False)]
    (folder / "dummies-en.csv").write_text("\n".join(["phrase_a,phrase_b,same", *phrases]))
    monkeypatch.setattr(bundled, "FOLDER", folder)
    yield
    bundled.load.cache_clear()


@pytest.fixture(autouse=True)
def the_worker_is_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process would not have the dummies."""

    monkeypatch.setattr(queue, "ensure_supervisor", carry_out_all)
    monkeypatch.setattr("ui.training.estimates.QUIET_SECONDS", 1e9)
    monkeypatch.setattr(users, "current", lambda: ME)
    monkeypatch.setattr(users, "remember", lambda: None)


TRAIN = (
    "train --data dummies-en --loss dummy_loss --layer 1 --pooling dummy_pooling --tune top:1 --steps 4 --eval-steps 2 "
    "--format json"
)
CONFIG = RunConfig(
    data="dummies-en",
    layer=1,
    pooling="dummy_pooling",
    settings=TrainingSettings(loss="dummy_loss", tune="top:1", steps=4, eval_steps=2, loss_options={"dummy_weight": 2}),
)


def open_page(name: str, **parameters: str) -> AppTest:
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    page.switch_page(PAGES[name].path)
    for parameter, value in {"language": "en", **parameters}.items():
        page.query_params[parameter] = value
    page.run()
    assert not page.exception
    assert not page.error
    return page


def words(page: AppTest) -> str:
    elements = [*page.markdown, *page.header, *page.subheader, *page.caption, *page.info, *page.warning]
    return "\n".join(str(element.value) for element in elements).replace("\\", "")


@pytest.fixture
def run_command(capsys: pytest.CaptureFixture[str]) -> Any:
    """What a command of this process prints."""

    def call(*arguments: object) -> str:
        status = main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        assert status == 0, printed.err
        return printed.out

    return call


@pytest.mark.parametrize(
    ("command", "names"),
    [
        ("train", ["dummy_loss", "dummy_weight", "dummy_kind"]),
        ("evaluate", ["dummy_kind", "dummy_pooling"]),
        ("project", ["dummy_projection"]),
        ("similarity", ["dummy_pooling"]),
    ],
)
def test_help_names_what_can_be_chosen(command: str, names: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help"])
    said = capsys.readouterr().out
    assert [name for name in names if name not in said] == []


def test_commands_take_all_of_them(run_command: Any, tmp_path: Path) -> None:
    measured = json.loads(run_command("evaluate", "--data", "dummies-en", "--format", "json"))
    assert measured.keys() == {"model", "data", "kind", "ranges", "n", "dummy_gap"}
    (tmp_path / "own.csv").write_text("phrase_a,phrase_b,same\nA cat,A kitten,1\nA cat,The moon,0\n")
    assert json.loads(run_command("evaluate", "--data", tmp_path / "own.csv", "--format", "json"))["n"] == 2
    (tmp_path / "texts.txt").write_text("\n".join(THINGS))
    similarity = run_command("similarity", "A cat", "A kitten", "--pooling", "dummy_pooling", "--format", "json")
    assert (
        json.loads(similarity)["similarity"]
        != json.loads(run_command("similarity", "A cat", "A kitten", "--format", "json"))["similarity"]
    )
    projected = ("--input", tmp_path / "texts.txt", "--output", tmp_path / "map.csv", "--method", "dummy_projection")
    assert json.loads(run_command("project", *projected, "--format", "json"))["n"] == len(THINGS)
    printed = run_command(*TRAIN.replace("dummy_loss", "bce").split(), "--as", "pairs")
    ended = json.loads(printed.splitlines()[-1])
    assert "dummy_gap" in ended["dev_after"]  # measured on what was held out before


def test_a_training_is_saved_loaded_and_resumed_with_all_of_them(run_command: Any, tmp_path: Path) -> None:
    options = ("--loss-option", "dummy_weight=2")
    whole = [json.loads(line) for line in run_command(*TRAIN.split(), *options).splitlines()]
    assert [record["metrics"].keys() for record in whole if record["event"] == "evaluation"] == [{"n", "dummy_gap"}] * 3
    run = store.get(whole[-1]["run"])
    assert run.config.settings.loss_options == {"dummy_weight": 2.0}
    assert summarise(run).metric == "dummy_gap"
    items = run.items()
    assert items is not None
    assert items.after.metrics == ["dummy_gap"]
    model = load(run.id)
    assert model.pooling == "dummy_pooling"

    broken = store.create(run.config, tmp_path / "broken")
    execute(broken, lambda record: broken.ask_to_cancel() if isinstance(record, Step) and record.step == 2 else None)
    assert broken.status.state == "cancelled"
    run_command("train", "--resume", "--output", tmp_path / "broken")
    np.testing.assert_array_equal(load(str(broken.model)).encode(["A cat"]), model.encode(["A cat"]))
    resumed = [record.loss for record in broken.records() if isinstance(record, Step)]
    assert resumed == [record["loss"] for record in whole if record["event"] == "step"]


def test_the_page_similarity_takes_a_pooling() -> None:
    page = open_page("similarity", pooling="dummy_pooling")
    (choice,) = [box for box in page.selectbox if box.label == "Pooling"]
    assert choice.value == "dummy_pooling"
    assert "dummy_pooling: The second token of the sentence." in (choice.help or "").replace("`", "")


def test_the_page_losses_shows_a_loss_with_its_options() -> None:
    page = open_page("losses", losses="dummy_loss")
    assert list(page.table[0].value.index) == ["dummy\\_loss"]
    sent = [one.proto.json or one.proto.mixed.json for one in page.get("bidi_component")]
    assert any("How much the dummy weighs." in data for data in sent)


def test_the_page_map_shows_a_projection_and_a_bundled_set() -> None:
    page = open_page("map", **{"map-data": "dummies-en", "map-method": "dummy_projection"})
    assert page.selectbox(key="map-data-en").value == "dummies-en"
    assert page.selectbox(key="map-method-en").value == "dummy_projection"
    assert "The first two dimensions." in [caption.value for caption in page.caption]


def test_the_page_training_races_a_loss_on_a_kind_and_shows_its_result() -> None:
    page = open_page("training", **{"training-data": "dummies-en"})
    assert page.selectbox(key="training-data-en").value == "dummies-en"
    pills = page.button_group(key="race-losses-dummy_kind")
    assert "dummy_loss" in pills.options
    assert list(page.selectbox(key="race-kind-dummy_kind-en").options) == [
        "what they are",
        "texts without labels",
        "pairs that match or not",
    ]
    assert "Two phrases and whether they are about one thing." in words(page)  # what a file of one's own may hold
    pills.set_value(["dummy_loss"]).run()
    page.selectbox(key="race-options-of-en").select("dummy_loss").run()
    assert "How much the dummy weighs." in [number.help for number in page.number_input]

    race_id = race.start(CONFIG, ("dummy_loss",), (0, 1, 2), user=ME)
    page = open_page("training", race=race_id)
    assert "gap of the dummy" in words(page)
    assert "Gap: how much closer matches are." in words(page)


def test_the_page_runs_shows_what_such_a_run_has_reached() -> None:
    run = store.create(describe(CONFIG), owner=ME)
    execute(run, lambda _record: None)
    page = open_page("runs", run=run.id)
    assert "dummy_loss" in words(page)
    assert "gap of the dummy" in str([table.value.to_dict() for table in page.table])

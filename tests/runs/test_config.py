"""What a run holds out, as its configuration says it."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from simcse_core.data import bundled
from simcse_core.data.kinds import rows
from simcse_core.errors import DataError, ModelError, OptionError
from simcse_core.runs.bundle_contents import without_paths
from simcse_core.runs.config import RunConfig, check_data, check_held_out, check_model, describe, open_sides, open_split
from simcse_core.runs.preflight import absolute
from simcse_core.runs.summary import differences
from tests.runs.conftest import SMALL

DATA = bundled.load("intents-zh")


def but(**values: object) -> RunConfig:
    return SMALL.model_copy(update=values)


def test_nothing_is_held_out_where_that_is_said() -> None:
    config = describe(but(dev="none"))
    assert open_split(config) == (DATA, None)
    assert config.dev_sha256 == ""
    check_data(config)


@pytest.mark.parametrize("share", [0.2, 0.5])
def test_the_share_to_hold_out_can_be_said(share: float) -> None:
    train, dev = open_split(but(dev_share=share))
    assert dev is not None
    assert len(dev) == pytest.approx(share * len(DATA), abs=5)
    assert len(train) + len(dev) == len(DATA)


def test_the_folds_hold_out_every_row_once_whatever_the_seed_of_the_training() -> None:
    held = []
    for number in range(1, 6):
        config = but(folds=5, fold=number, data_seed=3)
        train, dev = open_split(config)
        assert dev is not None
        held += [*rows(dev)]
        assert (train, dev) == open_split(config.model_copy(update={"settings": SMALL.settings.model_copy(
            update={"seed": 9})}))  # fmt: skip
    assert sorted(held) == sorted(rows(DATA))


def test_rows_are_held_out_before_they_become_another_kind() -> None:
    sides = open_sides(but(folds=4, fold=1, kind="pairs", settings=SMALL.settings.model_copy(update={"loss": "bce"})))
    assert sides.converted is not None
    assert (len(sides.data), len(sides.learned_from), sides.converted.rows_before) == (200, 150, 150)
    assert sides.train == sides.converted.data


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"dev": "dev.csv", "dev_share": 0.1}, "--dev dev.csv and --dev-share 0.1 both say what is held out"),
        ({"dev": "none", "dev_share": 0.1}, "--dev none and --dev-share 0.1 both"),
        ({"dev": "none", "folds": 5}, "--dev none and --folds 5 both"),
        ({"dev_share": 0.1, "folds": 5, "fold": 1}, "--dev-share 0.1 and --folds 5 both"),
        ({"fold": 2}, "--fold 2 needs --folds"),
        ({"folds": 5, "fold": 6}, "There is no fold 6 of 5"),
    ],
)
def test_contradictions_are_refused_before_anything_starts(values: dict[str, object], message: str) -> None:
    for refuse in (check_held_out, describe, open_split):
        with pytest.raises(OptionError, match=message):
            refuse(but(**values))


def test_one_run_needs_one_fold() -> None:
    with pytest.raises(OptionError, match="Which of the 5 folds"):
        open_split(but(folds=5))


def test_of_texts_nothing_can_be_held_out(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("a b\nc d\ne f\ng h\n")
    of_texts = {"data": str(tmp_path / "t.txt"), "settings": SMALL.settings.model_copy(update={"loss": "simcse"})}
    assert open_split(but(**of_texts))[1] is open_split(but(**of_texts, dev="none"))[1] is None
    for asked in ({"dev_share": 0.2}, {"folds": 2, "fold": 1}):
        with pytest.raises(DataError, match="only texts"):
            open_split(but(**of_texts, **asked))


@pytest.mark.parametrize(
    "values", [{"dev_share": 0}, {"dev_share": 1}, {"folds": 1}, {"folds": 10_000}, {"folds": 5, "fold": 0}]
)
def test_numbers_out_of_range_are_no_configuration(values: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        RunConfig.model_validate({"data": "intents-en", **values})


def test_a_file_called_none_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("none").write_text("eight texts\n" * 8)
    config = absolute(but(dev="./none"))
    assert config.dev == str(tmp_path / "none")
    with pytest.raises(DataError, match=r"none ends in none of \.csv"):  # and not: nothing is held out
        open_split(config)
    assert without_paths(config).dev == without_paths(without_paths(config)).dev == "./none"  # in a bundle
    assert absolute(but(dev="none")).dev == without_paths(but(dev="none")).dev == "none"


def a_model(folder: Path) -> Path:
    (folder / "1_Pooling").mkdir(parents=True)
    types = {"": "Transformer", "1_Pooling": "Pooling"}
    modules = [{"path": path, "type": f"sentence_transformers.models.{kind}"} for path, kind in types.items()]
    (folder / "modules.json").write_text(json.dumps(modules))
    for name in ("config.json", "1_Pooling/config.json", "vocab.txt", "model.safetensors"):
        (folder / name).write_text("{}")
    return folder


@pytest.mark.parametrize(
    ("file", "counts"),
    [
        ("README.txt", False),
        ("results.json", False),
        ("fetched.json", False),
        ("old.safetensors", False),
        ("checkpoint-5/config.json", False),
        ("config.json", True),
        ("1_Pooling/config.json", True),
        ("vocab.txt", True),
        ("model.safetensors", True),
        ("tokenizer.json", True),
        ("spiece.model", True),
        ("sentence_bert_config.json", True),
    ],
)
def test_only_files_that_a_model_is_loaded_from_make_it_another(tmp_path: Path, file: str, counts: bool) -> None:
    folder = a_model(tmp_path / "model")
    config = describe(but(model=str(folder)))
    check_model(config)
    (folder / file).parent.mkdir(exist_ok=True)
    (folder / file).write_text('{"other": "content"}')
    if counts:
        with pytest.raises(ModelError, match="has changed since the run was queued"):
            check_model(config)
    else:
        check_model(config)


def test_a_run_of_an_earlier_version_goes_on_unless_the_weights_changed(tmp_path: Path) -> None:
    folder = a_model(tmp_path / "model")
    old = describe(but(model=str(folder))).model_copy(update={"model_files_sha256": "0" * 64})
    (folder / "README.txt").write_text("new")
    check_model(old)
    (folder / "model.safetensors").write_text("other weights")
    with pytest.raises(ModelError, match="has changed"):
        check_model(old)


def test_what_is_held_out_tells_runs_apart() -> None:
    assert differences([but(dev_share=0.1), but(folds=5, fold=2), but(dev="none")]) == {
        "dev": ["", "", "none"],
        "dev share": ["0.1", "", ""],
        "folds": ["", "5", ""],
        "fold": ["", "2", ""],
    }

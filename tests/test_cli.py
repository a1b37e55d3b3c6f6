import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from simcse_core.cli import main
from simcse_core.encoding.model import SimCSE
from simcse_core.meaning.similarity import cosine_similarity


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs a command in this process; gives exit status, stdout and stderr."""

    def call(*arguments: object) -> tuple[int, str, str]:
        status = main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return call


def test_similarity_prints_texts_and_matrix(run: Any, minilm: SimCSE, tmp_path: Path) -> None:
    texts = ["A cat sleeps.", "<b>Stocks</b> fell.", "Ein Hund"]
    (tmp_path / "more.txt").write_text(f"{texts[2]}\n\n")
    status, out, err = run("similarity", texts[0], texts[1], "--file", tmp_path / "more.txt", "--format", "json")
    answer = json.loads(out)
    assert (status, err) == (0, "")
    assert answer["texts"] == texts
    np.testing.assert_allclose(answer["similarity"], cosine_similarity(minilm.encode(texts)), atol=1e-5)
    status, out, _err = run("similarity", *texts)
    assert status == 0
    assert out.splitlines()[0].startswith(" 1.00")


def test_settings_mean_the_same_as_in_python(run: Any, minilm: SimCSE) -> None:
    _status, out, _err = run(
        "similarity", "a", "b", "--layer", 2, "--pooling", "max", "--head", "random", "--seed", 3, "--format", "json"
    )
    expected = cosine_similarity(minilm.configured(layer=2, pooling="max", head="random", seed=3).encode(["a", "b"]))
    np.testing.assert_allclose(json.loads(out)["similarity"], expected, atol=1e-5)


def test_encode_writes_a_numpy_file_and_warns(run: Any, minilm: SimCSE, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("A cat.\n今天天气很好，我们去公园吧。\n" + "word " * 400)
    status, out, err = run(
        "encode", "--input", tmp_path / "in.txt", "--output", tmp_path / "out.npy", "--format", "json"
    )
    answer = json.loads(out)
    assert status == 0
    assert (answer["n"], answer["dim"], answer["truncated"], answer["unreadable"]) == (3, 384, 1, 1)
    assert "--model use-multilingual" in err
    np.testing.assert_allclose(np.load(tmp_path / "out.npy")[0], minilm.encode(["A cat."])[0], atol=1e-5)


def test_evaluate_knows_scored_pairs_and_labelled_data(run: Any, tmp_path: Path) -> None:
    (tmp_path / "scored.csv").write_text("sentence1,sentence2,score\nA cat.,A kitten.,5\nA cat.,Stocks fell.,0\n")
    (tmp_path / "one.csv").write_text("sentence1,sentence2,score\nA cat.,A kitten.,5\n")
    (tmp_path / "pairs.csv").write_text("sentence1,sentence2,label\nA cat.,A kitten.,1\nA cat.,Stocks fell.,0\n")
    answers = {
        name: json.loads(run("evaluate", "--data", data, "--format", "json")[1])
        for name, data in (("scored", tmp_path / "scored.csv"), ("one", tmp_path / "one.csv"),
                           ("pairs", tmp_path / "pairs.csv"), ("labelled", "intents-en"))
    }  # fmt: skip
    assert answers["scored"]["spearman"] == pytest.approx(1)
    assert answers["one"]["spearman"] is None  # undefined is null, never NaN
    assert set(answers["scored"]) == {"n", "spearman", "pearson", "alignment", "uniformity"}
    assert set(answers["pairs"]) == {"n", "average_precision", "auc", "best_f1", "threshold"}
    assert answers["labelled"]["n"] == 200


def test_train_prints_a_record_a_line_and_leaves_a_model(run: Any, tmp_path: Path) -> None:
    status, out, _err = run(
        "train", "--data", "intents-en", "--loss", "triplet", "--loss-option", "margin=0.3", "--layer", 1, "--tune",
        "top:1", "--epochs", 1, "--output", tmp_path / "run", "--format", "json",
    )  # fmt: skip
    records = [json.loads(line) for line in out.splitlines()]
    assert status == 0
    assert [record["event"] for record in records] == ["evaluation", *["step"] * 4, "evaluation", "finished"]
    last = records[-1]
    assert last["run"] == "run"
    assert last["base_model"] == "minilm"
    assert last["dev_before"]["n"] == last["dev_after"]["n"] == 80
    assert SimCSE.load(last["model"]).layers == 1
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert config["settings"]["loss_options"] == {"margin": 0.3}
    status, _out, err = run("similarity", "a", "b", "--model", last["model"])
    assert (status, err) == (0, "")


def test_train_says_in_text_that_it_diverged(run: Any) -> None:
    arguments = "--layer 1 --tune top:1 --epochs 9 --batch-size 64 --learning-rate 1e9 --clip 1e6 --warmup 0"
    status, out, _err = run("train", "--data", "intents-en", *arguments.split())
    assert status == 0
    assert "diverged" in out


def test_a_refused_training_can_be_corrected_in_the_same_folder(run: Any, tmp_path: Path) -> None:
    command = ["train", "--data", "intents-zh", "--model", "use-multilingual", "--epochs", "1", "--output", tmp_path]
    assert run(*command, "--tune", "all")[0] == 2
    assert run(*command, "--tune", "head")[0] == 0
    status, _out, err = run(*command, "--tune", "head")
    assert status == 2
    assert "already holds a run" in err


def test_train_warns_of_texts_the_model_cannot_read(run: Any) -> None:
    arguments = "train --data intents-zh --layer 1 --tune top:1 --epochs 1"
    assert "--model use-multilingual" in run(*arguments.split())[2]


def test_home_names_the_folder_of_the_runs(run: Any, tmp_path: Path) -> None:
    arguments = "train --data intents-zh --model use-multilingual --tune head --epochs 1"
    run(*arguments.split(), "--home", tmp_path / "elsewhere")
    assert len(list((tmp_path / "elsewhere" / "runs").iterdir())) == 1


def test_a_trained_run_is_a_model_by_its_id(run: Any) -> None:
    arguments = "train --data intents-zh --model use-multilingual --loss bce --tune head --epochs 1 --format json"
    run_id = json.loads(run(*arguments.split())[1].splitlines()[-1])["run"]
    assert run("similarity", "你好", "再见", "--model", run_id)[0] == 0


def test_project_writes_points_and_trustworthiness(run: Any, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("\n".join(f"=text {number}" for number in range(8)))
    status, out, _err = run(
        "project", "--input", tmp_path / "in.txt", "--output", tmp_path / "out.csv", "--format", "json"
    )
    assert status == 0
    assert 0 <= json.loads(out)["trustworthiness"] <= 1
    table = pd.read_csv(tmp_path / "out.csv")
    assert list(table.columns) == ["x", "y", "text"]
    assert table["text"][0] == "'=text 0"


def test_models_lists_the_catalogue(run: Any) -> None:
    assert [card["name"] for card in json.loads(run("models", "--format", "json")[1])] == ["minilm", "use-multilingual"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("similarity", "No texts are given"),
        ("similarity a b --model nothing", "There is no model 'nothing'"),
        ("similarity a b --layer 9", "minilm has no layer 9"),
        ("similarity a b --layer x", "argument --layer: invalid int value: 'x'"),
        ("similarity a b --model use-multilingual --pooling max", "no pooling can be chosen"),
        ("similarity --file nothing.txt", "There is no file nothing.txt"),
        ("encode --input FILE --output nowhere/x.npy", "There is no folder nowhere"),
        ("evaluate --data FILE", "needs a score or a label"),
        ("train --data intents-en --loss nothing", "Unknown loss 'nothing'"),
        ("train --data intents-en --loss triplet --loss-option margin", "--loss-option 'margin' needs a value"),
        ("train --data intents-en --epochs 0", "epochs is 0"),
        ("train --data intents-en --tune top:9 --epochs 1", "'top:K' with K from 1 to 6"),
        ("train --data FILE", "learn from labelled texts"),
        ("project --input FILE --output x.csv --method umap", "at least 15 texts"),
        ("project --input FILE --output x.csv --method tsne", "Unknown projection 'tsne'"),
        ("encode --input FILE --output .", "cannot be written"),
        ("evaluate --data intents-en --scale-max 0", "'0' is not a number above 0"),
        ("similarity a --seed -1", "argument --seed"),
        ("train --data intents-en --precision bfloat16", "Training computes in float32"),
        (f"encode --input {'x' * 5_000} --output y.npy", "File name too long"),
        ("fly", "invalid choice: 'fly'"),
        ("", "required: COMMAND"),
    ],
)
def test_a_users_mistake_ends_with_2_and_one_clear_line(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "texts.txt"
    file.write_text("a\nb\n")
    status, out, err = run(*arguments.replace("FILE", str(file)).split())
    assert (status, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


def test_too_many_texts_name_the_limit(run: Any, tmp_path: Path) -> None:
    (tmp_path / "many.txt").write_text("a\n" * 100_000)
    status, _out, err = run("similarity", "--file", tmp_path / "many.txt")
    assert status == 2
    assert "100,000 texts are too many here: the limit is 5,000 (SIMCSE_MAX_SIMILARITY_TEXTS)" in err


def test_the_module_runs_as_a_program() -> None:
    command = [sys.executable, "-m", "simcse_core", "similarity"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.startswith("simcse_core: No texts")

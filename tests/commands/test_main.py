import contextlib
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import numpy as np
import pandas as pd
import pytest

from simcse_core.commands.main import main
from simcse_core.encoding.model import SimCSE
from simcse_core.home import models_folder
from simcse_core.jsonable import jsonable
from simcse_core.learning.records import Step
from simcse_core.meaning.similarity import cosine_similarity
from simcse_core.runs import entries, queue, store
from simcse_core.runs.config import RunConfig
from simcse_core.runs.execute import execute
from simcse_core.runs.schedule import claim
from simcse_core.runs.worker import carry_out
from tests.stand_in_hub import StandInHub, stand_in_hub, tiny_model, wait_until

CHINESE = "今天天气很好，我们去公园散步吧。"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs a command in this process; gives exit status, stdout and stderr."""

    def call(*arguments: object) -> tuple[int, str, str]:
        status = main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return call


@pytest.fixture(autouse=True)
def the_worker_is_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs are carried out in this process as soon as they are queued: each process would take seconds to start."""

    def work(*, soon: bool = False) -> None:
        while (entry := claim()) is not None:
            carry_out(entry.run)
            entries.ended(entry.run, None)

    monkeypatch.setattr(queue, "ensure_supervisor", work)


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


def test_similarity_compares_two_sets(run: Any, minilm: SimCSE, tmp_path: Path) -> None:
    texts, others = ["A cat sleeps.", "Stocks fell."], ["A kitten naps.", "Markets dropped.", CHINESE]
    (tmp_path / "others.csv").write_text("text\n" + "\n".join(others))
    arguments = ("similarity", *texts, "--against", tmp_path / "others.csv")
    status, out, err = run(*arguments, "--format", "json")
    answer = json.loads(out)
    assert status == 0
    assert (answer["texts"], answer["others"]) == (texts, others)
    expected = cosine_similarity(minilm.encode(texts), minilm.encode(others))
    np.testing.assert_allclose(answer["similarity"], expected, atol=1e-5)
    assert "the first is text 3 of" in err
    lines = run(*arguments)[1].splitlines()
    assert lines[0].split() == ["1", "2", "3"]
    assert lines[1].endswith("  A cat sleeps.")
    assert lines[1].split()[:3] == [f"{value:.2f}" for value in expected[0]]
    assert [line.split(maxsplit=1) for line in lines[4:]] == [["1", others[0]], ["2", others[1]], ["3", others[2]]]
    assert lines[0].index("1") == lines[1].index(lines[1].split()[0]) + 3  # numbers stand above their columns


def test_encode_reads_tables_of_any_length_in_any_encoding(
    run: Any, minilm: SimCSE, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIMCSE_MAX_TABLE_ROWS", "2")
    texts = ["A cat.", CHINESE, "A cat.", "Stocks fell.", "word " * 300, CHINESE]
    table = "label;text\n" + "".join(f"x;{text}\n\n" for text in texts)
    for encoding in ("gbk", "utf-16"):
        (tmp_path / "in.csv").write_bytes(table.encode(encoding))
        arguments = ("--input", tmp_path / "in.csv", "--output", tmp_path / "v.npy", "--layer", 1)
        status, out, err = run("encode", *arguments, "--format", "json")
        assert status == 0
        assert json.loads(out) == {"n": 6, "dim": 384, "seconds": ANY, "truncated": 1, "unreadable": 2}
        assert "cannot read 2 of the texts (the first is text 2)" in err
        assert "1 of the texts are too long for minilm and were cut (the first is text 5)" in err
        expected = minilm.configured(layer=1).encode(texts)
        np.testing.assert_allclose(np.load(tmp_path / "v.npy"), expected, atol=1e-5)


def test_a_broken_row_leaves_an_older_output_as_it_was(run: Any, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("text\n" + "fine\n" * 30_000 + "bro,ken\n" + "fine\n" * 30_000)
    (tmp_path / "v.npy").write_bytes(b"older")
    status, out, err = run("encode", "--input", tmp_path / "in.csv", "--output", tmp_path / "v.npy")
    assert (status, out) == (2, "")
    assert "in.csv, row 30002: 2 cells, but the first row names 1 columns" in err
    assert (tmp_path / "v.npy").read_bytes() == b"older"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "v.npy"]


def test_ctrl_c_while_encoding_leaves_nothing_behind(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encode = SimCSE.encode

    def interrupted(self: SimCSE, *arguments: Any, **settings: Any) -> Any:
        if len(list(tmp_path.glob(".*.new"))) == 1:  # an output that is not complete
            raise KeyboardInterrupt
        return encode(self, *arguments, **settings)  # while it is loaded

    monkeypatch.setattr(SimCSE, "encode", interrupted)
    (tmp_path / "in.txt").write_text("A cat.\n")
    status, out, err = run("encode", "--input", tmp_path / "in.txt", "--output", tmp_path / "v.npy")
    assert (status, out, err) == (130, "", "simcse_core: interrupted\n")
    assert {path.name for path in tmp_path.iterdir()} - {"home"} == {"in.txt"}


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
    assert [record["event"] for record in records] == ["evaluation", *["step"] * 4, "evaluation", "note", "finished"]
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
    assert "Diverged" in out


def test_a_refused_training_can_be_corrected_in_the_same_folder(run: Any, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    command = ["train", "--data", "intents-zh", "--model", "use-multilingual", "--epochs", "1", "--output", folder]
    assert run(*command, "--tune", "all")[0] == 2
    assert run(*command, "--tune", "head")[0] == 0
    status, _out, err = run(*command, "--tune", "head")
    assert status == 2
    assert "already holds a run" in err


def test_train_warns_of_texts_the_model_cannot_read(run: Any) -> None:
    arguments = "train --data intents-zh --layer 1 --tune top:1 --epochs 1"
    assert "--model use-multilingual" in run(*arguments.split())[2]


def test_train_says_what_may_be_wrong_with_the_data(run: Any, tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text(
        "sentence1,sentence2,label\n" + "a cat,a dog,1\na cat,a dog,0\n" * 2 + "x,y,0\nz,w,1\n"
    )
    command = [
        "train",
        "--data",
        tmp_path / "d.csv",
        "--dev",
        "pairs-en",
        "--loss",
        "bce",
        "--layer",
        "0",
        "--tune",
        "head",
    ]
    err = run(*command, "--steps", "1")[2]
    assert "contradict each other" in err
    assert "repeat an earlier one" in err


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


def test_models_lists_the_catalogue_and_what_is_here(run: Any) -> None:
    cards = json.loads(run("models", "--format", "json")[1])
    assert [card["name"] for card in cards][:2] == ["minilm", "use-multilingual"]
    assert [card["name"] for card in cards if card["here"]] == ["minilm", "use-multilingual"]
    header, *lines = run("models")[1].splitlines()
    assert header.split() == ["name", "languages", "MB", "licence"]
    assert lines[0].split() == ["minilm", "English", "91", "Apache-2.0", "here"]
    assert len({line.rindex("  ") for line in lines[: len(cards)]}) == 1  # the columns stand below each other


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, minilm: SimCSE) -> Iterator[StandInHub]:
    tiny_model(minilm).save(tmp_path / "tiny")
    with stand_in_hub(monkeypatch) as hub:
        hub.add("someone/tiny", tmp_path / "tiny")
        hub.add("BAAI/bge-small-zh-v1.5", tmp_path / "tiny")
        yield hub


@pytest.mark.parametrize("arguments", ["models fetch NAME --format json", "models --format json fetch NAME"])
def test_models_fetch_brings_a_model(run: Any, hub: StandInHub, home: Path, arguments: str) -> None:
    status, out, err = run(*arguments.replace("NAME", "bge-small-zh").split())
    answer = json.loads(out)
    assert status == 0
    assert answer["name"] == "bge-small-zh"
    assert answer["path"] == str(home / "models" / "bge-small-zh")
    assert 4 < answer["megabytes"] < 6
    assert answer["seconds"] > 0
    assert err.splitlines()[-1].startswith("bge-small-zh: 100% 4.")  # megabytes
    assert "bge-small-zh" in [card["name"] for card in json.loads(run("models", "--format", "json")[1]) if card["here"]]
    status, out, err = run("models", "fetch", "bge-small-zh")  # it is there
    assert (status, err) == (0, "")
    assert out.splitlines()[0].split() == ["name", "bge-small-zh"]


def test_fetch_writes_where_home_says(run: Any, hub: StandInHub, tmp_path: Path) -> None:
    run("models", "fetch", "someone/tiny", "--home", tmp_path / "elsewhere")
    assert (tmp_path / "elsewhere" / "models" / "someone--tiny" / "config.json").is_file()


def test_a_command_fetches_the_model_it_needs(run: Any, hub: StandInHub) -> None:
    status, out, err = run("similarity", "a", "b", "--model", "someone/tiny", "--format", "json")
    assert status == 0
    assert json.loads(out)["similarity"][0][0] == pytest.approx(1)
    assert "someone/tiny: 100% " in err
    assert run("similarity", "a", "b", "--model", "someone/tiny")[2] == ""


def test_ctrl_c_says_that_the_same_command_goes_on(hub: StandInHub) -> None:
    hub.pause = threading.Event()
    command = [sys.executable, "-m", "simcse_core", "models", "fetch", "someone/tiny", "--format", "json"]

    def heed_ctrl_c() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell ignores it in what it starts with "&", tests among it

    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=heed_ctrl_c
    ) as process:
        wait_until(lambda: any(size > 1_000_000 for size in sizes_of_parts()))
        for _press in range(5):  # Python can lose one that arrives at a bad moment; people press again
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
                break
        _out, err = process.communicate(timeout=5)
    hub.pause.set()
    assert process.returncode == 130
    assert err.splitlines()[-1].startswith("simcse_core: someone/tiny is not complete yet. Run the same command again")
    assert "Traceback" not in err
    (size,) = sizes_of_parts()
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert hub.asked_for("model.safetensors") == [0, size]
    assert Path(json.loads(ended.stdout)["path"]).is_dir()


def sizes_of_parts() -> list[int]:
    return [path.stat().st_size for path in models_folder().glob(".fetching/*/model.safetensors.*.part")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("similarity", "No texts are given"),
        ("similarity a b --model nothing", "There is no model 'nothing'"),
        ("similarity a b --model someone/tiny", "HF_HUB_OFFLINE forbids fetching it"),
        ("models fetch", "required: name"),
        ("models fetch ../../etc", "'../../etc' is no model of the hub"),
        ("models fetch mpnet", "HF_HUB_OFFLINE forbids fetching it"),
        ("models fetch mpnet --format xml", "invalid choice: 'xml'"),
        ("models fly", "invalid choice: 'fly'"),
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
        ("train --data intents-en --loss cosent", "From labelled can learn: bce, cross_entropy"),
        ("train --data intents-en --seconds 0", "seconds is 0"),
        ("train --data intents-en --columns text", "text"),
        ("train --data intents-en --as fruit", "cannot become 'fruit'"),
        ("train --data FILE --as pairs", "cannot become 'pairs'"),
        ("train --data FILE --loss mlm --model scratch-tiny", "2 texts are too few for a vocabulary"),
        ("train --data intents-en --resume --output nowhere", "nowhere holds no run"),
        ("train --data intents-en --loss naive_bce", "Unknown loss 'naive_bce'"),
        ("train --data FILE", "From texts can learn: simcse, mlm"),
        ("project --input FILE --output x.csv --method umap", "at least 15 texts"),
        ("project --input FILE --output x.csv --method tsne", "Unknown projection 'tsne'"),
        ("encode --input FILE --output .", "cannot be written"),
        ("encode --input nothing.txt --output x.npy", "There is no file nothing.txt"),
        ("encode --input EMPTY --output x.npy", "is empty: it needs at least one line of text"),
        ("similarity a --against nothing.txt", "There is no file nothing.txt"),
        ("similarity --against FILE", "No texts are given"),
        ("evaluate --data intents-en --scale-max 0", "'0' is not a number above 0"),
        ("similarity a --seed -1", "argument --seed"),
        ("train --data intents-en --precision float16", "precision is 'float16'"),
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
    (tmp_path / "empty.txt").touch()
    status, out, err = run(*arguments.replace("FILE", str(file)).replace("EMPTY", "empty.txt").split())
    assert (status, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


def test_too_many_texts_name_the_limit(run: Any, tmp_path: Path) -> None:
    (tmp_path / "many.txt").write_text("a\n" * 100_000)
    status, _out, err = run("similarity", "--file", tmp_path / "many.txt")
    assert status == 2
    assert "100,000 texts are too many here: the limit is 5,000 (SIMCSE_MAX_SIMILARITY_TEXTS)" in err
    status, _out, err = run("similarity", "a", "--against", tmp_path / "many.txt")
    assert status == 2
    assert "100,000 texts are too many here: the limit is 5,000 (SIMCSE_MAX_SIMILARITY_TEXTS)" in err


def test_the_module_runs_as_a_program() -> None:
    command = [sys.executable, "-m", "simcse_core", "similarity"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.startswith("simcse_core: No texts")


def test_a_model_goes_through_three_stages_and_knows_its_past(run: Any, tmp_path: Path) -> None:
    """From nothing over hidden words and two views to labels; each run names what it started from."""

    def train(*arguments: object) -> dict[str, Any]:
        folder = tmp_path / f"{arguments[1]}-{arguments[3]}"
        status, out, err = run("train", *arguments, "--steps", 2, "--output", folder, "--format", "json")
        assert status == 0, err
        last: dict[str, Any] = json.loads(out.splitlines()[-1])
        return {**last, "config": json.loads((folder / "config.json").read_text())}

    first = train("--data", "texts-en", "--loss", "mlm", "--model", "scratch-tiny")
    assert first["dev_before"] is first["dev_after"] is None
    second = train("--data", "scored-en", "--loss", "simcse", "--as", "texts", "--model", first["model"])
    third = train("--data", "scored-en", "--loss", "cosent", "--model", second["model"])
    assert [stage["loss"] for stage in third["config"]["stages"]] == ["mlm", "simcse"]
    assert [stage["started_from"] for stage in third["config"]["stages"]] == ["scratch-tiny", first["model"]]
    assert (
        third["config"]["model_sha256"]
        == sha256((Path(second["model"]) / "model.safetensors").read_bytes()).hexdigest()
    )
    assert third["dev_before"] == second["dev_after"]


def test_a_cancelled_run_goes_on_and_ends_as_if_nothing_had_happened(run: Any, tmp_path: Path) -> None:
    arguments = "train --data intents-zh --model use-multilingual --tune head --loss supcon --epochs 2 --format json"
    whole = [json.loads(line) for line in run(*arguments.split(), "--output", tmp_path / "whole")[1].splitlines()]
    folder = tmp_path / "broken"
    config = json.loads((tmp_path / "whole" / "config.json").read_text())
    broken = store.create(RunConfig.model_validate(config), folder)
    execute(broken, lambda record: broken.ask_to_cancel() if isinstance(record, Step) and record.step == 3 else None)
    assert broken.status.state == "cancelled"
    assert run(*arguments.split(), "--output", folder)[0] == 2  # a second run in the same folder is refused
    status, _out, err = run("train", "--data", "intents-zh", "--resume", "--output", folder)
    assert status == 0, err
    for key in ("loss", "metrics", "dev_after"):
        assert [r.get(key) for r in jsonable(broken.records())] == [r.get(key) for r in whole]
    status, _out, err = run("train", "--data", "intents-zh", "--resume", "--output", folder)
    assert status == 2
    assert "is finished" in err

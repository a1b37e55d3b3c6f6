"""Runs that are passed on: what is in a bundle, what comes out of it again, and everything that is refused."""

import io
import json
import os
import shlex
import shutil
import stat
import struct
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from simcse_core.commands.main import make_parser
from simcse_core.commands.training_options import config_of
from simcse_core.data.bundled import load as bundled
from simcse_core.encoding import deltas
from simcse_core.encoding.catalogue import load
from simcse_core.encoding.model import SimCSE
from simcse_core.errors import RunError
from simcse_core.jsonable import jsonable
from simcse_core.learning.notes import NOTES
from simcse_core.learning.records import Note, State
from simcse_core.learning.settings import TrainingSettings
from simcse_core.runs import archive, bundle_contents, bundles, store
from simcse_core.runs.bundle_contents import without_paths
from simcse_core.runs.bundles import read_bundle, write_bundle
from simcse_core.runs.config import RunConfig, Stage, describe
from simcse_core.runs.execute import execute
from simcse_core.runs.reproduce import as_carried_out, command
from tests.records import step
from tests.stand_in_hub import tiny_model

HEAD_ONLY = RunConfig(
    data="intents-zh", model="use-multilingual", settings=TrainingSettings(tune="head", steps=2, loss="supcon")
)
BERT = RunConfig(
    data="intents-en", layer=1, head="linear", pooling="max", settings=TrainingSettings(tune="top:1", steps=2, seed=3)
)


def finished(config: RunConfig, folder: Path) -> store.Run:
    run = store.create(describe(config), folder)
    execute(run, lambda _: None)
    return run


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> store.Run:
    return finished(BERT, tmp_path_factory.mktemp("runs") / "bert")


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> store.Run:
    return finished(HEAD_ONLY, tmp_path_factory.mktemp("runs") / "frozen")


@pytest.fixture
def bundle(frozen: store.Run, tmp_path: Path) -> Path:
    write_bundle(frozen, tmp_path / "bundle.zip")
    return tmp_path / "bundle.zip"


@pytest.fixture
def on_a_base(tmp_path: Path, minilm: SimCSE, monkeypatch: pytest.MonkeyPatch) -> store.Run:
    """A run that stores only what its training has changed in a model of the hub."""
    monkeypatch.setattr(deltas, "LEAST_SHARED", 1_000)
    monkeypatch.setenv("SIMCSE_MODELS", str(tmp_path / "models"))
    tiny_model(minilm).save(tmp_path / "models" / "someone--tiny")
    config = RunConfig(
        data="intents-en", model="someone/tiny", settings=TrainingSettings(tune="top:1", steps=2, loss="supcon")
    )
    return finished(config, tmp_path / "run")


def runs_folder(home: Path) -> list[str]:
    folder = home / "runs"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def changed(bundle: Path, change: Callable[[dict[str, bytes]], object]) -> Path:
    """The same bundle with other files in it."""
    with zipfile.ZipFile(bundle) as packed:
        entries = {name: packed.read(name) for name in packed.namelist()}
    change(entries)
    with zipfile.ZipFile(bundle, "w") as packed:
        for name, content in entries.items():
            packed.writestr(name, content)
    return bundle


def refused(bundle: Path, home: Path, message: str) -> None:
    with pytest.raises(RunError, match=message) as error:
        read_bundle(bundle, owner="ada")
    assert "\n" not in str(error.value)
    assert runs_folder(home) == []


def test_a_bundle_becomes_a_finished_run_of_whoever_took_it_in(frozen: store.Run, bundle: Path) -> None:
    run = read_bundle(bundle, owner="ada")
    assert run.id != frozen.id
    assert (run.status.state, run.about.owners, run.about.imported) == ("finished", ("ada",), True)
    assert run.title == frozen.title
    assert run.config == frozen.config
    assert run.items() == frozen.items()
    *records, last = run.records()
    assert records == frozen.records()[:-1]
    sent = frozen.finished()
    assert sent is not None
    assert last == sent.model_copy(update={"run": run.id, "model": str(run.model.resolve())})
    texts = ["图书馆几点开门？", "A cat sleeps."]
    np.testing.assert_array_equal(load(run.id).encode(texts), load(str(frozen.model)).encode(texts))
    assert [found.id for found in store.runs_of("ada")] == [run.id]


def test_a_model_out_of_a_bundle_gives_the_same_vectors_in_sentence_transformers(
    bert: store.Run, tmp_path: Path
) -> None:
    from sentence_transformers import SentenceTransformer

    write_bundle(bert, tmp_path / "bundle.zip")
    with zipfile.ZipFile(tmp_path / "bundle.zip") as packed:
        packed.extractall(tmp_path / "unpacked")
    texts = ["Where do I find books on cats?", "Hi", "The library is closed on Sundays and on public holidays."]
    theirs = SentenceTransformer(str(tmp_path / "unpacked" / "model"), device="cpu").encode(texts)
    np.testing.assert_allclose(theirs, load(str(bert.model), device="cpu").encode(texts), atol=1e-5)
    taken_in = load(read_bundle(tmp_path / "bundle.zip", owner="ada").id, device="cpu")
    np.testing.assert_allclose(theirs, taken_in.encode(texts), atol=1e-5)
    readme = (tmp_path / "unpacked" / "README.md").read_text()
    assert "SentenceTransformer('model')" in readme
    assert command(bert.config) in readme


def test_a_frozen_model_says_that_only_this_program_loads_it(bundle: Path, frozen: store.Run) -> None:
    with zipfile.ZipFile(bundle) as packed:
        readme = packed.read("README.md").decode()
        about = json.loads(packed.read("bundle.json"))
    assert "sentence-transformers cannot load this model" in readme
    assert "from simcse_core import load" in readme
    assert "SentenceTransformer(" not in readme
    assert about["command"] == command(frozen.config)
    assert about["data_sha256"] == frozen.config.data_sha256
    assert about["versions"].keys() >= {"simcse_core", "torch"}


def test_the_same_run_gives_the_same_bytes_in_a_file_or_in_memory(frozen: store.Run, bundle: Path) -> None:
    memory = io.BytesIO()
    write_bundle(frozen, memory)
    assert memory.getvalue() == bundle.read_bytes()
    assert read_bundle(memory, owner="ada").status.state == "finished"
    write_bundle(frozen, bundle)  # over the older one
    assert [path.name for path in bundle.parent.iterdir() if "bundle" in path.name] == ["bundle.zip"]


def test_a_bundle_tells_no_path_of_the_machine_it_comes_from(tmp_path: Path, bert: store.Run) -> None:
    own = tmp_path / "my secret folder" / "rows.csv"
    past = Stage(run="r", loss="mlm", data=str(own), started_from="C:\\Users\\ada\\models\\tiny")
    model = str(tmp_path / "runs" / "20260101-000000000000-0123456789ab" / "model")
    config = without_paths(bert.config.model_copy(update={"data": str(own), "model": model, "stages": (past,)}))
    assert (config.data, config.model) == ("rows.csv", "20260101-000000000000-0123456789ab")
    assert (config.stages[0].data, config.stages[0].started_from) == ("rows.csv", "tiny")
    kept = bert.config.model_copy(
        update={"model": "BAAI/bge-small-zh-v1.5", "data": "hub:owner/name", "dev": "pairs-en"}
    )
    assert without_paths(kept) == kept


def test_what_a_run_has_learned_to_predict_goes_with_its_bundle(frozen: store.Run, bundle: Path) -> None:
    texts = ["我的借书证丢了。", "想预约会议室。"]
    said = load(str(frozen.model)).predict(texts)
    assert load(read_bundle(bundle, owner="ada").id).predict(texts) == said
    assert set(said[0].probabilities) == set(bundled("intents-zh").text_classes or ())


def test_own_data_is_named_by_its_hash(tmp_path: Path) -> None:
    from simcse_core.runs.bundles import texts_of_bundle

    file = tmp_path / "rows.csv"
    file.write_text("text,label\n" + "".join(f"text {n},{n % 2}\n" for n in range(24)))
    run = finished(HEAD_ONLY.model_copy(update={"data": str(file)}), tmp_path / "run")
    text = texts_of_bundle(run)["README.md"]
    assert (
        f"--data is not in this bundle: name your own file; its rows must have this SHA-256: {run.config.data_sha256}"
        in text
    )
    assert "--data rows.csv" in text
    assert str(tmp_path) not in text


@pytest.mark.parametrize("state", [State.QUEUED, State.RUNNING, State.FAILED, State.CANCELLED])
def test_only_a_finished_run_can_be_exported(state: State, tmp_path: Path) -> None:
    run = store.create(HEAD_ONLY)
    run.set_status(state)
    with pytest.raises(RunError, match=f"Only a finished run can be exported; .* is {state}"):
        write_bundle(run, tmp_path / "bundle.zip")
    assert not (tmp_path / "bundle.zip").exists()


def test_a_damaged_run_or_a_place_that_cannot_be_written_is_said(frozen: store.Run, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="cannot be written"):
        write_bundle(frozen, tmp_path / "nowhere" / "bundle.zip")
    run = store.create(HEAD_ONLY)
    run.set_status(State.FINISHED)
    with pytest.raises(RunError, match=r"metrics\.jsonl is damaged"):
        write_bundle(run, tmp_path / "bundle.zip")
    run.append(frozen.records()[-1])
    with pytest.raises(RunError, match="its model is gone"):
        write_bundle(run, tmp_path / "bundle.zip")
    (run.folder / "config.json").write_text("{")
    with pytest.raises(RunError, match=r"config\.json is missing or damaged"):
        write_bundle(run, tmp_path / "bundle.zip")
    assert list(tmp_path.glob("*bundle*")) == []


@pytest.mark.parametrize(
    "name",
    [
        "../evil.json",
        "model/../../evil.json",
        "/etc/evil.json",
        "C:evil.json",
        "C:\\evil.json",
        "model\\evil.json",
        "..\\evil.json",
        "model/pytorch_model.bin",
        "model/modeling.py",
        "model/adapter_config.json",
        "model/data.pkl",
        "model/a/b/config.json",
        "bundle.zip",
        "checkpoint.pt",
        "status.json",
        "cancel",
        "model/tokenizer.json\0.py",
        "model/",
        " config.json",
        "modél/config.json",
    ],
)
def test_files_that_do_not_belong_into_a_bundle_are_refused(bundle: Path, home: Path, name: str) -> None:
    with zipfile.ZipFile(bundle, "a") as packed:
        entry = zipfile.ZipInfo("x")
        entry.filename = name
        packed.writestr(entry, "boo")
    refused(bundle, home, "which does not belong into a bundle")
    assert not list(bundle.parent.rglob("evil*"))


def test_links_are_refused(bundle: Path, home: Path) -> None:
    link = zipfile.ZipInfo("model/vocab.txt")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(bundle, "a") as packed:
        packed.writestr(link, "/etc/passwd")
    refused(bundle, home, "does not belong")


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", ["config.json", "model/HEAD.safetensors"])
def test_a_file_that_is_there_twice_is_refused(bundle: Path, home: Path, name: str) -> None:
    with zipfile.ZipFile(bundle, "a") as packed:
        packed.writestr(name, "{}")
    refused(bundle, home, "twice|does not belong")


def test_encrypted_and_unusually_packed_files_are_refused(bundle: Path, home: Path) -> None:
    with zipfile.ZipFile(bundle, "a") as packed:
        packed.writestr("model/vocab.txt", "a", compress_type=zipfile.ZIP_BZIP2)
    refused(bundle, home, "encrypted, or packed in an unusual way")
    changed(bundle, lambda entries: entries.pop("model/vocab.txt"))
    content = bytearray(bundle.read_bytes())
    place = content.rindex(b"PK\x01\x02")
    content[place + 8] |= 1  # "encrypted", in the list of entries
    bundle.write_bytes(content)
    refused(bundle, home, "encrypted")


def test_a_bomb_is_refused_before_it_is_unpacked(bundle: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMCSE_MAX_BUNDLE_MEGABYTES", "20")
    with zipfile.ZipFile(bundle, "a", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("model/model.safetensors", bytes(30_000_000))
    assert bundle.stat().st_size < 3_000_000
    refused(bundle, home, r"too large: 3\d MB; the limit is 20 MB \(SIMCSE_MAX_BUNDLE_MEGABYTES\)")
    monkeypatch.setenv("SIMCSE_MAX_FILE_MEGABYTES", "5")
    with zipfile.ZipFile(bundle, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("model/tokenizer.json", bytes(6_000_000))
    refused(bundle, home, "the limit is 5 MB")


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("bundle.json", 200_000),
        ("config.json", 200_000),
        ("README.md", 200_000),
        ("model/config.json", 200_000),
        ("model/0_Transformer/config.json", 200_000),
        ("model/modules.json", 200_000),
        ("metrics.jsonl", 40_000_000),
        ("items.json", 40_000_000),
    ],
)
def test_a_small_file_has_to_be_small(bundle: Path, home: Path, name: str, most: int) -> None:
    def add(size: int) -> None:
        with zipfile.ZipFile(bundle, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr(name, b" " * size)

    add(most + 1)
    refused(bundle, home, rf"{name} in the bundle is too large: the limit is {most // 1_000:,} kB")
    add(most)
    refused(bundle, home, "is no bundle: it has no|damaged")


def test_a_file_that_is_larger_than_it_says_is_refused(bundle: Path, home: Path) -> None:
    with zipfile.ZipFile(bundle, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("bundle.json", bytes(5_000_000))
    content = bytearray(bundle.read_bytes())
    for signature, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        struct.pack_into("<L", content, content.index(signature) + offset, 100)
    bundle.write_bytes(content)
    refused(bundle, home, "no bundle, or it is damaged")


def test_too_many_files_are_refused_without_looking_at_them(bundle: Path, home: Path) -> None:
    with zipfile.ZipFile(bundle, "w") as packed:
        for number in range(archive.MOST_ENTRIES + 1):
            packed.writestr(f"model/{number % 10}_{'a' * (number // 10 + 1)}/config.json", "{}")
    refused(bundle, home, "holds too many files")
    with zipfile.ZipFile(bundle, "w") as packed:
        for number in range(3_000):
            packed.writestr(f"{number}.json", "")
    refused(bundle, home, "holds too many files")


@pytest.mark.parametrize("content", [b"", b"PK", b"no zip at all" * 100, b"PK\x05\x06" + bytes(18)])
def test_what_is_no_bundle_is_said(tmp_path: Path, home: Path, content: bytes) -> None:
    (tmp_path / "x.zip").write_bytes(content)
    refused(tmp_path / "x.zip", home, "no bundle")
    refused(tmp_path / "nothing.zip", home, "There is no file")


@pytest.mark.parametrize("kept", [0.3, 0.9, 0.999])
def test_a_bundle_that_is_cut_short_is_refused(bundle: Path, home: Path, kept: float) -> None:
    content = bundle.read_bytes()
    bundle.write_bytes(content[: int(len(content) * kept)])
    refused(bundle, home, "no bundle, or it is damaged")


def test_a_flipped_byte_in_the_weights_is_noticed(bundle: Path, home: Path) -> None:
    content = bytearray(bundle.read_bytes())
    content[len(content) * 2 // 3] ^= 0xFF
    bundle.write_bytes(content)
    refused(bundle, home, "damaged: Bad CRC-32")


def test_a_disk_without_room_is_said(bundle: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "FREE_BYTES_LEFT", 10**18)
    refused(bundle, home, "that much is not free")


def put(file: str, /, **values: Any) -> Callable[[dict[str, bytes]], None]:
    """Change values in a JSON file of a bundle; None takes one out."""

    def change(entries: dict[str, bytes]) -> None:
        found = {**json.loads(entries[file]), **values}
        entries[file] = json.dumps({key: value for key, value in found.items() if value is not None}).encode()

    return change


def overwrite(name: str, content: bytes) -> Callable[[dict[str, bytes]], None]:
    return lambda entries: entries.update({name: content})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda entries: entries.pop("bundle.json"), "This file is no bundle: it has no bundle.json"),
        (lambda entries: entries.pop("metrics.jsonl"), "it has no metrics.jsonl"),
        (put("bundle.json", format=2), "has the format 2; this one reads 1"),
        (put("bundle.json", name="x" * 81), "bundle.json of the bundle is damaged"),
        (overwrite("bundle.json", b"[" * 100_000), "bundle.json of the bundle is damaged"),
        (overwrite("config.json", b"\xff\xfe"), "config.json of the bundle is damaged"),
        (put("config.json", data=None), "config.json of the bundle is damaged: Field required"),
        (put("config.json", settings={"loss": "<b>"}), "Unknown loss '<b>'"),
        (put("config.json", settings={"color": "red"}), "config.json of the bundle is damaged"),
        (overwrite("metrics.jsonl", b""), "no finished run"),
        (overwrite("metrics.jsonl", b'{"event": "step"}\n'), "metrics.jsonl of the bundle is damaged"),
        (overwrite("metrics.jsonl", b'{"event": "finished", "seconds": NaN}\n'), "metrics.jsonl of the bundle"),
        (overwrite("items.json", b'{"before": {}}'), "items.json of the bundle is damaged"),
        (overwrite("items.json", b'{"before": {"values": {}, "cosines": ["0.5"], "gold": [1]}}'), "valid number"),
        (put("config.json", data="x" * 4_097), "at most 4096 characters"),
        (put("config.json", columns={"x" * 4_097: "text"}), "at most 4096 characters"),
        (put("config.json", settings={"loss": "triplet", "loss_options": {"margin": 1e999}}), "config.json of"),
        (lambda entries: entries.pop("model/simcse.json"), "The model in the bundle cannot be used"),
        (lambda entries: entries.pop("model/head.safetensors"), "head.safetensors cannot be read"),
        (overwrite("model/head.safetensors", b"\x80\x04pickle"), "head.safetensors cannot be read"),
    ],
)  # fmt: skip
def test_a_bundle_whose_files_are_not_right_is_refused(
    bundle: Path, home: Path, change: Callable[[dict[str, bytes]], object], message: str
) -> None:
    refused(changed(bundle, change), home, message)


STEP = {
    "event": "step", "step": 1, "steps": 2, "epoch": 1, "loss": 1.5, "texts_per_second": 99.0, "seconds": 2.0,
}  # fmt: skip
MEASURED = {"event": "evaluation", "step": 1, "epoch": 1, "metrics": {}, "geometry": {}, "best": True, "seconds": 2.0}


@pytest.mark.parametrize(
    ("record", "odd"),
    [
        (STEP, {"step": 10**30}),
        (STEP, {"step": -1}),
        (STEP, {"epoch": "3"}),
        (STEP, {"texts": ["x"]}),
        (STEP, {"loss": "1.5"}),
        (STEP, {"seconds": 1e300}),
        (STEP, {"texts_per_second": True}),
        (STEP, {"learning_rate": {}}),
        (STEP, {"gradient_norm": "1"}),
        (STEP, {"observed": {"scale": "1"}}),
        (STEP, {"observed": {"x" * 20_000: 1.0}}),
        (MEASURED, {"best": 1}),
        (MEASURED, {"metrics": {"accuracy": "0.5"}}),
        (MEASURED, {"geometry": {"alignment": [1.0]}}),
        (None, {"seconds": "12.5"}),
        (None, {"dev_after": {"mean_average_precision": "0.7"}}),
        (None, {"reason": "x" * 20_000}),
    ],
    ids=str,
)
def test_records_with_other_things_than_ours_in_them_are_refused(
    frozen: store.Run, tmp_path: Path, record: dict[str, Any] | None, odd: dict[str, Any]
) -> None:
    last = jsonable(frozen.finished())
    lines = [{**last, **odd}] if record is None else [{**record, **odd}, last]
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(RunError, match=r"metrics\.jsonl of the bundle is damaged"):
        bundle_contents.records(tmp_path)


def test_what_we_write_passes_the_check_unchanged_and_what_has_no_name_is_dropped(
    bert: store.Run, frozen: store.Run, tmp_path: Path
) -> None:
    for run in (bert, frozen):
        assert bundle_contents.records(run.folder) == (run.records()[:-1], run.finished())
        assert bundle_contents.items(run.folder) == run.items()
        assert bundle_contents.config(run.folder) == run.config
    (tmp_path / "metrics.jsonl").write_text(
        "".join(json.dumps({**jsonable(record), "more": [1]}) + "\n" for record in bert.records())
    )
    assert bundle_contents.records(tmp_path) == (bert.records()[:-1], bert.finished())


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        ({"vocab_size": 10**9}, "larger model"),
        ({"vocab_size": 200_000}, "larger model"),
        ({"type_vocab_size": 2_000_000}, "larger model"),
        ({"type_vocab_size": 900_000}, "larger model"),
        ({"max_position_embeddings": 900_000}, "larger model"),
        ({"num_hidden_layers": 10**9}, "larger model"),
        ({"num_hidden_layers": 201}, "larger model"),
        ({"num_hidden_layers": 60}, "larger model"),
        ({"num_labels": 1_000_000}, "larger model"),
        ({"hidden_size": 12_000}, "larger model"),
        ({"intermediate_size": 400_000}, "larger model"),
        ({"hidden_size": -12}, "negative"),
        ({"model_type": "timm_backbone"}, "no model of the BERT family"),
        ({"_attn_implementation": "somebody/kernels"}, "asks for other code"),
    ],
    ids=str,
)
def test_a_configuration_larger_than_its_weights_is_refused_before_anything_is_loaded(
    bert: store.Run, tmp_path: Path, claim: dict[str, Any], message: str
) -> None:
    shutil.copy(bert.model / "model.safetensors", tmp_path)
    config = json.loads((bert.model / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, **claim}))
    with pytest.raises((RunError, RuntimeError), match=message):
        bundle_contents.check_size(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(config))
    bundle_contents.check_size(tmp_path)


def test_a_bert_in_a_folder_of_its_own_is_checked_too(bert: store.Run, bundle: Path, home: Path) -> None:
    write_bundle(bert, bundle)

    def move(entries: dict[str, bytes]) -> None:
        put("model/config.json", type_vocab_size=900_000)(entries)
        for name in ("config.json", "model.safetensors"):
            entries[f"model/0_Transformer/{name}"] = entries.pop(f"model/{name}")
        modules = json.loads(entries["model/modules.json"])
        entries["model/modules.json"] = json.dumps([{**modules[0], "path": "0_Transformer"}, *modules[1:]]).encode()

    refused(changed(bundle, move), home, "describes a larger model")


def test_a_model_that_gives_no_numbers_is_refused(bert: store.Run, bundle: Path, home: Path, tmp_path: Path) -> None:
    write_bundle(bert, bundle)
    ruined = {"linear.weight": np.full((384, 384), np.nan, dtype=np.float32), "linear.bias": np.zeros(384, np.float32)}
    save_file(ruined, tmp_path / "nan.safetensors")
    (dense,) = [name for name in zipfile.ZipFile(bundle).namelist() if "Dense/model" in name]
    refused(changed(bundle, overwrite(dense, (tmp_path / "nan.safetensors").read_bytes())), home, "no numbers")


def test_an_imported_run_leads_to_no_file_of_this_machine(bundle: Path, tmp_path: Path) -> None:
    evil = {"data": "/etc/passwd", "dev": "..\\..\\secrets.csv", "model": "../../other/model"}
    run = read_bundle(changed(bundle, put("config.json", **evil)), owner="ada")
    assert (run.config.data, run.config.dev, run.config.model) == ("passwd", "secrets.csv", "other")


def test_leftovers_of_killed_imports_and_deletions_go_after_a_day_and_nothing_else_does(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = store.create(HEAD_ONLY)
    other = "20260101-000000000000-0123456789ab"
    precious = tmp_path / "precious" / "thesis.txt"
    precious.parent.mkdir()
    precious.touch()
    for name in (f"incoming-{run.id}", f"deleted-{other}", "incoming-mine", "deleted-", f"kept-{other}"):
        (home / "runs" / name / "model").mkdir(parents=True)
        (home / "runs" / name / "model" / "weights").touch()
    (home / "runs" / f"incoming-{other}").symlink_to(precious.parent)
    os.utime(home / "runs" / f"deleted-{other}", (0, 0))  # an old run, but it was renamed just now
    bundles.sweep()
    assert len(runs_folder(home)) == 7
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 86_401)
    bundles.sweep()
    assert set(runs_folder(home)) == {run.id, "incoming-mine", "deleted-", f"kept-{other}", f"incoming-{other}"}
    assert precious.exists()
    monkeypatch.setenv("SIMCSE_HOME", str(tmp_path / "nowhere"))
    bundles.sweep()


EVIL = "a\x1b]0;owned\x07 b\u202ec\x9b31m 中文"


def test_a_name_from_a_bundle_cannot_steer_a_terminal(bundle: Path) -> None:
    run = read_bundle(changed(bundle, put("bundle.json", name=EVIL)), owner="ada")
    assert run.title == "a]0;owned bc31m 中文"


def test_what_is_wrong_with_a_bundle_is_said_without_steering_a_terminal(bundle: Path, home: Path) -> None:
    changed(bundle, put("bundle.json", format=2, versions={"simcse_core": EVIL}))
    with pytest.raises(RunError, match="has the format 2") as error:
        read_bundle(bundle, owner="ada")
    assert str(error.value).isprintable()


def test_a_note_of_a_stranger_is_only_words(bundle: Path) -> None:
    honest = {"event": "note", "step": 1, "code": "no_gradient", "template": NOTES["no_gradient"],
              "values": {"steps": 3}, "message": NOTES["no_gradient"].format(steps=3)}  # fmt: skip
    evil = {**honest, "template": "{steps:>99999999999}", "message": "{steps:>99999999999}"}
    wrong = {**honest, "code": "collapsed", "template": NOTES["collapsed"], "message": "Collapse"}

    def add(entries: dict[str, bytes]) -> None:
        notes = "".join(json.dumps(note) + "\n" for note in (honest, evil, wrong))
        entries["metrics.jsonl"] = notes.encode() + entries["metrics.jsonl"]

    found = read_bundle(changed(bundle, add), owner="ada").records()[:3]
    assert jsonable(found[0]) == honest
    assert [(note.template, note.values, note.message) for note in found[1:] if isinstance(note, Note)] == [
        ("", {}, "{steps:>99999999999}"), ("", {}, "Collapse"),
    ]  # fmt: skip


TRIPLET = TrainingSettings(
    loss="triplet", loss_options={"margin": 0.35, "mining": "hard"}, epochs=3, keep="last", seed=4, learning_rate=2e-5
)


@pytest.mark.parametrize(
    "config",
    [
        RunConfig(data="intents-en"),
        RunConfig(data="intents-en", layer=-2, pooling="max", head="random", settings=TRIPLET, data_seed=0),
        RunConfig(
            data="my rows; rm -rf '$HOME'.csv", columns={"text": "what, in words", "label": "a=b"}, kind="triplets"
        ),
        RunConfig(
            data="-odd.csv", dev="dev.csv", model="20260101-000000000000-0123456789ab", device="cpu", data_seed=7
        ),
        RunConfig(data="hub:owner/name/config:split", settings=TrainingSettings(seconds=12.5, epochs=10)),
        RunConfig(data="texts-en", model="scratch-tiny", settings=TrainingSettings(loss="mlm", steps=5, epochs=1_000)),
        RunConfig(
            data="a.csv", settings=TrainingSettings(precision="float32", dropout=0.0, eval_steps=3, chunk_size=8)
        ),
        RunConfig(data="b.csv", dev="none", settings=TrainingSettings(sentences=900, epochs=7)),
        RunConfig(data="c.csv", dev="./none"),
        RunConfig(data="d.csv", dev_share=0.1),
        RunConfig(data="e.csv", folds=10, fold=3, settings=TrainingSettings(keep="last")),
        RunConfig(data="f.csv", folds=10, fold=3, settings=TrainingSettings(keep="best")),
        HEAD_ONLY,
        BERT,
    ],
    ids=lambda config: config.data,
)
def test_the_command_of_a_run_means_the_same_configuration(config: RunConfig) -> None:
    words = shlex.split(command(config))
    assert words[:4] == ["python", "-m", "simcse_core", "train"]
    assert config_of(make_parser().parse_args(words[3:])) == config


def test_a_budget_in_seconds_is_repeated_in_steps() -> None:
    config = RunConfig(data="a.csv", settings=TrainingSettings(seconds=5, epochs=100))
    records = [step(1, 100), step(2, 40)]
    again = as_carried_out(config, records).settings
    assert (again.seconds, again.steps, again.epochs) == (None, 40, 100)
    assert as_carried_out(config, []) == config


def test_a_bundle_carries_what_has_changed_and_says_where_the_rest_is(on_a_base: store.Run, tmp_path: Path) -> None:
    write_bundle(on_a_base, tmp_path / "changed.zip")
    write_bundle(on_a_base, tmp_path / "complete.zip", complete=True)
    with zipfile.ZipFile(tmp_path / "changed.zip") as packed:
        assert "model/changed.safetensors" in packed.namelist()
        assert "the rest is someone/tiny, which has to be on the machine" in packed.read("README.md").decode()
        assert str(tmp_path) not in packed.read("model/base.json").decode()
    with zipfile.ZipFile(tmp_path / "complete.zip") as packed:
        assert "model/model.safetensors" in packed.namelist()
        assert "SentenceTransformer" in packed.read("README.md").decode()
    expected = load(str(on_a_base.model)).encode(["A cat sleeps."])
    for name in ("changed.zip", "complete.zip"):
        run = read_bundle(tmp_path / name, owner="me")
        np.testing.assert_array_equal(load(run.id).encode(["A cat sleeps."]), expected)


def test_a_bundle_without_its_base_says_what_to_do(on_a_base: store.Run, tmp_path: Path, home: Path) -> None:
    write_bundle(on_a_base, tmp_path / "changed.zip")
    shutil.rmtree(tmp_path / "models")
    with pytest.raises(RunError, match="someone/tiny is not on this machine"):
        read_bundle(tmp_path / "changed.zip", owner="me")
    assert runs_folder(home) == []


def test_a_base_that_only_this_machine_has_is_carried_along_and_taken_from_nobody(
    on_a_base: store.Run, tmp_path: Path, home: Path
) -> None:
    folder = shutil.copytree(tmp_path / "models" / "someone--tiny", tmp_path / "mine")
    run = finished(on_a_base.config.model_copy(update={"model": str(folder)}), tmp_path / "of-mine")
    assert (run.model / "base.json").is_file()
    write_bundle(run, tmp_path / "whole.zip")
    with zipfile.ZipFile(tmp_path / "whole.zip") as packed:
        assert "model/model.safetensors" in packed.namelist()
    write_bundle(on_a_base, tmp_path / "sent.zip")

    def name_a_folder(entries: dict[str, bytes]) -> None:
        base = json.loads(entries["model/base.json"])
        entries["model/base.json"] = json.dumps({**base, "base": str(folder)}).encode()

    with pytest.raises(RunError, match="only on the machine where it was trained"):
        read_bundle(changed(tmp_path / "sent.zip", name_a_folder), owner="me")
    assert runs_folder(home) == []


def test_a_run_that_goes_on_from_such_a_run_outlives_it(on_a_base: store.Run, tmp_path: Path) -> None:
    config = on_a_base.config.model_copy(update={"model": str(on_a_base.model), "stages": ()})
    second = finished(config, tmp_path / "second")
    assert second.config.root == "someone/tiny"
    assert second.config.model_sha256
    expected = load(str(second.model)).encode(["A cat sleeps."])
    shutil.rmtree(on_a_base.folder)
    np.testing.assert_array_equal(load(str(second.model)).encode(["A cat sleeps."]), expected)

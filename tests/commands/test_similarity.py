"""The command `similarity`."""

import io
import json
from pathlib import Path

import numpy as np
import pytest

from simcse_core.encoding.model import SimCSE
from simcse_core.meaning.similarity import cosine_similarity
from tests.commands.conftest import Command

CHINESE = "今天天气很好，我们去公园散步吧。"


def test_similarity_prints_texts_and_matrix(run: Command, minilm: SimCSE, tmp_path: Path) -> None:
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


def test_similarity_compares_two_sets(run: Command, minilm: SimCSE, tmp_path: Path) -> None:
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


def test_settings_mean_the_same_as_in_python(run: Command, minilm: SimCSE) -> None:
    _status, out, _err = run(
        "similarity", "a", "b", "--layer", 2, "--pooling", "max", "--head", "random", "--seed", 3, "--format", "json"
    )
    expected = cosine_similarity(minilm.configured(layer=2, pooling="max", head="random", seed=3).encode(["a", "b"]))
    np.testing.assert_allclose(json.loads(out)["similarity"], expected, atol=1e-5)


def test_too_many_texts_name_the_limit(run: Command, tmp_path: Path) -> None:
    (tmp_path / "many.txt").write_text("a\n" * 100_000)
    status, _out, err = run("similarity", "--file", tmp_path / "many.txt")
    assert status == 2
    assert "100,000 texts are too many here: the limit is 5,000 (SIMCSE_MAX_SIMILARITY_TEXTS)" in err
    status, _out, err = run("similarity", "a", "--against", tmp_path / "many.txt")
    assert status == 2
    assert "100,000 texts are too many here: the limit is 5,000 (SIMCSE_MAX_SIMILARITY_TEXTS)" in err


def test_a_prompt_and_fewer_dimensions_mean_what_they_mean_in_python(run: Command, minilm: SimCSE) -> None:
    answer = json.loads(run("similarity", "a", "b", "--prompt", "cat: ", "--dim", 24, "--format", "json")[1])
    expected = cosine_similarity(minilm.encode(["cat: a", "cat: b"])[:, :24])
    np.testing.assert_allclose(answer["similarity"], expected, atol=1e-4)
    for flags, said in (
        (("--prompt", "query"), "names no prompts"),
        (("--dim", "400"), "cut them to 1 to 384, not to 400"),
        (("--dim", "0"), "cut them to 1 to 384, not to 0"),
    ):
        status, _out, error = run("similarity", "a", "b", *flags)
        assert (status, said in error) == (2, True)


def test_a_large_matrix_is_not_printed_but_offered_in_other_ways(run: Command, tmp_path: Path, minilm: SimCSE) -> None:
    (tmp_path / "many.txt").write_text("".join(f"text {number}\n" for number in range(1_001)))
    status, out, err = run("similarity", "--file", tmp_path / "many.txt", "--format", "json")
    assert (status, out) == (2, "")
    assert "1,002,001 cosines are too many to print. --top-k 100 prints the closest pairs" in err
    texts = ["A cat sleeps.", "Stocks fell.", "A kitten naps.", "Shares dropped."]
    expected = cosine_similarity(minilm.encode(texts))
    assert run("similarity", *texts, "--output", tmp_path / "s.npy")[0] == 0
    np.testing.assert_allclose(np.load(tmp_path / "s.npy"), expected, atol=1e-5)
    assert run("similarity", *texts, "--output", tmp_path / "s.csv")[0] == 0
    header, *rows = (tmp_path / "s.csv").read_text().splitlines()
    assert header.count(",") == 4
    assert float(rows[0].split(",")[3]) == round(float(expected[0, 2]), 6)
    for flags, said in ((("--output", tmp_path / "s.txt"), "ends neither in .npy nor in .csv"),
                        (("--output", tmp_path / "s.npy", "--top-k", 3), "Leave one of them out"),
                        (("--top-k", 0), "not a whole number")):  # fmt: skip
        status, _out, err = run("similarity", *texts, *flags)
        assert (status, said in err) == (2, True)


def test_the_closest_pairs_are_printed_the_closest_first(run: Command, tmp_path: Path, minilm: SimCSE) -> None:
    texts = ["A cat sleeps.", "Stocks fell.", "A kitten naps.", "Shares dropped."]
    answer = json.loads(run("similarity", *texts, "--top-k", "2", "--format", "json")[1])
    assert answer["model"] == "minilm"
    assert {(pair["row"], pair["other_row"]) for pair in answer["pairs"]} == {(1, 3), (2, 4)}
    assert answer["pairs"][0]["similarity"] >= answer["pairs"][1]["similarity"]
    (tmp_path / "others.txt").write_text("Markets fell.\n")
    out = run("similarity", *texts, "--against", tmp_path / "others.txt", "--top-k", "1")[1]
    assert [line.split(maxsplit=1)[-1] for line in out.splitlines()] == ["2  Stocks fell.", "Markets fell."]
    assert len(json.loads(run("similarity", *texts, "--top-k", "99", "--format", "json")[1])["pairs"]) == 6


def test_texts_come_through_a_pipe(run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"A cat, asleep\nA dog\n")))
    assert json.loads(run("similarity", "--file", "-", "--format", "json")[1])["texts"] == ["A cat, asleep", "A dog"]

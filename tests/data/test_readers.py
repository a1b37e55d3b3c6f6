from pathlib import Path

import pandas as pd
import pytest

from simcse_core.data.cells import split_lines
from simcse_core.data.columns import SYNONYMS, parse_columns
from simcse_core.data.decoding import EncodingError
from simcse_core.data.kinds import KINDS, Answers, Labelled, Pairs, Scored, Texts, Triplets
from simcse_core.data.opening import open_data
from simcse_core.data.readers import data_from_bytes, read_data, read_texts, table_sample
from simcse_core.data.writers import to_csv
from simcse_core.errors import DataError, OptionError, UserError


def test_text_files_give_trimmed_lines_and_keep_duplicates(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("  one \n\n\t\ntwo\r\none\n")
    assert read_texts(file) == ["one", "two", "one"]
    assert split_lines("") == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gbk"])
def test_encodings_are_recognised(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes("今天天气很好。\n图书馆几点开门？\n".encode(encoding))
    assert read_texts(file) == ["今天天气很好。", "图书馆几点开门？"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("text\na\nb\n", Texts("d.csv", ("a", "b"))),
        ("Text, Label\na,x\n", Labelled("d.csv", ("a",), ("x",))),
        ("text;label\na, b;x\n", Labelled("d.csv", ("a, b",), ("x",))),
        ("sentence1,sentence2,score,more\na,b,3.5,z\n", Scored("d.csv", ("a",), ("b",), (3.5,))),
        ("sentence1,sentence2,label\na,b,1\nc,d,0.0\n", Pairs("d.csv", ("a", "c"), ("b", "d"), (1, 0))),
        ('text,label\n"NA",null\n', Labelled("d.csv", ("NA",), ("null",))),
        ("anchor,positive,negative\na,b,c\n", Triplets("d.csv", ("a",), ("b",), ("c",))),
        ("question,answer,label\na,b,0\n", Answers("d.csv", ("a",), ("b",), (0,))),
        ("text,question,answer,label\na,b,c,1\n", Answers("d.csv", ("b",), ("c",), (1,))),
    ],
)
def test_kinds_are_recognised_by_their_columns(content: str, expected: object) -> None:
    assert data_from_bytes(content.encode(), "d.csv") == expected


def test_western_text_in_an_old_encoding_is_refused_not_read_as_chinese() -> None:
    with pytest.raises(EncodingError, match=r"in doubt. It may read cp1252: 'Müller liebt Käse und Brötchen'"):
        data_from_bytes("Müller liebt Käse und Brötchen\n".encode("cp1252"), "p.txt")


def test_a_line_of_json_may_contain_a_unicode_line_separator() -> None:
    data = data_from_bytes('{"text": "a\u2028b", "label": 1}\n'.encode(), "d.jsonl")
    assert data == Labelled("d.jsonl", ("a\u2028b",), ("1",))


def test_other_table_formats_give_the_same_data(tmp_path: Path) -> None:
    expected = (("a", "b"), ("x", "y"))
    frame = pd.DataFrame({"text": expected[0], "label": expected[1]})
    frame.to_parquet(tmp_path / "d.parquet")
    frame.to_json(tmp_path / "d.jsonl", orient="records", lines=True)
    frame.to_csv(tmp_path / "d.tsv", sep="\t", index=False)
    for ending in ("parquet", "jsonl", "tsv"):
        data = read_data(tmp_path / f"d.{ending}")
        assert isinstance(data, Labelled)
        assert (data.text, data.label) == expected


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        ("sentence1,sentence2,score\na,b,1\nc,d,high\n", "p.csv", "p.csv, row 3: score 'high' is not a number"),
        ("sentence1,sentence2,score\na,b,nan\n", "p.csv", "score 'nan' is not a number"),
        ("sentence1,sentence2,label\na,b,2\n", "p.csv", "row 2: label '2' is not 0 or 1"),
        ("question,answer,label\na,b,1\na,c,maybe\n", "p.csv", "row 3: label 'maybe' is not 0 or 1"),
        ("text,label\na,\n", "p.csv", "row 2: 'label' is empty"),
        ('anchor,positive,negative\na,b,c\na," \u3000\t",c\n', "p.csv", "row 3: 'positive' is empty"),
        ("text,label\n", "p.csv", "p.csv has no rows"),
        ("words,tag\na,b\n", "p.csv", "has the columns words, tag. Name them"),
        ("", "p.csv", "p.csv is empty"),
        ('text,label\n"a,b\n', "p.csv", "row 2: a quotation mark opens a cell that never closes"),
        ("{}\n[1]\n", "p.jsonl", "row 2: a JSON array, where an object belongs"),
        ("text\nHello, world\nBye\n", "p.csv", "row 2: 2 cells, but the first row names 1 columns"),
        ("text,label\nHello, world,greet\n", "p.csv", "row 2: 3 cells"),
        ("text,label\n\n\na\n", "p.csv", "row 4: 1 cells"),
        ("Text,text,label\na,b,x\n", "p.csv", "the column 'text' more than once"),
        ('{"text": "a", "label": ["x"]}\n', "p.jsonl", "row 1: 'label' holds a list"),
        ("not parquet", "p.parquet", "not a table"),
        ("\n \n", "p.txt", "p.txt is empty"),
    ],
)
def test_bad_tables_are_refused_in_words_that_name_the_row(content: str, name: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        data_from_bytes(content.encode(), name)


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n\x00\x00", b"a\x00b", bytes(range(256)), b"\xff\xfe\x00"])
def test_binary_files_are_refused(content: bytes) -> None:
    with pytest.raises(DataError, match=r"not a text file|no text in"):
        data_from_bytes(content, "p.txt")


def test_missing_large_and_unsuitable_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match="no file"):
        read_texts(tmp_path / "none.txt")
    (tmp_path / "pairs.csv").write_text("sentence1,sentence2,score\na,b,1\n")
    with pytest.raises(DataError, match="no column 'text'"):
        read_texts(tmp_path / "pairs.csv")
    (tmp_path / "long.csv").write_text("text\n" + "a\n" * 11)
    monkeypatch.setenv("SIMCSE_MAX_TABLE_ROWS", "10")
    with pytest.raises(DataError, match="more than 10 rows"):
        read_data(tmp_path / "long.csv")
    (tmp_path / "large.txt").write_text("a" * 2_000_000)
    monkeypatch.setenv("SIMCSE_MAX_FILE_MEGABYTES", "1")
    with pytest.raises(DataError, match="2 MB: the limit is 1 MB"):
        read_texts(tmp_path / "large.txt")


def test_a_table_of_too_many_rows_is_not_read_to_its_end() -> None:
    content = b"text,label\n" + b"Where to?,travel\n" * 200_001 + b"a row,of,another,kind\n"
    with pytest.raises(DataError, match="more than 200,000 rows"):
        data_from_bytes(content, "large.csv")


def test_the_rows_behind_the_limit_are_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMCSE_MAX_TABLE_ROWS", "2")
    for content, name in [(b"text\na\nb\nc\nd,broken\n", "a.csv"), (b'{"text": "a"}\n' * 3 + b"broken", "a.jsonl")]:
        with pytest.raises(DataError, match="more than 2 rows"):
            data_from_bytes(content, name)


@pytest.mark.parametrize("encoding", ["utf-8", "gbk", "utf-16"])
def test_chinese_columns_are_mapped_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "意图.csv"
    file.write_bytes("编号,内容,类别\n1,今天天气很好。,天气\n2,图书馆几点开门？,时间\n".encode(encoding))
    expected = Labelled("意图.csv", ("今天天气很好。", "图书馆几点开门？"), ("天气", "时间"))
    assert read_data(file, {"text": "内容", "label": "类别"}) == expected
    assert data_from_bytes(file.read_bytes(), "意图.csv", parse_columns("text=内容, label=类别")) == expected
    assert open_data(str(file), {"text": "内容", "label": "类别"}) == expected
    assert table_sample(file.read_bytes(), "意图.csv").columns == ["编号", "内容", "类别"]


@pytest.mark.parametrize(
    ("header", "columns", "expected"),
    [
        ("Utterance ,INTENT", {" Text": "utterance", "label": " Intent"}, Labelled("d.csv", ("a",), ("1",))),
        ("text,intent", {"label": "intent"}, Labelled("d.csv", ("a",), ("1",))),
        ("text,clean", {"text": "clean"}, Texts("d.csv", ("1",))),  # the file's own column steps back
        ("text,label", {"text": "label", "label": "text"}, Labelled("d.csv", ("1",), ("a",))),
        ("text,label", {}, Labelled("d.csv", ("a",), ("1",))),
    ],
)
def test_a_mapping_says_which_column_is_which(header: str, columns: dict[str, str], expected: object) -> None:
    content = f"{header}\na,1\n".encode()
    assert data_from_bytes(content, "d.csv", columns) == expected


def test_a_mapping_decides_between_kinds() -> None:
    content = b"question,answer,label\na,b,1\n"
    assert data_from_bytes(content, "d.csv") == Answers("d.csv", ("a",), ("b",), (1,))
    assert data_from_bytes(content, "d.csv", {"sentence1": "question", "sentence2": "answer"}) == Pairs(
        "d.csv", ("a",), ("b",), (1,)
    )
    noted = b"question,answer,label,note\na,b,1,c\n"
    assert data_from_bytes(noted, "d.csv", {"text": "note"}) == Labelled("d.csv", ("c",), ("1",))


def test_a_mapping_works_for_every_table_format(tmp_path: Path) -> None:
    frame = pd.DataFrame({"Query": ["a"], "pos": ["b"], "neg": ["c"]})
    frame.to_parquet(tmp_path / "d.parquet")
    frame.to_json(tmp_path / "d.jsonl", orient="records", lines=True)
    frame.to_csv(tmp_path / "d.tsv", sep="\t", index=False)
    for ending in ("parquet", "jsonl", "tsv"):
        data = read_data(tmp_path / f"d.{ending}", {"anchor": "query", "positive": "pos", "negative": "neg"})
        assert data == Triplets(f"d.{ending}", ("a",), ("b",), ("c",))
        assert table_sample((tmp_path / f"d.{ending}").read_bytes(), f"d.{ending}").columns == ["Query", "pos", "neg"]


@pytest.mark.parametrize(
    ("name", "columns", "message"),
    [
        ("d.csv", {"text": "words"}, "d.csv has no column 'words': its columns are utterance, intent"),
        ("d.csv", {"sentence": "utterance"}, "No data has a column 'sentence'.* one of: text, label, sentence1"),
        ("d.csv", {"text": "utterance", "label": "utterance"}, "'utterance' of d.csv cannot be text and label"),
        ("d.csv", {"score": "intent"}, "utterance, intent: with score mapped they make no data. Complete one of"),
        ("d.txt", {"text": "utterance"}, "d.txt is a text file: it has no columns"),
    ],
)
def test_a_mapping_that_does_not_fit_says_what_there_is(name: str, columns: dict[str, str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        data_from_bytes(b"utterance,intent\na,b\n", name, columns)


def test_a_text_file_has_no_columns() -> None:
    assert table_sample(b"one, two\nthree\n", "d.txt").columns == []


@pytest.mark.parametrize(
    ("header", "mapping"),
    [
        ("utterance,intent", "text=utterance, label=intent"),
        ("S1,S2,Similarity", "sentence1=S1, sentence2=S2, score=Similarity"),
        ("question1,question2,is_duplicate", "sentence1=question1, sentence2=question2, label=is_duplicate"),
        ("query,passage,label", "question=query, answer=passage"),
        ("内容,标签", "text=内容, label=标签"),
        ("问题,答案,标签", "question=问题, answer=答案, label=标签"),
        ("review", "text=review"),
    ],
)
def test_an_error_proposes_the_mapping_that_the_names_suggest(header: str, mapping: str) -> None:
    content = f"{header}\n{','.join('1' * len(header.split(',')))}\n".encode()
    with pytest.raises(DataError) as caught:
        data_from_bytes(content, "d.csv")
    assert f"; or map them: {mapping}. Its first rows: (1) {header.split(',')[0]}='1'" in str(caught.value)
    assert len(data_from_bytes(content, "d.csv", parse_columns(mapping))) == 1


def test_nothing_is_proposed_when_the_names_suggest_nothing() -> None:
    with pytest.raises(DataError, match=r"anchor, positive, negative\. Its first rows: \(1\) words='a', tag='b'$"):
        data_from_bytes(b"words,tag\na,b\n", "d.csv")


def test_triplets_that_a_person_has_refused_are_left_out(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    rows = "a1,p1,n1,yes\na2,p2,n2,No\na3,p3,n3,\na4,p4,n4,0\na5,p5,n5,1\n"
    file.write_text("anchor,positive,negative,Approved\n" + rows)
    assert read_data(file) == Triplets("t.csv", ("a1", "a3", "a5"), ("p1", "p3", "p5"), ("n1", "n3", "n5"))
    file.write_text("anchor,positive,negative,approved\na1,p1,n1,yes\na2,p2,n2,maybe\n")
    with pytest.raises(DataError, match=r"t.csv, row 3: approved 'maybe' is neither yes nor no"):
        read_data(file)
    file.write_text("anchor,positive,negative,approved\na1,p1,n1,no\n")
    with pytest.raises(DataError, match=r"In t.csv no row is approved"):
        read_data(file)
    file.write_text("sentence1,sentence2,label,approved\na,b,1,2024-05-01\n")
    assert len(read_data(file)) == 1


def test_every_column_of_every_kind_has_synonyms_and_no_other_has() -> None:
    assert set(SYNONYMS) == {column for kind in KINDS.values() for column in kind.columns}


def test_a_mapping_is_written_with_equals_signs_and_commas() -> None:
    assert parse_columns("text=utterance,label=intent") == {"text": "utterance", "label": "intent"}
    assert parse_columns(" text = the text = here ") == {"text": "the text = here"}


@pytest.mark.parametrize("given", ["", "text", "text=", "=a", "text=a,", "text=a,text=b", "text:a"])
def test_a_mapping_written_in_another_way_is_refused(given: str) -> None:
    with pytest.raises(OptionError, match="Write for example text=utterance,label=intent"):
        parse_columns(given)


def test_a_written_table_never_starts_a_formula() -> None:
    written = to_csv(["text", "x"], [("=1+1", -0.5), ("@cmd", 1.0), ("plain, with comma", 0.0)])
    assert written.splitlines() == ['"text","x"', '"\'=1+1",-0.5', '"\'@cmd",1.0', '"plain, with comma",0.0']


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (("True", "false"), (1, 0)),
        (("yes", "No"), (1, 0)),
        (("1", "-1"), (1, 0)),
        (("-1.0", "1.0"), (0, 1)),
        (("1.0", "0.0"), (1, 0)),
        (("是", "否"), (1, 0)),
    ],
)
def test_labels_of_pairs_say_match_or_none_in_several_ways(labels: tuple[str, ...], expected: tuple[int, ...]) -> None:
    rows = "".join(f"a{row},b{row},{label}\n" for row, label in enumerate(labels))
    data = data_from_bytes(f"sentence1,sentence2,label\n{rows}".encode(), "d.csv")
    assert isinstance(data, Pairs)
    assert data.label == expected


def test_minus_one_beside_zero_is_no_label_of_pairs() -> None:
    with pytest.raises(DataError, match=r"row 2: label '-1' is not 0 or 1 \(or true, false, yes, no; or all of them 1"):
        data_from_bytes(b"sentence1,sentence2,label\na,b,-1\nc,d,0\ne,f,1\n", "d.csv")


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("anchor,positive", None),
        ("question,answer", None),
        ("query,document", {"anchor": "query", "positive": "document"}),
        ("positive,anchor", {}),
    ],
)
def test_matches_without_labels_are_pairs_that_all_match(header: str, columns: dict[str, str] | None) -> None:
    data = data_from_bytes(f"{header}\na,b\nc,d\n".encode(), "d.csv", columns)
    first, second = (("b", "d"), ("a", "c")) if header.startswith("positive") else (("a", "c"), ("b", "d"))
    assert data == Pairs("d.csv", first, second, (1, 1))


@pytest.mark.parametrize("header", ["sentence1,sentence2", "anchor,positive,score", "anchor,positive,label"])
def test_what_does_not_say_that_all_match_is_not_read_as_matches(header: str) -> None:
    cells = ",".join("abc"[: header.count(",") + 1])
    with pytest.raises(DataError, match="has the columns"):
        data_from_bytes(f"{header}\n{cells}\n".encode(), "d.csv")

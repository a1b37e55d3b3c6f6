"""Files as people bring them: what they mean is read, or refused in words that name the row; nothing is guessed."""

import io
import json
import os
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from pyarrow import parquet

from simcse_core.data.conversions import convert
from simcse_core.data.decoding import EncodingError, decode
from simcse_core.data.kinds import Answers, Labelled, Pairs, Scored, Texts, Triplets, normalised
from simcse_core.data.readers import data_from_bytes, read_data, read_texts, table_sample, texts_from_bytes
from simcse_core.data.splits import split
from simcse_core.data.streams import open_texts
from simcse_core.errors import DataError, OptionError, UserError

Rows = Sequence[Sequence[str | float | bool | None]]


def workbook(sheets: Mapping[str, Rows], hidden: Sequence[str] = ()) -> bytes:
    """An .xlsx file with these cells, as Excel writes it, in as few parts as it may have."""

    def cell(place: str, value: str | float | bool | None) -> str:
        match value:
            case None:
                return ""
            case bool():
                return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
            case str():
                return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{value}</t></is></c>'
            case _:
                return f'<c r="{place}"><v>{value}</v></c>'

    def sheet(rows: Rows) -> str:
        cells = (
            f'<row r="{row}">{"".join(cell(f"{chr(65 + at)}{row}", value) for at, value in enumerate(values))}</row>'
            for row, values in enumerate(rows, 1)
        )
        return f'<worksheet xmlns="{main}"><sheetData>{"".join(cells)}</sheetData></worksheet>'

    def state(name: str) -> str:
        return 'state="hidden"' if name in hidden else ""

    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    named = "".join(
        f'<sheet name="{name}" {state(name)} sheetId="{at}" r:id="r{at}"/>' for at, name in enumerate(sheets, 1)
    )
    linked = "".join(
        f'<Relationship Id="r{at}" Type="{office}/worksheet" Target="worksheets/sheet{at}.xml"/>'
        for at in range(1, len(sheets) + 1)
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("[Content_Types].xml", f'<Types xmlns="{package}/content-types"/>')
        packed.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{package}/relationships">'
            f'<Relationship Id="r1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        packed.writestr(
            "xl/workbook.xml", f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>{named}</sheets></workbook>'
        )
        packed.writestr(
            "xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{package}/relationships">{linked}</Relationships>'
        )
        for at, rows in enumerate(sheets.values(), 1):
            packed.writestr(f"xl/worksheets/sheet{at}.xml", sheet(rows))
    return file.getvalue()


def parquet_bytes(**columns: object) -> bytes:
    file = io.BytesIO()
    parquet.write_table(pa.table(columns), file)
    return file.getvalue()


def by_every_door(content: bytes, name: str, folder: Path) -> list[str]:
    """The texts of a file as an upload, as a file, as a stream; they have to be the same."""
    (folder / name).write_bytes(content)
    as_upload = list(texts_from_bytes(content, name))
    with open_texts(folder / name) as stream:
        as_stream = list(stream)
    assert as_upload == read_texts(folder / name) == as_stream
    return as_upload


# ---- Quotes, lines, separators


def test_a_quote_in_a_tab_separated_file_is_a_quote() -> None:
    content = b'sentence1\tsentence2\tscore\n"Hello\tx\t1\nfoo\tbar\t2\nbaz "\tqux\t3\n'
    assert data_from_bytes(content, "t.tsv") == Scored(
        "t.tsv", ('"Hello', "foo", 'baz "'), ("x", "bar", "qux"), (1, 2, 3)
    )


def test_a_tab_separated_file_that_is_quoted_like_a_csv_file_is_refused() -> None:
    with pytest.raises(DataError, match=r"t.tsv, row 3: a cell is in quotes as in a CSV file.*Save the file as .csv"):
        data_from_bytes(b'text\tlabel\na\tx\n"He said ""hi"""\ty\n', "t.tsv")


@pytest.mark.parametrize(
    "content",
    [
        'sentence1,sentence2,score\n"Hello,x,1\nfoo,bar,2\nbaz ",qux,3\n',
        'text,label\n"Hello,x\nfoo,y\nbaz ",z\n',
    ],
)
def test_a_quote_that_swallows_rows_of_a_csv_file_is_noticed(content: str) -> None:
    with pytest.raises(
        DataError, match=r"t.csv, rows 2 to 4: a quotation mark opens a cell and closes it only 2 lines"
    ):
        data_from_bytes(content.encode(), "t.csv")


def test_a_letter_of_several_lines_is_one_text_by_every_door(tmp_path: Path) -> None:
    content = b'text,label\r\n"Dear all,\r\n\r\nplease come.\r\nYours, A",letter\r\nanother sentence,note\r\n'
    assert by_every_door(content, "t.csv", tmp_path) == [
        "Dear all,\r\n\r\nplease come.\r\nYours, A",
        "another sentence",
    ]
    assert by_every_door(b'{"text": "a\\nb"}\r\n{"text": "c"}\r\n', "t.jsonl", tmp_path) == ["a\nb", "c"]
    assert by_every_door(b'["a\\nb", "c"]', "t.json", tmp_path) == ["a\nb", "c"]


def test_lines_end_at_cr_lf_and_crlf_only(tmp_path: Path) -> None:
    content = "A cat\x0bsleeps\nnext\x85line\rff\x0cend\r\na\u2028b\u2029d"
    texts = ["A cat\x0bsleeps", "next\x85line", "ff\x0cend", "a\u2028b\u2029d"]
    assert by_every_door(content.encode(), "t.txt", tmp_path) == texts
    rows = "\r".join(f'{{"text": "{text}"}}' for text in ("a\u2028b", "c\x85d")).encode()
    assert by_every_door(rows, "t.jsonl", tmp_path) == ["a\u2028b", "c\x85d"]
    assert by_every_door("text\ra\u2028b\rc\x0cd\r".encode(), "t.csv", tmp_path) == ["a\u2028b", "c\x0cd"]


def test_the_first_line_of_excel_names_the_separator() -> None:
    content = b"sep=;\r\nsentence1;sentence2;score\r\na, cat;a dog;3,5\r\nb;c;1,0\r\n"
    assert data_from_bytes(content, "t.csv") == Scored("t.csv", ("a, cat", "b"), ("a dog", "c"), (3.5, 1.0))
    with pytest.raises(DataError, match=r"row 3: 'label' is empty"):  # counted as an editor does
        data_from_bytes(b"sep=,\ntext,label\na,\n", "t.csv")


def test_a_separator_in_the_quotes_of_the_first_row_separates_nothing() -> None:
    assert table_sample(b'"id; number; place",text\n1,a\n', "t.csv").columns == ["id; number; place", "text"]


# ---- Numbers and labels


@pytest.mark.parametrize("score", ["1_5", "١", "３", "85%", "1e400", "0x10", "1.5.2", "inf", "--1", "1 5"])
def test_a_score_that_people_do_not_write_is_refused_with_its_row(score: str) -> None:
    with pytest.raises(DataError, match=r"t.tsv, row 3: score .* is not a number, such as 3.5"):
        data_from_bytes(f"sentence1\tsentence2\tscore\na\tb\t2\nc\td\t{score}\n".encode(), "t.tsv")


def test_decimal_points_and_commas_are_not_mixed() -> None:
    with pytest.raises(DataError, match=r"row 3: score '1.250' has a decimal point, others in the column a comma"):
        data_from_bytes(b"sentence1;sentence2;score\na;b;3,5\nc;d;1.250\n", "t.csv")
    with pytest.raises(DataError, match=r"row 2: the comma of score '1,250' may stand before"):
        data_from_bytes(b"sentence1;sentence2;score\na;b;1,250\nc;d;3\n", "t.csv")
    settled = data_from_bytes(b"sentence1;sentence2;score\na;b;1,250\nc;d;0,500\ne;f;2\n", "t.csv")
    assert isinstance(settled, Scored)
    assert settled.score == (1.25, 0.5, 2.0)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [("1 0", (1, 0)), ("1.0 0.0", (1, 0)), ("True False", (1, 0)), ("yes NO", (1, 0)), ("是 否", (1, 0))],
)
def test_labels_of_pairs_may_be_numbers_or_words(cells: str, expected: tuple[int, ...]) -> None:
    rows = "".join(f"a{cell},b,{cell}\n" for cell in cells.split())
    data = data_from_bytes(f"sentence1,sentence2,label\n{rows}".encode(), "t.csv")
    assert isinstance(data, Pairs)
    assert data.label == expected


@pytest.mark.parametrize("label", ["0_0", "١", "2", "0.5", "entailment", "1e0_0"])
def test_other_labels_of_pairs_are_refused_with_their_row(label: str) -> None:
    with pytest.raises(DataError, match=r"row 2: label .* is not 0 or 1"):
        data_from_bytes(f"sentence1,sentence2,label\na,b,{label}\n".encode(), "t.csv")


# ---- Cells that are no text


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ('["x"]', "'label' holds a list"),
        ('{"a": 1}', "'label' holds an object"),
        ("1e400", "'label' is an infinite number"),
        ("null", "'label' is empty"),
        ("NaN", "'label' is empty"),
        ('"\\u200b\\u00ad"', "'label' is empty"),
    ],
)
def test_a_cell_of_another_type_is_refused_by_its_type(cell: str, said: str) -> None:
    with pytest.raises(DataError, match=f"t.jsonl, row 1: {said}"):
        data_from_bytes(f'{{"text": "a", "label": {cell}}}\n'.encode(), "t.jsonl")


def test_parquet_cells_of_other_types_are_read_as_what_they_say() -> None:
    content = parquet_bytes(
        text=pa.array([b"caf\xc3\xa9", b"b"], pa.binary()), label=pa.array([date(2024, 1, 2)] * 2, pa.date32())
    )
    assert data_from_bytes(content, "t.parquet") == Labelled("t.parquet", ("café", "b"), ("2024-01-02", "2024-01-02"))
    scored = parquet_bytes(sentence1=["a"], sentence2=["b"], score=pa.array([Decimal("3.50")]))
    assert data_from_bytes(scored, "t.parquet") == Scored("t.parquet", ("a",), ("b",), (3.5,))


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (pa.array([b"\xff\xfe"], pa.binary()), "'text' holds bytes that are no text in UTF-8"),
        (pa.array([["a"]]), "'text' holds a list"),
        (pa.array([{"a": 1}]), "'text' holds an object"),
        (pa.array([300_000_000_000_000], pa.timestamp("ms")), "'text' cannot be read: date value out of range"),
    ],
)
def test_parquet_cells_that_are_no_text_are_refused(column: pa.Array, said: str) -> None:
    with pytest.raises(DataError, match=said):
        data_from_bytes(parquet_bytes(text=column), "t.parquet")


def test_parquet_that_is_not_utf8_is_refused_in_a_line(tmp_path: Path) -> None:
    broken = pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\2\0\0\0"), pa.py_buffer(b"\xff\xfe")])
    with pytest.raises(DataError, match=r"t.parquet, row 1: 'text' cannot be read: text that is not in UTF-8"):
        by_every_door(parquet_bytes(text=broken), "t.parquet", tmp_path)


def test_lists_of_positives_and_negatives_become_triplets() -> None:
    content = b'{"query":"q","pos":["p1","p2"],"neg":["n1","n2"]}\n{"query":"r","pos":"p3","neg":["n3"]}\n'
    with pytest.raises(DataError, match=r"or map them: anchor=query, positive=pos, negative=neg"):
        data_from_bytes(content, "t.jsonl")
    columns = {"anchor": "query", "positive": "pos", "negative": "neg"}
    expected = Triplets("t.jsonl", ("q",) * 4 + ("r",), ("p1", "p1", "p2", "p2", "p3"), ("n1", "n2", "n1", "n2", "n3"))
    assert data_from_bytes(content, "t.jsonl", columns) == expected
    lists = parquet_bytes(anchor=["q"], positive=[["p1", "p2"]], negative=["n"])
    assert data_from_bytes(lists, "t.parquet") == Triplets("t.parquet", ("q", "q"), ("p1", "p2"), ("n", "n"))
    with pytest.raises(DataError, match=r"row 1: 'negative' is empty"):
        data_from_bytes(b'{"anchor":"q","positive":["p"],"negative":[]}\n', "t.jsonl")


def test_a_name_that_stands_twice_in_an_object_is_refused() -> None:
    with pytest.raises(DataError, match=r"t.jsonl, row 1: the name 'text' stands twice"):
        data_from_bytes(b'{"text": "a", "text": "b"}\n', "t.jsonl")
    with pytest.raises(DataError, match=r"the column 'text' more than once"):
        data_from_bytes(b'{"text": "a", "Text": "b"}\n', "t.jsonl")


# ---- Other kinds of files


def test_a_json_file_holds_an_array_or_an_object_a_line(tmp_path: Path) -> None:
    expected = Labelled("t.json", ("a", "b"), ("x", "y"))
    objects = '{"text": "a", "label": "x"}', '{"text": "b", "label": "y"}'
    assert data_from_bytes(f"[\n{', '.join(objects)}\n]".encode(), "t.json") == expected
    assert data_from_bytes("\n".join(objects).encode(), "t.json") == expected
    assert by_every_door(b'["a", "b"]', "t.json", tmp_path) == ["a", "b"]
    assert by_every_door(f"[{', '.join(objects)}]".encode(), "t.json", tmp_path) == ["a", "b"]
    for content, said in [
        (b'{\n "text": ["a"]\n}', "is no JSON array"),
        (b'{"text": ["a", "b"]}', "row 1: 'text' holds a list"),
        (b"[[1]]", "row 1: not a JSON object"),
        (b"[", "row 1: not JSON"),
        (b"[]", "has no rows"),
        (b"[" * 100_000, "row 1: not JSON that can be read"),
        (b'["a", null]', "row 2: 'text' is empty"),
        (b'["a", " "]', "row 2: 'text' is empty"),
    ]:
        with pytest.raises(DataError, match=said):
            by_every_door(content, "t.json", tmp_path)


def test_a_file_of_an_unknown_ending_is_refused(tmp_path: Path) -> None:
    for name in ("t.csv.bz2", "t.xls", "t.docx", "t", "t.en"):
        with pytest.raises(DataError, match=r"ends in none of .csv, .*Rename it"):
            by_every_door(b"a\nb\n", name, tmp_path)


def test_an_excel_sheet_is_a_table(tmp_path: Path) -> None:
    rows: Rows = [["Text", "Label", "n"], ["a\nb", 1, 0.5], [None, None, None], ["c", 2, 1], ["007", True, 1]]
    content = workbook({"First": rows, "Zweites": [["text"], ["only"]]})
    assert data_from_bytes(content, "t.xlsx") == Labelled("t.xlsx (First)", ("a\nb", "c", "007"), ("1", "2", "True"))
    assert by_every_door(content, "t.xlsx", tmp_path) == ["a\nb", "c", "007"]
    for sheet in ("Zweites", "2"):
        assert read_data(tmp_path / "t.xlsx", sheet=sheet) == Texts("t.xlsx (Zweites)", ("only",))
    for sheet in ("third", "0", "3", "٢"):
        with pytest.raises(OptionError, match=r"t.xlsx has no sheet .*Name one of: First, Zweites"):
            read_data(tmp_path / "t.xlsx", sheet=sheet)
    with pytest.raises(DataError, match=r"t.xlsx, row 3: 'text' is empty"):
        data_from_bytes(workbook({"A": [["text", "label"], ["a", 1], [None, 2]]}), "t.xlsx")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04junk", b"text\na\n", workbook({"A": [[]]})])
def test_a_workbook_that_cannot_be_read_is_refused(content: bytes) -> None:
    with pytest.raises(DataError, match=r"not a table that can be read|is empty"):
        data_from_bytes(content, "t.xlsx")


def test_a_workbook_that_would_fill_the_memory_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMCSE_MAX_FILE_MEGABYTES", "1")
    file = io.BytesIO(workbook({"A": [["text"], ["a"]]}))
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/media/large", bytes(21_000_000))
    with pytest.raises(DataError, match=r"t.xlsx is too large when unpacked: the limit is 20 MB, 20 times"):
        data_from_bytes(file.getvalue(), "t.xlsx")


def test_where_only_texts_are_wanted_nothing_else_is_looked_at(tmp_path: Path) -> None:
    assert by_every_door(b"text,question,answer,label\nt,q,a,1\n", "t.csv", tmp_path) == ["t"]
    assert by_every_door(b"text,label\nt,\n", "t.csv", tmp_path) == ["t"]
    assert by_every_door(b"text,label\nt,x\n", "t.csv", tmp_path) == ["t"]
    with pytest.raises(DataError, match=r"t.csv has no column 'text': its columns are Sentence, id"):
        by_every_door(b"Sentence,id\na,1\n", "t.csv", tmp_path)


# ---- Encodings

KOREAN = "나는 오늘 학교에 갔습니다.\n고양이가 소파에서 자고 있습니다.\n"
JAPANESE = "今日は天気がいいですね。\n猫がソファーで寝ています。\n"
TRADITIONAL = "今天我去學校上課。\n貓在沙發上睡覺。\n這個軟體對台灣的使用者來說非常實用。\n"
SIMPLIFIED = "今天我去学校上课。\n猫在沙发上睡觉。\n"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        *((KOREAN, encoding) for encoding in ("euc-kr", "cp949", "iso2022_kr")),
        *((JAPANESE, encoding) for encoding in ("shift_jis", "euc-jp", "iso2022_jp")),
        *((TRADITIONAL, encoding) for encoding in ("big5", "gbk", "gb18030", "utf-16", "utf-32")),
        *((SIMPLIFIED, encoding) for encoding in ("gb2312", "gb18030", "hz", "utf-8-sig")),
    ],
)
def test_east_asian_encodings_are_told_apart(text: str, encoding: str, tmp_path: Path) -> None:
    assert by_every_door(text.encode(encoding), "t.txt", tmp_path) == text.splitlines()


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("The movie was great 推薦\n", "big5"),
        ("I like 老師好\n", "gbk"),
        ("天気\n映画\n東京駅\n会議\n", "euc_jp"),
        ("It has 20 °C or 68 °F\n", "cp1252"),
        ("good,正面\nbad,负面\n", "gbk"),
        ("naïve\n", "cp1252"),
    ],
)
def test_few_letters_beyond_ascii_are_asked_about_and_the_right_reading_is_offered(text: str, encoding: str) -> None:
    with pytest.raises(EncodingError) as caught:
        decode(text.encode(encoding), "t.txt")
    assert text in [decode(text.encode(encoding), "t.txt", guess.encoding) for guess in caught.value.guesses]


@pytest.mark.parametrize("text", ["Use ~{ab~} in templates", "a ~~ b ~{xx~}", r"\cite~{ab~}", "~{CUSTOMERID~}"])
def test_plain_ascii_that_looks_like_an_escape_stays_as_it_is(text: str) -> None:
    assert decode(text.encode(), "t.txt") == text


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_wide_letters_without_a_mark_are_read(encoding: str) -> None:
    for text in ("text,label\r\nhello,b\r\n", "Привет мир,1\r\n"):
        assert decode(text.encode(encoding), "t.csv") == text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Сегодня хорошая погода.\nЯ иду в школу.\n", "cp1251"),
        ("Сегодня хорошая погода.\nЯ иду в школу.\n", "koi8-r"),
        ("Die Vögel fliegen über die Brücke.\nMüller liebt Käse.\n", "cp1252"),
        ("Καλημέρα κόσμε. Πού είναι το σχολείο;\n", "cp1253"),
    ],
)
def test_code_pages_of_single_bytes_are_asked_about_and_read_when_they_are_named(text: str, encoding: str) -> None:
    content = text.encode(encoding)
    with pytest.raises(EncodingError, match=r"its encoding is in doubt. It may read") as caught:
        decode(content, "t.txt")
    readings = [guess.encoding for guess in caught.value.guesses]
    assert text in [content.decode(reading) for reading in readings]
    assert decode(content, "t.txt", encoding) == text


def test_a_named_encoding_is_taken_at_its_word_or_refused() -> None:
    assert decode("Ü".encode("cp1252"), "t.txt", "cp1252") == "Ü"
    for encoding in ("latin-1", "gbk"):
        assert decode("今天".encode(), "t.txt", encoding) == "今天"  # it is UTF-8
    assert decode("联通".encode("gbk"), "t.txt", "gbk") == "联通"  # which is UTF-8 too, by chance
    assert decode("①镕".encode("gbk"), "t.txt", "gb2312") == "①镕"  # as programs write under that name
    assert decode("it’s".encode("cp1252"), "t.txt", "latin-1") == "it’s"
    with pytest.raises(DataError, match=r"t.txt is no text in utf-16-le"):
        decode(b"plain", "t.txt", "utf-16-le")
    for given in ("no-such", "base64", "rot13", "\0", "undefined"):
        with pytest.raises(UserError, match=r"There is no encoding|is no text in"):
            decode(b"\xff", "t.txt", given)


def test_a_stray_byte_in_utf8_is_named_with_its_row() -> None:
    with pytest.raises(DataError, match=r"t.txt, row 3: no text in UTF-8"):
        decode(("今天天气很好。\n" * 2 + "好").encode() + b"\xff" + ("\n今天天气很好。" * 40).encode(), "t.txt")


# ---- Equal texts


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Café au lait", "Cafe\u0301 au lait"),
        ("ＡＢＣ hello", "abc hello"),
        ("Straße", "STRASSE"),
        ("a\u200bb\u00ad c", "ab c"),
        ("a\u00a0b\u3000c", "a b c"),
        ("１２３", "123"),
        ("a\ufe0f\u2060", "A"),
        ("ﬁne", "fine"),
    ],
)
def test_texts_that_look_alike_are_equal(one: str, other: str) -> None:
    assert normalised(one) == normalised(other)


@pytest.mark.parametrize(
    "text", ["\u200b", "\u2060", "\u00ad\u00ad", "\ufe0f", "\u200d\u200c", "\x7f", "\u3164", "\ufeff"]
)
def test_a_text_without_a_visible_character_is_empty(text: str, tmp_path: Path) -> None:
    assert by_every_door(f"a\n{text}\nb\n".encode(), "t.txt", tmp_path) == ["a", "b"]
    with pytest.raises(DataError, match=r"row 3: 'text' is empty"):
        by_every_door(f"text,n\na,1\n{text},2\n".encode(), "t.csv", tmp_path)


# ---- Data made in Python


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Pairs("d", ("a",), ("b",), (2,)), "d, row 1 of 'label': 2 is not 0 or 1"),
        (
            lambda: Scored("d", ("a", "c"), ("b", "d"), (1.0, float("nan"))),
            "row 2 of 'score': nan is not a finite number",
        ),
        (lambda: Scored("d", ("a",), ("b",), ("3",)), "row 1 of 'score': '3' is not a finite number"),  # type: ignore[arg-type]
        (lambda: Labelled("d", ("a", "b"), ("x",)), "differ in length: text 2, label 1"),
        (lambda: Texts("d", ("a", " \u200b")), "row 2 of 'text': .* is not a text that can be seen"),
        (lambda: Texts("d", "abc"), "'text' of d has to be a list of cells, not 'abc'"),  # type: ignore[arg-type]
        (lambda: Labelled("d", ("a",), (None,)), "row 1 of 'label': None is not the name of a class"),  # type: ignore[arg-type]
    ],
)
def test_data_made_in_python_is_checked_as_a_file_is(make: object, said: str) -> None:
    with pytest.raises(DataError, match=said):
        make()  # type: ignore[operator]


def test_columns_of_data_made_in_python_may_be_any_lists() -> None:
    made = Pairs("d", iter(["a", "b"]), ["c", "d"], [True, 0.0])  # type: ignore[arg-type]
    assert made == Pairs("d", ("a", "b"), ("c", "d"), (1, 0))


def test_a_blank_after_the_separator_is_no_part_of_a_cell() -> None:
    content = b'"text", "label"\n"hello, you", "pos"\nbye, "neg"\n'
    assert data_from_bytes(content, "t.csv") == Labelled("t.csv", ("hello, you", "bye"), ("pos", "neg"))


@pytest.mark.parametrize(
    "content",
    [
        'text,label\n"hello,1\nfoo,\nbar,1\nworld",0\nend,1\n',
        'id,text,label\n1,"hello,1\n2,foo,0\n3,,0\n4,world",0\n5,end,1\n',
        'text,label\nfirst,pos\n"Nice!,pos\nbad, really,neg\nnot good,neg\ngood",pos\n',
        'text,label\n"hello,1\nworld",0\n',
    ],
)
def test_a_quote_that_swallows_rows_is_noticed_though_some_are_blank_or_have_more_cells(content: str) -> None:
    with pytest.raises(DataError, match="a quotation mark opens a cell and closes it only"):
        data_from_bytes(content.encode(), "t.csv")


@pytest.mark.parametrize(
    "text",
    [
        "Roses are red, violets are blue\nSugar is sweet, and so are you\nI like tea",
        "Dear all,\nplease come",
        "one, two\nthree, four\nfive, six",
        "亲爱的朋友，\n你好，再见",
    ],
)
def test_a_text_of_several_lines_with_commas_is_read(text: str) -> None:
    content = f'text,label\n"{text}",1\nx,0\n'.encode()
    assert data_from_bytes(content, "t.csv") == Labelled("t.csv", (text, "x"), ("1", "0"))


def test_a_first_row_of_several_lines_or_with_other_separators_is_understood() -> None:
    content = b'"Satz\n1";"Satz 2";Score (0,5,10,15)\na;b;3,5\nc;d;1\n'
    assert table_sample(content, "t.csv").columns == ["Satz\n1", "Satz 2", "Score (0,5,10,15)"]


def test_rows_of_separators_alone_are_blank() -> None:
    assert data_from_bytes(b"text;label\na;x\n;\n;;\nb;y\n", "t.csv") == Labelled("t.csv", ("a", "b"), ("x", "y"))


@pytest.mark.parametrize("separator", ["\t", "_!_"])
def test_a_text_file_that_is_a_table_is_not_taken_for_texts(separator: str, tmp_path: Path) -> None:
    content = f"0{separator}I lost my card\n1{separator}It rains\n".encode()
    with pytest.raises(DataError, match=r"t.txt is no list of texts: each line has 2 cells"):
        by_every_door(content, "t.txt", tmp_path)
    assert by_every_door(b"one\ttab\nno tab\n", "t.txt", tmp_path) == ["one\ttab", "no tab"]


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        (["entailment", "not_entailment"], (1, 0)),
        (["not_duplicate", "duplicate"], (0, 1)),
        (["0", "1"], (0, 1)),
        (["True", "False"], (1, 0)),
    ],
)
def test_names_of_classes_say_which_pairs_match(names: list[str], labels: tuple[int, ...]) -> None:
    assert pairs_with_names(names) == Pairs("t.parquet", ("a", "c"), ("b", "d"), labels)


def test_names_of_classes_that_do_not_say_which_pairs_match_are_shown() -> None:
    with pytest.raises(DataError, match=r"the file calls its classes 0 contradiction, 1 neutral, 2 entails\. Write 1"):
        pairs_with_names(["contradiction", "neutral", "entails"])


def pairs_with_names(names: list[str]) -> object:
    features = {"label": {"_type": "ClassLabel", "names": names}}
    table = pa.table({"sentence1": ["a", "c"], "sentence2": ["b", "d"], "label": [0, 1]})
    told = {"huggingface": json.dumps({"info": {"features": features}})}
    file = io.BytesIO()
    parquet.write_table(table.replace_schema_metadata(told), file)
    return data_from_bytes(file.getvalue(), "t.parquet")


def test_whole_numbers_are_one_class_however_they_are_written() -> None:
    content = b'{"text":"a","label":1}\n{"text":"b","label":1.0}\n'
    assert data_from_bytes(content, "t.jsonl") == Labelled("t.jsonl", ("a", "b"), ("1", "1"))


def test_half_a_letter_is_replaced_by_every_door(tmp_path: Path) -> None:
    assert by_every_door(b'{"text": "cut \\ud83d"}\n', "t.jsonl", tmp_path) == ["cut \ufffd"]
    assert Texts("d", ("cut \ud83d",)).text == ("cut \ufffd",)


def test_a_column_that_cannot_be_read_hinders_no_other() -> None:
    content = parquet_bytes(text=["a"], when=pa.array([300_000_000_000_000], pa.timestamp("ms")))
    assert data_from_bytes(content, "t.parquet") == Texts("t.parquet", ("a",))


def test_hidden_sheets_are_not_the_first() -> None:
    content = workbook({"Hidden": [["text"], ["x"]], "Seen": [["text"], ["y"]]}, hidden=("Hidden",))
    assert data_from_bytes(content, "t.xlsx") == Texts("t.xlsx", ("y",))
    assert data_from_bytes(content, "t.xlsx", sheet="Hidden") == Texts("t.xlsx", ("x",))


@pytest.mark.parametrize(
    ("name", "how", "said"),
    [
        ("t.csv", {"sheet": "2"}, "t.csv has no sheets"),
        ("t.xlsx", {"encoding": "gbk"}, "t.xlsx says its encoding itself"),
        ("t.csv", {"encoding": "klingon"}, "There is no encoding 'klingon'"),
    ],
)
def test_an_option_that_does_nothing_is_refused(name: str, how: dict[str, str], said: str) -> None:
    with pytest.raises(OptionError, match=said):
        data_from_bytes(b"text\na\n", name, **how)  # type: ignore[arg-type]


def test_a_first_row_that_is_data_is_not_proposed_as_names() -> None:
    rows = "喜欢打篮球的男生喜欢什么样的女生\t爱打篮球的男生喜欢什么样的女生\t1\n我手机丢了\t我想买个新手机\t1\n"
    with pytest.raises(DataError, match=r"t.tsv has no names of columns: its first row seems to be data"):
        data_from_bytes(rows.encode(), "t.tsv")


def test_what_is_no_file_says_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is a folder"):
        read_texts(tmp_path)
    os.mkfifo(tmp_path / "pipe.txt")
    with pytest.raises(DataError, match=r"pipe.txt is empty: nothing was written"), open_texts(tmp_path / "pipe.txt"):
        pass
    with pytest.raises(DataError, match="is a device, not a file"), open_texts("/dev/null"):
        pass


@pytest.mark.parametrize(
    "label",
    [np.array([True, False]), np.array([1.0, 0.0], dtype=np.float32), pd.Series([1, 0]), torch.tensor([1, 0])],
    ids=lambda label: type(label).__name__,
)
def test_labels_of_other_libraries_are_taken(label: object) -> None:
    assert Pairs("d", ["a", "b"], ["c", "d"], label) == Pairs("d", ("a", "b"), ("c", "d"), (1, 0))  # type: ignore[arg-type]


def test_other_values_of_python_are_taken_as_a_file_gives_them() -> None:
    assert Labelled("d", ["a", "b"], [0, 1.0]).label == ("0", "1")  # type: ignore[arg-type]
    assert Scored("d", ["a"], ["b"], [Decimal("1.5")]).score == (1.5,)  # type: ignore[arg-type]


@pytest.mark.parametrize("texts", [{"a", "b"}, {"a": 1, "b": 2}, pd.DataFrame({"a": [1], "b": [2]}), np.array("a"), 5])
def test_what_is_no_list_is_no_column(texts: object) -> None:
    with pytest.raises(DataError, match="'text' of d has to be a list of cells"):
        Labelled("d", texts, ("x", "y"))  # type: ignore[arg-type]


def test_questions_that_look_alike_are_one_question() -> None:
    data = Answers("d", ("Who?", "WHO?\u200b", "What?", "what?"), ("a", "b", "c", "d"), (1, 0, 1, 0))
    assert len(split(data)[1]) == 2
    assert len(convert(data, "triplets").data) == 2
    assert convert(Triplets("d", ("a", "A", "e"), ("x", "y", "f"), ("y", "x", "g")), "pairs").rows_after == 2

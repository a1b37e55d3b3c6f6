"""What a file does not say itself is asked for, with its own words to choose by."""

from streamlit.testing.v1 import AppTest

from tests.data.test_odd_files import workbook

TEXT = "Die Vögel fliegen über die Brücke.\nMüller liebt Käse.\n"


def script(name: str, content: bytes) -> None:
    import streamlit as st

    from simcse_core.data.readers import texts_from_bytes
    from ui.shared import reading

    file = reading.choose_reading(name, content, str(hash(content)), "test")
    if file is None:
        st.text("asked")
    else:
        assert isinstance(file.content, bytes)
        st.text("|".join(texts_from_bytes(file.content, file.name)))


def run(name: str, content: bytes) -> AppTest:
    return AppTest.from_function(script, kwargs={"name": name, "content": content}).run()


def test_the_encoding_is_asked_for_with_the_texts_it_would_give() -> None:
    page = run("t.txt", TEXT.encode("cp1252"))
    assert page.text[0].value == "asked"
    (radio,) = page.radio
    assert any("Vögel" in option and "cp1252" in option for option in radio.options)
    radio.set_value("cp1252").run()
    assert page.text[0].value == "Die Vögel fliegen über die Brücke.|Müller liebt Käse."
    assert not page.exception


def test_the_sheet_of_a_workbook_is_asked_for_where_there_are_several() -> None:
    page = run("t.xlsx", workbook({"Notes": [["text"], ["a note"]], "Texts": [["text", "n"], ["a\nb", 1], ["c", 2.5]]}))
    assert page.text[0].value == "a note"
    page.selectbox[0].select("Texts").run()
    assert page.text[0].value == "a\nb|c"
    assert not run("t.xlsx", workbook({"Only": [["text"], ["a"]]})).selectbox


def test_nothing_is_asked_about_a_file_that_says_it_all() -> None:
    page = run("t.txt", TEXT.encode())
    assert page.text[0].value.startswith("Die Vögel")
    assert not page.radio

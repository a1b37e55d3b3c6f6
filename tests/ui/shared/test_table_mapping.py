"""The mapping step of an uploaded table: what it was taken for is seen, can be changed, and survives a new language."""

import pytest
from streamlit.testing.v1 import AppTest

TICKETS = """Ticket Nr.;Anfrage (Text);Queue →;Region
4711;Mein *Passwort* funktioniert seit gestern nicht mehr;IT;Nord
4712;Die Rechnung vom Mai ist doppelt gebucht worden;Buchhaltung;Nord
4713;Der Drucker im dritten Stock druckt nicht;IT;West
4714;Wann kommt mein Gehalt für den Oktober?;Personal;Ost
4715;Ich brauche bitte einen neuen Bildschirm;IT;Ost
"""
UNCLEAR = "premise,hypothesis,gold_label\nA man eats soup,Somebody eats,entailment\n" + (
    "A man eats soup,Nobody eats,contradiction\nA dog sleeps,The dog is black,neutral\n"
)


def mapped(content: str, language: str = "en") -> None:
    import streamlit as st

    from simcse_core.data.readers import table_sample
    from ui.frame import errors
    from ui.shared import table_mapping

    st.query_params.setdefault("language", language)
    with errors.user_errors():
        sample = table_sample(content.encode(), "t.csv")
        st.session_state["taken"] = None
        st.session_state["taken"] = table_mapping.choose_columns(sample, name="t.csv", token="1", key="k")


def taken_texts(content: str, name: str) -> None:
    import streamlit as st

    from simcse_core.data.files import File
    from ui.shared import table_mapping

    st.session_state["taken"] = table_mapping.choose_texts(File(name, content.encode()), token="1", key="k")


def page_of(content: str) -> AppTest:
    page = AppTest.from_function(mapped, args=(content,), default_timeout=60).run()
    assert not page.exception
    return page


def test_three_rows_are_shown_with_the_mapping_and_an_id_is_said_to_be_left_out() -> None:
    page = page_of(TICKETS)
    assert page.session_state["taken"] == {"text": "Anfrage (Text)", "label": "Queue →"}
    (rows,) = page.table
    assert list(rows.value.columns) == ["Text: Anfrage (Text)", "Label: Queue →"]
    assert len(rows.value) == 3
    assert rows.value.iloc[0, 0] == r"Mein \*Passwort\* funktioniert seit gestern nicht mehr"
    assert [caption.value for caption in page.caption] == ["Left out: Ticket Nr. (an id) and Region."]


def test_another_column_and_another_kind_can_be_chosen_and_stay_when_the_language_changes() -> None:
    page = page_of(TICKETS)
    label = next(box for box in page.selectbox if box.label == "Label")
    label.select("Region").run()
    assert page.session_state["taken"] == {"text": "Anfrage (Text)", "label": "Region"}
    page.selectbox[0].select("texts").run()
    assert page.session_state["taken"] == {"text": "Anfrage (Text)"}
    page.selectbox[0].select("labelled").run()
    page.query_params["language"] = "zh_CN"
    page.run()
    assert not page.exception
    assert page.selectbox[0].label == "文件里是什么数据？"
    assert page.session_state["taken"] == {"text": "Anfrage (Text)", "label": "Region"}


def test_what_is_missing_or_chosen_twice_is_said() -> None:
    page = page_of(UNCLEAR)
    assert page.session_state["taken"] is None
    assert page.info[0].value == r"Say which column is\: Label (1 match, 0 none)."
    next(box for box in page.selectbox if box.label.startswith("Label")).select("premise").run()
    assert page.session_state["taken"] is None
    assert page.info[0].value.startswith("The column premise is chosen twice.")


def test_pairs_without_a_label_match_all_and_the_choice_says_so() -> None:
    page = page_of("key,english,deutsch\n" + "".join(f"m.{n},Save it {n},Speichere es {n}\n" for n in range(5)))
    assert page.session_state["taken"] == {"anchor": "english", "positive": "deutsch"}
    label = page.selectbox[-1]
    assert label.options[-1] == "none: all rows match"
    label.select("key").run()
    assert page.session_state["taken"] == {"sentence1": "english", "sentence2": "deutsch", "label": "key"}


def test_names_that_say_it_all_need_no_mapping() -> None:
    assert page_of("text,label\nSome text,a\nAnother text,b\nA third text,a\n").session_state["taken"] == {}


@pytest.mark.parametrize(
    ("content", "name", "texts"),
    [("one\ntwo\n", "t.txt", ["one", "two"]), ('text\n"first\nsecond"\nother\n', "t.csv", ["first\nsecond", "other"])],
)
def test_texts_of_a_file_without_a_question_are_taken_at_once(content: str, name: str, texts: list[str]) -> None:
    page = AppTest.from_function(taken_texts, args=(content, name), default_timeout=60).run()
    assert page.session_state["taken"] == texts
    assert not page.button


def test_texts_of_a_table_are_taken_when_their_column_is_right() -> None:
    page = AppTest.from_function(taken_texts, args=(TICKETS, "t.csv"), default_timeout=60).run()
    assert page.session_state["taken"] is None
    assert page.button[0].label == "Use these 5 texts"
    page.button[0].click().run()
    taken = page.session_state["taken"]
    assert taken is not None
    assert taken[4] == "Ich brauche bitte einen neuen Bildschirm"
    page = AppTest.from_function(taken_texts, args=("a,b\n1,2\n3,4\n5,6\n", "t.csv"), default_timeout=60).run()
    assert (page.button[0].disabled, page.caption[0].value) == (True, "Say which column holds the texts.")

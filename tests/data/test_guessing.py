"""What a table's columns are: content decides, names decide between columns that fit equally."""

import pytest

from simcse_core.data.columns import MATCHING_TEXTS, Sample
from simcse_core.data.guessing import Guess, best_guess, guess, guess_columns, proposal, text_column
from simcse_core.data.kinds import KINDS
from simcse_core.data.readers import data_from_bytes, table_sample

TICKETS = """Ticket Nr.;Anfrage (Text);Queue →
4711;Mein Passwort funktioniert seit gestern nicht mehr;IT
4712;Die Rechnung vom Mai ist doppelt gebucht worden;Buchhaltung
4713;Der Drucker im dritten Stock druckt nicht;IT
4714;Wann kommt mein Gehalt für den Oktober?;Personal
"""
SCATTERED_TICKETS = """id,created,subject,team
INC 1027,2024-05-01 10:22,The printer on the third floor is offline,hardware
INC 0003,2024-05-01 11:00,I cannot open my mailbox since this morning,mail
INC 0951,2024-05-02 09:30,Please give the new colleague access to the share,access
INC 2210,2024-05-02 09:41,My screen stays black after the update,hardware
"""
CHINESE_TICKETS = """编号,用户问题,部门
1,我的银行卡昨天丢了怎么办,挂失
2,为什么这个月多扣了二十元,账单
3,我想提高信用卡的额度,额度
4,卡片被自动取款机吞了,挂失
"""
REVIEWS = """stars,review_date,What they said
5,2023-01-01,"Great coffee, friendly people and a lovely garden"
1,2023-01-02,"We waited an hour for a cold soup"
4,2023-01-05,"The cake alone is worth the trip"
5,2023-01-09,"Our favourite place in town by far"
"""
QUORA = """id,qid1,qid2,question1,question2,is_duplicate
0,1,2,How do I learn to swim?,What is the best way to learn swimming?,1
1,3,4,Why is the sky blue?,How deep is the sea?,0
2,5,6,How can I sleep better?,What helps to sleep well?,1
3,7,8,Who wrote Faust?,Where is Weimar?,0
"""
UNNAMED_PAIRS = """nr;links;rechts;gleich
17;Ein Hund läuft durch den Park;Ein Hund rennt im Park;ja
18;Eine Frau liest ein Buch;Ein Mann kocht Nudeln;nein
19;Kinder spielen im Garten;Im Garten spielen Kinder;ja
"""
GERMAN_SCORES = """Paar;Satz A;Satz B;Ähnlichkeit
1;Ein Hund läuft durch den Park;Ein Hund rennt im Park;4,5
2;Eine Frau liest ein Buch;Ein Mann kocht Nudeln;0,0
3;Kinder spielen im Garten;Im Garten spielen Kinder;5,0
"""
UNNAMED_SCORES = """no,left,right,judges,mean
1001,A dog runs through the park,A dog is running outside,3,3.8
1002,A woman reads a book,A man cooks pasta,5,0.2
1003,Children play in the garden,The garden is full of children,4,4.4
1004,It rains all day,The sun is out,3,1.0
"""
CHINESE_SCORES = """序号	句子1	句子2	相似度
1	一个人在弹吉他	有人在弹吉他	4.5
2	孩子们在公园里玩	飞机正在起飞	0.2
3	她在看书	她正在读一本书	4.8
"""
FAQ = """Frage;Antwort;Richtig
Wie ändere ich mein Passwort?;In den Einstellungen unter Konto, dort steht ein Knopf dafür.;1
Wie ändere ich mein Passwort?;Wir haben von acht bis achtzehn Uhr geöffnet.;0
Wann ist geöffnet?;Wir haben von acht bis achtzehn Uhr geöffnet.;1
"""
TRANSLATIONS = """key,english,deutsch
menu.01,The file could not be opened,Die Datei konnte nicht geöffnet werden
menu.02,Save your changes before you leave,Speichern Sie vor dem Verlassen
menu.03,This name is already taken,Dieser Name ist schon vergeben
menu.04,Choose another colour,Eine andere Farbe wählen
"""
ONE_COLUMN = "Verbatim\nI like it a lot\nNot for me and too slow\nWould buy again\n"
NUMBERED_TEXTS = "line,Verbatim\n1,I like it a lot\n2,Not for me too slow\n3,Would buy again\n"
GAPS = """ref,answer to the question,code
A-1,It took far too long to reach somebody,slow
A-2,,
A-3,The person on the phone was very kind,kind
A-4,Nobody called me back for a week,slow
A-5,They solved it in a minute,kind
"""
TITLE_AND_BODY = """title,body,section
Rain,It has been raining in the north for three days and the rivers are rising,weather
Elections,The votes of the last district were counted late in the evening by volunteers,politics
Storm,A storm is expected along the coast tomorrow and ferries will stay in port,weather
Budget,Parliament has passed the budget for the coming year after a long debate,politics
"""
MANY_ROWS = "n,what,where\n" + "".join(
    f"{row},Something long was said here about thing number {row},{'north' if row % 3 else 'south'}\n"
    for row in range(80)
)
ENTAILMENT = """premise,hypothesis,gold_label
A man eats soup,Somebody eats,entailment
A man eats soup,Nobody eats anything,contradiction
A dog sleeps,The dog is black,neutral
"""
MINED = """query,pos,neg
how to swim,Swimming for beginners and others,The history of the swimming pool
why is the sky blue,Rayleigh scattering in plain words,How to paint a blue sky
best pasta,Cooking pasta like in Rome today,The best pastries of Paris
"""


@pytest.mark.parametrize(
    ("content", "ending", "kind", "columns", "ids"),
    [
        (TICKETS, "csv", "labelled", {"text": "Anfrage (Text)", "label": "Queue →"}, ["Ticket Nr."]),
        (SCATTERED_TICKETS, "csv", "labelled", {"text": "subject", "label": "team"}, ["id"]),
        (CHINESE_TICKETS, "csv", "labelled", {"text": "用户问题", "label": "部门"}, ["编号"]),
        (REVIEWS, "csv", "labelled", {"text": "What they said", "label": "stars"}, []),
        (TITLE_AND_BODY, "csv", "labelled", {"text": "body", "label": "section"}, []),
        (GAPS, "csv", "labelled", {"text": "answer to the question", "label": "code"}, ["ref"]),
        (MANY_ROWS, "csv", "labelled", {"text": "what", "label": "where"}, ["n"]),
        (
            QUORA, "csv", "pairs",
            {"sentence1": "question1", "sentence2": "question2", "label": "is_duplicate"}, ["id", "qid1", "qid2"],
        ),
        (UNNAMED_PAIRS, "csv", "pairs", {"sentence1": "links", "sentence2": "rechts", "label": "gleich"}, ["nr"]),
        (ENTAILMENT, "csv", "pairs", {"sentence1": "premise", "sentence2": "hypothesis"}, []),
        (
            GERMAN_SCORES, "csv", "scored",
            {"sentence1": "Satz A", "sentence2": "Satz B", "score": "Ähnlichkeit"}, ["Paar"],
        ),
        (
            CHINESE_SCORES, "tsv", "scored",
            {"sentence1": "句子1", "sentence2": "句子2", "score": "相似度"}, ["序号"],
        ),
        (FAQ, "csv", "answers", {"question": "Frage", "answer": "Antwort", "label": "Richtig"}, []),
        (TRANSLATIONS, "csv", "pairs", {"anchor": "english", "positive": "deutsch"}, ["key"]),
        (ONE_COLUMN, "csv", "texts", {"text": "Verbatim"}, []),
        (NUMBERED_TEXTS, "csv", "texts", {"text": "Verbatim"}, ["line"]),
        (MINED, "csv", "triplets", {"anchor": "query", "positive": "pos", "negative": "neg"}, []),
    ],
)  # fmt: skip
def test_a_table_is_recognised_by_what_is_in_it_and_its_names_stay_as_written(
    content: str, ending: str, kind: str, columns: dict[str, str], ids: list[str]
) -> None:
    assert guess(table_sample(content.encode(), f"t.{ending}")) == Guess(kind, columns, tuple(ids))


@pytest.mark.parametrize(
    "content", [TICKETS, SCATTERED_TICKETS, CHINESE_TICKETS, QUORA, UNNAMED_PAIRS, GERMAN_SCORES, FAQ, TRANSLATIONS]
)
def test_what_is_guessed_can_be_read(content: str) -> None:
    guessed = guess(table_sample(content.encode(), "t.csv"))
    data = data_from_bytes(content.encode(), "t.csv", guessed.columns)
    assert (data.kind, guessed.missing) == (guessed.kind, ())


def test_a_mean_of_judgements_is_a_score_and_their_number_may_be_taken_for_one() -> None:
    guessed = guess(table_sample(UNNAMED_SCORES.encode(), "t.csv"))
    assert (guessed.kind, guessed.columns["sentence1"], guessed.columns["sentence2"]) == ("scored", "left", "right")
    assert guessed.columns["score"] in ("judges", "mean")
    assert guessed.ids == ("no",)


@pytest.mark.parametrize(
    ("cells", "is_id"),
    [
        (["1", "2", "3", "4"], True),
        (["101", "88", "340", "7"], True),
        (["T-1", "T-2", "T-9"], True),
        (["9f2c11", "03ab7e", "77d0c2"], True),
        (["3", "1", "5", "2"], False),
        (["0.5", "4", "2.5"], False),
        (["1", "1", "2", "3"], False),
        (["2024-05-01", "2024-05-02", "2024-05-03"], False),
        (["The 1st of May", "The 2nd of June", "The 3rd of July"], False),
    ],
)
def test_ids_rise_are_large_or_are_codes_and_never_come_again(cells: list[str], is_id: bool) -> None:
    sample = Sample(["x", "says"], [[cell, f"What was said about {cell} at some length"] for cell in cells])
    assert guess(sample).ids == (("x",) if is_id else ())


def test_a_name_does_not_make_a_text_of_numbers_nor_a_label_of_texts() -> None:
    rows = [[str(70 + 3 * row), f"What number {row} has to say in many words", "ab"[row % 2]] for row in range(8)]
    guessed = guess(Sample(["text", "label", "note"], rows))
    assert guessed == Guess("labelled", {"text": "label", "label": "note"}, ("text",))


def test_with_too_few_rows_names_decide() -> None:
    assert guess(Sample(["utterance", "intent"], [["1", "1"]])).columns == {"text": "utterance", "label": "intent"}


def test_two_texts_beside_a_class_are_no_matches() -> None:
    rows = [[f"Some words number {row}", f"Other words number {row}", "abc"[row % 3]] for row in range(9)]
    assert guess(Sample(["one", "two", "three"], rows)).kind == "labelled"
    assert set(guess(Sample(["one", "two"], [row[:2] for row in rows])).columns) == set(MATCHING_TEXTS)


def test_a_proposal_for_the_command_line_leaves_ids_out() -> None:
    assert proposal(table_sample(TICKETS.encode(), "t.csv")) == "text=Anfrage (Text), label=Queue →"


def test_where_texts_alone_are_wanted_the_longest_free_texts_are_proposed() -> None:
    assert text_column(table_sample(TITLE_AND_BODY.encode(), "t.csv")) == "body"
    assert text_column(table_sample(b"a,b\n1,2\n3,4\n5,6\n", "t.csv")) is None


def test_guesses_name_the_files_columns_and_leave_out_what_nothing_suggests() -> None:
    guesses = guess_columns(Sample([" Utterance", "INTENT", "id"], []))
    assert guesses["labelled"] == {"text": " Utterance", "label": "INTENT"}
    assert guesses["texts"] == {"text": " Utterance"}
    assert guesses["pairs"] == {"label": "INTENT"}
    assert guesses["triplets"] == {}
    assert list(guesses) == list(KINDS)
    assert guess_columns(Sample(["query", "answer", "label"], []))["answers"]["question"] == "query"


ROWS = {
    "id": [str(number) for number in range(6)],
    "topic": ["red", "blue"] * 3,
    "same": ["1", "0", "0"] * 2,
    "grade": ["0.5", "4", "2.5", "3", "5", "1"],
    "first": [f"What a long sentence number {word} is" for word in "abcdef"],
    "second": [f"And here is another one, {word}, as long" for word in "abcdef"],
}


@pytest.mark.parametrize(
    ("order", "kind", "expected"),
    [
        ("topic id first", "labelled", {"text": "first", "label": "topic"}),
        ("id first topic", "labelled", {"text": "first", "label": "topic"}),
        ("same second id first", "pairs", {"sentence1": "second", "sentence2": "first", "label": "same"}),
        ("grade id first second", "scored", {"sentence1": "first", "sentence2": "second", "score": "grade"}),
    ],
)
def test_columns_without_telling_names_are_guessed_by_their_content_wherever_they_stand(
    order: str, kind: str, expected: dict[str, str]
) -> None:
    columns = order.split()
    sample = Sample(columns, [list(row) for row in zip(*(ROWS[column] for column in columns), strict=True)])
    assert best_guess(sample) == kind
    assert guess_columns(sample)[kind] == expected

"""What groups are called."""

import math

import numpy as np
import pytest

from simcse_core.data import bundled
from simcse_core.data.kinds import texts_of
from simcse_core.meaning.groups import Groups, name_groups
from simcse_core.meaning.groups.chinese import chinese_words, segmented
from simcse_core.meaning.groups.terms import stem, terms_of


def grouped(of: list[int]) -> Groups:
    """Groups whose first rows are the central ones."""
    count = max(of) + 1
    central = tuple(of.index(group) for group in range(count))
    return Groups(np.array(of, np.int32), np.ones(len(of), np.float32), central, (1.0,) * count, 2)


CARDS = ["How do I activate my card?", "The card won't activate.", "Activating a new card", "Is my card activated?"]
TRAINS = [
    "The night train is late.",
    "A night train to Rome",
    "Which night trains have beds?",
    "Late again, this train",
]
RAIN = ["It rained all day.", "Rain again", "Will it rain?", "Heavy rain and wind"]


def test_a_group_is_called_by_the_words_that_its_texts_share_and_others_do_not() -> None:
    names = name_groups(CARDS + TRAINS + RAIN, grouped([0] * 4 + [1] * 4 + [2] * 4), "en")
    assert [set(name.keywords) for name in names] == [{"activate", "card"}, {"night train", "late"}, {"rain"}]
    assert [name.title for name in names][1:] == ["night train, late", "rain"]
    assert [(name.size, name.central) for name in names] == [(4, 0), (4, 4), (4, 8)]


def test_the_first_keyword_has_the_highest_weight_of_class_based_tf_idf() -> None:
    """W = count in the class x log(1 + mean count of terms in a class / count everywhere), by hand."""
    texts = ["apple pear", "apple", "apple pear", "plum", "plum", "plum apple"]
    (first, second) = name_groups(texts, grouped([0, 0, 0, 1, 1, 1]), "en")
    # Terms: apple 3 + 1, pear 2, "apple pear" 2; plum 3, "plum apple" 1: 12 in two classes, 6 on average.
    apple, pair = 3 * math.log(1 + 6 / 4), 2 * math.log(1 + 6 / 2)
    assert apple < pair
    assert first.keywords[0] == "apple pear"
    assert second.keywords == ("plum",)


def test_a_word_that_is_as_frequent_elsewhere_names_no_group_but_in_a_pair() -> None:
    texts = ["red boat", "red boat", "red kite", "red kite"]
    assert [name.title for name in name_groups(texts, grouped([0, 0, 1, 1]), "en")] == ["red boat", "red kite"]


def test_groups_without_words_of_their_own_are_called_by_their_central_text_and_no_two_alike() -> None:
    texts = ["and so it is", "so it is", "and so it is", "so it is", "and so it is"]
    titles = [name.title for name in name_groups(texts, grouped([0, 0, 1, 1, 2]), "en")]
    assert titles == ["and so it is", "and so it is (2)", "and so it is (3)"]
    texts = ["ring one", "ring two", "ring five", "ring six"] * 2 + ["x", "y"] * 4
    titles = [name.title for name in name_groups(texts, grouped([0, 0, 1, 1] * 2 + [-1] * 8), "en")]
    assert titles == ["ring: ring one", "ring: ring five"]


def test_a_title_is_short_and_in_one_line_whatever_stands_in_the_text() -> None:
    texts = ["the\n\u202e" + "the " * 400] * 3
    (name,) = name_groups(texts, grouped([0, 0, 0]), "en")
    assert len(name.title) <= 40
    assert name.title.isprintable()


@pytest.mark.parametrize(
    "texts", [["", "", ""], ["\u200b", "\u200b", "\u200b"], ["123", "!!!", "…"], ["a" * 5_000] * 3]
)
def test_texts_without_words_are_no_error(texts: list[str]) -> None:
    assert len(name_groups(texts, grouped([0, 0, 0]), "en")) == 1
    assert name_groups(texts, grouped([-1, -1, -1]), "en") == ()


def test_five_hundred_groups_have_five_hundred_names() -> None:
    texts = [f"{word} number {place}" for place in range(500) for word in ("thing", "thing")]
    names = name_groups(texts, grouped([row // 2 for row in range(1_000)]), "en")
    assert len({name.title for name in names}) == 500


def test_chinese_groups_are_called_by_chinese_words() -> None:
    loans = ["这本书可以续借吗", "续借要带借书证吗", "网上续借失败了", "我想续借两本小说"]
    rooms = ["讨论室怎么预订", "讨论室能坐几个人", "今天还有讨论室吗", "小组讨论室要预约吗"]
    names = name_groups(loans + rooms, grouped([0] * 4 + [1] * 4), "zh_CN")
    assert [name.keywords[0] for name in names] == ["续借", "讨论室"]


def test_words_of_the_bundled_chinese_set_are_words() -> None:
    """Read beforehand; none of them is the end of one word and the beginning of the next."""
    words = chinese_words(list(texts_of(bundled.load("intents-zh"))))
    assert {"续借", "借书证", "预约", "打印", "逾期", "罚款"} & set(words) >= {"续借", "借书证", "预约", "打印"}
    assert not {"的书", "借书证丢", "我想", "书还", "可以"} & set(words)


def test_a_run_of_characters_is_cut_where_the_words_are_most_likely() -> None:
    assert segmented("续借按钮坏了", {"续借": 5, "按钮": 3, "借按": 1}) == ["续借", "按钮", "坏", "了"]
    assert segmented("", {}) == []


def test_forms_of_a_word_count_as_one_and_short_or_foreign_words_stay() -> None:
    forms = {stem(word) for word in ("charge", "charges", "charged", "charging")}
    assert len(forms) == 1
    assert [stem(word) for word in ("bus", "glass", "this", "glasses", "countries", "straße", "los")] == [
        "bus",
        "glass",
        "this",
        "glass",
        "country",
        "straße",
        "los",
    ]


def test_two_words_are_a_pair_where_nothing_stands_between_them() -> None:
    written = {
        form for forms in terms_of(["Late fees, gift cards and Rome's card-reader"]).written.values() for form in forms
    }
    assert written == {
        "late",
        "fees",
        "late fees",
        "gift",
        "cards",
        "gift cards",
        "rome",
        "card-reader",
        "rome card-reader",
    }

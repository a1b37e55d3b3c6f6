from string import Formatter

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from ui.frame.messages import current_messages
from ui.frame.translation import LANGUAGES, LOCALES, _catalogue


@pytest.fixture(scope="module")
def written() -> Catalog:
    with (LOCALES / "zh_CN" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale="zh_CN")


def test_every_text_of_the_interface_has_its_chinese_line(written: Catalog) -> None:
    missing = [
        message.id
        for message in current_messages("zh_CN")
        if message.id and not (written.get(message.id) or message).string
    ]
    assert missing == [], "run `make messages` and write the Chinese lines"


def test_no_line_is_left_over_or_fuzzy(written: Catalog) -> None:
    current = {message.id for message in current_messages("zh_CN")}
    assert [message.id for message in written if message.id not in current or (message.fuzzy and message.id)] == []


def test_placeholders_are_the_same_in_both_languages(written: Catalog) -> None:
    def fields(text: str) -> set[tuple[str | None, ...]]:
        return {field[1:] for field in Formatter().parse(text) if field[1]}

    assert [m.id for m in written if m.id and fields(str(m.id)) != fields(str(m.string))] == []


def test_both_languages_are_there() -> None:
    assert _catalogue("en").gettext("Similarity") == "Similarity"
    assert _catalogue("zh_CN").gettext("Similarity") == "相似度"
    assert list(LANGUAGES) == ["en", "zh_CN"]

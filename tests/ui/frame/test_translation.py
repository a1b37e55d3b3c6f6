from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from streamlit.testing.v1 import AppTest

from simcse_core.data import bundled
from ui.frame import translation
from ui.frame.messages import current_messages
from ui.frame.page import PAGES
from ui.frame.translation import LANGUAGES, LOCALES, catalogue, languages_in

ROOT = Path(__file__).parent.parent.parent.parent


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
    assert catalogue("en").gettext("Similarity") == "Similarity"
    assert catalogue("zh_CN").gettext("Similarity") == "相似度"
    assert list(LANGUAGES) == ["en", "zh_CN"]


@pytest.fixture
def french(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A third language is a folder with a catalogue, however little stands in it."""
    file = tmp_path / "fr" / "LC_MESSAGES" / "messages.po"
    file.parent.mkdir(parents=True)
    file.write_text('msgid "Language"\nmsgstr "Langue"\n\nmsgid "Similarity"\nmsgstr "Similarité"\n')
    monkeypatch.setattr(translation, "LOCALES", tmp_path)
    monkeypatch.setattr(translation, "LANGUAGES", languages_in(tmp_path))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
@pytest.mark.parametrize("name", ["similarity", "losses", "training", "map"])
def test_a_third_language_is_found_and_what_it_lacks_is_english(name: str, french: None) -> None:
    assert translation.LANGUAGES == {"en": "English", "fr": "Français"}
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    page.switch_page(PAGES[name].path)
    page.query_params["language"] = "fr"
    page.run()
    assert not page.exception
    assert not page.error
    (control,) = [one for one in page.button_group if one.label.startswith("Lang")]
    assert (control.label, control.options) == ("Language / Langue", ["English", "Français"])
    if name == "similarity":
        sample = next(iter(bundled.samples().values())).in_language("en")
        assert page.session_state["sentences-state"].text == "\n".join(sample.sentences)

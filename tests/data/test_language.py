import pytest

from simcse_core.data.language import language_of


@pytest.mark.parametrize(
    ("text", "language"), [("A cat.", "en"), ("猫在睡觉。", "zh_CN"), ("我爱 New York 的秋天景色", "zh_CN"), ("", "en")]
)
def test_the_language_of_a_sentence_is_that_of_most_of_it(text: str, language: str) -> None:
    assert language_of([text]) == language

"""The language of texts, as far as anything here depends on it."""

from collections.abc import Sequence


def language_of(texts: Sequence[str]) -> str:
    """The language that most of the letters are of.

    Returns:
        "zh_CN" when a good part of the letters is Chinese, else "en".
    """
    letters = "".join("".join(text.split()) for text in texts)
    return "zh_CN" if sum("\u3400" <= letter <= "\u9fff" for letter in letters) > 0.3 * len(letters) else "en"

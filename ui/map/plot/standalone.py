"""A map as a page of its own, which works without a network."""

from collections.abc import Mapping

from ui.map.plot.model import Plot


def to_html(plot: Plot, *, title: str, language: str, words: Mapping[str, str]) -> str:
    """One page with the same map, for keeping and passing on.

    Args:
        plot: what it shows.
        title: of the page.
        language: of the words, "en" or "zh_CN".
        words: from `words.words`.

    Returns:
        HTML that can be encoded as UTF-8 whatever the texts are. Its policy forbids all requests.
    """
    raise NotImplementedError

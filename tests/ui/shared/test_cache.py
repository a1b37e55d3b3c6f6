import threading
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from simcse_core.encoding import catalogue
from ui.shared import cache


def test_a_model_that_is_unpacked_says_how_far_that_is(monkeypatch: pytest.MonkeyPatch) -> None:
    half_way, may_go_on = threading.Event(), threading.Event()

    def load(_name: str, *, on_fetch: Callable[[int, int], None]) -> SimpleNamespace:
        on_fetch(30, 120)
        half_way.set()
        may_go_on.wait(30)
        on_fetch(120, 120)
        return SimpleNamespace(encode=lambda texts: texts)

    monkeypatch.setattr(catalogue, "load", load)
    loading = cache.loading("a packed one")
    assert half_way.wait(30)
    assert not cache.is_loaded("a packed one")
    assert "Preparing a packed one" in cache.loading_in_words("a packed one")
    assert cache.loading_in_words("a packed one").endswith("25 %")
    may_go_on.set()
    loading.result(30)
    assert cache.is_loaded("a packed one")
    assert "Preparing" not in cache.loading_in_words("a packed one")

"""What the tests of pages share."""

import pytest


@pytest.fixture(autouse=True)
def nothing_is_rehearsed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page Training measures how long a race will take once its settings have been quiet; here they never are."""
    monkeypatch.setattr("ui.estimates.QUIET_SECONDS", 1e9)

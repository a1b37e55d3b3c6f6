"""What the tests of pages share."""

import pytest


@pytest.fixture(autouse=True)
def nothing_is_rehearsed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page Training measures how long a race will take once its settings have been quiet; here they never are."""
    monkeypatch.setattr("ui.training.estimates.QUIET_SECONDS", 1e9)


@pytest.fixture(autouse=True)
def nobody_trains(nobody_works: None) -> None:
    """Pages are tested with runs that say what the test wants; real ones take place in `tests/runs`."""

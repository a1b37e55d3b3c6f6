"""Messages for screen readers while work goes on: each is read once, without interrupting."""

from collections.abc import Mapping
from pathlib import Path

from ui.frame.components import component

_SCRIPT = Path(__file__).parent / "frontend" / "announcer.js"


def announce(messages: Mapping[str, str], *, about: str, key: str) -> None:
    """Announce the messages that are new; those of the first call are not read out.

    Args:
        messages: by an id of each, the latest ones in their order.
        about: what they are about. When it changes, what is there then is taken for known.
        key: of the place that speaks; it has to stay on the page.
    """
    data = {"about": about, "messages": [[name, text] for name, text in messages.items()]}
    component("simcse_announcer", _SCRIPT)(key=key, data=data, height=1)

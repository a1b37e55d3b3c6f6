"""What a training has cost elsewhere: a general set of scored pairs, read by both models."""

import streamlit as st

from simcse_core.data import bundled
from simcse_core.data.kinds import text_columns
from simcse_core.meaning.intervals import difference, interval
from simcse_core.meaning.items import Items
from ui.frame import waiting
from ui.frame.errors import plain
from ui.frame.translation import _, language
from ui.shared import cache
from ui.shared.data_choice import data_title
from ui.shared.prompt_and_dim import sides

METRIC = "spearman"


def show(before: cache.EncoderSettings, after: cache.EncoderSettings, names: tuple[str, str], *, key: str) -> None:
    """A button that measures both, and then what came out.

    Args:
        before, after: the encoders.
        names: of both, plain text.
        key: of the button.
    """
    data = _general()
    asked = f"{key}-asked"
    st.button(
        _("What was forgotten?"),
        icon=":material/psychology_alt:",
        key=key,
        on_click=lambda: st.session_state.update({asked: (before, after)}),
        help=_("Both models read {data}, which has nothing to do with this training.").format(data=data_title(data)),
    )
    if st.session_state.get(asked) != (before, after):
        return
    items = [_items(data, settings) for settings in (before, after)]
    of_both = [interval(one, METRIC) for one in items]
    gain = difference(items[1], items[0], METRIC)
    st.markdown(
        _("{data}: Spearman {first:.3f} by {before}, {second:.3f} by {after}.").format(
            data=plain(data_title(data)),
            first=of_both[0].value,
            second=of_both[1].value,
            before=plain(names[0]),
            after=plain(names[1]),
        )
    )
    st.markdown(_verdict(gain.value, gain.low, gain.high))


def _verdict(value: float, low: float, high: float) -> str:
    if low > 0:
        said = _("It improved on these data, by {value:+.3f} (95 % range {low:+.3f} to {high:+.3f}).")
    elif high < 0:
        said = _("**Something was forgotten:** {value:+.3f} (95 % range {low:+.3f} to {high:+.3f}).")
    else:
        said = _("The difference of {value:+.3f} is inside the noise (95 % range {low:+.3f} to {high:+.3f}).")
    return said.format(value=value, low=low, high=high).replace("-", "−")


def _general() -> str:
    name = f"scored-{bundled.ending(language())}"
    return name if name in bundled.names() else "scored-en"


def _items(data: str, settings: cache.EncoderSettings) -> Items:
    loaded = bundled.load(data)
    columns = text_columns(loaded)
    with waiting.progress_bar(_("Reading general pairs")) as report:
        texts = [text for column in columns for text in column]
        rows = cache.embeddings(texts, sides(settings)[0], report)  # of two prompts the first, as suites have it
    count = len(loaded)
    return loaded.items([rows[:count], rows[count:]])

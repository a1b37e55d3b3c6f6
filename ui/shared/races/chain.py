"""The chain of trainings that makes a model: pre-training, fine-tuning, further fine-tuning."""

from collections.abc import Sequence

import streamlit as st

from simcse_core.encoding.scratch import SIZES
from simcse_core.errors import RunError
from simcse_core.learning.losses import losses as registry
from simcse_core.learning.pretraining import pretraining
from simcse_core.runs.config import RunConfig, Stage
from simcse_core.runs.store import get
from ui.frame.errors import plain
from ui.frame.translation import _
from ui.shared.races.words import data_name, model_title


def show(config: RunConfig, losses: Sequence[str], *, always: bool = False) -> None:
    """From the first model to this training, a box for each; nothing when there is only the training itself.

    Args:
        config: of the training; its stages are those before it.
        losses: that it learns with.
        always: also a chain of one training.
    """
    if not config.stages and config.model not in SIZES and not always:
        return
    first = config.stages[0].started_from if config.stages else config.model
    boxes = [(model_title(first), _("a new model, random weights") if first in SIZES else _("as it comes"))]
    kinds = training_kinds([*(stage.loss for stage in config.stages), losses[0] if losses else ""])
    for stage, kind in zip(config.stages, kinds, strict=False):
        boxes.append((kind, f"{stage.loss} · {data_name(stage.data)}"))
    boxes.append((kinds[-1], ", ".join(dict.fromkeys(losses)) or "…"))
    with st.container(horizontal=True, gap="xsmall"):
        for number, (title, subtitle) in enumerate(boxes):
            with st.container(border=True, width="content", gap=None):
                # The arrow stands in the box that it leads to, so that it never ends a line.
                arrow = ":material/arrow_forward: " if number else ""
                st.markdown(f"{arrow}**{plain(title)}**", width="content")
                st.caption(plain(subtitle), width="content")


def stages_of(model: str) -> tuple[Stage, ...]:
    """The trainings that made a model; none for one that no run here has made."""
    try:
        made_by = get(model).config
    except RunError:
        return ()
    last_stage = Stage(run=model, loss=made_by.settings.loss, data=made_by.data, started_from=made_by.model)
    return (*made_by.stages, last_stage)


def training_kinds(losses: Sequence[str]) -> list[str]:
    """The kind of each training: pre-training, fine-tuning or further fine-tuning."""
    without_labels = {*pretraining.names(), *(entry.name for entry in registry.entries() if entry.needs_only_texts)}
    kinds = []
    tuned = 0
    for loss in losses:
        if loss in without_labels:
            kinds.append(_("pre-training"))
        else:
            kinds.append(_("further fine-tuning") if tuned else _("fine-tuning"))
            tuned += 1
    return kinds

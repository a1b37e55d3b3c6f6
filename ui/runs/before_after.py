"""What a training did to the scores of the held-out pairs, to the old threshold, and to what the model knew before."""

import numpy as np
import streamlit as st

from simcse_core.encoding.prompts import names_two
from simcse_core.learning.records import State
from simcse_core.meaning.evaluation import closest_pairs
from simcse_core.meaning.items import PAIR_METRICS
from simcse_core.runs.config import RunConfig
from simcse_core.runs.run import Run
from ui.frame.page import PAGES
from ui.frame.translation import _, language
from ui.shared import cache
from ui.shared.tuner import before_after, forgetting
from ui.shared.tuner.before_after import Comparison, Side

KEY = "runs-threshold"


def show(run: Run, config: RunConfig) -> None:
    """Of a finished run on pairs or scored pairs; one on questions is compared on the page Answers.

    Args:
        run: finished or not.
        config: what of it may be shown.
    """
    if run.status.state != State.FINISHED:
        return
    comparison = compared(run)
    if comparison is not None:
        st.subheader(_("How the scores moved"), anchor=False)
        with st.container(height=520, border=False):
            before_after.show(comparison, key=KEY)
        st.markdown(before_after.in_words(comparison, key=KEY))
    elif _ranks_answers(run):
        st.page_link(
            PAGES["answers"].path,
            label=_("Compare it with its start on a list of questions"),
            icon=":material/compare_arrows:",
            query_params={"language": language(), "model": run.id, "answers-look": "compare"},
        )
    if comparison is not None or _ranks_answers(run):
        start = cache.EncoderSettings(
            config.model, config.layer, config.pooling, config.head, config.prompt, config.dim
        )
        names = _("the start of the training"), _("this run")
        # A run that learned with two prompts uses none by itself.
        end = cache.EncoderSettings(run.id, prompt=config.prompt if names_two(config.prompt or "") else None)
        forgetting.show(start, end, names, key=f"runs-forgotten-{run.id}")


def compared(run: Run) -> Comparison | None:
    """The cosines of the held-out pairs at the start and after; None where there are none, or all pairs are alike.

    Of scored pairs those count as matches whose score is at least 0.8 of the highest.
    """
    items = run.items()
    if items is None or not items.after.cosines or len(items.before.cosines) != len(items.after.cosines):
        return None
    gold = np.array(items.after.gold)
    is_match = gold == 1 if items.after.of_pairs == PAIR_METRICS else closest_pairs(gold)
    before, after = (np.array(one.cosines, dtype=np.float64) for one in (items.before, items.after))
    comparison = Comparison(Side(_("at the start"), before, is_match), Side(_("after the training"), after, is_match))
    return comparison if comparison.has_both() else None


def _ranks_answers(run: Run) -> bool:
    items = run.items()
    return items is not None and "mrr" in items.after.metrics

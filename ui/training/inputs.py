"""Everything that is chosen before a race: data, start, losses, what is trained, for how long and how often."""

from dataclasses import dataclass

import streamlit as st

from simcse_core.data.kinds import kind_of
from simcse_core.learning.losses import losses
from simcse_core.learning.pretraining import pretraining
from simcse_core.learning.settings import TrainingSettings, objective
from simcse_core.meaning.intervals import FEWEST_SEEDS
from simcse_core.runs import race
from simcse_core.runs.config import RunConfig
from simcse_core.runs.store import keep_data
from ui.frame.errors import plain
from ui.frame.translation import N_, _
from ui.shared import data_choice, defaults
from ui.shared.data_choice import ChosenData, Upload
from ui.shared.races import chain
from ui.shared.races.words import describe
from ui.training import data, estimates, presets
from ui.training import options as training_options
from ui.training import start as start_choice
from ui.training.data import HeldOut
from ui.training.presets import Preset
from ui.training.start import Start

SEEDS = (1, 3, 5)
INPUTS = {
    "views": N_("each text twice, under two dropout masks; the other texts of the batch do not match"),
    "classes": N_("all texts of the batch with each other; texts of one class match"),
    "class_pairs": N_("each text with another one of its class; texts of other classes do not match"),
    "matches": N_("the two sentences of each match; those of other rows do not match"),
    "marked_pairs": N_("the two sentences of each row, as the label says; those of other rows do not match"),
    "marked_rows": N_("the two sentences of each row, as the label says; other rows do not count"),
    "triplets": N_("each anchor with its positive; all negatives of the batch do not match"),
    "own_triplets": N_("each anchor with its positive and its own negative"),
    "scores": N_("the two sentences of each row, ranked by their scores"),
    "class_codes": N_("each text with the number of its class"),
}
"""What a row becomes for a loss, by `losses.registry.Input`."""


@dataclass(frozen=True)
class RacePlan:
    """What a race will do."""

    data: ChosenData
    held: HeldOut
    kind: str | None
    start: Start
    settings: TrainingSettings
    losses: tuple[str, ...]
    seeds: tuple[int, ...]

    @property
    def runs(self) -> int:
        return len(self.losses) * len(self.seeds)

    @property
    def draft(self) -> RunConfig:
        """As runs keep it, but for uploads: their files have no place yet."""
        return RunConfig(
            data=_source_name(self.data),
            dev=self.held.dev,
            dev_share=self.held.share,
            columns=self.data.columns,
            kind=self.kind,
            model=self.start.model,
            layer=self.start.layer,
            prompt=self.start.prompt,
            dim=self.start.dim,
            settings=self.settings,
        )

    def config(self) -> RunConfig:
        """As runs keep it; uploads are stored now.

        Raises:
            RunError: there is no place to store them.
        """
        dev = self.held.dev if self.held.other is None else _stored(self.held.other)
        return self.draft.model_copy(update={"data": _stored(self.data), "dev": dev})


def _source_name(source_data: ChosenData) -> str:
    return source_data.source if isinstance(source_data.source, str) else ""


def _stored(source_data: ChosenData) -> str:
    source = source_data.source
    return str(keep_data(source.content, source.name)) if isinstance(source, Upload) else source


def choose() -> RacePlan:
    """Asks for all settings: data, length and losses are open, the rest is folded below.

    Raises:
        UserError: nothing can learn from the data, nothing of it can be held out, or a setting is out of range.
    """
    training_data = data_choice.choose_data("training")
    of_data = st.container(gap="xsmall")
    preset = presets.choose()
    for_losses = st.container(gap="xsmall")
    with st.expander(_("Starting point"), icon=":material/start:"):
        start = start_choice.choose(preset)
        stages_place = st.container()
    with st.expander(_("Trained layers, budget and seeds"), icon=":material/timer:"):
        tune = training_options.tune_choice(start, preset)
        budget = training_options.budget(start, preset)
        seeds = _seed_count(preset)
    with st.expander(_("More settings"), icon=":material/tune:"):
        held = data.measured_on(training_data)
        kind = data.kind_choice(training_data)
        more = training_options.more(start, tune)
        of_options = st.container()
    prepared = data.prepare(training_data, held, kind, seed=more["seed"], batch_size=more["batch_size"])
    with of_data:
        data.show(prepared, training_data, start.base, opened=st.query_params.get("look") == "linter")
    with for_losses:
        names = _loss_choice(prepared, start, preset)
    with of_options:
        loss, options = training_options.of_a_loss(names)
        end = training_options.of_one_training(names, seeds)
    settings = training_options.checked({"tune": tune, **budget, **more, **end, "loss": loss, "loss_options": options})
    if len(names) > 1 and settings.seconds is None:
        settings = race.equal_sentences(settings, prepared.train)
    first = settings.seed
    plan = RacePlan(training_data, held, kind, start, settings, tuple(names), tuple(range(first, first + seeds)))
    with stages_place:
        stages = chain.stages_of(start.model)
        chain.show(RunConfig(data="", model=start.model, stages=stages), names)
    with st.expander(_("What each loss pulls together"), icon=":material/help:"):
        _explain(prepared)
    st.caption(plain(describe(plan.draft, plan.seeds, data=False)))
    return plan


def start_button(plan: RacePlan | None, user: str, *, is_busy: bool) -> str | None:
    """What a race will take, and its button; the race's id when it is pressed.

    Args:
        plan: what it will do; None while the settings make no race.
        user: whose race it is.
        is_busy: another race on the page goes on, whose progress needs the room.

    Raises:
        UserError: the race cannot be started; nothing of it is then queued.
    """
    losses = plan.losses if plan is not None else ()
    expected = estimates.show(plan, user) if plan is not None and losses and not is_busy else None
    pressed = st.button(
        _("Start the training") if len(losses) == 1 else _("Start the race"),
        icon=":material/flag:",
        type="primary",
        disabled=not losses,
        width="stretch",
        key="start-race",
    )
    if plan is not None and not losses:
        st.caption(_("Choose at least one loss."))
    if not pressed or plan is None:
        return None
    estimates.check(plan)
    with st.spinner(_("Queueing …")):
        started = race.start(plan.config(), plan.losses, plan.seeds, user=user, expected=expected)
        if isinstance(plan.data.source, Upload):
            for run in race.runs(started):
                run.remember_file(plan.data.source.name, user)
        return started


def _seed_count(preset: Preset) -> int:
    usual = preset.seeds or FEWEST_SEEDS
    count = (
        st.segmented_control(
            _("Seeds"),
            SEEDS,
            default=usual,
            required=True,
            key=f"race-seeds{preset.suffix}",
            help=_("The order of the data, dropout and new weights are random: another seed gives another result."),
        )
        or usual
    )
    st.caption(
        _(
            "One seed is one draw of chance: no winner is named. From three seeds on the result shows how much chance "
            "moves it."
        )
        if count < FEWEST_SEEDS
        else _("Each loss is trained {n} times.").format(n=count)
    )
    return count


def _loss_choice(prepared: data.Prepared, start: Start, preset: Preset) -> list[str]:
    can_learn = [name for name in prepared.losses if name not in pretraining.names() or start.layers is not None]
    return list(
        st.pills(
            _("Losses"),
            can_learn,
            selection_mode="multi",
            default=defaults.race_losses(prepared.train)[: preset.losses] or can_learn[:1],
            key=f"race-losses-{kind_of(prepared.train)}{preset.suffix}",
            wrap=True,
        )
    )


def _explain(prepared: data.Prepared) -> None:
    """What each loss pulls together, and what it makes of a row of this data."""
    for name in prepared.losses:
        entry = objective(name)
        said = f"**{name}** · {_(entry.summary)}"
        if name in losses.names():
            said += "  \n" + _("It compares {what}.").format(
                what=_(INPUTS[losses[name].inputs[kind_of(prepared.train)]])
            )
        st.markdown(said)

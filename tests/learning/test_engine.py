import json
import math
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from itertools import islice, permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from simcse_core.data.kinds import Dataset, Labelled, Pairs, Texts
from simcse_core.encoding.frozen import FrozenEncoder
from simcse_core.encoding.model import SimCSE
from simcse_core.errors import CheckpointError, DataError, OptionError, RunError, UserError
from simcse_core.learning.checks import losses_for
from simcse_core.learning.ended import Ended
from simcse_core.learning.frozen_states import FrozenStates, learner
from simcse_core.learning.health import Watch
from simcse_core.learning.losses import losses
from simcse_core.learning.measuring import geometry, main_metric, main_metric_among, measure, sample_of
from simcse_core.learning.objectives import EmbeddingLoss, make_objective
from simcse_core.learning.processes import Processes
from simcse_core.learning.records import Evaluation, Geometry, Note, Step
from simcse_core.learning.schedule import rate_factor
from simcse_core.learning.settings import TrainingSettings, training_settings
from simcse_core.learning.training import check, train
from simcse_core.limits import Limits
from tests.learning.small import LABELS, TEXTS, data_of, tiny_model
from tests.learning.two_processes import result

KINDS = ["texts", "labelled", "pairs", "scored", "triplets", "answers"]
PLAIN = {"epochs": 1, "batch_size": 8, "learning_rate": 1e-3, "precision": "float32"}

Yielded = Step | Evaluation | Note | Ended


def settings_of(**given: object) -> TrainingSettings:
    return training_settings({**PLAIN, **given})


def run(data: Dataset, dev: Dataset | None = None, model: SimCSE | None = None, **given: object) -> list[Yielded]:
    return list(train(model or tiny_model(), data, dev, settings_of(**given)))


def step_of(number: int, loss: float, **observed: float) -> Step:
    """A step of a training of 100."""
    return Step(step=number, steps=100, epoch=1, loss=loss, gradient_norm=0.1, observed=observed, seconds=1.0)


def steps_of(records: Sequence[Yielded]) -> list[Step]:
    return [record for record in records if isinstance(record, Step)]


def notes_of(records: Sequence[Yielded]) -> list[str]:
    return [record.code for record in records if isinstance(record, Note)]


def metrics_after(records: Sequence[Yielded]) -> dict[str, float]:
    """Of the dev data, under the weights that were kept."""
    after = ended(records).dev_after
    assert after is not None
    return asdict(after)


def ended(records: Sequence[Yielded]) -> Ended:
    last = records[-1]
    assert isinstance(last, Ended)
    return last


@pytest.mark.parametrize(("kind", "loss"), [(kind, loss) for kind in KINDS for loss in losses_for(data_of(kind))])
def test_every_loss_learns_from_every_kind_it_names(kind: str, loss: str) -> None:
    records = steps_of(run(data_of(kind), loss=loss, epochs=4, learning_rate=2e-3))
    quarter = len(records) // 4
    first, last = (np.mean([step.loss for step in part]) for part in (records[:quarter], records[-quarter:]))
    assert last < first


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "texts"])
def test_every_kind_with_an_answer_is_measured(kind: str) -> None:
    data = data_of(kind)
    found = measure(tiny_model(), data)
    assert 0 <= main_metric(found.metrics) <= 1 or kind == "scored"
    name = main_metric_among(found.items.metrics)
    assert name is not None
    assert name in [metric.name for metric in data.metrics if metric.is_main]
    if name in found.items.values:  # the metric is the mean of its items
        assert np.nanmean(found.items.values[name]) == pytest.approx(main_metric(found.metrics))
    else:
        assert len(found.items.cosines) == len(found.items.gold) == len(data)
    assert found.geometry.mean_cosine > 0.5  # a new model says the same to everything
    assert found.geometry.effective_rank >= 1


def test_texts_have_nothing_to_measure() -> None:
    with pytest.raises(DataError, match="only texts: nothing to compare with"):
        measure(tiny_model(), data_of("texts"))


@pytest.mark.parametrize("chunk", [1, 3, 7])
def test_gradient_caching_gives_the_gradients_of_the_whole_batch(chunk: int) -> None:
    """Without dropout, because other chunks draw other dropout."""

    def gradients(chunk_size: int | None) -> dict[str, torch.Tensor]:
        model = tiny_model()
        model.tune("all")
        settings = settings_of(loss="bce", chunk_size=chunk_size, dropout=0.0)
        objective = make_objective(model, data_of("pairs"), settings, Processes(model.device))
        objective.prepare()
        objective.backward(list(range(8)))
        named = {**dict(model.named_parameters()), **objective.objective_parameters()}
        return {name: value.grad for name, value in named.items() if value.grad is not None}

    whole, chunked = gradients(None), gradients(chunk)
    assert whole.keys() == chunked.keys()
    assert {"scale", "bias"} <= whole.keys()
    for name, value in whole.items():
        torch.testing.assert_close(chunked[name], value, atol=1e-6, rtol=1e-4)


def test_gradient_caching_repeats_the_dropout_of_its_first_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gradients are those of the very vectors that the loss saw."""
    seen: list[torch.Tensor] = []
    embed = EmbeddingLoss.embed_rows

    def watched(self: EmbeddingLoss, texts: Sequence[int]) -> torch.Tensor:
        embeddings = embed(self, texts)
        if self.model.training:
            seen.append(embeddings.detach())
        return embeddings

    monkeypatch.setattr(EmbeddingLoss, "embed_rows", watched)
    next(iter(steps_of(run(data_of("pairs"), loss="bce", chunk_size=5, steps=1))))
    first, second = seen[: len(seen) // 2], seen[len(seen) // 2 :]
    assert len(first) == 4
    for cached, repeated in zip(first, second, strict=True):
        torch.testing.assert_close(cached, repeated)
    other = run(data_of("pairs"), loss="bce", chunk_size=5, steps=1, seed=1)
    assert steps_of(other)[0].loss > 0
    assert not torch.allclose(seen[0], seen[-1])


@pytest.mark.parametrize("pooling", ["mean", "first_last_mean"])
def test_kept_states_of_frozen_layers_change_nothing(monkeypatch: pytest.MonkeyPatch, pooling: str) -> None:
    """In memory, on disk, and computed anew at every step: the same losses."""

    def losses_with() -> list[float]:
        model = tiny_model().configured(pooling=pooling)
        return [step.loss for step in steps_of(run(data_of("pairs"), model=model, tune="top:1", loss="bce"))]

    kept = losses_with()
    monkeypatch.setenv("SIMCSE_MAX_CACHE_DISK_MEGABYTES", str(10**9))
    monkeypatch.setattr("simcse_core.learning.frozen_states.BYTES_PER_MEGABYTE", 1)
    assert losses_with() == kept

    def computed_anew(model: SimCSE, texts: Sequence[str], layer: int, precision: str) -> list[torch.Tensor]:
        class Anew(list[torch.Tensor]):
            def __getitem__(self, at: int) -> torch.Tensor:  # type: ignore[override]
                ((_at, states),) = model.states_of(model.prepare([texts[at]]), layer, precision)
                return states

        return Anew()

    monkeypatch.setattr("simcse_core.learning.frozen_states.FrozenStates", computed_anew)
    assert losses_with() == pytest.approx(kept, rel=1e-4)


def test_many_states_lie_on_disk_and_too_many_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny_model()
    in_memory = FrozenStates(model, TEXTS, 1, "float32")
    assert in_memory.file is None
    monkeypatch.setattr("simcse_core.learning.frozen_states.BYTES_PER_MEGABYTE", 1)
    monkeypatch.setenv("SIMCSE_MAX_CACHE_DISK_MEGABYTES", str(10**9))
    on_disk = FrozenStates(model, TEXTS, 1, "float32")
    assert on_disk.file is not None
    for kept, written in zip(in_memory, on_disk, strict=True):
        assert torch.equal(kept, written)
    file = on_disk.file
    assert file.is_file()
    del on_disk, written
    assert not file.parent.exists()
    monkeypatch.setenv("SIMCSE_MAX_CACHE_DISK_MEGABYTES", "1")
    with pytest.raises(DataError, match=r"SIMCSE_MAX_CACHE_DISK_MEGABYTES"):
        FrozenStates(model, TEXTS, 1, "float32")


def test_only_frozen_layers_are_taken_out_of_a_training() -> None:
    model = tiny_model()
    for tune, layers in (("all", 2), ("top:2", 2), ("top:1", 1), ("head", 0)):
        model.tune(tune)
        part, prepared = learner(model, TEXTS, "float32")
        assert part.layers == layers
        assert isinstance(prepared, FrozenStates) == (tune != "all")


def test_training_leaves_dropout_and_mode_of_the_model_alone() -> None:
    model = tiny_model()
    list(islice(train(model, data_of("texts"), None, settings_of(loss="simcse", dropout=0.5)), 2))
    assert not any(module.training for module in model.modules())
    assert {module.p for module in model.modules() if isinstance(module, torch.nn.Dropout)} == {0.1}


@pytest.mark.parametrize("stopped_after", [1, 6, 9])
def test_a_training_goes_on_as_if_it_had_never_stopped(tmp_path: Path, stopped_after: int) -> None:
    data, dev = data_of("labelled"), data_of("pairs")
    settings = settings_of(loss="center", epochs=2, eval_steps=4)
    whole = list(train(tiny_model(), data, dev, settings))
    file = tmp_path / "state.pt"
    taken = 0

    def stop() -> bool:
        nonlocal taken
        taken += 1
        return taken > stopped_after

    first = list(train(tiny_model(), data, dev, settings, checkpoint=file, stop=stop))
    assert ended(first).reason == "cancelled"
    model = tiny_model()
    second = list(train(model, data, dev, settings, checkpoint=file, resume=True))
    curve = [(s.step, s.loss, s.learning_rate, s.gradient_norm) for s in steps_of(first) + steps_of(second)]
    assert curve == [(s.step, s.loss, s.learning_rate, s.gradient_norm) for s in steps_of(whole)]
    assert ended(second).dev_before == ended(whole).dev_before
    assert ended(second).dev_after == ended(whole).dev_after


def test_a_break_repeats_no_note(tmp_path: Path) -> None:
    settings = settings_of(loss="simcse", epochs=2, dropout=0.0)
    data, file, stops = data_of("texts"), tmp_path / "state.pt", iter([False] * 5 + [True])
    first = list(train(tiny_model(), data, None, settings, checkpoint=file, stop=lambda: next(stops)))
    second = list(train(tiny_model(), data, None, settings, checkpoint=file, resume=True))
    assert (notes_of(first), notes_of(second)) == (["identical_views"], [])


def marked_pairs(rows: int) -> Pairs:
    """Half of them match: two texts of one subject."""
    both = list(permutations(range(len(TEXTS)), 2))
    matches = [(a, b) for a, b in both if LABELS[a] == LABELS[b]][: rows // 2]
    others = random.Random(0).sample([(a, b) for a, b in both if LABELS[a] != LABELS[b]], rows - len(matches))
    left, right = zip(*matches, *others, strict=True)
    marks = (1,) * len(matches) + (0,) * len(others)
    return Pairs("p", tuple(TEXTS[at] for at in left), tuple(TEXTS[at] for at in right), marks)


def test_a_loss_that_falls_is_not_said_to_rise_because_of_the_rows_that_a_batch_size_leaves_over() -> None:
    """401 rows in batches of 20. The one row that was left over used to be a step of its own, and where it matches
    among thousands of mismatches it costs 3.1: "The loss rises: 0.244 on average, after 0.109 at the start".
    """
    options = {"bias": -13.0, "in_batch_negatives": "on"}
    records = run(marked_pairs(401), loss="bce", loss_options=options, epochs=3, batch_size=20)
    losses_of = [[step.loss for step in steps_of(records) if step.epoch == epoch] for epoch in (1, 2, 3)]
    assert [len(epoch) for epoch in losses_of] == [21, 21, 21]
    assert np.mean(losses_of[2]) < 0.9 * np.mean(losses_of[0])
    assert notes_of(records) == []


def test_a_few_hard_batches_are_no_rise_and_a_rise_is_one() -> None:
    falling = [0.1 - at / 2_000 + (3.0 if at % 24 == 23 else 0.0) for at in range(100)]
    rising = [0.1 + at / 100 for at in range(100)]
    for losses_of, said in ((falling, []), (rising, ["rising"])):
        watch = Watch()
        steps = [step_of(number, loss) for number, loss in enumerate(losses_of, 1)]
        assert [note.code for step in steps for note in watch.step(step)] == said


@pytest.mark.parametrize("break_after", [3, 19, 25, 41])
def test_a_break_makes_the_watch_forget_nothing(break_after: int) -> None:
    """It counts 20 steps that are alike, and compares 20 losses with the first 20."""
    losses = [0.2] * 30 + [0.9] * 30
    steps = [step_of(number, loss) for number, loss in enumerate(losses, 1)]
    whole, before, after = Watch(margin=0.2), Watch(margin=0.2), Watch(margin=0.2)
    expected = [said.code for step in steps for said in whole.step(step)]
    found = [said.code for step in steps[:break_after] for said in before.step(step)]
    after.memory = json.loads(json.dumps(before.memory))
    found += [said.code for step in steps[break_after:] for said in after.step(step)]
    assert found == expected == ["stuck_at_margin", "rising"]


def test_a_training_goes_on_only_with_its_own_data_and_settings(tmp_path: Path) -> None:
    data, file = data_of("labelled"), tmp_path / "state.pt"
    settings = settings_of(loss="supcon", epochs=2)
    with pytest.raises(RunError, match="no checkpoint"):
        list(train(tiny_model(), data, None, settings, checkpoint=file, resume=True))
    stops = iter([False, True])
    list(train(tiny_model(), data, None, settings, checkpoint=file, stop=lambda: next(stops)))
    changed = Labelled("l", (*TEXTS[:-1], "another text"), LABELS)
    for other_data, other in ((changed, settings), (data, settings_of(loss="supcon", epochs=3))):
        with pytest.raises(RunError, match="belongs to other data or settings"):
            list(train(tiny_model(), other_data, None, other, checkpoint=file, resume=True))
    file.write_bytes(file.read_bytes()[:500])
    with pytest.raises(RunError, match="is damaged"):
        list(train(tiny_model(), data, None, settings, checkpoint=file, resume=True))


def test_two_processes_give_the_losses_and_gradients_of_one(tmp_path: Path) -> None:
    names = ["bce", "supcon", "cross_entropy", "center", "simcse", "mlm"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = ["-m", "torch.distributed.run", "--nproc_per_node", "2", "-m", "tests.learning.two_processes"]
    ran = subprocess.run(
        [sys.executable, *command, str(tmp_path / "found"), *names], env=environment, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr[-2_000:]
    first, second = (json.loads((tmp_path / f"found.{process}").read_text()) for process in (0, 1))
    assert first == second  # nobody has drifted off
    for name in names[:-1]:  # each process hides words of its own
        alone = result(name)
        for what in ("losses", "norms", "observed", "vectors"):
            np.testing.assert_allclose(first[name][what], np.array(alone[what]), rtol=2e-3, atol=1e-5, err_msg=name)


class FakeClock:
    """In the place of the module `time`: each look at it, two in a step, takes as long as `tick` says by then."""

    def __init__(self, tick: Callable[[int], float]) -> None:
        self.tick, self.looks, self.now = tick, 0, 0.0

    def perf_counter(self) -> float:
        self.looks += 1
        self.now += self.tick(self.looks)
        return self.now


def test_a_time_budget_is_held_to_half_a_step_when_the_machine_slows_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simcse_core.learning.training.time", FakeClock(lambda look: 0.02 + look / 2_000))
    records = run(data_of("labelled"), loss="supcon", seconds=2, epochs=1_000)
    steps = steps_of(records)
    last = steps[-1].seconds - steps[-2].seconds
    assert ended(records).seconds == pytest.approx(2, abs=last / 2 + 0.001)
    assert ended(records).reason == "seconds"
    assert steps[-1].step == steps[-1].steps == len(steps) < 0.8 * steps[0].steps
    assert steps[-1].learning_rate < 0.1 * max(step.learning_rate for step in steps)


def sentences_of(records: Sequence[Yielded]) -> int:
    return sum(step.texts for step in steps_of(records))


@pytest.mark.parametrize("kind", KINDS)
def test_every_loss_learns_from_as_many_sentences_as_the_others(kind: str) -> None:
    """To half a step of each, however many texts its rows have and however many rows it can use."""
    budget = 150
    for loss in losses_for(data_of(kind)):
        records = run(data_of(kind), loss=loss, sentences=budget, epochs=1_000)
        largest = max(step.texts for step in steps_of(records))
        assert abs(sentences_of(records) - budget) <= largest / 2
        assert ended(records).reason == "sentences"


def test_a_budget_of_sentences_is_planned_so_that_the_rate_goes_its_whole_course() -> None:
    """150 of 16 sentences a step are 9.4 steps."""
    steps = steps_of(run(data_of("pairs"), loss="cosent", sentences=150, epochs=1_000, warmup=0.3))
    assert [(step.step, step.steps) for step in steps] == [(at, 9) for at in range(1, 10)]
    assert [step.learning_rate for step in steps] == pytest.approx(
        [1e-3 * rate_factor(done, 9, 0.3) for done in range(9)]
    )


def test_a_budget_of_sentences_gives_one_step_at_least_and_ends_with_the_epochs() -> None:
    assert len(steps_of(run(data_of("pairs"), loss="cosent", sentences=1))) == 1
    records = run(data_of("pairs"), loss="cosent", sentences=10**6, epochs=2)
    assert (ended(records).reason, ended(records).step) == ("epochs", 12)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"seconds": 3_600}, "sentences"),
        ({"seconds": 1e-9}, "seconds"),
        ({"steps": 3}, "steps"),
        ({"steps": 30}, "sentences"),
    ],
)
def test_of_several_budgets_the_one_that_is_used_up_first_ends_the_training(given: dict[str, Any], reason: str) -> None:
    records = run(data_of("labelled"), loss="supcon", sentences=80, epochs=1_000, **given)
    assert ended(records).reason == reason
    assert sentences_of(records) <= 80


def test_a_break_in_a_budget_of_sentences_leaves_the_plan_as_it_was(tmp_path: Path) -> None:
    settings, data, file = settings_of(loss="supcon", sentences=70, epochs=99), data_of("labelled"), tmp_path / "pt"
    whole = list(train(tiny_model(), data, None, settings))
    stops = iter([False] * 4 + [True])
    first = list(train(tiny_model(), data, None, settings, checkpoint=file, stop=lambda: next(stops)))
    second = list(train(tiny_model(), data, None, settings, checkpoint=file, resume=True))
    assert [(s.step, s.loss, s.learning_rate) for s in steps_of(first) + steps_of(second)] == [
        (s.step, s.loss, s.learning_rate) for s in steps_of(whole)
    ]
    assert ended(second).reason == "sentences"


def test_a_time_budget_that_is_used_up_before_the_first_step_gives_one() -> None:
    assert len(steps_of(run(data_of("labelled"), loss="supcon", seconds=1e-9, epochs=1_000))) == 1


def test_a_time_budget_ends_with_the_epochs() -> None:
    records = run(data_of("labelled"), loss="supcon", seconds=3_600, epochs=2)
    assert (ended(records).reason, ended(records).step) == ("epochs", 12)


def test_a_break_in_a_time_budget_leaves_the_plan_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a clock that knows no breaks, the steps before and after are those of a training without one."""

    def trained(file: Path | None, breaks: bool) -> list[tuple[object, ...]]:
        monkeypatch.setattr("simcse_core.learning.training.time", FakeClock(lambda look: 0.125))
        settings = settings_of(loss="supcon", seconds=4, epochs=1_000)
        answers = iter([False] * 6 + [True])
        records = list(
            train(
                tiny_model(),
                data_of("labelled"),
                None,
                settings,
                checkpoint=file,
                stop=lambda: breaks and next(answers),
            )
        )
        if breaks:
            records += list(train(tiny_model(), data_of("labelled"), None, settings, checkpoint=file, resume=True))
        return [(step.step, step.steps, step.loss, step.learning_rate, step.seconds) for step in steps_of(records)]

    assert trained(tmp_path / "state.pt", True) == trained(None, False)


def test_a_probe_leaves_no_trace() -> None:
    whole = run(data_of("labelled"), loss="supcon", steps=4, epochs=9)
    probed = run(data_of("labelled"), loss="supcon", steps=4, epochs=9, seconds=3_600)
    assert [step.loss for step in steps_of(whole)] == [step.loss for step in steps_of(probed)]
    assert ended(whole).reason == ended(probed).reason == "steps"


def test_measurements_change_nothing_and_come_when_asked() -> None:
    data, dev = data_of("pairs"), data_of("labelled")
    often, never = run(data, dev, loss="cosent", eval_steps=2), run(data, loss="cosent")
    assert [step.loss for step in steps_of(often)] == [step.loss for step in steps_of(never)]
    assert [e.step for e in often if isinstance(e, Evaluation)] == [0, 2, 4, 6]
    assert ended(never).dev_before is ended(never).dev_after is None


@pytest.mark.parametrize("kind", KINDS)
def test_without_dev_data_the_shape_of_training_texts_is_measured(kind: str) -> None:
    """The whole data set is the sample here: what belongs together, as dev data, has the same geometry."""
    model, data = tiny_model(), data_of(kind)
    records = run(data, model=model, loss=losses_for(data)[0], epochs=2, patience=1)
    found = [record for record in records if isinstance(record, Evaluation)]
    assert [(one.epoch, one.best, one.metrics) for one in found] == [(at, False, {}) for at in range(3)]
    assert found[0].geometry.mean_cosine != found[1].geometry.mean_cosine
    if kind == "texts":
        assert np.isnan(found[-1].geometry.alignment)
        assert found[-1].geometry.uniformity < 0
    else:
        assert dict(found[-1].geometry) == pytest.approx(dict(measure(model, data).geometry), abs=1e-5)
    assert (ended(records).reason, ended(records).dev_before, ended(records).dev_after) == ("epochs", None, None)


def test_a_sample_of_training_data_has_a_few_hundred_texts_and_is_always_the_same() -> None:
    many = Texts("t", tuple(f"text {at}" for at in range(1_000)))
    sample = sample_of(many)
    assert len(sample) == 256
    assert sample == sample_of(many) != many.take(range(256))
    assert sample_of(data_of("triplets")) == data_of("triplets")
    assert geometry(tiny_model(), Texts("t", TEXTS[:2])).effective_rank >= 1


def test_pre_training_says_that_it_leaves_the_sentences_where_they_are() -> None:
    lies = Geometry(alignment=math.nan, uniformity=-0.01, mean_cosine=0.998, effective_rank=5.0)
    seen = Evaluation(step=20, epoch=1, metrics={}, geometry=lies)
    for watch, code in ((Watch(words=True), "not_spread"), (Watch(), "collapsed")):
        assert [note.code for note in watch.evaluation(seen)] == [code]


def test_patience_counts_measurements() -> None:
    records = run(data_of("pairs"), data_of("labelled"), loss="bce", learning_rate=1e-12, eval_steps=1, patience=3)
    assert ended(records).reason == "patience"
    assert ended(records).step == 3


def test_identical_views_are_said_and_different_ones_are_not() -> None:
    assert notes_of(run(data_of("texts"), loss="simcse", dropout=0.0)) == ["identical_views"]
    assert notes_of(run(data_of("texts"), loss="simcse")) == []


def test_a_divergence_is_said() -> None:
    records = run(data_of("labelled"), data_of("pairs"), loss="supcon", learning_rate=1e9, clip=1e6, epochs=9)
    assert ended(records).reason == "diverged"
    assert "diverged" in notes_of(records)
    message = next(record.message for record in records if isinstance(record, Note) and record.code == "diverged")
    assert "smaller learning rate" in message


@pytest.mark.parametrize("way", ["off", "on"])
def test_bce_starts_with_the_odds_of_a_match_among_its_pairs_unless_a_bias_is_set(way: str) -> None:
    """Four rows of one subject, four of two: 4 of 8 pairs match, or 4 of the 64 that a batch has."""
    left, right = TEXTS[::6], (*TEXTS[1:24:6], *TEXTS[31::6], TEXTS[25])
    data, biases = Pairs("p", left, right, (1,) * 4 + (0,) * 4), []
    for bias in ({}, {"bias": -5.0}):
        settings = settings_of(loss="bce", loss_options={"in_batch_negatives": way, "scale": 4.0, **bias})
        objective = make_objective(tiny_model(), data, settings, Processes(torch.device("cpu")))
        objective.prepare()
        biases.append(float(objective.objective_parameters()["bias"].detach()))
    cosines = tiny_model().encode(left) @ tiny_model().encode(right).T
    expected = 0 - 4 * np.diag(cosines).mean() if way == "off" else math.log(5 / 61) - 4 * cosines.mean()
    assert biases == [pytest.approx(expected, abs=1e-5), -5.0]


def test_a_collapse_is_said() -> None:
    """Nothing but pulling: pairs that all match, and no others in the batch to be pushed away from."""
    data = Pairs("p", TEXTS, (*TEXTS[1:], TEXTS[0]), (1,) * len(TEXTS))
    records = run(data, data_of("labelled"), loss="bce", epochs=20, loss_options={"bias": -50.0}, learning_rate=3e-3)
    assert "collapsed" in notes_of(records)


def test_a_margin_that_is_met_or_never_met_is_said() -> None:
    data = data_of("triplets")
    met = run(data, loss="triplet", epochs=12, loss_options={"margin": 0.001}, learning_rate=3e-3)
    assert "no_active_triplets" in notes_of(met)
    watch = Watch(margin=0.2)
    stuck = [step_of(number, 0.2, active_triplets=1.0) for number in range(1, 40)]
    assert [note.code for step in stuck for note in watch.step(step)] == ["stuck_at_margin"]


def test_a_batch_larger_than_the_data_takes_all_rows_and_says_so() -> None:
    records = run(data_of("triplets"), loss="triplet", batch_size=500, epochs=2)
    assert notes_of(records) == ["batch_is_all"]
    assert [step.texts_per_second > 0 for step in steps_of(records)] == [True, True]


def test_data_that_had_to_become_another_kind_says_how() -> None:
    records = run(data_of("scored"), loss="cross_entropy")
    assert notes_of(records)[0] == "converted"
    assert "match" in next(record.message for record in records if isinstance(record, Note))


def test_hidden_words_are_learned_and_the_encoder_with_them() -> None:
    model = tiny_model()
    before = model.encode(TEXTS[:3])
    records = steps_of(run(data_of("texts"), model=model, loss="mlm", epochs=25, learning_rate=2e-3, batch_size=16))
    assert np.mean([step.observed["guessed_right"] for step in records[-10:]]) > 0.3
    assert not np.allclose(before, model.encode(TEXTS[:3]), atol=1e-2)
    again = steps_of(run(data_of("texts"), loss="mlm"))
    assert [step.loss for step in again] == [step.loss for step in steps_of(run(data_of("texts"), loss="mlm"))]
    with pytest.raises(OptionError, match="trains the encoder itself"):
        run(data_of("texts"), loss="mlm", tune="head")


@pytest.mark.parametrize("chunk_size", [1, 3, 7])
def test_chunks_do_not_change_which_words_are_hidden(chunk_size: int) -> None:
    """Without dropout, because other chunks draw other dropout."""
    whole, chunked = (
        steps_of(run(data_of("texts"), loss="mlm", dropout=0.0, chunk_size=size)) for size in (None, chunk_size)
    )
    assert [step.loss for step in chunked] == pytest.approx([step.loss for step in whole], abs=1e-4)
    assert [step.observed for step in chunked] == [step.observed for step in whole]


def test_a_frozen_encoder_has_no_words_to_hide(multilingual: FrozenEncoder) -> None:
    with pytest.raises(DataError, match="has no tokens"):
        train(FrozenEncoder.load(), data_of("texts"), None, settings_of(loss="mlm", tune="head"))


def test_bfloat16_trains_to_the_same_place() -> None:
    precise = ended(run(data_of("pairs"), data_of("labelled"), loss="bce", epochs=6))
    rough = ended(run(data_of("pairs"), data_of("labelled"), loss="bce", epochs=6, precision="bfloat16"))
    assert precise.dev_after is not None
    assert rough.dev_after is not None
    assert main_metric(rough.dev_after) == pytest.approx(main_metric(precise.dev_after), abs=0.05)


def test_what_a_loss_cannot_learn_from_is_refused_with_what_can() -> None:
    for loss in losses.names():
        for kind in KINDS:
            if kind not in losses[loss].kinds:
                with pytest.raises(DataError, match=f"{loss} learns from .* holds {kind}. From {kind} can learn: .*"):
                    train(tiny_model(), data_of(kind), None, settings_of(loss=loss))


def test_texts_without_a_word_cannot_be_pre_trained_on() -> None:
    with pytest.raises(DataError, match="no text with a word"):
        train(tiny_model(), Texts("t", ("\u0301", "\u0302")), None, settings_of(loss="mlm"))


def test_a_run_judged_after_its_last_step_keeps_those_weights() -> None:
    ruined = run(data_of("pairs"), data_of("labelled"), loss="bce", learning_rate=0.3, clip=1e6, keep="last", epochs=3)
    best = run(data_of("pairs"), data_of("labelled"), loss="bce", learning_rate=0.3, clip=1e6, epochs=3)
    measured = [record.metrics for record in ruined if isinstance(record, Evaluation)]
    assert metrics_after(ruined) == measured[-1] != metrics_after(best)
    assert metrics_after(best) == max(measured, key=lambda metrics: metrics["mean_average_precision"])


def test_a_training_says_which_step_its_weights_are_of() -> None:
    data, dev = data_of("pairs"), data_of("labelled")
    records = run(data, dev, loss="cosent", eval_steps=1)
    best = [record.step for record in records if isinstance(record, Evaluation) and record.best][-1]
    assert ended(records).kept_step == best
    assert ended(run(data, dev, loss="cosent", keep="last")).kept_step == 6
    assert ended(run(data, loss="cosent")).kept_step == 6  # nothing to judge by


def test_a_training_that_was_never_better_than_its_start_says_so_just_before_its_end() -> None:
    """A learning rate at which nothing moves: no later moment is better."""
    records = run(data_of("pairs"), data_of("labelled"), loss="bce", learning_rate=1e-12, epochs=3)
    *_others, said, end = records
    assert isinstance(said, Note)
    assert said.code == "start_was_best"
    assert "the model is the start" in said.message
    assert (ended([end]).kept_step, ended([end]).step) == (0, 18)
    assert notes_of(run(data_of("pairs"), data_of("labelled"), loss="bce", learning_rate=1e-12, keep="last")) == []


def test_the_best_of_many_measurements_says_of_how_many() -> None:
    records = run(data_of("labelled"), data_of("labelled"), loss="supcon", epochs=4)
    said = records[-2]
    assert isinstance(said, Note)
    assert (said.code, said.values) == ("best_of_many", {"n": 5})
    assert ended(records).kept_step > 0
    for without in ({"keep": "last"}, {"epochs": 4}):
        dev = data_of("labelled") if "keep" in without else None
        assert notes_of(run(data_of("labelled"), dev, loss="supcon", **without)) == []


@pytest.mark.parametrize("rate", [1e-3, 1e-12])
def test_a_break_neither_loses_nor_repeats_what_is_said_of_the_kept_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rate: float
) -> None:
    """One break on the way, and one after the last step, as when a run is killed while its model is saved."""
    monkeypatch.setattr("simcse_core.learning.training.limits", lambda: Limits(checkpoint_seconds=0))
    data, file, settings = data_of("labelled"), tmp_path / "pt", settings_of(loss="supcon", learning_rate=rate)
    whole = list(train(tiny_model(), data, data, settings, checkpoint=file))
    after_the_last_step = list(train(tiny_model(), data, data, settings, checkpoint=file, resume=True))
    stops = iter([False] * 4 + [True])
    first = list(train(tiny_model(), data, data, settings, checkpoint=file, stop=lambda: next(stops)))
    second = list(train(tiny_model(), data, data, settings, checkpoint=file, resume=True))
    said = ["best_of_many" if rate == 1e-3 else "start_was_best"]
    assert notes_of(whole) == notes_of(first + second) == notes_of(after_the_last_step) == said
    assert notes_of(first) == []
    assert whole[-2] == second[-2] == after_the_last_step[0]
    steps = [ended(records).kept_step for records in (whole, second, after_the_last_step)]
    assert len(set(steps)) == 1


def test_a_checkpoint_goes_on_only_with_the_model_it_started_from(tmp_path: Path) -> None:
    file, settings = tmp_path / "state.pt", settings_of(loss="supcon", epochs=2)
    stops = iter([False, True])
    list(train(tiny_model(), data_of("labelled"), None, settings, checkpoint=file, stop=lambda: next(stops)))
    with pytest.raises(RunError, match="belongs to other data or settings"):
        list(train(tiny_model(seed=1), data_of("labelled"), None, settings, checkpoint=file, resume=True))


def test_a_checkpoint_that_cannot_be_written_is_said_and_the_training_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simcse_core.learning.training.limits", lambda: Limits(checkpoint_seconds=0))
    (tmp_path / "file").write_text("")
    settings = settings_of(loss="supcon", epochs=2)
    records = list(train(tiny_model(), data_of("labelled"), None, settings, checkpoint=tmp_path / "file" / "state.pt"))
    assert "no_checkpoint" in notes_of(records)
    assert ended(records).reason == "epochs"


def test_seeds_share_no_order_of_the_data() -> None:
    def orders(seed: int) -> set[float]:
        steps = steps_of(run(data_of("labelled"), loss="supcon", seed=seed, epochs=3, dropout=0.0, learning_rate=1e-12))
        return {round(step.loss, 5) for step in steps}

    assert len(orders(0) & orders(1)) < 3


def test_texts_as_held_out_data_are_refused_at_once() -> None:
    with pytest.raises(DataError, match="only texts"):
        train(tiny_model(), data_of("labelled"), data_of("texts"), settings_of(loss="supcon"))


def too_large() -> RuntimeError:
    """What torch itself says, here on this machine."""
    try:
        torch.empty(2**60, dtype=torch.int8)
    except RuntimeError as error:
        return error
    raise AssertionError("an exabyte of memory")


NO_MEMORY = [
    torch.OutOfMemoryError("CUDA out of memory."),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    too_large(),
    MemoryError(),
]


@pytest.mark.parametrize("error", NO_MEMORY)
@pytest.mark.parametrize("loss", ["bce", "mlm"])
def test_too_little_memory_says_what_to_do(error: Exception, loss: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(self: SimCSE, prepared: object, view: object = None) -> torch.Tensor:
        raise error

    monkeypatch.setattr(SimCSE, "embed", fails)
    monkeypatch.setattr(SimCSE, "token_states", fails)
    with pytest.raises(OptionError, match=r"not enough memory for batches of 8 rows\. Choose a smaller batch_size"):
        run(data_of("pairs"), loss=loss)


def test_an_error_that_is_a_bug_stays_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(self: SimCSE, prepared: object, view: object = None) -> torch.Tensor:
        raise RuntimeError("shapes do not fit")

    monkeypatch.setattr(SimCSE, "embed", fails)
    with pytest.raises(RuntimeError, match="shapes do not fit"):
        run(data_of("pairs"), loss="bce")


@pytest.fixture
def threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("threads")
def test_a_training_goes_on_with_another_number_of_threads_than_it_began_with(tmp_path: Path) -> None:
    """The sum of this matrix differs between one thread and two in its last digits."""
    many = torch.randn(3_000, 1_000, generator=torch.Generator().manual_seed(1))

    def model() -> SimCSE:
        made = tiny_model()
        made.register_parameter("many", torch.nn.Parameter(many.clone(), requires_grad=False))
        return made

    data, file, settings = data_of("labelled"), tmp_path / "state.pt", settings_of(loss="supcon", tune="head")
    torch.set_num_threads(1)
    stops = iter([False] * 3 + [True])
    first = list(train(model(), data, None, settings, checkpoint=file, stop=lambda: next(stops)))
    torch.set_num_threads(2)
    second = list(train(model(), data, None, settings, checkpoint=file, resume=True))
    assert [step.step for step in steps_of(first) + steps_of(second)] == list(range(1, 7))


@pytest.mark.parametrize("part", ["weights", "own", "optimizer", "watch"])
def test_a_checkpoint_of_the_right_training_with_something_missing_is_said_to_be_damaged(
    tmp_path: Path, part: str
) -> None:
    data, file, settings = data_of("labelled"), tmp_path / "state.pt", settings_of(loss="center", epochs=2)
    stops = iter([False, True])
    list(train(tiny_model(), data, None, settings, checkpoint=file, stop=lambda: next(stops)))
    content = torch.load(file, weights_only=True)
    torch.save({**content, part: {}}, file)
    if part == "weights":
        torch.save({**content, part: {"nobody": torch.zeros(1)}}, file)
    with pytest.raises(CheckpointError, match="is damaged"):
        list(train(tiny_model(), data, None, settings, checkpoint=file, resume=True))


@pytest.mark.parametrize("keep", ["best", "last"])
def test_a_training_that_takes_too_long_ends_with_what_it_has_and_says_so(
    monkeypatch: pytest.MonkeyPatch, keep: str
) -> None:
    monkeypatch.setattr("simcse_core.learning.training.time", FakeClock(lambda look: 6.0))
    monkeypatch.setenv("SIMCSE_MAX_RUN_MINUTES", "1")
    records = run(data_of("pairs"), data_of("labelled"), loss="cosent", epochs=9, keep=keep)
    end = ended(records)
    assert end.reason == "limit"
    assert 1 <= end.step < 12
    said = next(record for record in records if isinstance(record, Note) and record.code == "time_limit")
    assert said.message == "Ended before step 54: a run may take 1 minutes here (SIMCSE_MAX_RUN_MINUTES)."
    measured = [record for record in records if isinstance(record, Evaluation)]
    assert measured[-1].step == end.step  # its last weights are measured, too
    best = max(measured, key=lambda one: one.metrics["mean_average_precision"])
    assert metrics_after(records) == (best if keep == "best" else measured[-1]).metrics


def test_what_would_keep_a_training_from_its_first_step_is_said_before_anybody_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data, dev = data_of("pairs"), data_of("labelled")
    check(tiny_model(), data, dev, settings_of(loss="bce"))
    monkeypatch.setenv("SIMCSE_MAX_TRAINING_STEPS", "11")
    monkeypatch.setenv("SIMCSE_MAX_RUN_MINUTES", "1")
    for refused, what, kind in (
        ({"epochs": 2}, "12 steps are planned", "pairs"),
        ({"seconds": 61}, "61 seconds are longer than a run may take", "pairs"),
        ({"tune": "top:9"}, "top:", "pairs"),
        ({"tune": "head"}, "trains the encoder itself", "texts"),
    ):
        loss = "mlm" if kind == "texts" else "bce"
        with pytest.raises(UserError, match=what):
            check(tiny_model(), data_of(kind), dev, settings_of(loss=loss, **refused))
    with pytest.raises(DataError, match="only texts: nothing to compare with"):
        check(tiny_model(), data, data_of("texts"), settings_of(loss="bce"))

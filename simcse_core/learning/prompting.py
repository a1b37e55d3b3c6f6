"""The prompt of a training or a measurement: one for all texts, or one for questions and another for their answers."""

from simcse_core.data.kinds import Answers, Dataset
from simcse_core.encoding.protocol import Trainable
from simcse_core.errors import OptionError


def prompted(
    model: Trainable, prompt: str | None, data: Dataset, dev: Dataset | None = None
) -> tuple[Trainable, Dataset, Dataset | None]:
    """A model with a prompt, and data as this model is to read it.

    A prompt for all texts is the model's. Two of them ("query,document") are written before the questions and the
    answers of the data, and the model puts nothing before a text: who uses it later says which side a text is on.

    Args:
        model: any encoder.
        prompt: as for `SimCSE.load`, or the names of two prompts with a comma between them.
        data, dev: of the kind answers where the prompt is two.

    Raises:
        OptionError: the model has no such prompt, or there are two and the data has no questions and answers.
        ModelError: a frozen encoder is asked for a prompt.
    """
    pair = _pair(model, prompt)
    if pair is None:
        return model.configured(prompt=prompt), data, dev
    return model.configured(prompt=""), _with_pair(data, *pair), None if dev is None else _with_pair(dev, *pair)


def question_and_answer_prompts(model: Trainable, prompt: str | None) -> tuple[Trainable, str, str]:
    """A model with a prompt, and what stands before a question and before an answer that it reads.

    Args:
        model: any encoder.
        prompt: as for `prompted`. One for all texts is the model's, and nothing more stands before either.

    Raises:
        OptionError, ModelError: as for `prompted`.
    """
    pair = _pair(model, prompt)
    return (model.configured(prompt=prompt), "", "") if pair is None else (model.configured(prompt=""), *pair)


def _pair(model: Trainable, prompt: str | None) -> tuple[str, str] | None:
    from simcse_core.encoding.model import SimCSE  # loads torch, which pages that only look do without

    return model.prompts.pair(prompt) if isinstance(model, SimCSE) and prompt else None


def _with_pair(data: Dataset, question: str, answer: str) -> Answers:
    if not isinstance(data, Answers):
        raise OptionError(
            "Two prompts, one for questions and one for answers, need data of the kind answers; {file} holds {kind}. "
            "Name one prompt.",
            file=data.name,
            kind=data.kind,
        )
    return Answers.of(
        data.name,
        [[question + text for text in data.question], [answer + text for text in data.answer], data.label],
    )

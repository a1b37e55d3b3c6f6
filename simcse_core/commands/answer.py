"""The command `answer`: questions put to a list of answers, or how well right answers are found among wrong ones."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from simcse_core.commands.loading import load_model, load_sides, open_data, warn, warn_line_breaks
from simcse_core.commands.options import COLUMNS_HELP, Parser, add_model, add_reading, decimal, whole
from simcse_core.commands.printing import print_answer, print_metrics, print_values, to_stderr
from simcse_core.errors import DataError, OptionError
from simcse_core.plain import printable

if TYPE_CHECKING:
    from simcse_core.uses.answering.answers import Answers
    from simcse_core.uses.answering.labelled import Ranked
    from simcse_core.uses.answering.matching import Reply
    from simcse_core.uses.search.encoders import Sides

NAME = "answer"
HELP = "Answer questions from a list, or measure how well right answers are found among wrong ones."
MOST_ANSWERS = 100


def add_arguments(parser: Parser) -> None:
    """Add the data or the list, the questions, and how both are read."""
    parser.add_argument(
        "--data", help="a table with question, answer, label (1 right, 0 wrong), bundled data, or hub:owner/name"
    )
    parser.add_argument("--faq", help="a table with question and answer, or faq-en or faq-zh")
    parser.add_argument("--question", action="append", default=[], metavar="TEXT", help="may be written several times")
    parser.add_argument("--input", metavar="FILE", help="questions, one a line or in the column text; - is stdin")
    parser.add_argument(
        "--asked", metavar="FILE", help="questions with their answer (empty: none), to fit the threshold and to measure"
    )
    parser.add_argument("--against", choices=("questions", "answers", "both"), default="both", help="(default: both)")
    parser.add_argument("--top-k", type=whole(1, MOST_ANSWERS), default=3, help="answers to a question (default: 3)")
    parser.add_argument(
        "--threshold",
        help="no answer below this cosine: a number, none, or fit (default: on what the list or --asked says; else "
        "95%% of unrelated sentences stay below it)",
    )
    parser.add_argument("--columns", help=COLUMNS_HELP.replace("text=utterance,label=intent", "question=Q,answer=A"))
    add_reading(parser)
    add_model(parser)


def run(options: argparse.Namespace) -> None:
    """Print the answers, or the metrics."""
    if (options.data is None) == (options.faq is None):
        raise OptionError("Name what to measure with --data, or a list of questions and answers with --faq.")
    if options.data is not None:
        _measure(options)
    else:
        _answer(options)


def _measure(options: argparse.Namespace) -> None:
    from simcse_core.api.progress import texts_bar
    from simcse_core.data.kinds import texts_of
    from simcse_core.jsonable import jsonable
    from simcse_core.uses.answering.labelled import METRICS, check_answers, ranked_by_model, ranked_by_words

    for flag in ("question", "input", "asked", "threshold"):
        if getattr(options, flag):
            raise OptionError("--{flag} goes with --faq, a list that questions are put to.", flag=flag)
    data = check_answers(open_data(options.data, _columns(options), encoding=options.encoding, sheet=options.sheet))
    sides = load_sides(options)
    _warn(options.model, sides, data.question, data.answer)
    warn_line_breaks(texts_of(data))
    with texts_bar("encoding") as show:
        by_model = ranked_by_model(sides, data, precision=options.precision, on_progress=show)
    with texts_bar("BM25", " questions") as show:
        by_words = ranked_by_words(data, show)
    if options.format == "json":
        answer = {"model": options.model, "data": data.name, **_record(by_model)}
        answer["baseline"] = {"name": "BM25", **_record(by_words)}
        answer["over_baseline"] = by_model.over(by_words)
        print_answer(jsonable(answer), options.format)
        return
    print_values({"questions": by_model.metrics.questions, "dropped": by_model.metrics.dropped})
    print_metrics({options.model: by_model.intervals, "BM25": by_words.intervals})
    over = by_model.over(by_words)
    for metric in METRICS:
        print(f"{options.model} over BM25: {metric} {_signed(over[metric])}")


def _warn(model: str, sides: "Sides", questions: Sequence[str], answers: Sequence[str]) -> None:
    """Say what the model cannot do justice to; texts are counted with the questions first."""
    from simcse_core.encoding.texts import TextCheck

    of_questions, of_answers = sides.query.check(questions), sides.document.check(answers)
    behind = (tuple(len(questions) + place for place in places) for places in vars(of_answers).values())
    warn(model, TextCheck(*(first + then for first, then in zip(vars(of_questions).values(), behind, strict=True))))


def _record(ranked: "Ranked") -> dict[str, Any]:
    return {**vars(ranked.metrics), "intervals": ranked.intervals}


def _signed(gain: Any) -> str:
    from math import isnan

    if isnan(gain.low):
        return "undefined"
    noise = ", inside the noise" if gain.low <= 0 <= gain.high else ""
    return f"{gain.value:+.4f} (95%: {gain.low:+.4f} to {gain.high:+.4f}{noise})"


def _answer(options: argparse.Namespace) -> None:
    from simcse_core.api.progress import texts_bar
    from simcse_core.data.faq import open_faq, read_asked
    from simcse_core.jsonable import jsonable
    from simcse_core.uses.answering.answers import Answers
    from simcse_core.uses.search.encoders import Sides

    faq = open_faq(options.faq, _columns(options), encoding=options.encoding, sheet=options.sheet)
    questions = _questions(options)
    asked = read_asked(options.asked, faq) if options.asked else None
    model = load_model(options, prompt=False)
    _warn(options.model, Sides.of(model, options.prompt), [*questions, *faq.questions], faq.answers)
    with texts_bar("encoding the list") as show:
        answers = Answers(
            faq,
            model=model,
            prompt=options.prompt,
            against=options.against,
            threshold=None if asked else _threshold(options.threshold),
            precision=options.precision,
            on_progress=show,
        )
    if asked:
        _fit(answers, asked)
        if (threshold := _threshold(options.threshold)) != "fit":
            answers.threshold = threshold
    replies = answers.ask_all(questions, top_k=options.top_k) if questions else []
    measured = answers.evaluate(asked) if asked or (faq.asked and not questions) else None
    record: dict[str, Any] = {"model": options.model, "faq": faq.name, "entries": len(faq)}
    record |= {"threshold": answers.threshold, "threshold_from": _origin(options, answers)}
    if questions:
        record["replies"] = [_reply(reply) for reply in replies]
    if measured is not None:
        record["measured"] = measured
    if answers.fitted is not None:
        record["fitted"] = {name: getattr(answers.fitted, name) for name in FITTED}
    print_answer(jsonable(record), options.format, _print)


def _fit(answers: "Answers", asked: Any) -> None:
    """Fit the threshold on what was asked; where that says nothing, keep unrelated sentences out and say why."""
    try:
        answers.fit_threshold(asked)
    except DataError as reason:
        answers.keep_unrelated_out()
        to_stderr(f"note: {reason} Meanwhile 95 % of unrelated sentences stay below the threshold.")


def _columns(options: argparse.Namespace) -> dict[str, str] | None:
    from simcse_core.data.columns import parse_columns

    return parse_columns(options.columns) if options.columns else None


def _questions(options: argparse.Namespace) -> list[str]:
    """Those behind --question, and those of --input.

    Raises:
        OptionError: there are none, and nothing to measure.
    """
    from simcse_core.data.readers import read_texts

    questions = list(options.question)
    if options.input:
        questions += read_texts(options.input)
    if not questions and not options.asked and options.faq not in _bundled():
        raise OptionError(
            "No question is given. Write one after --question, name a file with --input, pipe questions into "
            "--input -, or name with --asked what people asked, to measure."
        )
    return questions


def _bundled() -> list[str]:
    from simcse_core.data.faq import bundled_names

    return bundled_names()


def _threshold(given: str | None) -> float | Literal["fit"] | None:
    """As `Answers` takes it."""
    if given is None or given == "fit":
        return "fit"
    if given == "none":
        return None
    try:
        return decimal(given)
    except argparse.ArgumentTypeError:
        raise OptionError("--threshold is {given!r}: write a cosine from -1 to 1, none, or fit.", given=given) from None


def _origin(options: argparse.Namespace, answers: Any) -> str:
    """Where the threshold comes from."""
    if options.threshold not in (None, "fit"):
        return "none" if answers.threshold is None else "given"
    return "fitted" if answers.fitted is not None else "unrelated sentences"


def _reply(reply: "Reply") -> dict[str, Any]:
    return {
        "question": reply.question,
        "answer": reply.answer,
        "has_answer": reply.has_answer,
        "matches": [vars(match) for match in reply.matches],
    }


FITTED = ("decisions", "handled", "always", "is_always_better")
ORIGINS = {
    "given": "as --threshold says",
    "none": "no threshold: the closest entry is always given",
    "fitted": "fitted on questions with and without an answer, of which most are handled well with it",
    "unrelated sentences": "95 % of unrelated sentences stay below it; name questions with --asked to fit it",
}


def _print(record: dict[str, Any]) -> None:
    threshold = "none" if record["threshold"] is None else f"{record['threshold']:.4f}"
    print(f"threshold {threshold} ({ORIGINS[record['threshold_from']]})")
    for reply in record.get("replies", []):
        print()
        print(printable(reply["question"]))
        print(f"  {printable(reply['answer']) if reply['has_answer'] else 'no good answer'}")
        for match in reply["matches"]:
            print(f"  {match['similarity']:6.3f}  {printable(match['question'])}")
    if "measured" in record:
        print()
        _print_measured(record)


def _print_measured(record: dict[str, Any]) -> None:
    from simcse_core.meaning.intervals import Interval

    measured = dict(record["measured"])
    print(f"{measured.pop('questions')} questions with an answer")
    if "fitted" in record:
        measured["handled"] = record["fitted"]["handled"]
        measured["handled, always answering"] = record["fitted"]["always"]
    nan = float("nan")
    intervals = {
        name: Interval(*(nan if value is None else value for value in one.values())) for name, one in measured.items()
    }
    print_metrics({record["model"]: intervals})
    if record.get("fitted", {}).get("is_always_better"):
        print("Always giving the closest answer handles more questions well: --threshold none does.")

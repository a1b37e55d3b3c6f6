"""The command `classify`: how well texts are classified, a classifier in a file, and what it says of other texts."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simcse_core import durable
from simcse_core.commands.classified import ends, print_results, record_of, say_unseen, write_rows
from simcse_core.commands.loading import load_model, warn, warn_line_breaks
from simcse_core.commands.options import COLUMNS_HELP, Parser, add_model, add_reading, decimal, one_of, whole
from simcse_core.commands.output import output_file
from simcse_core.commands.printing import print_answer
from simcse_core.errors import OptionError

if TYPE_CHECKING:
    from simcse_core.encoding.classifier import Prediction
    from simcse_core.encoding.protocol import Trainable
    from simcse_core.uses.classification import Classifier, Examples, Results, Validation

NAME = "classify"
HELP = "Measure how well texts are classified beside TF-IDF, save a classifier, and classify texts with it."
METHODS = ("logistic", "centre", "knn")
AT_ONCE = 2_000
"""Texts between two looks at how far it is."""
MOST_CLASSES = 5
"""Of a text the probabilities of the likeliest are printed."""


def add_arguments(parser: Parser) -> None:
    """Add the labelled texts, the classifier, the texts to classify, and how they are read."""
    parser.add_argument("--train", metavar="DATA", help="labelled texts to learn from: a table with text, label")
    parser.add_argument("--test", metavar="DATA", help="labelled texts to measure on (default: cross-validation)")
    parser.add_argument(
        "--classifier",
        default="logistic",
        help=f"how to classify: {one_of(METHODS)}; or a file that --save wrote (default: logistic)",
    )
    parser.add_argument("--folds", type=whole(2, 100), default=5, help="of the cross-validation (default: 5)")
    parser.add_argument(
        "--input", metavar="FILE", help="texts to classify, one a line or in the column text; - is stdin"
    )
    parser.add_argument("--output", metavar="FILE.csv", help="write what is said of each text, as text, label, …")
    parser.add_argument("--save", metavar="FILE", help="write the classifier, fitted on all of --train (safetensors)")
    parser.add_argument("--threshold", type=decimal, help="name no class below this probability (default: 0)")
    parser.add_argument("--suspects", metavar="FILE.csv", help="write the labels of --train, the most suspect first")
    parser.add_argument("--learning-curve", action="store_true", help="accuracy over the number of labelled texts")
    parser.add_argument(
        "--several", metavar="SEPARATOR", help="a text may have several labels, with this between them, such as ;"
    )
    parser.add_argument("--no-baseline", action="store_true", help="leave TF-IDF out, which takes time with many texts")
    parser.add_argument("--columns", help=COLUMNS_HELP)
    add_reading(parser)
    add_model(parser)
    parser.set_defaults(model=None)  # a classifier in a file names its own


def run(options: argparse.Namespace) -> None:
    """Measure, save, or classify."""
    _check(options)
    if options.model is None and (options.train is not None or options.classifier in METHODS):
        options.model = "minilm"
    if options.train is None:
        classifier = _given(options)
        if options.test:
            _measure_given(options, classifier)
        else:
            _predict(options, classifier)
        return
    model = load_model(options)
    learned = _examples(options, model, options.train, " of --train")
    if options.input:
        _predict(options, _fitted(options, model, learned, None))
    else:
        _measure(options, model, learned)


def _check(options: argparse.Namespace) -> None:
    """Refuse what does not go together, before the work.

    Raises:
        OptionError: something does not.
    """
    if options.train is None and not options.input and not options.test:
        raise OptionError(
            "Name labelled texts with --train to measure a classifier, or texts with --input to classify them."
        )
    if options.threshold is not None and not 0 <= options.threshold <= 1:
        raise OptionError("--threshold is {given:g}: a probability is from 0 to 1.", given=options.threshold)
    if options.train is not None and options.classifier not in METHODS:
        raise OptionError(
            "--classifier is {given!r}, and --train makes a new one: choose one of: {choices}.",
            given=options.classifier,
            choices=", ".join(METHODS),
        )
    needs_train = ("save", "suspects", "learning_curve")
    for name in needs_train if options.train is None or options.input else ():
        if getattr(options, name) and not (name == "save" and options.train):
            flag = "--" + name.replace("_", "-")
            raise OptionError("{flag} needs --train, labelled texts, and no --input.", flag=flag)
    read = [(flag, getattr(options, flag[2:])) for flag in ("--train", "--test", "--input", "--classifier")]
    for name in ("output", "save", "suspects"):
        if getattr(options, name):
            output_file(getattr(options, name), [(flag, file) for flag, file in read if file])


def _examples(options: argparse.Namespace, model: "Trainable", name: str, of: str) -> "Examples":
    """Labelled texts by name, with their embeddings; says what the model cannot do justice to."""
    from simcse_core.api.progress import download_bar, texts_bar
    from simcse_core.data.columns import parse_columns
    from simcse_core.uses.classification import Examples
    from simcse_core.uses.classification.opening import open_labelled

    columns = parse_columns(options.columns) if options.columns else None
    with download_bar(name) as on_fetch:
        data = open_labelled(
            name,
            columns,
            on_fetch,
            separator=options.several,
            encoding=options.encoding,
            sheet=options.sheet,
        )
    warn_line_breaks(data.texts, of)
    with texts_bar("encoding") as show:
        rows = model.encode(
            data.texts,
            precision=options.precision,
            on_check=lambda check: warn(options.model, check, of),
            on_progress=show,
        )
    return Examples.of(data.texts, data.labels, rows)


def _given(options: argparse.Namespace) -> "Classifier | Trainable":
    """The classifier in a file, or a model that carries one."""
    if options.classifier in METHODS and not os.path.isfile(options.classifier):
        return load_model(options)
    from simcse_core.uses.classification import Classifier

    loaded = Classifier.load(options.classifier)
    made_with = loaded.identity.model if loaded.identity is not None else "minilm"
    settings = ("model", "pooling", "layer", "head", "prompt", "dim")
    if all(getattr(options, name) is None for name in settings):
        loaded = loaded.with_encoder(made_with)
    elif all(getattr(options, name) is None for name in settings[1:]):
        loaded = loaded.with_encoder(options.model)  # set as the classifier needs it
    else:
        options.model = options.model or made_with
        loaded = loaded.with_encoder(load_model(options))
    options.model = loaded.encoder.name if loaded.encoder is not None else options.model
    return loaded if options.threshold is None else loaded.with_threshold(options.threshold)


def _fitted(
    options: argparse.Namespace, model: "Trainable", learned: "Examples", validation: "Validation | None"
) -> "Classifier":
    from simcse_core.uses.classification import Classifier

    classifier = Classifier.fit_examples(
        learned,
        method=options.classifier,
        threshold=options.threshold,
        seed=options.seed,
        validation=validation,
        encoder=model,
    )
    if options.save:
        classifier.save(Path(options.save))
    return classifier


def _measure(options: argparse.Namespace, model: "Trainable", learned: "Examples") -> None:
    from simcse_core.jsonable import jsonable
    from simcse_core.uses.classification import TFIDF

    tested = _examples(options, model, options.test, " of --test") if options.test else None
    results = _results(options, learned, tested, options.classifier)
    baseline = None if options.no_baseline else _results(options, learned, tested, TFIDF)
    answer: dict[str, Any] = {"model": options.model, "train": options.train, "test": options.test}
    answer |= {"folds": None if options.test else options.folds, "classifier": options.classifier}
    answer |= record_of(results, options.threshold, baseline)
    is_validation = tested is None
    if options.suspects:
        answer["suspects"] = _write_suspects(options, results if is_validation else None, learned)
    if options.learning_curve:
        answer["learning_curve"] = _curve(options, learned)
    if options.output:
        write_rows(options.output, results, options.threshold)
    if options.save:
        _fitted(options, model, learned, results if is_validation else None)  # type: ignore[arg-type]
        answer["saved"] = options.save
    say_unseen(results)
    print_answer(jsonable(answer), options.format, lambda _answer: print_results(answer, results, baseline))


def _measure_given(options: argparse.Namespace, classifier: "Classifier | Trainable") -> None:
    from simcse_core.jsonable import jsonable
    from simcse_core.uses.classification import Classifier

    if not isinstance(classifier, Classifier):
        raise OptionError("--test without --train needs a classifier: name its file with --classifier.")
    assert classifier.encoder is not None
    results = classifier.evaluate(_examples(options, classifier.encoder, options.test, ""))  # type: ignore[arg-type]
    answer: dict[str, Any] = {"model": classifier.encoder.name, "train": None, "test": options.test, "folds": None}
    answer |= {"classifier": options.classifier, **record_of(results, options.threshold, None)}
    if options.output:
        write_rows(options.output, results, options.threshold)
    say_unseen(results)
    print_answer(jsonable(answer), options.format, lambda _answer: print_results(answer, results, None))


def _results(options: argparse.Namespace, learned: "Examples", tested: "Examples | None", method: str) -> "Results":
    from simcse_core.api.progress import texts_bar
    from simcse_core.uses.classification import cross_validate, evaluate

    with texts_bar("TF-IDF" if method == "tfidf" else method, " folds") as show:
        if tested is None:
            return cross_validate(learned, method, folds=options.folds, seed=options.seed, on_progress=show)
        return evaluate(learned, tested, method, folds=options.folds, seed=options.seed, on_progress=show)


def _write_suspects(options: argparse.Namespace, validation: "Results | None", learned: "Examples") -> str:
    from simcse_core.data.writers import to_csv
    from simcse_core.uses.classification import Validation, cross_validate, suspect_labels

    if not isinstance(validation, Validation):
        validation = cross_validate(learned, options.classifier, folds=options.folds, seed=options.seed)
    rows = [
        (one.row + 1, one.text, one.label, one.suggested, round(one.probability, 6), "yes" if one.is_issue else "no")
        for one in suspect_labels(validation)
    ]
    header = ["row", "text", "label", "suggested", "probability", "likely_wrong"]
    durable.write(Path(options.suspects), to_csv(header, rows).encode())
    return str(options.suspects)


def _curve(options: argparse.Namespace, learned: "Examples") -> dict[str, Any]:
    from simcse_core.api.progress import texts_bar
    from simcse_core.uses.classification import TFIDF, learning_curve

    methods = (options.classifier, *(() if options.no_baseline else (TFIDF,)))
    with texts_bar("learning curve", " fits") as show:
        curve = learning_curve(learned, methods, seed=options.seed, on_progress=show)
    points = [
        {"method": method, "size": point.size, "accuracy": point.accuracy.value, "interval": ends(point.accuracy)}
        for method, of_method in curve.points.items()
        for point in of_method
    ]
    return {"tested": curve.tested, "points": points}


def _predict(options: argparse.Namespace, classifier: "Classifier | Trainable") -> None:
    from simcse_core.api.progress import texts_bar
    from simcse_core.data.readers import read_texts

    texts = read_texts(options.input, encoding=options.encoding, sheet=options.sheet)
    warn_line_breaks(texts)
    said: list[dict[str, Any]] = []
    with texts_bar("classifying") as show:
        for start in range(0, len(texts), AT_ONCE):
            part = texts[start : start + AT_ONCE]
            made = classifier.predict(part, **_threshold(options, classifier))
            said += [_said(text, one) for text, one in zip(part, made, strict=True)]
            show(len(said), len(texts))
    _print_said(options, classifier, said)


def _threshold(options: argparse.Namespace, classifier: "Classifier | Trainable") -> dict[str, float]:
    """A classifier has one of its own."""
    from simcse_core.uses.classification import Classifier

    return {} if options.threshold is None or isinstance(classifier, Classifier) else {"threshold": options.threshold}


def _said(text: str, one: "Prediction") -> dict[str, Any]:
    likely = sorted(one.probabilities.items(), key=lambda item: -item[1])[:MOST_CLASSES]
    return {
        "text": text,
        "label": one.label,
        "labels": list(one.labels),
        "probability": one.probability,
        "probabilities": dict(likely),
    }


def _print_said(options: argparse.Namespace, classifier: "Classifier | Trainable", said: list[dict[str, Any]]) -> None:
    from simcse_core.data.writers import to_csv
    from simcse_core.uses.classification import Classifier

    file = options.classifier if isinstance(classifier, Classifier) else None
    about = {"model": options.model, "classifier": file, "input": options.input, "n": len(said)}

    rows = ((";".join(one["labels"]), round(one["probability"], 6), one["text"]) for one in said)
    table = "" if options.format == "json" and not options.output else to_csv(["label", "probability", "text"], rows)
    if options.output:
        durable.write(Path(options.output), table.encode())
        print_answer({**about, "unsure": sum(one["label"] is None for one in said)}, options.format)
    elif options.format == "json":
        print_answer({**about, "predictions": said}, options.format)
    else:
        print(table, end="")

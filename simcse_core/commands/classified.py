"""What the command `classify` says of results: as a record, as lines, and row by row."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from simcse_core import durable
from simcse_core.commands.printing import print_metrics, print_table, to_stderr
from simcse_core.plain import printable

if TYPE_CHECKING:
    from simcse_core.meaning.intervals import Interval
    from simcse_core.uses.classification import Results

WORST_SHOWN = 10


def record_of(results: "Results", threshold: float | None, baseline: "Results | None") -> dict[str, Any]:
    report = results.report(threshold)
    record: dict[str, Any] = {"n": report.n, "accuracy": report.accuracy.value, "interval": ends(report.accuracy)}
    record |= {"macro_f1": report.macro_f1, "calibration_error": results.calibration_error()}
    record |= {"classes": report.classes, "unseen": report.unseen}
    if threshold is not None:
        record["at_threshold"] = results.at(threshold)
    record["confusion"] = {"names": results.names, "counts": results.confusion()}
    record["wrong"] = [_wrong(results, row) for row in results.wrong()[:WORST_SHOWN]]
    if baseline is not None:
        of = baseline.report(threshold)
        record["baseline"] = {"name": "TF-IDF", "accuracy": of.accuracy.value, "interval": ends(of.accuracy)}
        record["baseline"] |= {"macro_f1": of.macro_f1, "classes": of.classes}
        record["over_baseline"] = results.over(baseline)
    return record


def ends(interval: "Interval") -> dict[str, float]:
    return {"low": interval.low, "high": interval.high}


def _wrong(results: "Results", row: int) -> dict[str, Any]:
    return {
        "row": row + 1,
        "text": results.texts[row],
        "label": results.labels[row],
        "predicted": results.classes[int(results.predicted[row])],
        "probability": float(results.confidence[row]),
    }


def print_results(answer: dict[str, Any], results: "Results", baseline: "Results | None") -> None:
    how = f"{answer['folds']}-fold cross-validation" if answer["folds"] else printable(str(answer["test"]))
    print(f"{printable(str(answer['model']))}, {printable(str(answer['classifier']))}, {how}: {answer['n']} texts")
    print_metrics({"classifier": {"accuracy": results.report().accuracy, "macro F1": _alone(results)},
                   **({} if baseline is None else
                      {"TF-IDF": {"accuracy": baseline.report().accuracy, "macro F1": _alone(baseline)}})})  # fmt: skip
    if baseline is not None:
        over = answer["over_baseline"]
        noise = ", inside the noise" if over.low <= 0 <= over.high else ""
        print(f"over TF-IDF: {over.value:+.4f} (95%: {over.low:+.4f} to {over.high:+.4f}{noise})")
    print(f"calibration error: {answer['calibration_error']:.4f}")
    if "at_threshold" in answer:
        at = answer["at_threshold"]
        print(f"from {at.threshold:g} on: {at.answered} texts are classified, accuracy {at.accuracy.value:.4f}")
    print()
    rows = [
        (printable(one.label), *(f"{value:.4f}" for value in (one.precision, one.recall, one.f1)), f"{one.support}")
        for one in results.report(None).classes
    ]
    print_table(("class", "precision", "recall", "F1", "texts"), rows)
    if answer["wrong"]:
        print()
        print("most wrong:")
        for one in answer["wrong"]:
            label = one["label"] if isinstance(one["label"], str) else ";".join(one["label"]) or "nothing"
            said = f"{one['predicted']} ({one['probability']:.2f}), labelled {label}"
            print(f"  row {one['row']}: {printable(said)}: {printable(one['text'])[:100]}")
    if "learning_curve" in answer:
        print()
        rows = [
            (f"{point['size']}", point["method"], f"{point['accuracy']:.4f}",
             f"95%: {point['interval']['low']:.4f} to {point['interval']['high']:.4f}")
            for point in sorted(answer["learning_curve"]["points"], key=lambda point: point["size"])
        ]  # fmt: skip
        print_table(("learned from", "classifier", "accuracy", "range over draws"), rows)
    for name in ("suspects", "saved"):
        if name in answer:
            print(f"{name}: {printable(str(answer[name]))}")


def _alone(results: "Results") -> "Interval":
    from simcse_core.meaning.intervals import Interval

    return Interval(results.report().macro_f1, float("nan"), float("nan"))


def say_unseen(results: "Results") -> None:
    if results.unseen:
        count = sum(bool(set(results.unseen) & set(names)) for names in _sets(results))
        named = ", ".join(map(repr, results.unseen[:5]))
        to_stderr(f"note: {count} texts are of classes that were not learned ({named}): they count as wrong.")


def _sets(results: "Results") -> list[tuple[str, ...]]:
    return [(label,) if isinstance(label, str) else label for label in results.labels]


def write_rows(file: str, results: "Results", threshold: float | None) -> None:
    """What is said of each labelled text."""
    from simcse_core.data.writers import to_csv
    from simcse_core.encoding.classifier import predictions
    from simcse_core.uses.classification.results import SEVERAL_FROM

    if threshold is None:
        threshold = SEVERAL_FROM if results.several else 0.0
    made = predictions(results.probabilities, results.classes, threshold, several=results.several)
    rows = [
        (text, ";".join(names), ";".join(one.labels), round(one.probability, 6))
        for text, names, one in zip(results.texts, _sets(results), made, strict=True)
    ]
    durable.write(Path(file), to_csv(["text", "label", "predicted", "probability"], rows).encode())

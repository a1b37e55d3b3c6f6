"""The baselines of a training: the model as it comes, and TF-IDF; as rankings and classifiers."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from simcse_core.data.kinds import Dataset, text_columns, texts_of
from simcse_core.data.kinds.labelled import CENTRE, LOGISTIC
from simcse_core.data.language import language_of
from simcse_core.encoding.texts import Embeddings
from simcse_core.learning.classifiers import class_centres, logistic_regression
from simcse_core.learning.measuring import measure
from simcse_core.meaning.items import Items, as_floats
from simcse_core.meaning.similarity import ROUNDING

if TYPE_CHECKING:
    from simcse_core.encoding.protocol import Encodes

AS_IT_COMES, TFIDF = "as_it_comes", "tfidf"
MOST_FEATURES = 20_000
MOST_CELLS = 50_000_000
"""Numbers in the TF-IDF embeddings of the dev texts: with many texts fewer words count, so that memory suffices."""
CENTRES_FOR = 1_000
"""So many texts are compared with all centres at once."""


def baselines(
    train: Dataset, dev: Dataset, as_it_comes: "Encodes | None" = None, as_read: Dataset | None = None
) -> dict[str, Items]:
    """Results on the dev data without any training.

    - as_it_comes: the model itself, all its layers and its own pooling; the best thing one had before, in most cases.
    - tfidf: cosines of TF-IDF weights fitted on the training texts; of words and pairs of words, or of two to four
      characters where texts are Chinese. A text without a known word has cosine 0 with all others.

    Where a training starts from something less, such as a lower layer, the training itself measures that.

    Args:
        train: of any kind.
        dev: of any kind but texts. With labelled data on both sides there are the metrics of classifiers too.
        as_it_comes: the model before training; None leaves it out.
        as_read: the dev data as this model reads it, with prompts in its texts; None is `dev`. TF-IDF reads no prompts.

    Raises:
        DataError: the dev data has neither scores nor labels.
    """
    columns = text_columns(dev)
    train_texts, dev_texts = list(texts_of(train)), list(texts_of(dev))
    train_vectors, dev_vectors = tfidf(train_texts, dev_texts)
    items = dev.items(np.split(dense_rows(dev_vectors), len(columns)))
    if train.text_classes is not None and dev.text_classes is not None:
        items = items.with_values(_classified(train_vectors, train.text_classes, dev_vectors, dev.text_classes))
    results = {TFIDF: items}
    if as_it_comes is not None:
        measured = measure(as_it_comes, as_read or dev).items
        results = {AS_IT_COMES: with_classifiers(measured, as_it_comes, train, dev), **results}
    return results


def with_classifiers(items: Items, model: "Encodes", train: Dataset, dev: Dataset | None) -> Items:
    """With labels on both sides, the items with `logistic_accuracy` and `centre_accuracy`; else the items as they are.

    Both classifiers learn from the embeddings of the training texts and are asked about the dev texts.
    """
    if dev is None or train.text_classes is None or dev.text_classes is None:
        return items
    embeddings = model.encode([*texts_of(train), *texts_of(dev)])
    of_train, of_dev = embeddings[: len(train)], embeddings[len(train) :]
    return items.with_values(_classified(of_train, train.text_classes, of_dev, dev.text_classes))


def _classified(
    train_vectors: Any, train_labels: Sequence[str], dev_vectors: Any, dev_labels: Sequence[str]
) -> dict[str, list[float]]:
    """Both classifiers' results on each dev text."""
    embeddings = (train_vectors, train_labels, dev_vectors, dev_labels)
    return {LOGISTIC: logistic_hits(*embeddings), CENTRE: centre_hits(*embeddings)}


def centre_hits(
    train_vectors: Any, train_labels: Sequence[str], dev_vectors: Any, dev_labels: Sequence[str]
) -> list[float]:
    """Which dev texts lie nearest to the centre of their class: the direction of the sum of its training texts.

    Args:
        As for `logistic_hits`.

    Returns:
        (M) 1 or 0. A class without a training text is never right, and neither is a dev text that is as near to two
        centres, up to rounding.
    """
    names, centres = class_centres(train_vectors, train_labels)
    wanted, hits = np.array(dev_labels), np.zeros(len(dev_labels), dtype=bool)
    for start in range(0, len(hits), CENTRES_FOR):
        part = slice(start, start + CENTRES_FOR)
        product = dev_vectors[part].astype(np.float64) @ centres.T
        cosines = product.toarray() if hasattr(product, "toarray") else product  # (m, C)
        is_best = cosines >= cosines.max(axis=1, keepdims=True) - ROUNDING
        hits[part] = (names[cosines.argmax(axis=1)] == wanted[part]) & (is_best.sum(axis=1) == 1)
    return as_floats(hits)


def logistic_hits(
    train_vectors: Any, train_labels: Sequence[str], dev_vectors: Any, dev_labels: Sequence[str]
) -> list[float]:
    """Which dev texts a logistic regression is right about.

    Its strength (C of 1, 10 or 100) is chosen by threefold cross-validation on the training texts (a seeded sample of
    more than 1,000) of classes with at least three; it is 1 where there are fewer than two such classes.

    Args:
        train_vectors: (N, D) unit rows, dense or sparse.
        train_labels: N class names.
        dev_vectors: (M, D) likewise.
        dev_labels: M class names.

    Returns:
        (M) 1 or 0. A class without a training text is never right.
    """
    wanted = np.array(dev_labels)
    if len(set(train_labels)) < 2:  # nothing to tell apart: always the one class there is
        return as_floats(wanted == train_labels[0])
    return as_floats(logistic_regression(train_vectors, train_labels).predict(dev_vectors) == wanted)


def tfidf(train_texts: list[str], dev_texts: list[str]) -> tuple[Any, Any]:
    """Sparse unit rows of texts to learn from (N, F) and of others (M, F); rows without a known word are zero."""
    rows, rows_of = tfidf_of(train_texts, min(MOST_FEATURES, max(MOST_CELLS // max(len(dev_texts), 1), 1)))
    return rows, rows_of(dev_texts)


def tfidf_of(train_texts: list[str], most: int = MOST_FEATURES) -> tuple[Any, Callable[[Sequence[str]], Any]]:
    """Sparse unit rows of texts to learn from (N, F), and what makes such rows of others.

    Args:
        train_texts: N texts.
        most: features.
    """
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import TfidfVectorizer

    how: dict[str, Any] = {"analyzer": "word", "ngram_range": (1, 2), "token_pattern": r"(?u)\b\w+\b"}
    if language_of(train_texts) == "zh_CN":
        how = {"analyzer": "char_wb", "ngram_range": (2, 4)}
    vectoriser = TfidfVectorizer(max_features=most, dtype=np.float32, **how)
    try:
        return vectoriser.fit_transform(train_texts), vectoriser.transform
    except ValueError:  # no training text has a word
        return csr_matrix((len(train_texts), 1), dtype=np.float32), lambda texts: csr_matrix(
            (len(texts), 1), dtype=np.float32
        )


def dense_rows(rows: Any) -> Embeddings:
    """(M, F') without the features that none of the rows has."""
    used = np.unique(rows.indices)
    return np.asarray(rows[:, used].toarray() if len(used) else np.zeros((rows.shape[0], 1)), dtype=np.float32)

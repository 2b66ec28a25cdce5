"""Where arrays come from when there is no file: what is embedded, and the public downloads.

Each function returns the named arrays that a file of the same data set holds (see `catalog`). The
libraries that do the downloading keep copies of their own; keras is imported only when asked for.
"""

import numpy as np
from sklearn import datasets
from sklearn.feature_extraction.text import CountVectorizer

from dec.datasets import text
from dec.datasets.files import Arrays
from dec.datasets.synthetic import make_gaussians

RCV1_ROOTS = ("CCAT", "GCAT", "MCAT", "ECAT")  # corporate, government, markets, economics


def digits() -> Arrays:
    """Return scikit-learn's digits: x (1797, 64) uint8 in 0..16, y (1797,)."""
    x, y = datasets.load_digits(return_X_y=True)
    return {"x": x.astype(np.uint8), "y": y}


def gaussians() -> Arrays:
    """Return three blobs, ten standard deviations apart: x (600, 2) float32, y (600,)."""
    x, y = make_gaussians()
    return {"x": x, "y": y}


def keras_images(name: str) -> Arrays:
    """Download `keras.datasets.<name>`: images (n, h, w) uint8 and labels (n,), train and test."""
    import keras  # here, so that nobody pays for a backend to read a file

    (x_train, y_train), (x_test, y_test) = getattr(keras.datasets, name).load_data()
    return {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}


def usps() -> Arrays:
    """Download USPS: images (n, 16, 16) float32 in [0, 1], labels (n,) 0..9, train and test.

    The public file holds values v in [-1, 1], written here as (v + 1) / 2, labels 1..10, and no
    mark of the split: its first 7291 rows are taken as the training part.
    """
    # liac-arff needs no pandas.
    public = datasets.fetch_openml("USPS", version=2, as_frame=False, parser="liac-arff")
    x = ((public.data.astype(np.float32) + 1) / 2).reshape(-1, 16, 16)
    y = (public.target.astype(np.int64) - 1).astype(np.uint8)
    n = 7291
    return {"x_train": x[:n], "y_train": y[:n], "x_test": x[n:], "y_test": y[n:]}


def newsgroups20() -> Arrays:
    """Download 20 Newsgroups and count words: CSR (18846, 2000) float32 and labels.

    The header of each post is dropped, then the 2000 most frequent words that are not English stop
    words are counted. Training documents come first.
    """
    news = datasets.fetch_20newsgroups(subset="all", remove=("headers",), shuffle=False)
    words = CountVectorizer(max_features=2000, stop_words="english", dtype=np.float32)
    return text.pack(words.fit_transform(news.data), news.target.astype(np.uint8))


def not_public() -> Arrays:
    """Refuse: for a file that no stable public address offers."""
    raise FileNotFoundError("this file has no stable public address")


def reuters10k(n_samples: int = 10_000, n_features: int = 2000, seed: int = 1234) -> Arrays:
    """Download RCV1 and draw a Reuters-10k: CSR (10000, 2000) float32 weights and labels 0..3.

    Kept are the 685 071 documents with exactly one of the four root categories CCAT, GCAT, MCAT and
    ECAT (labels 0..3 in this order), the 2000 words found in most of these documents, and of the
    documents a random 10 000: the first ones after a shuffle.

    This is the paper's recipe on public vectors, not the paper's file. Differences: words are
    ranked by the number of documents that hold them (the vectors carry no counts) instead of by
    count; the weights are the published ``(1 + ln count) ln(N / df)`` with `df` from the 23 149
    official training documents instead of a smoothed idf over all documents; the shuffle starts
    from another order of the documents, so the same seed draws another sample. The vectors are
    normalised over all 47 236 words and have to be so again over these 2000 (`text.scaled_rows`).

    Parameters
    ----------
    n_samples, n_features, seed : int
        Documents drawn, words kept, and the seed of the shuffle.
    """
    rcv1 = datasets.fetch_rcv1()
    categories = list(rcv1.target_names)
    roots = rcv1.target[:, [categories.index(root) for root in RCV1_ROOTS]].toarray()
    rows = np.flatnonzero(roots.sum(axis=1) == 1)
    document_counts = np.bincount(rcv1.data[rows].indices, minlength=rcv1.data.shape[1])
    frequent = np.sort(np.argsort(-document_counts, kind="stable")[:n_features])
    sample = np.random.RandomState(seed).permutation(rows)[:n_samples]
    weights = rcv1.data[sample][:, frequent].astype(np.float32)
    return text.pack(weights, roots[sample].argmax(axis=1).astype(np.uint8))

"""The methods that the common suites are about."""

from dec import DeepClusterer


def family(cls):
    for derived in cls.__subclasses__():
        yield from (derived, *family(derived))


METHODS = [cls for cls in family(DeepClusterer) if cls.__module__.startswith("dec.")]


def everything(model, x):
    """What a fitted model says of ``x``; methods that assign hard have no q."""
    calls = ("predict", "transform", "predict_proba")
    return [getattr(model, call)(x) for call in calls if hasattr(model, call)]

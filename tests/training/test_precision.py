"""Which machines "auto" takes bfloat16 on."""

from pathlib import Path

import keras
import pytest

from dec.training import precision


def on(monkeypatch, backend, flags=None):
    def read(path):
        if flags is None:
            raise FileNotFoundError(path)
        return flags

    monkeypatch.setattr(keras.backend, "backend", lambda: backend)
    monkeypatch.setattr(Path, "read_text", read)
    return precision.resolve("auto")


@pytest.mark.parametrize(
    ("flags", "units", "expected"),
    [
        ("flags : sse2 avx512f avx512_bf16 amx_bf16 amx_tile", "amx_bf16", "mixed_bfloat16"),
        ("flags : sse2 avx512f avx512_bf16", "avx512_bf16", "mixed_bfloat16"),  # AMD Zen 4
        ("flags : sse2 avx512f avx512_vnni", "", "float32"),
        (None, "", "float32"),  # no Linux
    ],
)
def test_processors(monkeypatch, flags, units, expected):
    assert on(monkeypatch, "another", flags) == expected
    assert precision.processor_units() == units


def test_jax_has_none_on_processors(monkeypatch):
    if pytest.importorskip("jax").local_devices()[0].platform != "cpu":
        pytest.skip("there is an accelerator")
    assert on(monkeypatch, "jax", "amx_bf16") == "float32"


@pytest.mark.parametrize(
    ("capability", "expected"),
    [("7.5", False), ("8.0", True), ("10.0", True), ((7, 0), False), ((9, 0), True), (None, True)],
)
def test_gpus_from_ampere_on(capability, expected):
    assert precision._ampere(capability) is expected


@pytest.mark.parametrize("name", ["float32", "mixed_bfloat16"])
def test_a_choice_is_kept(monkeypatch, name):
    monkeypatch.setattr(precision, "has_bfloat16_units", lambda: 1 / 0)
    assert precision.resolve(name) == name


def test_an_unknown_choice_is_refused():
    with pytest.raises(ValueError, match=r"auto.*float16"):
        precision.resolve("float16")

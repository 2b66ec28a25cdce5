import os
import random
from pathlib import Path

import h5py
import numpy as np
import pytest

from dec.saving import ModelFileError, is_dec_keras, read_dec_keras

LEGACY = Path(os.environ.get("DEC_DATA_DIR", ".")) / "legacy"


def legacy(name):
    path = LEGACY / name
    if not path.exists():
        pytest.skip(f"DEC_DATA_DIR has no legacy/{name}")
    return path


def only(layers, *names):
    return {name: layers[name] for name in names}


def shapes(stack):
    for kernel, bias in stack:
        assert kernel.dtype == bias.dtype == np.float32
        assert bias.shape == kernel.shape[1:]
    return [kernel.shape for kernel, _ in stack]


@pytest.mark.parametrize("inside", [None, "model_weights"])
@pytest.mark.parametrize("suffix", ["", "_1"])
def test_reads_every_part(write_keras, dense_layers, inside, suffix):
    path = write_keras(dense_layers, inside=inside, suffix=suffix)
    assert is_dec_keras(path)
    weights = read_dec_keras(path)
    assert shapes(weights.encoder) == [(5, 4), (4, 2)]
    assert shapes(weights.decoder) == [(2, 4), (4, 5)]
    np.testing.assert_array_equal(weights.encoder[1][0], dense_layers["encoder_1"]["kernel"])
    np.testing.assert_array_equal(weights.decoder[0][1], dense_layers["decoder_1"]["bias"])
    np.testing.assert_array_equal(weights.clusters, dense_layers["clustering"]["clusters"])
    assert weights.keras_version == "2.3.1"


def test_reads_encoder_with_clusters(write_keras, dense_layers):
    layers = only(dense_layers, "input", "encoder_0", "encoder_1", "clustering")
    weights = read_dec_keras(write_keras(layers))
    assert weights.decoder is None
    assert weights.clusters.shape == (3, 2)


def test_reads_an_autoencoder(write_keras, dense_layers):
    del dense_layers["clustering"]
    assert read_dec_keras(write_keras(dense_layers)).clusters is None


def test_order_comes_from_the_numbers(write_keras, dense_layers):
    weights = read_dec_keras(write_keras(dict(reversed(dense_layers.items()))))
    assert shapes(weights.encoder) == [(5, 4), (4, 2)]
    assert shapes(weights.decoder) == [(2, 4), (4, 5)]


def test_eleven_layers_are_not_sorted_as_text(write_keras):
    layers = {
        f"encoder_{i}": {"kernel": np.zeros((i + 1, i + 2)), "bias": np.zeros(i + 2)}
        for i in range(11)
    }
    weights = read_dec_keras(write_keras(layers))
    assert shapes(weights.encoder) == [(i + 1, i + 2) for i in range(11)]


def test_float64_becomes_float32(write_keras, dense_layers):
    layers = {
        layer: {kind: array.astype("float64") for kind, array in weights.items()}
        for layer, weights in dense_layers.items()
    }
    weights = read_dec_keras(write_keras(layers))
    np.testing.assert_array_equal(weights.encoder[0][0], dense_layers["encoder_0"]["kernel"])
    assert weights.clusters.dtype == np.float32


@pytest.mark.parametrize("version", [b"2.0.4", b"2.2.4-tf", b"2.10.0"])
def test_keras_version(write_keras, dense_layers, version):
    path = write_keras(dense_layers, version=version)
    assert read_dec_keras(path).keras_version == version.decode()


def test_keras_version_is_optional(write_keras, dense_layers):
    path = write_keras(dense_layers, version=b"")
    assert read_dec_keras(path).keras_version == "unknown"


def test_other_files_are_not_dec_keras(tmp_path, model_file):
    assert not is_dec_keras(model_file)
    with pytest.raises(ModelFileError, match="not a weight file of Keras 2"):
        read_dec_keras(model_file)
    (tmp_path / "text.h5").write_text("no HDF5")
    assert not is_dec_keras(tmp_path / "text.h5")
    with pytest.raises(ModelFileError, match=r"text\.h5: not an HDF5 file"):
        read_dec_keras(tmp_path / "text.h5")
    for read in (is_dec_keras, read_dec_keras):
        with pytest.raises(FileNotFoundError):
            read(tmp_path / "absent.h5")


def dense(*shape):
    return {"kernel": np.zeros(shape, "float32"), "bias": np.zeros(shape[-1:], "float32")}


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"encoder_1": dense(3, 2)}, r"encoder has a kernel \(3, 2\) after width 4"),
        ({"decoder_1": dense(2, 7)}, r"decoder has a kernel \(4, 5\) after width 7"),
        ({"decoder_0": dense(4, 6)}, r"\[2, 4, 6\] does not mirror the encoder \[5, 4, 2\]"),
        ({"decoder_1": {}, "decoder_0": dense(2, 5)}, "does not mirror"),
        ({"clustering": {"clusters": np.zeros((3, 4), "f4")}}, r"\(3, 4\), expected \(k, 2\)"),
        ({"clustering": {"clusters": np.zeros((0, 2), "f4")}}, r"\(0, 2\), expected \(k, 2\)"),
        ({"clustering": {"clusters": np.float32(0)}}, r"\(\), expected \(k, 2\)"),
        ({"clustering": dense(3, 2)}, "'clustering' has the weights"),
        ({"encoder_0": {}}, "no place for the layers encoder_1"),
        ({"encoder_1": {}}, r"\[2, 4, 5\] does not mirror the encoder \[5, 4\]"),
        ({"encoder_0": {"kernel": np.zeros((5, 4), "f4")}}, "expected .*kernel.*bias"),
        ({"encoder_0": dense(5, 4) | {"bias": np.zeros(3, "f4")}}, r"with a bias \(3,\)"),
        ({"encoder_0": dense(4)}, r"kernel \(4,\)"),
        ({"encoder_0": dense(0, 4)}, r"kernel \(0, 4\)"),
        ({"encoder_0": dense(5, 4) | {"bias": np.zeros(4, "i4")}}, "int32, expected float32"),
        ({"encoder_0": dense(5, 4) | {"bias": np.zeros(4, "f2")}}, "float16, expected float32"),
        ({"encoder_0": dense(5, 4) | {"bias": np.full(4, np.nan)}}, "NaN or infinity"),
        ({"encoder_0": dense(5, 4) | {"bias": np.full(4, 1e300)}}, "NaN or infinity"),
        ({"dense_7": dense(2, 2)}, "no place for the layers dense_7"),
        ({"conv1": dense(5, 5, 1, 32)}, "not a network of DCEC: missing layers"),
    ],
)
def test_a_network_that_is_not_dec_is_refused(write_keras, dense_layers, change, match):
    path = write_keras(dense_layers | change)
    with pytest.raises(ModelFileError, match=match):
        read_dec_keras(path)


def test_no_layers_at_all(write_keras):
    with pytest.raises(ModelFileError, match="no layer 'encoder_0'"):
        read_dec_keras(write_keras({"input": {}}))


def two_kernels(file):
    file["encoder_0/other/kernel:0"] = np.zeros((5, 4), "float32")


def external_link(file):
    del file["encoder_1"]
    file["encoder_1"] = h5py.ExternalLink("other.h5", "encoder_1")


def link_out_of_use(file):
    file["unused"] = h5py.SoftLink("/encoder_0")


def compressed(file):
    data = file["encoder_0/encoder_0/kernel:0"][()]
    del file["encoder_0/encoder_0/kernel:0"]
    file.create_dataset("encoder_0/encoder_0/kernel:0", data=data, compression="gzip")


def shape_bomb(file):
    del file["encoder_0/encoder_0/kernel:0"]
    file.create_dataset("encoder_0/encoder_0/kernel:0", shape=(1 << 40, 4), dtype="float32")


@pytest.mark.parametrize(
    ("attack", "match"),
    [
        (two_kernels, "layer 'encoder_0' has two weights named 'kernel'"),
        (external_link, "links are refused"),
        (link_out_of_use, "links are refused"),
        (compressed, "not one plain block"),
        (shape_bomb, "bytes that are not in the file"),
    ],
)
def test_hostile_files_are_refused(write_keras, dense_layers, attack, match):
    path = write_keras(dense_layers)
    with h5py.File(path, "r+") as file:
        attack(file)
    with pytest.raises(ModelFileError, match=match) as caught:
        read_dec_keras(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    "link", [h5py.SoftLink("/elsewhere"), h5py.ExternalLink("other.h5", "x"), "data"]
)
def test_model_weights_that_is_no_group(tmp_path, link):
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file["model_weights"] = np.zeros(3) if link == "data" else link
    with pytest.raises(ModelFileError, match=r"links are refused|no place for the layers"):
        read_dec_keras(path)


def test_a_damaged_heap_does_no_harm(write_keras, dense_layers):
    """HDF5 1.14 loops forever when it reads the version behind this one flipped bit."""
    path = write_keras(dense_layers)
    data = bytearray(path.read_bytes())
    heap = data.index(b"GCOL")
    rest = data.index(b"\0" * 8, data.index(b"2.3.1", heap) + 8) + 8
    data[rest : rest + 8] = bytes(8)
    path.write_bytes(data)
    assert read_dec_keras(path).keras_version == "2.3.1"


def test_damaged_files_raise_only_the_library_error(write_keras, dense_layers):
    """Old files carry no checksums, so a flipped bit of a weight goes unnoticed, no more."""
    path = write_keras(dense_layers)
    sound = path.read_bytes()
    rng = random.Random(0)
    n_refused = 0
    for _ in range(200):
        damaged = bytearray(sound)
        damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
        path.write_bytes(damaged[: rng.choice([None, None, rng.randrange(len(damaged))])])
        try:
            assert shapes(read_dec_keras(path).encoder) == [(5, 4), (4, 2)]
        except ModelFileError:
            n_refused += 1
    assert n_refused > 50


def test_real_autoencoder():
    weights = read_dec_keras(legacy("dec_keras231_29-16-16-64-6_ae_weights.h5"))
    assert shapes(weights.encoder) == [(29, 16), (16, 16), (16, 64), (64, 6)]
    assert shapes(weights.decoder) == [(6, 64), (64, 16), (16, 16), (16, 29)]
    assert weights.clusters is None
    assert weights.keras_version == "2.3.1"


def test_real_clustering_model():
    weights = read_dec_keras(legacy("dec_keras231_29-16-16-64-6_k2_DEC_model_final.h5"))
    assert shapes(weights.encoder) == [(29, 16), (16, 16), (16, 64), (64, 6)]
    assert weights.decoder is None
    assert weights.clusters.shape == (2, 6)


@pytest.mark.parametrize(
    "name", ["dcec_keras224_mnist_dcec_model_final.h5", "dcec_keras224_mnist_pretrain_cae_model.h5"]
)
def test_real_convolutional_files(name):
    path = legacy(name)
    assert is_dec_keras(path)
    weights = read_dec_keras(path)
    assert weights.convolutional
    encoder = [(5, 5, 1, 32), (5, 5, 32, 64), (3, 3, 64, 128), (1152, 10)]
    assert [kernel.shape for kernel, _ in weights.encoder] == encoder
    decoder = [(10, 1152), (3, 3, 64, 128), (5, 5, 32, 64), (5, 5, 1, 32)]
    assert [kernel.shape for kernel, _ in weights.decoder] == decoder
    assert (weights.clusters is None) == ("pretrain" in name)


def convolutional_layers():
    def conv(*shape, out):
        return {"kernel": np.zeros(shape, "f4"), "bias": np.zeros(shape[out], "f4")}

    return {
        "conv1": conv(5, 5, 1, 4, out=3),
        "conv2": conv(5, 5, 4, 6, out=3),
        "conv3": conv(3, 3, 6, 8, out=3),
        "embedding": dense(32, 5),
        "dense_3": dense(5, 32),
        "deconv3": conv(3, 3, 6, 8, out=2),
        "deconv2": conv(5, 5, 4, 6, out=2),
        "deconv1": conv(5, 5, 1, 4, out=2),
        "clustering": {"clusters": np.zeros((3, 5), "f4")},
    }


def test_reads_a_convolutional_network(write_keras):
    weights = read_dec_keras(write_keras(convolutional_layers()))
    assert weights.convolutional
    assert weights.clusters.shape == (3, 5)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"deconv2": {}}, r"missing layers \['deconv2'\]"),
        ({"dense_3": {}}, "missing layers"),
        ({"embedding": dense(31, 5)}, "kernels have the shapes"),
        ({"dense_3": dense(5, 30)}, "kernels have the shapes"),
        ({"conv1": dense(3, 3, 1, 4)}, "kernels have the shapes"),
        ({"conv2": dense(5, 5, 3, 6)}, "kernels have the shapes"),
        ({"conv3": dense(3, 3, 6)}, "kernels have the shapes"),
        ({"deconv1": dense(5, 5, 1, 4)}, "kernels have the shapes"),
        ({"clustering": {"clusters": np.zeros((3, 4), "f4")}}, r"expected \(k, 5\)"),
        ({"conv4": dense(3, 3, 1, 1)}, "no place for the layers conv4"),
    ],
)
def test_a_network_that_is_not_dcec_is_refused(write_keras, change, match):
    with pytest.raises(ModelFileError, match=match):
        read_dec_keras(write_keras(convolutional_layers() | change))

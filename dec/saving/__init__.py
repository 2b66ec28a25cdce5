"""Files on disk: arrays in, arrays out. Nothing here knows an estimator or Keras."""

from dec.saving.atomic import atomic_write
from dec.saving.dec_keras import DecKerasWeights, is_dec_keras, read_dec_keras
from dec.saving.hdf5 import ModelFileError
from dec.saving.model_file import read_arrays, write_arrays

__all__ = [
    "DecKerasWeights",
    "ModelFileError",
    "atomic_write",
    "is_dec_keras",
    "read_arrays",
    "read_dec_keras",
    "write_arrays",
]

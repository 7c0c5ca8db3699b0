"""Makes the files of this folder: known answers of NumPy and of the safetensors reference implementation.

Run once with numpy 2.4.6 and safetensors 0.8.0: python make_golden.py. The tests read the files, not this script.
"""
import io

import numpy as np
from numpy.lib import format as npy
from safetensors.numpy import save_file

floats = np.arange(6).reshape(3, 2) * 1.5 - 2  # rows (-2, -0.5), (1, 2.5), (4, 5.5)
whole = np.arange(6).reshape(3, 2) - 3  # rows (-3, -2), (-1, 0), (1, 2)

for kind in ("f4", "f8", "i4", "i8"):
    data = floats if kind[0] == "f" else whole
    for order, letter in (("<", "l"), (">", "b")):
        np.save(f"{kind}{letter}_c.npy", np.ascontiguousarray(data, dtype=order + kind))
        np.save(f"{kind}{letter}_f.npy", np.asfortranarray(data, dtype=order + kind))
np.save("vector.npy", np.array([1, -2, 3.25], dtype="<f4"))
for version in ((2, 0), (3, 0)):
    with open(f"v{version[0]}.npy", "wb") as file:
        npy.write_array(file, floats.astype("<f4"), version=version)
np.save("float16.npy", floats.astype("<f2"))
np.save("bool.npy", whole > 0)
np.save("complex.npy", floats.astype("<c8"))
np.save("text.npy", np.array(["a", "bc"]))
np.save("objects.npy", np.array([1, None], dtype=object), allow_pickle=True)
np.save("structured.npy", np.array([(1, 2.0)], dtype=[("a", "<i4"), ("b", "<f4")]))
np.save("scalar.npy", np.float32(3))
np.save("no_rows.npy", np.zeros((0, 2), dtype="<f4"))
np.save("cube.npy", np.zeros((2, 2, 2), dtype="<f4"))

np.savez("stored.npz", data=floats.astype("<f4"), labels=whole.astype("<i8"))
np.savez_compressed("deflated.npz", data=floats.astype("<f4"), labels=whole.astype("<i8"))


class Unseekable(io.RawIOBase):
    """A pipe: sizes and sums come after the data, in descriptors."""

    def __init__(self, file):
        self.file = file

    def writable(self):
        return True

    def write(self, data):
        return self.file.write(data)


with open("piped.npz", "wb") as file:
    np.savez_compressed(Unseekable(file), data=floats.astype("<f4"), labels=whole.astype("<i8"))

save_file(
    {
        "layer.0.weight": np.ascontiguousarray(floats.astype("<f4")),
        "layer.0.bias": np.array([0.5, -0.25], dtype="<f4"),
        "Zeta": np.array([1.0, 2.0], dtype="<f8"),
        "half": np.array([1.5, -0.0, 65504, 2.0**-24, 6.097555160522461e-05], dtype="<f2"),
        "steps": np.array(12345678901, dtype="<i8"),
        "mask": np.array([True, False, True]),
        "empty": np.zeros((0, 4), dtype="<f4"),
        "gr\u00fc\u00dfe": np.array([7], dtype="<i4"),
    },
    "reference.safetensors",
    metadata={"format": "tweedie \"1\"\n"},
)

"""Make the part of Fashion-MNIST that is shipped, or the whole, out of its IDX files.

    apt-get download dataset-fashion-mnist && dpkg-deb -x dataset-fashion-mnist_*.deb .
    python studies/data/make_pictures.py usr/share/datasets/fashion-mnist

writes ``fashion_mnist.npz`` beside this file: 1,000 training and 200 test pictures of each class, the first
ones of each in the order of the source. ``--whole --out fashion_whole.npz`` writes all 70,000. The same bytes
every time with the same zlib. What it is stands in the README.md beside this file.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import sys
import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

# Also when this file is run as a script: the repository's root, from which tests import it, too.
sys.path.insert(0, str(Path(__file__).parents[2]))

from quant_model.data.images.idx import read_idx

_EPOCH = (1980, 1, 1, 0, 0, 0)
_OF_A_CLASS = {"train": 1000, "t10k": 200}
_NAMES = {"train": "train", "t10k": "test"}
Array = npt.NDArray[np.uint8]


def main() -> int:
    """Write the file; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("source", type=Path, help="folder of the four IDX files")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("fashion_mnist.npz"))
    parser.add_argument("--whole", action="store_true", help="all pictures instead of a part")
    arguments = parser.parse_args()
    content = pack(arguments.source, whole=arguments.whole)
    arguments.out.write_bytes(content)
    print(f"{hashlib.sha256(content).hexdigest()}  {arguments.out.name}")
    return 0


def pack(source: Path, *, whole: bool) -> bytes:
    """The NPZ file: ``train_images``, ``train_labels``, ``test_images``, ``test_labels``."""
    arrays: dict[str, Array] = {}
    for part, count in _OF_A_CLASS.items():
        images, labels = (_read(source, f"{part}-{kind}") for kind in ("images-idx3", "labels-idx1"))
        kept = np.arange(len(labels)) if whole else first_of_each(labels, count)
        name = _NAMES[part]
        arrays |= {f"{name}_images": images[kept], f"{name}_labels": labels[kept]}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, np.ascontiguousarray(array), version=(1, 0))
            info = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, member.getvalue())
    return buffer.getvalue()


def first_of_each(labels: Array, count: int) -> npt.NDArray[np.int64]:
    """The places of the first ``count`` pictures of each class, in the order of the source."""
    own = [np.flatnonzero(labels == label)[:count] for label in np.unique(labels)]
    return np.sort(np.concatenate(own))


def _read(source: Path, stem: str) -> Array:
    file = source / f"{stem}-ubyte.gz"
    return read_idx(file.read_bytes(), str(file))


if __name__ == "__main__":
    sys.exit(main())

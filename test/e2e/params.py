#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the weights of a test model: params.py PARAMS.json OUT.params

The values of a tensor follow from its name, its shape and a seed alone, so a
table of names and shapes stands for files of up to 532 MB. The distributions
keep activations in range through deep networks. The file is in MXNet's binary
format (one `NDArray` of version 2 a tensor, then the names).
"""
import json
import os
import struct
import sys
import zlib

import numpy as np

LIST_MAGIC = 0x112
# Of the versions of arrays; the oldest, 0, has none.
ARRAY_MAGICS = {1: 0xF993FAC8, 2: 0xF993FAC9, 3: 0xF993FACA}
DENSE, CPU = 0, 1
# A type's code is its index.
DTYPES = ["float32", "float64", "float16", "uint8", "int32", "int8", "int64", "bool", "int16", "uint16", "uint32", "uint64"]


def tensor(name, shape, seed):
    """The float32 values of the tensor `name` (without `arg:` or `aux:`)."""
    random = np.random.RandomState(zlib.crc32(name.encode()) ^ seed)
    if name.endswith("gamma"):
        values = 1.0 + 0.1 * random.randn(*shape)
    elif name.endswith(("running_var", "moving_var")):
        values = 1.0 + 0.2 * random.rand(*shape)
    elif name.endswith(("beta", "bias", "running_mean", "moving_mean", "parameters")):
        values = 0.1 * random.randn(*shape)
    elif "embed" in name:
        values = 0.5 * random.randn(*shape)
    else:  # He's initialisation before a ReLU, Xavier's elsewhere
        fan_in = int(np.prod(shape[1:] if len(shape) > 1 else shape))
        gain = 2.0 if len(shape) == 4 else 1.0
        values = random.randn(*shape) * np.sqrt(gain / fan_in)
    return values.astype(np.float32)


def start(count):
    """The bytes before a container's arrays."""
    return struct.pack("<QQQ", LIST_MAGIC, 0, count)


def header(shape, dtype="float32", version=2):
    """The bytes before an array's values, of one of the four versions."""
    if version == 0:
        dims = struct.pack(f"<I{len(shape)}I", len(shape), *shape)
    else:
        dims = struct.pack("<I", ARRAY_MAGICS[version]) + (struct.pack("<i", DENSE) if version > 1 else b"")
        dims += struct.pack(f"<i{len(shape)}q", len(shape), *shape)
    return dims + struct.pack("<iii", CPU, 0, DTYPES.index(dtype))


def end(names):
    """The bytes behind a container's arrays."""
    return struct.pack("<Q", len(names)) + b"".join(struct.pack("<Q", len(name)) + name.encode() for name in names)


def pack(arrays, version=2):
    """A container of small arrays, by name, as bytes."""
    parts = (header(values.shape, str(values.dtype), version) + values.tobytes() for values in arrays.values())
    return start(len(arrays)) + b"".join(parts) + end(list(arrays))


def write(path, table):
    """Writes the tensors of `table` (params.json as a dict), one at a time."""
    shapes = table["params"]
    with open(path, "wb") as out:
        out.write(start(len(shapes)))
        for name, shape in shapes.items():
            out.write(header(shape))
            out.write(tensor(name.partition(":")[2], shape, table["seed"]))
        out.write(end(list(shapes)))


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__.splitlines()[0])
    with open(sys.argv[1]) as table:
        table = json.load(table)
    partial = f"{sys.argv[2]}.{os.getpid()}"
    write(partial, table)
    os.replace(partial, sys.argv[2])


if __name__ == "__main__":
    main()

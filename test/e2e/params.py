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
ARRAY_MAGIC = 0xF993FAC9
DENSE, CPU, FLOAT32 = 0, 1, 0


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


def write(path, table):
    """Writes the tensors of `table` (params.json as a dict), one at a time."""
    shapes = table["params"]
    with open(path, "wb") as out:
        out.write(struct.pack("<QQQ", LIST_MAGIC, 0, len(shapes)))
        for name, shape in shapes.items():
            out.write(struct.pack(f"<Iii{len(shape)}q", ARRAY_MAGIC, DENSE, len(shape), *shape))
            out.write(struct.pack("<iii", CPU, 0, FLOAT32))
            out.write(tensor(name.partition(":")[2], shape, table["seed"]))
        out.write(struct.pack("<Q", len(shapes)))
        for name in shapes:
            out.write(struct.pack("<Q", len(name)) + name.encode())


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

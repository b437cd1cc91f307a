# SPDX-License-Identifier: Apache-2.0
"""Dense layers and products of random shapes agree with numpy in double precision, for any number of threads.
DLC_SEEDS asks for more of them, six times as many as it says."""
import json
import math
import os
import pathlib
import sys

import numpy as np
import pytest
from conftest import dlc

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import params  # noqa: E402 (the tests' writer of .params files)

SEED = 20
# Extents around the sizes that the lowering treats apart: panels of 16, tiles, strips, blocks of the depth.
SMALL = [1, 2, 5, 8, 15, 16, 17, 31, 40]
MEDIUM = [*SMALL, 48, 63, 64, 65, 100, 129, 200, 257]
DEEP = [*MEDIUM, 300, 768, 1000, 1152, 1153, 2400, 3001]


def draw(number):
    """The drawn case `number`: operator, attributes, shapes of both sides, the product as a function."""
    rng = np.random.default_rng([SEED, number])
    operator = str(rng.choice(["FullyConnected", "dot", "batch_dot"]))
    batch = [int(rng.choice([2, 3, 5]))] if operator == "batch_dot" else []
    small = number % 2 == 0
    m, n = (int(rng.choice(SMALL if small and axis else MEDIUM)) for axis in range(2))
    if rng.random() < 0.2:
        n = int(rng.choice([600, 1000]))
    k = int(rng.choice(MEDIUM if batch else DEEP))
    if operator == "FullyConnected":
        return operator, {"num_hidden": n, "no_bias": True}, [m, k], [n, k], lambda a, b: a @ b.T
    flips = [bool(rng.integers(2)) for _ in range(2)]
    left = batch + ([k, m] if flips[0] else [m, k])
    right = batch + ([n, k] if flips[1] else [k, n])

    def product(a, b):
        a, b = (np.swapaxes(x, -1, -2) if flip else x for x, flip in zip((a, b), flips))
        return a @ b

    return operator, {"transpose_a": flips[0], "transpose_b": flips[1]}, left, right, product


def compile_product(folder, operator, attributes, shapes, dtype, weights=None, extra=()):
    """The artifact of one operator; its right side is a constant if `weights` are given."""
    nodes = [{"op": "null", "name": name, "inputs": []} for name in ("left", "right")]
    nodes.append({"op": operator, "name": "product", "inputs": [[0, 0, 0], [1, 0, 0]],
                  "attrs": {key: str(value) for key, value in attributes.items()}})
    (folder / "p-symbol.json").write_text(json.dumps(
        {"nodes": nodes, "arg_nodes": [0, 1], "heads": [[2, 0, 0]], "attrs": {"mxnet_version": ["int", 10901]}}))
    flags = [f"--input={name}={'x'.join(map(str, shape))}:{dtype}" for name, shape in shapes.items()]
    if weights:
        params.write(folder / "p.params", weights)
        flags += ["--params", folder / "p.params"]
    dlc("compile", folder / "p-symbol.json", *flags, "-o", folder / "p.so", *extra)
    return folder / "p.so"


def run(artifact, inputs, threads):
    folder = artifact.parent
    np.savez(folder / "in.npz", **inputs)
    dlc("run", artifact, "--io", folder / "in.npz", "--output", folder / f"out{threads}.npz", "--threads", threads)
    with np.load(folder / f"out{threads}.npz") as out:
        return out["out:product_output"]


@pytest.mark.parametrize("number", range(6 * int(os.environ.get("DLC_SEEDS", "10"))))
def test_agrees_with_numpy(number, tmp_path):
    operator, attributes, left, right, product = draw(number)
    rng = np.random.default_rng([SEED, number, 1])
    dtype = "float64" if number % 10 == 9 else "float32"
    a, b = (rng.standard_normal(shape).astype(dtype) for shape in (left, right))
    inputs, shapes, weights = {"left": a, "right": b}, {"left": left, "right": right}, None
    if operator == "FullyConnected" and number % 3 and dtype == "float32":
        table = {"seed": number, "params": {"arg:right": right}}
        weights, b = table, params.tensor("right", right, number)
        del inputs["right"], shapes["right"]
    artifact = compile_product(tmp_path, operator, attributes, shapes, dtype, weights)
    want = product(a.astype("float64"), b.astype("float64"))
    got = run(artifact, inputs, 1)
    depth = math.prod(left) // math.prod(want.shape[:-1])
    tolerance = np.finfo(dtype).eps * (4 + math.sqrt(depth)) * np.abs(want).max()
    assert got.shape == want.shape
    np.testing.assert_allclose(got, want, rtol=0, atol=tolerance)
    for threads in (2, 3):
        assert np.array_equal(got, run(artifact, inputs, threads)), f"{threads} threads change bits"


# One of each way through the lowering: constant weights (deep, narrow), columns packed row by row, through
# transposed squares, streamed unpacked, read in place.
@pytest.mark.parametrize("operator, attributes, left, right", [
    ("FullyConnected", {"num_hidden": 70, "no_bias": True}, [100, 2500], [70, 2500]),
    ("FullyConnected", {"num_hidden": 10, "no_bias": True}, [64, 512], [10, 512]),
    ("dot", {}, [150, 1300], [1300, 200]),
    ("dot", {"transpose_b": True}, [70, 1203], [90, 1203]),
    ("dot", {}, [3, 1001], [1001, 1600]),
    ("batch_dot", {}, [4, 5, 700], [4, 700, 530]),
    ("dot", {}, [40, 60], [60, 50]),
])
def test_thread_counts_agree_to_the_bit(operator, attributes, left, right, tmp_path):
    rng = np.random.default_rng(SEED)
    inputs = {"left": rng.standard_normal(left).astype("float32"),
              "right": rng.standard_normal(right).astype("float32")}
    artifact = compile_product(tmp_path, operator, attributes, {"left": left, "right": right}, "float32")
    results = [run(artifact, inputs, threads) for threads in (1, 2, 3, 7)]
    for other in results[1:]:
        assert np.array_equal(results[0], other)

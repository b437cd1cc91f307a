# SPDX-License-Identifier: Apache-2.0
"""Operators on other element types than float32."""
import json

import numpy as np
import pytest
from conftest import dlc


@pytest.mark.parametrize("dtype", ["int8", "int32", "int64"])
def test_powers_of_integers(dtype, tmp_path):
    """Exact where the result fits; a fraction is truncated."""
    x, y = (grid.ravel().astype(dtype) for grid in np.meshgrid([-3, -2, -1, 0, 1, 2, 3, 5], [0, 1, 2, 3, -1, -2, 101]))
    keep = (abs(x) <= 1) | (y < 4)
    x, y = x[keep & ((x != 0) | (y >= 0))], y[keep & ((x != 0) | (y >= 0))]
    want = [int(float(a) ** float(b)) if b < 0 else int(a) ** int(b) for a, b in zip(x, y)]
    nodes = [{"op": "null", "name": name, "inputs": []} for name in "xy"]
    nodes.append({"op": "broadcast_power", "name": "power", "inputs": [[0, 0, 0], [1, 0, 0]]})
    nodes.append({"op": "_power_scalar", "name": "cube", "attrs": {"scalar": "3"}, "inputs": [[0, 0, 0]]})
    (tmp_path / "model.json").write_text(json.dumps({"nodes": nodes, "arg_nodes": [0, 1], "heads": [[2, 0, 0], [3, 0, 0]],
                                                     "attrs": {"mxnet_version": ["int", 10901]}}))
    flags = [f"--input={name}={len(x)}:{dtype}" for name in "xy"]
    dlc("compile", tmp_path / "model.json", *flags, "-o", tmp_path / "model.so")
    np.savez(tmp_path / "in.npz", x=x, y=y)
    dlc("run", tmp_path / "model.so", "--io", tmp_path / "in.npz", "--output", tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz") as got:
        assert got["out:power_output"].tolist() == want
        assert got["out:cube_output"].tolist() == (x ** 3).tolist()

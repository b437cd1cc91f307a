# SPDX-License-Identifier: Apache-2.0
"""Functions on float32 are within the bounds of docs/accuracy.md, on a dense sample of all floats."""
import json
import subprocess

import pytest
from conftest import BUILD, dlc

SWEEP = BUILD / "test" / "accuracy" / "accuracy-sweep"

# ulp, and right at zeros, infinities and NaN.
BOUNDS = {
    "exp": 1, "log": 1, "sqrt": 0.5,
    "tanh": 4, "erf": 4, "sigmoid": 4, "sin": 4, "cos": 4, "broadcast_power": 4,
    "expm1": 2, "log1p": 2, "log2": 2, "log10": 2, "sinh": 3, "cosh": 2, "arcsinh": 3, "arccosh": 3, "arctanh": 3,
    "tan": 4, "arcsin": 3, "arccos": 3, "arctan": 3, "rsqrt": 2, "cbrt": 1, "rcbrt": 2,
}
ELEMENTS = 8 * 4096 + 5  # whole vectors, and a rest


def write_model(path, operator):
    """The symbol of one operator with its inputs."""
    inputs = ["x", "y"] if operator.startswith("broadcast_") else ["x"]
    nodes = [{"op": "null", "name": name, "inputs": []} for name in inputs]
    nodes.append({"op": operator, "name": "out", "inputs": [[i, 0, 0] for i in range(len(inputs))]})
    path.write_text(json.dumps({"nodes": nodes, "arg_nodes": list(range(len(inputs))), "heads": [[len(inputs), 0, 0]],
                                "attrs": {"mxnet_version": ["int", 10901]}}))
    return [f"--input={name}={ELEMENTS}" for name in inputs]


@pytest.mark.parametrize("function", BOUNDS)
def test_is_within_its_bound(function, tmp_path):
    flags = write_model(tmp_path / "model.json", function)
    dlc("compile", tmp_path / "model.json", *flags, "-o", tmp_path / "model.so")
    sweep = subprocess.run([SWEEP, tmp_path / "model.so", function], text=True, capture_output=True, check=True)
    error = float(sweep.stdout.split()[1])
    assert error <= BOUNDS[function], sweep.stdout

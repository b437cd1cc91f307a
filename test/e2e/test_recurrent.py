# SPDX-License-Identifier: Apache-2.0
"""Recurrent layers of random sizes agree with plain numpy, and give the same bits with any number of threads."""
import json
import random

import numpy as np
import pytest
from conftest import dlc
from e2e import params

GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}


class Case:
    """One RNN operator; what depends on `seed` is drawn at random."""

    def __init__(self, seed):
        draw = random.Random(seed)
        self.seed = seed
        self.mode = list(GATES)[seed % len(GATES)]
        self.steps, self.batch = draw.randint(1, 9), draw.randint(1, 5)
        self.hidden, self.features = draw.randint(1, 70), draw.randint(1, 40)
        self.layers, self.directions = draw.randint(1, 3), draw.randint(1, 2)
        # Weights and states are either part of the model or inputs.
        self.has_weights = draw.random() < 0.7
        self.has_states = draw.random() < 0.4

    def shapes(self):
        gates, size = GATES[self.mode] * self.hidden, 0
        for layer in range(self.layers):
            features = self.features if layer == 0 else self.hidden * self.directions
            size += self.directions * gates * (features + self.hidden + 2)
        states = (self.layers * self.directions, self.batch, self.hidden)
        shapes = {"data": (self.steps, self.batch, self.features), "parameters": (size,), "state": states}
        if self.mode == "lstm":
            shapes["cell"] = states
        return shapes

    def write(self, folder):
        """The model and its inputs; returns the flags of `dlc compile`."""
        values = {name: params.tensor(name, shape, self.seed) for name, shape in self.shapes().items()}
        constants = (["parameters"] if self.has_weights else []) + (["state"] if self.has_states else [])
        nodes = [{"op": "null", "name": name, "inputs": []} for name in values]
        nodes.append({
            "op": "RNN", "name": "rnn", "inputs": [[i, 0, 0] for i in range(len(values))],
            "attrs": {"mode": self.mode, "num_layers": str(self.layers), "state_size": str(self.hidden),
                      "bidirectional": str(self.directions == 2), "state_outputs": "True"}})
        outputs = 3 if self.mode == "lstm" else 2
        symbol = {"nodes": nodes, "arg_nodes": list(range(len(values))),
                  "heads": [[len(values), i, 0] for i in range(outputs)],
                  "attrs": {"mxnet_version": ["int", 10901]}}
        (folder / "model-symbol.json").write_text(json.dumps(symbol))
        params.write(folder / "model.params", {
            "seed": self.seed, "params": {f"arg:{name}": values[name].shape for name in constants}})
        np.savez(folder / "in.npz", **{f"in:{name}": values[name] for name in values})
        inputs = [f"--input={name}={'x'.join(map(str, value.shape))}"
                  for name, value in values.items() if name not in constants]
        return values, ["--params", folder / "model.params", *inputs]

    def cell(self, x, h, c, weights):
        """One step in double precision."""
        w_input, w_hidden, b_input, b_hidden = weights
        a, r = x @ w_input.T + b_input, h @ w_hidden.T + b_hidden
        if self.mode == "lstm":
            i, f, g, o = np.split(a + r, 4, axis=1)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            return sigmoid(o) * np.tanh(c), c
        if self.mode == "gru":
            (a_r, a_z, a_n), (r_r, r_z, r_n) = np.split(a, 3, axis=1), np.split(r, 3, axis=1)
            z = sigmoid(a_z + r_z)
            return (1 - z) * np.tanh(a_n + sigmoid(a_r + r_r) * r_n) + z * h, c
        return np.tanh(a + r) if self.mode == "rnn_tanh" else np.maximum(a + r, 0), c

    def reference(self, values):
        """Output, last hidden and last cell states."""
        flat = values["parameters"].astype(np.float64)
        rows = GATES[self.mode] * self.hidden
        x = values["data"].astype(np.float64)
        offset = 0
        biases = flat[-self.layers * self.directions * 2 * rows:].reshape(-1, 2, rows)
        hidden, cells = [], []
        for layer in range(self.layers):
            outputs = []
            for direction in range(self.directions):
                index = layer * self.directions + direction
                weights = []
                for width in (x.shape[2], self.hidden):
                    weights.append(flat[offset:offset + rows * width].reshape(rows, width))
                    offset += rows * width
                weights.extend(biases[index])
                h = values["state"][index].astype(np.float64)
                c = values["cell"][index].astype(np.float64) if "cell" in values else None
                output = np.empty((self.steps, self.batch, self.hidden))
                for step in reversed(range(self.steps)) if direction else range(self.steps):
                    h, c = self.cell(x[step], h, c, weights)
                    output[step] = h
                outputs.append(output)
                hidden.append(h)
                cells.append(c)
            x = np.concatenate(outputs, axis=2)
        return {"rnn_output": x, "rnn_state_output": np.stack(hidden), "rnn_statecell_output": np.array(cells)}


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize("seed", range(32))
def test_agrees_with_numpy(seed, tmp_path):
    case = Case(seed)
    values, flags = case.write(tmp_path)
    dlc("compile", tmp_path / "model-symbol.json", *flags, "-o", tmp_path / "rnn.so")
    results = []
    for threads in (1, 2, 3):
        out = tmp_path / f"out{threads}.npz"
        dlc("run", tmp_path / "rnn.so", "--io", tmp_path / "in.npz", "--output", out, "--threads", threads)
        with np.load(out) as arrays:
            results.append({name.removeprefix("out:"): arrays[name] for name in arrays.files})
    want = case.reference(values)
    for name, got in results[0].items():
        np.testing.assert_allclose(got, want[name], rtol=2e-5, atol=2e-6, err_msg=f"{name} of {vars(case)}")
        for other in results[1:]:
            np.testing.assert_array_equal(got, other[name])
    assert set(results[0]) >= {"rnn_output", "rnn_state_output"}


def test_steps_are_shared(tmp_path):
    """A layer worth several threads takes one launch, whatever its number of steps, and all threads agree."""
    case = Case(0)
    case.steps, case.batch, case.hidden, case.features, case.layers = 40, 2, 160, 64, 1
    case.directions, case.has_weights, case.has_states = 2, True, False
    values, flags = case.write(tmp_path)
    dlc("compile", tmp_path / "model-symbol.json", *flags, "-o", tmp_path / "rnn.so")
    facts = json.loads(dlc("inspect", tmp_path / "rnn.so", "--json").stdout)
    (kernel,) = [kernel for kernel in facts["kernels"] if kernel["name"].startswith("recurrence")]
    assert kernel["phases"] == 40
    outputs = []
    for threads in (1, 2, 3, 4):
        out = tmp_path / f"out{threads}.npz"
        dlc("run", tmp_path / "rnn.so", "--io", tmp_path / "in.npz", "--output", out, "--threads", threads)
        with np.load(out) as arrays:
            outputs.append(arrays["out:rnn_output"])
    np.testing.assert_allclose(outputs[0], case.reference(values)["rnn_output"], rtol=2e-5, atol=2e-6)
    for other in outputs[1:]:
        np.testing.assert_array_equal(outputs[0], other)

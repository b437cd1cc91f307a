# SPDX-License-Identifier: Apache-2.0
"""Winograd's filtering against convolutions in double precision, over shapes drawn at random."""
import json
import random
import re

import numpy as np
import pytest
from conftest import dlc
from e2e import params

# Of the largest result: what rounding to f32 may do to the transformed products.
TOLERANCE = 3e-5


def convolve(x, weight, bias, pad):
    """A convolution of stride 1 in double precision."""
    x = np.pad(x.astype(np.float64), ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    windows = np.lib.stride_tricks.sliding_window_view(x, weight.shape[2:], axis=(2, 3))
    result = np.einsum("nchwij,ocij->nohw", windows, weight.astype(np.float64), optimize=True)
    return result if bias is None else result + bias.astype(np.float64)[None, :, None, None]


class Layers:
    """relu(conv(x) [+ r]), and maybe a second convolution that reads the first one's result with a halo."""

    def __init__(self, seed, kernel=3):
        draw = random.Random(seed)
        self.kernel = kernel
        self.batch = draw.choice([1, 1, 1, 2, 3])
        # Widths of whole and of cut tiles, channels of whole and of cut blocks.
        self.channels = draw.choice([16, 24, 32, 40, 64])
        self.height, self.width = draw.randint(kernel, 23), draw.randint(kernel, 23)
        self.filters = draw.choice([5, 16, 20, 32, 48])
        self.pad = draw.choice([0, 1, 1, 1, 2])
        self.has_bias = draw.random() < 0.6
        self.is_residual = draw.random() < 0.5
        self.has_second = draw.random() < 0.5
        self.seed = seed

    @property
    def result_shape(self):
        margin = 2 * self.pad - self.kernel + 1
        return [self.batch, self.filters, self.height + margin, self.width + margin]

    def write(self, folder):
        nodes, table = [], {}

        def add(op, name, inputs=(), **attributes):
            nodes.append({"op": op, "name": name, "inputs": [[i, 0, 0] for i in inputs],
                          "attrs": {key: str(value) for key, value in attributes.items()}})
            return len(nodes) - 1

        def convolution(name, data, filters, channels, pad, has_bias):
            shapes = {"weight": [filters, channels, self.kernel, self.kernel], **({"bias": [filters]} if has_bias else {})}
            inputs = [data]
            for kind, shape in shapes.items():
                table[f"arg:{name}_{kind}"] = shape
                inputs.append(add("null", f"{name}_{kind}"))
            return add("Convolution", name, inputs, kernel=(self.kernel, self.kernel), pad=(pad, pad), num_filter=filters,
                       no_bias=not has_bias)

        last = convolution("first", add("null", "x"), self.filters, self.channels, self.pad, self.has_bias)
        if self.is_residual:
            last = add("elemwise_add", "sum", [last, add("null", "r")])
        last = add("Activation", "relu", [last], act_type="relu")
        if self.has_second:
            last = convolution("second", last, 16, self.filters, 1, has_bias=False)
        (folder / "m-symbol.json").write_text(json.dumps(
            {"nodes": nodes, "arg_nodes": [i for i, node in enumerate(nodes) if node["op"] == "null"],
             "heads": [[last, 0, 0]], "attrs": {"mxnet_version": ["int", 10901]}}))
        params.write(folder / "m.params", {"seed": self.seed, "params": table})
        values = {name.partition(":")[2]: params.tensor(name.partition(":")[2], shape, self.seed)
                  for name, shape in table.items()}
        generator = np.random.default_rng(self.seed)
        inputs = {"x": generator.standard_normal([self.batch, self.channels, self.height, self.width], np.float32)}
        if self.is_residual:
            inputs["r"] = generator.standard_normal(self.result_shape, np.float32)
        return values, inputs

    def compute(self, values, inputs):
        y = convolve(inputs["x"], values["first_weight"], values.get("first_bias"), self.pad)
        y = np.maximum(y + inputs.get("r", 0), 0)
        return convolve(y, values["second_weight"], None, 1) if self.has_second else y


def run(layers, inputs, folder, name, *flags):
    shapes = [f"--input={key}={'x'.join(map(str, value.shape))}" for key, value in inputs.items()]
    dlc("compile", folder / "m-symbol.json", *shapes, *flags, "-o", folder / f"{name}.so")
    results = []
    for threads in (1, 2):
        dlc("run", folder / f"{name}.so", "--io", folder / "io.npz", "--threads", threads, "--output",
            folder / "out.npz")
        with np.load(folder / "out.npz") as out:
            results.append(out[out.files[0]])
    np.testing.assert_array_equal(*results)
    return results[0]


@pytest.mark.parametrize("tile, kernel", [(2, 3), (4, 3), (2, 5)])
@pytest.mark.parametrize("seed", range(16))
def test_all_tiles_convolve(seed, tile, kernel, tmp_path):
    layers = Layers(seed, kernel)
    values, inputs = layers.write(tmp_path)
    np.savez(tmp_path / "io.npz", **{f"in:{key}": value for key, value in inputs.items()})
    # The imported graph, its choice made by hand.
    shapes = [f"--input={key}={'x'.join(map(str, value.shape))}" for key, value in inputs.items()]
    dlc("compile", tmp_path / "m-symbol.json", *shapes, "--emit", "graph", "-o", tmp_path / "graph.mlir")
    text = (tmp_path / "graph.mlir").read_text()
    text, count = re.subn(r"(graph\.conv .* groups 1)", rf"\1 winograd {tile}", text)
    assert count == 1 + layers.has_second
    (tmp_path / "graph.mlir").write_text(text)
    dlc("compile", tmp_path / "graph.mlir", "-o", tmp_path / "tiles.so")
    want = layers.compute(values, inputs)
    dlc("run", tmp_path / "tiles.so", "--io", tmp_path / "io.npz", "--output", tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz") as out:
        got = out[out.files[0]]
    assert np.abs(got - want).max() <= TOLERANCE * np.abs(want).max()


@pytest.mark.parametrize("seed", range(100, 108))
def test_flag_switches_it_off(seed, tmp_path):
    layers = Layers(seed)
    values, inputs = layers.write(tmp_path)
    np.savez(tmp_path / "io.npz", **{f"in:{key}": value for key, value in inputs.items()})
    want = layers.compute(values, inputs)
    for name, flags in (("chosen", []), ("direct", ["--no-winograd"])):
        got = run(layers, inputs, tmp_path, name, *flags)
        assert np.abs(got - want).max() <= TOLERANCE * np.abs(want).max(), name
    kernels = dlc("inspect", tmp_path / "direct.so", "--kernels").stdout
    assert "winograd" not in kernels

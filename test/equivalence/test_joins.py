# SPDX-License-Identifier: Apache-2.0
"""Tensors that are parts of others, or joined from them, hold what they should.

Random networks of convolutions, poolings, activations, concatenations and
slices, with several users of each tensor and several outputs, are compiled with
optimisation, where kernels write right into the parts of a concatenation and
read parts of a tensor in place, and with -O0, where each is a kernel. Both are
compared with numpy in double precision.
"""
import json
import struct

import numpy as np
import pytest
from conftest import Symbol, dlc


def convolve(x, w, b, pad):
    x = np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)])
    windows = np.lib.stride_tricks.sliding_window_view(x, w.shape[2:], axis=(2, 3))
    return np.einsum("nchwij,ocij->nohw", windows, w) + b.reshape(1, -1, 1, 1)


def pool(x):
    x = np.pad(x, [(0, 0), (0, 0), (1, 1), (1, 1)], constant_values=-np.inf)
    return np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(2, 3)).max((4, 5))


class Network:
    """A random network and its values."""

    def __init__(self, seed):
        self.random = np.random.RandomState(seed)
        self.symbol, self.params, self.tensors = Symbol(), {}, []
        self.batch = 1 if seed % 4 else 2
        size = self.random.randint(4, 12)
        self.data = self.random.randn(self.batch, 32, size, size + self.random.randint(3))
        self.tensors.append((self.symbol("null", "data"), self.data))
        steps = [self.conv, self.conv, self.activation, self.pool, self.concat, self.concat, self.slice, self.add]
        for i in range(self.random.randint(5, 16)):
            self.random.choice(steps)(f"n{i}")

    def pick(self):
        """Mostly a recent tensor."""
        back = min(len(self.tensors), 1 + self.random.randint(4))
        return self.tensors[-back]

    def conv(self, name):
        (node, x), channels, pad = self.pick(), self.random.choice([16, 32, 20, 48]), self.random.randint(2)
        w = self.random.randn(channels, x.shape[1], 2 * pad + 1, 2 * pad + 1) / np.sqrt(x.shape[1] * (1 + 8 * pad))
        b = self.random.randn(channels)
        self.params[name + "_w"], self.params[name + "_b"] = w, b
        inputs = [self.symbol("null", name + "_w"), self.symbol("null", name + "_b")]
        made = self.symbol("Convolution", name, node, *inputs, num_filter=channels, kernel=(2 * pad + 1,) * 2,
                           pad=(pad, pad))
        self.tensors.append((made, convolve(x, w, b, pad)))

    def activation(self, name):
        node, x = self.pick()
        if self.random.randint(2):
            self.tensors.append((self.symbol("relu", name, node), np.maximum(x, 0)))
        else:
            self.tensors.append((self.symbol("tanh", name, node), np.tanh(x)))

    def pool(self, name):
        node, x = self.pick()
        self.tensors.append((self.symbol("Pooling", name, node, kernel=(3, 3), pad=(1, 1), pool_type="max"), pool(x)))

    def concat(self, name):
        picked = [self.pick() for _ in range(self.random.randint(2, 4))]
        axis = 0 if len({x.shape for _, x in picked}) == 1 and self.batch > 1 and self.random.randint(2) else 1
        if len({x.shape[0] for _, x in picked}) > 1:
            return
        made = self.symbol("Concat", name, *(node for node, _ in picked), num_args=len(picked), dim=axis)
        self.tensors.append((made, np.concatenate([x for _, x in picked], axis)))

    def slice(self, name):
        node, x = self.pick()
        step = 16 if self.random.randint(4) and x.shape[1] >= 16 else min(5, x.shape[1])
        begin = step * self.random.randint(x.shape[1] // step)
        end = min(x.shape[1], begin + step * self.random.randint(1, 3))
        made = self.symbol("slice_axis", name, node, axis=1, begin=begin, end=end)
        self.tensors.append((made, x[:, begin:end]))

    def add(self, name):
        (a, x), (b, y) = self.pick(), self.pick()
        if x.shape == y.shape:
            self.tensors.append((self.symbol("elemwise_add", name, a, b), x + y))

    def save(self, folder):
        """Writes symbol, weights and values of some outputs; returns flags."""
        last = len(self.tensors) - 1
        chosen = sorted({last, *self.random.randint(len(self.tensors), size=2)})
        chosen = [self.tensors[i] for i in chosen if i > 0]
        self.symbol.save(folder / "model-symbol.json", *(node for node, _ in chosen))
        outputs = {f"out:{self.symbol.nodes[node]['name']}_output": x for node, x in chosen}
        np.savez(folder / "io.npz", **{key: x.astype(np.float32) for key, x in {"in:data": self.data, **outputs}.items()})
        header, data = {}, b""
        for key, value in self.params.items():
            value = value.astype("<f4")
            header[key] = {"dtype": "F32", "shape": value.shape,
                                    "data_offsets": [len(data), len(data) + value.nbytes]}
            data += value.tobytes()
        text = json.dumps(header).encode()
        (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)
        return ["--params", folder / "model.safetensors", "--input=data=" + "x".join(map(str, self.data.shape))]


@pytest.mark.parametrize("first", range(0, 24, 6))
def test_random_networks(first, tmp_path):
    joined = 0
    for seed in range(first, first + 6):
        flags = Network(seed).save(tmp_path)
        for level in (0, 3):
            artifact = tmp_path / f"{level}.so"
            dlc("compile", tmp_path / "model-symbol.json", *flags, f"-O{level}", "--cpu", "native", "-o", artifact)
            dlc("verify", artifact, "--io", tmp_path / "io.npz", "--threads", 1 + seed % 2)
        dlc("compile", tmp_path / "model-symbol.json", *flags, "--emit", "plan", "-o", tmp_path / "plan.mlir")
        joined += (tmp_path / "plan.mlir").read_text().count("device.view %") > 0
    assert joined, "no network has a part of a buffer"

# SPDX-License-Identifier: Apache-2.0
"""Convolutions, deconvolutions and poolings of random shapes agree with numpy in double precision, for any number of
threads and on an emulated device. DLC_SEEDS sets how many models are drawn."""
import itertools
import json
import math
import os
import random

import numpy as np
import pytest
from conftest import dlc, on_device
from e2e import params

SEEDS = int(os.environ.get("DLC_SEEDS", "10"))
CHAINS = 10  # of each model: one compilation for all
CHANNELS = [1, 3, 4, 8, 15, 16, 17, 24, 32, 33, 48]
# Of the largest result: what rounding to f32 and Winograd's filtering may do, in up to three layers.
TOLERANCE = 5e-5


def windows(x, kernel, stride, dilate, out):
    """Views of `x`, padded as needed, one for each place in the window: (place, [N, C, out...])."""
    for place in itertools.product(*map(range, kernel)):
        at = tuple(slice(k * d, k * d + (o - 1) * s + 1, s) for k, d, s, o in zip(place, dilate, stride, out))
        yield place, at, x[(..., *at)]


def pad_to(x, low, size, value):
    """`x` with `low` more elements before and as many behind as make `size` in each spatial dimension."""
    spatial = x.shape[2:]
    return np.pad(x, [(0, 0), (0, 0), *((p, max(0, n - p - e)) for p, n, e in zip(low, size, spatial))],
                  constant_values=value)


def convolve(x, weight, stride, dilate, pad, groups):
    kernel = weight.shape[2:]
    out = [(e + 2 * p - (k - 1) * d - 1) // s + 1 for e, p, k, d, s in zip(x.shape[2:], pad, kernel, dilate, stride)]
    x = pad_to(x, pad, [e + 2 * p for e, p in zip(x.shape[2:], pad)], 0.0)
    x = x.reshape(x.shape[0], groups, -1, *x.shape[2:])
    weight = weight.reshape(groups, -1, *weight.shape[1:])
    result = sum(np.einsum("ngc...,gkc->ngk...", window, weight[(..., *place)])
                 for place, _, window in windows(x, kernel, stride, dilate, out))
    return result.reshape(result.shape[0], -1, *out)


def deconvolve(x, weight, stride, dilate, pad, extra, groups):
    kernel = weight.shape[2:]
    full = [(e - 1) * s + (k - 1) * d + 1 + a for e, s, k, d, a in zip(x.shape[2:], stride, kernel, dilate, extra)]
    x = x.reshape(x.shape[0], groups, -1, *x.shape[2:])
    weight = weight.reshape(groups, -1, *weight.shape[1:])
    result = np.zeros([x.shape[0], groups, weight.shape[2], *full])
    for place, at, _ in windows(result, kernel, stride, dilate, x.shape[3:]):
        result[(..., *at)] += np.einsum("ngc...,gck->ngk...", x, weight[(..., *place)])
    result = result.reshape(x.shape[0], -1, *full)
    return result[(..., *(slice(p, f - p) for p, f in zip(pad, full)))]


def pool(x, kind, kernel, stride, pad, out, counts_pad, power):
    """MXNet's: a window ends with the padding behind the input, whatever the convention."""
    ones, once = np.ones_like(x), [1] * len(kernel)
    size = [max(e + 2 * p, (o - 1) * s + k) for e, p, o, s, k in zip(x.shape[2:], pad, out, stride, kernel)]
    if kind == "max":
        padded = pad_to(x, pad, size, -np.inf)
        return np.max([w for *_, w in windows(padded, kernel, stride, once, out)], axis=0)
    values = np.abs(x) ** power if kind == "lp" else x
    total = sum(w for *_, w in windows(pad_to(values, pad, size, 0.0), kernel, stride, once, out))
    if kind == "lp":
        return total ** (1 / power)
    if kind == "sum":
        return total
    if counts_pad:
        ones = pad_to(ones, pad, [e + 2 * p for e, p in zip(x.shape[2:], pad)], 1.0)
        pad = [0] * len(pad)
    return total / sum(w for *_, w in windows(pad_to(ones, pad, size, 0.0), kernel, stride, once, out))


class Model:
    """Chains of one to three layers, each with an input and an output of its own."""

    def __init__(self, seed):
        self.draw = random.Random(seed)
        self.nodes, self.table, self.seed = [], {}, seed
        self.inputs, self.heads, self.texts, self.wants = {}, [], [], []
        values = np.random.default_rng(seed)
        for chain in range(CHAINS):
            rank = self.draw.choice([1, 2, 2, 2, 2, 3])
            extents = [self.draw.randint(1, {1: 70, 2: 22, 3: 9}[rank]) for _ in range(rank)]
            shape = [self.draw.choice([1, 1, 2, 3]), self.draw.choice(CHANNELS), *extents]
            self.inputs[f"x{chain}"] = values.standard_normal(shape, np.float32)
            self.head, self.value = self.add("null", f"x{chain}"), self.inputs[f"x{chain}"].astype(np.float64)
            self.text = f"{shape}"
            for layer in range(self.draw.choice([1, 1, 2, 3])):
                self.draw.choice([self.conv, self.conv, self.deconv, self.pooling, self.pooling])(f"c{chain}l{layer}")
                if self.draw.random() < 0.3:
                    self.relu(f"c{chain}r{layer}")
            self.heads.append(self.head)
            self.texts.append(self.text)
            self.wants.append(self.value)

    def add(self, op, name, inputs=(), **attributes):
        self.nodes.append({"op": op, "name": name, "inputs": [[i, 0, 0] for i in inputs],
                           "attrs": {key: str(value) for key, value in attributes.items()}})
        return len(self.nodes) - 1

    def layer(self, op, name, inputs, **attributes):
        self.head = self.add(op, name, [self.head, *inputs], **attributes)
        self.text += f" {op} {attributes}"

    def relu(self, name):
        self.layer("Activation", name, [], act_type="relu")
        self.value = np.maximum(self.value, 0)

    def weights(self, name, shape, filters):
        """The nodes of a layer's weights and, maybe, bias; their values; whether there is none of the latter."""
        has_bias = self.draw.random() < 0.5
        shapes = {f"{name}_weight": shape, **({f"{name}_bias": [filters]} if has_bias else {})}
        self.table.update({f"arg:{key}": value for key, value in shapes.items()})
        tensors = [params.tensor(key, value, self.seed).astype(np.float64) for key, value in shapes.items()]
        bias = tensors[1].reshape(-1, *[1] * (len(shape) - 2)) if has_bias else 0.0
        return [self.add("null", key) for key in shapes], tensors[0], bias, not has_bias

    def groups(self, channels):
        """Groups and filters: of few or of all channels, or none."""
        kind = self.draw.choice(["none", "none", "none", "depthwise", "multiplier", "grouped"])
        if kind in ("depthwise", "multiplier"):
            return channels, channels * (1 if kind == "depthwise" else self.draw.choice([2, 3]))
        groups = self.draw.choice([g for g in (2, 3, 4, 6, 8) if channels % g == 0] or [1]) if kind == "grouped" else 1
        return groups, groups * self.draw.choice([1, 3, 4, 8, 16, 17, 32])

    def tuples(self, least, most):
        rank = self.value.ndim - 2
        if self.draw.random() < 0.6:
            return (self.draw.randint(least, most),) * rank
        return tuple(self.draw.randint(least, most) for _ in range(rank))

    def conv(self, name):
        extents, channels = self.value.shape[2:], self.value.shape[1]
        ones, threes = (1,) * len(extents), (3,) * len(extents)
        kernel = self.draw.choice([ones, threes, self.tuples(1, 5 if len(extents) < 3 else 3)])
        stride, pad = self.draw.choice([ones, self.tuples(1, 3)]), self.tuples(0, 2)
        dilate = self.draw.choice([ones] * 3 + [self.tuples(1, 3)])
        if any(e + 2 * p < (k - 1) * d + 1 for e, p, k, d in zip(extents, pad, kernel, dilate)):
            return
        groups, filters = self.groups(channels)
        nodes, weight, bias, no_bias = self.weights(name, [filters, channels // groups, *kernel], filters)
        self.layer("Convolution", name, nodes, kernel=kernel, stride=stride, dilate=dilate, pad=pad, num_filter=filters,
                   num_group=groups, no_bias=no_bias)
        self.value = convolve(self.value, weight, stride, dilate, pad, groups) + bias

    def deconv(self, name):
        extents, channels = self.value.shape[2:], self.value.shape[1]
        kernel, stride = self.tuples(1, 4 if len(extents) < 3 else 3), self.tuples(1, 3)
        dilate = self.draw.choice([(1,) * len(extents)] * 3 + [self.tuples(1, 2)])
        pad, extra = self.tuples(0, 2), tuple(self.draw.randint(0, s - 1) for s in stride)
        out = [(e - 1) * s + (k - 1) * d + 1 + a - 2 * p
               for e, s, k, d, a, p in zip(extents, stride, kernel, dilate, extra, pad)]
        if min(out) < 1 or math.prod(out) > 6000:
            return
        groups, filters = self.groups(channels)
        nodes, weight, bias, no_bias = self.weights(name, [channels, filters // groups, *kernel], filters)
        self.layer("Deconvolution", name, nodes, kernel=kernel, stride=stride, dilate=dilate, pad=pad, adj=extra,
                   num_filter=filters, num_group=groups, no_bias=no_bias)
        self.value = deconvolve(self.value, weight, stride, dilate, pad, extra, groups) + bias

    def pooling(self, name):
        extents = self.value.shape[2:]
        kind, power = self.draw.choice(["max", "max", "avg", "avg", "sum", "lp"]), self.draw.choice([1, 2, 3])
        if kind == "lp":
            self.relu(f"{name}_relu")  # odd powers of negative numbers have signs
        if self.draw.random() < 0.15:
            self.layer("Pooling", name, [], pool_type=kind, global_pool=True, kernel=(1,) * len(extents), p_value=power)
            self.value = pool(self.value, kind, extents, [1] * len(extents), [0] * len(extents), [1] * len(extents),
                              True, power)
            return
        kernel, stride = self.tuples(1, 4), self.tuples(1, 3)
        pad = tuple(self.draw.randint(0, k // 2) for k in kernel)
        if self.draw.random() < 0.4:  # a convolution may pool its own tiles
            kernel = stride = (self.draw.choice([2, 2, 3, 4]),) * len(extents)
            pad = (0,) * len(extents)
        rests = [e + 2 * p - k for e, p, k in zip(extents, pad, kernel)]
        is_full, counts_pad = self.draw.random() < 0.4, self.draw.random() < 0.5
        out = [(-(-r // s) if is_full else r // s) + 1 for r, s in zip(rests, stride)]
        # A window without an element of the input has no maximum.
        if min(rests) < 0 or any((o - 1) * s - p >= e for o, s, p, e in zip(out, stride, pad, extents)):
            return
        self.layer("Pooling", name, [], pool_type=kind, kernel=kernel, stride=stride, pad=pad, p_value=power,
                   pooling_convention="full" if is_full else "valid", count_include_pad=counts_pad)
        self.value = pool(self.value, kind, kernel, stride, pad, out, counts_pad, power)

    def write(self, folder):
        (folder / "m-symbol.json").write_text(json.dumps(
            {"nodes": self.nodes, "arg_nodes": [i for i, node in enumerate(self.nodes) if node["op"] == "null"],
             "heads": [[head, 0, 0] for head in self.heads], "attrs": {"mxnet_version": ["int", 10901]}}))
        params.write(folder / "m.params", {"seed": self.seed, "params": self.table})
        np.savez(folder / "io.npz", **{f"in:{key}": value for key, value in self.inputs.items()})
        return [f"--input={key}={'x'.join(map(str, value.shape))}" for key, value in self.inputs.items()]


def run(folder, threads):
    dlc("run", folder / "m.so", "--io", folder / "io.npz", "--threads", threads, "--output", folder / "out.npz")
    return read(folder)


def read(folder):
    with np.load(folder / "out.npz") as out:
        return [out[name] for name in out.files]


def check(model, results):
    wrong = []
    for got, want, text in zip(results, model.wants, model.texts):
        assert got.shape == want.shape, text
        error, largest = np.abs(got - want).max(), np.abs(want).max()
        if not error <= TOLERANCE * largest:
            wrong.append(f"off by {error:.2g} of {largest:.2g}: {text}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_agree_with_numpy(seed, tmp_path):
    model = Model(seed)
    dlc("compile", tmp_path / "m-symbol.json", *model.write(tmp_path), "-o", tmp_path / "m.so")
    results = run(tmp_path, 1)
    for threads in (2, 3):
        for got, other, text in zip(results, run(tmp_path, threads), model.texts):
            assert np.array_equal(got, other), f"{threads} threads change bits: {text}"
    check(model, results)


@pytest.mark.parametrize("seed", range(1000, 1000 + (SEEDS + 1) // 2))
def test_agree_on_device(seed, tmp_path):
    model = Model(seed)
    dlc("compile", tmp_path / "m-symbol.json", *model.write(tmp_path), "--target", "cuda", "-o", tmp_path / "m.so")
    on_device("run", tmp_path / "m.so", "--io", tmp_path / "io.npz", "--output", tmp_path / "out.npz")
    check(model, read(tmp_path))

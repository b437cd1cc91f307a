# SPDX-License-Identifier: Apache-2.0
"""Small random graphs compute the same whoever computes them.

The reference interpreter, every pass over the graph, the artifacts of -O0 and -O3 (`dlc verify --bisect` compares
these), any number of threads, which change no bit, a CUDA device, one artifact for all sizes of a dimension, and one for all
numbers of rows that a mask selects. DLC_SEEDS sets how many graphs are drawn.
"""
import json
import os
import subprocess

import numpy as np
import pytest
from conftest import BUILD, Symbol, dlc, on_device

SEEDS = int(os.environ.get("DLC_SEEDS", "10"))
GRAPHS = 5  # for each seed
UNARY = ["relu", "tanh", "sigmoid", "abs", "square", "softsign", "erf", "negative", "floor"]
BINARY = ["broadcast_add", "broadcast_sub", "broadcast_mul", "broadcast_maximum", "broadcast_minimum"]


class Graph:
    """Operators on tensors of up to four dimensions; `tensors` has a node and a shape for each."""

    def __init__(self, seed):
        self.draw = np.random.RandomState(seed)
        self.symbol, self.values, self.tensors = Symbol(), {}, []
        for name in ("x", "y"):
            self.variable(name, [int(self.draw.choice([1, 2, 3, 5, 16, 17])) for _ in range(self.draw.randint(2, 5))])
        steps = [self.unary, self.unary, self.binary, self.binary, self.reduce, self.transpose, self.reshape, self.slice,
                 self.concat, self.softmax, self.dense, self.convolution, self.pooling, self.norm, self.product, self.pick,
                 self.select, self.pad, self.order]
        for i in range(self.draw.randint(3, 14)):
            self.draw.choice(steps)(f"n{i}")

    def variable(self, name, shape):
        self.values[name] = self.draw.uniform(-1, 1, shape).astype(np.float32)
        self.tensors.append((self.symbol("null", name), tuple(shape)))
        return self.tensors[-1]

    def weight(self, name, shape):
        """A variable that no other operator picks."""
        made = self.variable(name, shape)[0]
        self.tensors.pop()
        return made

    def add(self, extents, op, name, *inputs, **attributes):
        self.tensors.append((self.symbol(op, name, *inputs, **attributes), tuple(int(extent) for extent in extents)))

    def pick_one(self, rank=None):
        fitting = [tensor for tensor in self.tensors if rank is None or len(tensor[1]) == rank]
        return fitting[-1 - min(int(self.draw.geometric(0.5)) - 1, len(fitting) - 1)] if fitting else None

    def unary(self, name):
        node, shape = self.pick_one()
        self.add(shape, self.draw.choice(UNARY), name, node)

    def binary(self, name):
        (a, left), (b, right) = self.pick_one(), self.pick_one()
        if len(left) == len(right) and all(x == y or 1 in (x, y) for x, y in zip(left, right)):
            self.add(np.maximum(left, right), self.draw.choice(BINARY), name, a, b)

    def reduce(self, name):
        node, shape = self.pick_one()
        axis = self.draw.randint(len(shape))
        self.add([*shape[:axis], 1, *shape[axis + 1:]], self.draw.choice(["sum", "mean", "max", "min"]), name, node,
                 axis=axis, keepdims=True)

    def transpose(self, name):
        node, shape = self.pick_one()
        axes = tuple(int(axis) for axis in self.draw.permutation(len(shape)))
        self.add([shape[axis] for axis in axes], "transpose", name, node, axes=axes)

    def reshape(self, name):
        node, shape = self.pick_one()
        if self.draw.randint(2) and len(shape) < 4:
            axis = self.draw.randint(len(shape) + 1)
            self.add([*shape[:axis], 1, *shape[axis:]], "expand_dims", name, node, axis=axis)
        else:
            self.add([shape[0], np.prod(shape[1:])], "reshape", name, node, shape=(0, -1))

    def slice(self, name):
        node, shape = self.pick_one()
        axis = self.draw.randint(len(shape))
        begin = self.draw.randint(shape[axis])
        end = self.draw.randint(begin, shape[axis]) + 1
        self.add([*shape[:axis], end - begin, *shape[axis + 1:]], "slice_axis", name, node, axis=axis, begin=begin, end=end)

    def concat(self, name):
        (a, left), (b, right) = self.pick_one(), self.pick_one()
        axis = self.draw.randint(len(left))
        if len(left) == len(right) and all(i == axis or x == y for i, (x, y) in enumerate(zip(left, right))):
            self.add([*left[:axis], left[axis] + right[axis], *left[axis + 1:]], "Concat", name, a, b, num_args=2, dim=axis)

    def softmax(self, name):
        node, shape = self.pick_one()
        self.add(shape, self.draw.choice(["softmax", "log_softmax"]), name, node, axis=self.draw.randint(len(shape)))

    def dense(self, name):
        node, shape = self.pick_one()
        units = int(self.draw.choice([1, 4, 16, 33]))
        weights = self.weight(name + "_w", [units, shape[-1]]), self.weight(name + "_b", [units])
        self.add([*shape[:-1], units], "FullyConnected", name, node, *weights, num_hidden=units, flatten=False)

    def convolution(self, name):
        picked = self.pick_one(4)
        if picked is None:
            return
        node, shape = picked
        filters, pad, stride = int(self.draw.choice([4, 16, 20])), self.draw.randint(2), self.draw.randint(1, 3)
        weights = (self.weight(name + "_w", [filters, shape[1], 1 + 2 * pad, 1 + 2 * pad]),
                   self.weight(name + "_b", [filters]))
        spatial = [(extent - 1) // stride + 1 for extent in shape[2:]]
        self.add([shape[0], filters, *spatial], "Convolution", name, node, *weights, num_filter=filters,
                 kernel=(1 + 2 * pad,) * 2, pad=(pad, pad), stride=(stride, stride))

    def pooling(self, name):
        picked = self.pick_one(4)
        if picked is None or min(picked[1][2:]) < 2:
            return
        node, shape = picked
        self.add([*shape[:2], *(extent // 2 for extent in shape[2:])], "Pooling", name, node, kernel=(2, 2), stride=(2, 2),
                 pool_type=self.draw.choice(["max", "avg", "sum"]))

    def norm(self, name):
        node, shape = self.pick_one()
        weights = self.weight(name + "_g", [shape[-1]]), self.weight(name + "_b", [shape[-1]])
        self.add(shape, "LayerNorm", name, node, *weights, axis=-1, eps=0.01)

    def product(self, name):
        picked = self.pick_one(3)
        if picked is not None:
            node, shape = picked
            self.add([shape[0], shape[1], shape[1]], "batch_dot", name, node, node, transpose_b=True)

    def pick(self, name):
        node, shape = self.pick_one()
        indices = self.weight(name + "_i", [3])
        self.add([3, *shape[1:]], "take", name, node, indices, axis=0, mode=self.draw.choice(["clip", "wrap"]))

    def select(self, name):
        node, shape = self.pick_one()
        other = self.symbol("_mul_scalar", name + "_low", node, scalar=-0.5)
        condition = self.symbol("_greater_scalar", name + "_if", node, scalar=0.1)
        self.add(shape, "where", name, condition, node, other)

    def pad(self, name):
        picked = self.pick_one(4)
        if picked is not None:
            node, shape = picked
            self.add([*shape[:2], shape[2] + 1, shape[3] + 2], "Pad", name, node, mode="edge",
                     pad_width=(0, 0, 0, 0, 1, 0, 0, 2))

    def order(self, name):
        node, shape = self.pick_one()
        self.add(shape, "sort", name, node, axis=self.draw.randint(len(shape)), is_ascend=bool(self.draw.randint(2)))

    def save(self, folder):
        heads = {len(self.tensors) - 1, self.draw.randint(len(self.tensors))}
        self.symbol.save(folder / "model-symbol.json", *(self.tensors[i][0] for i in sorted(heads)))
        np.savez(folder / "io.npz", **{"in:" + name: value for name, value in self.values.items()})
        return ["--input=%s=%s" % (name, "x".join(map(str, value.shape))) for name, value in self.values.items()]


@pytest.mark.parametrize("seed", range(SEEDS))
def test_all_agree(seed, tmp_path):
    for number in range(GRAPHS):
        flags = Graph(seed * GRAPHS + number).save(tmp_path)
        run = dlc("verify", "--bisect", tmp_path / "model-symbol.json", "--io", tmp_path / "io.npz",
                  "-o", tmp_path / "bisect.mlir")
        assert "nothing is wrong" in run.stdout, run.stdout
        dlc("compile", tmp_path / "model-symbol.json", *flags, "-o", tmp_path / "model.so")
        results = []
        for threads in (1, 2, 3):
            dlc("run", tmp_path / "model.so", "--io", tmp_path / "io.npz", "--threads", threads,
                "--output", tmp_path / "out.npz")
            with np.load(tmp_path / "out.npz") as out:
                results.append([out[name].tobytes() for name in out.files])
        assert results[0] == results[1] == results[2], f"threads change bits of graph {seed * GRAPHS + number}"


@pytest.mark.parametrize("seed", range(SEEDS))
def test_devices_agree(seed, tmp_path):
    """A CUDA device computes what the CPU does; the emulated one also finds races and reads of what nobody wrote."""
    for number in range(GRAPHS):
        flags = Graph(seed * GRAPHS + number).save(tmp_path)
        dlc("compile", tmp_path / "model-symbol.json", *flags, "--target", "cpu,cuda", "--cpu", "native",
            "-o", tmp_path / "both.so")
        dlc("run", tmp_path / "both.so", "--io", tmp_path / "io.npz", "--output", tmp_path / "out.npz")
        with np.load(tmp_path / "io.npz") as io, np.load(tmp_path / "out.npz") as out:
            np.savez(tmp_path / "want.npz", **io, **out)
        on_device("verify", tmp_path / "both.so", "--io", tmp_path / "want.npz")


@pytest.mark.parametrize("seed", range(SEEDS))
def test_sizes_agree(seed, tmp_path):
    """With a dynamic dimension, results are those of the artifact for each size alone. A graph that isn't valid at other
    sizes is refused; so are sizes at which it is another program, such as those that a slice ends in."""
    compiled = 0
    for number in range(GRAPHS):
        graph = Graph(seed * GRAPHS + number)
        flags = [flag for flag in graph.save(tmp_path) if not flag.startswith("--input=x=")]
        shape, axis = list(graph.values["x"].shape), number % 2

        def compile_for(size, path):
            extents = [str(size if i == axis else extent) for i, extent in enumerate(shape)]
            run = subprocess.run([BUILD / "bin" / "dlc", "compile", tmp_path / "model-symbol.json", *flags,
                                  "--input=x=" + "x".join(extents), "-o", path, "--cpu", "native"],
                                 text=True, capture_output=True, check=False)
            assert run.returncode in (0, 3), run.stderr
            return run.returncode == 0

        if not compile_for("N", tmp_path / "any.so"):
            continue
        compiled += 1
        for size in (1, 2, 7, 16, 33):
            values = dict(graph.values)
            values["x"] = graph.draw.uniform(-1, 1, [size if i == axis else extent for i, extent in enumerate(shape)])
            np.savez(tmp_path / "io.npz", **{"in:" + name: value.astype(np.float32) for name, value in values.items()})
            if not compile_for(size, tmp_path / "one.so"):
                dlc("run", tmp_path / "any.so", "--io", tmp_path / "io.npz", status=3)
                continue
            dlc("run", tmp_path / "one.so", "--io", tmp_path / "io.npz", "--output", tmp_path / "out.npz")
            with np.load(tmp_path / "io.npz") as io, np.load(tmp_path / "out.npz") as out:
                np.savez(tmp_path / "want.npz", **io, **out)
            run = subprocess.run([BUILD / "bin" / "dlc", "verify", tmp_path / "any.so", "--io", tmp_path / "want.npz"],
                                 text=True, capture_output=True, check=False)
            assert run.returncode == 0 or "its bound" in run.stderr or "not a multiple" in run.stderr, run
    assert compiled > 0, "no graph could be compiled for all sizes"


def put_mask_before(path):
    """Lets the variable `x`, the first one, be the rows of `rows` that the mask `m` selects."""
    symbol = json.loads(path.read_text())
    for node in symbol["nodes"]:
        node["inputs"] = [[i + 2, output, version] for i, output, version in node["inputs"]]
    symbol["nodes"][0].update(op="_contrib_boolean_mask", inputs=[[0, 0, 0], [1, 0, 0]])
    symbol["nodes"][:0] = [{"op": "null", "name": name, "inputs": []} for name in ("rows", "m")]
    symbol["heads"] = [[i + 2, output, version] for i, output, version in symbol["heads"]]
    symbol["arg_nodes"] = [i for i, node in enumerate(symbol["nodes"]) if node["op"] == "null"]
    symbol["node_row_ptr"] = list(range(len(symbol["nodes"]) + 1))
    path.write_text(json.dumps(symbol))


@pytest.mark.parametrize("seed", range(SEEDS))
def test_counts_agree(seed, tmp_path):
    """Where a mask says how many rows there are, results are those of the artifact for as many."""
    rows, compiled = 20, 0
    for number in range(GRAPHS):
        graph = Graph(seed * GRAPHS + number)
        flags = [flag for flag in graph.save(tmp_path) if not flag.startswith("--input=x=")]
        shape = list(graph.values.pop("x").shape)[1:]
        (tmp_path / "one-symbol.json").write_bytes((tmp_path / "model-symbol.json").read_bytes())
        put_mask_before(tmp_path / "model-symbol.json")

        def compile_for(model, path, *inputs):
            run = subprocess.run([BUILD / "bin" / "dlc", "compile", tmp_path / model, *flags, *inputs, "-o", path, "--cpu",
                                  "native"], text=True, capture_output=True, check=False)
            assert run.returncode in (0, 3), run.stderr
            return run.returncode == 0

        extents = "x".join(map(str, shape))
        if not compile_for("model-symbol.json", tmp_path / "any.so", f"--input=rows={rows}x{extents}", f"--input=m={rows}"):
            continue
        compiled += 1
        for count in (0, 1, 2, 7, 16, rows):
            data = graph.draw.uniform(-1, 1, [rows, *shape]).astype(np.float32)
            kept = np.isin(np.arange(rows), graph.draw.permutation(rows)[:count])
            masked = {**graph.values, "rows": data, "m": kept.astype(np.float32)}
            np.savez(tmp_path / "io.npz", **{"in:" + name: value for name, value in masked.items()})
            run = subprocess.run([BUILD / "bin" / "dlc", "run", tmp_path / "any.so", "--io", tmp_path / "io.npz", "--output",
                                  tmp_path / "got.npz"], text=True, capture_output=True, check=False)
            assert run.returncode == 0 or f"count(x) is {count}, not " in run.stderr, run
            if count == 0:
                continue
            if not compile_for("one-symbol.json", tmp_path / "one.so", f"--input=x={count}x{extents}"):
                assert run.returncode == 3
                continue
            np.savez(tmp_path / "one.npz", **{"in:" + name: value for name, value in graph.values.items()},
                     **{"in:x": data[kept]})
            if run.returncode == 0:
                with np.load(tmp_path / "got.npz") as got, np.load(tmp_path / "one.npz") as one:
                    # The output of a variable has its name.
                    outputs = {"out:x" if name == "out:x_output" else name: got[name] for name in got.files}
                    np.savez(tmp_path / "want.npz", **one, **outputs)
                dlc("verify", tmp_path / "one.so", "--io", tmp_path / "want.npz")
    assert compiled > 0, "no graph could be compiled for all counts"

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs MXNet 1.9.1 over the ranges of its operators' attributes: make_ranges.py [FAMILY...]

Each module of `range_cases/` lists cases of a family: an operator, its
inputs, its attributes. They are nodes of one symbol with an output for each;
`ranges/FAMILY.npz` holds that symbol, its inputs (`in:NAME`) and MXNet's
results (`out:NAME`), so that a hundred cases cost one compilation. It needs
MXNet (build/peers/env/mxnet, which `./dev bench peers` makes), and runs by
hand when a case is added, never in the tests.
"""
import importlib
import io
import json
import pathlib
import sys
import zipfile

import mxnet as mx
import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))


def attribute_text(value):
    return str(int(value)) if isinstance(value, np.integer) else str(value)


class Symbol:
    """The nodes of a symbol file, as they are added."""

    def __init__(self, numpy_shapes):
        self.numpy_shapes = numpy_shapes
        self.nodes, self.heads = [], []

    def add(self, case, name):
        """Adds the case and its variables, whose names are returned."""
        inputs = []
        for i in range(len(case.inputs)):
            inputs.append([len(self.nodes), 0, 0])
            self.nodes.append({"op": "null", "name": f"{name}_in{i}", "inputs": []})
        if case.in_place:
            self.nodes.append({"op": "negative", "name": f"{name}_source", "inputs": inputs[:1]})
            inputs[0] = [len(self.nodes) - 1, 0, 0]
        attributes = {key: attribute_text(value) for key, value in case.attributes.items()}
        node = {"op": case.op, "name": name, "attrs": attributes, "inputs": inputs}
        self.nodes.append({**node, "subgraphs": case.subgraphs} if case.subgraphs else node)
        return [f"{name}_in{i}" for i in range(len(case.inputs))]

    def add_heads(self, count):
        self.heads += [[len(self.nodes) - 1, i, 0] for i in range(count)]

    def text(self):
        variables = [i for i, node in enumerate(self.nodes) if node["op"] == "null"]
        attributes = {"mxnet_version": ["int", 10901]}
        if self.numpy_shapes:
            attributes["is_np_shape"] = ["int", 2]
        return json.dumps({"nodes": self.nodes, "arg_nodes": variables, "heads": self.heads, "attrs": attributes})


def to_mxnet(array):
    if array.dtype == np.bool_:
        return mx.nd.array(array.astype(np.uint8), dtype=np.uint8).astype(np.bool_)
    return mx.nd.array(array, dtype=array.dtype)


def run(case, name, numpy_shapes):
    """MXNet's results of one case by name."""
    single = Symbol(numpy_shapes)
    names = single.add(case, name)
    single.add_heads(1)
    prefix = f"{name}_"
    names.append(f"{name}_source_output")
    visible = [output for output in mx.sym.load_json(single.text()).get_internals().list_outputs()
               if output.startswith(prefix) and output not in names]
    count = min(len(visible), case.outputs or len(visible))
    single.heads = []
    single.add_heads(count)
    symbol = mx.sym.load_json(single.text())
    if case.expected:
        return dict(zip(symbol.list_outputs(), case.expected)), count
    if case.eager:
        function = getattr(mx.nd.numpy._internal, case.op[len("_npi_"):])
        result = function(*[mx.np.array(x, dtype=x.dtype) for x in case.inputs], **case.attributes)
        return {symbol.list_outputs()[0]: result.asnumpy()}, 1
    arrays = dict(zip(names, map(to_mxnet, case.inputs)))
    auxiliary = {aux: arrays.pop(aux) for aux in symbol.list_auxiliary_states()}
    results = symbol.bind(mx.cpu(), arrays, aux_states=auxiliary).forward(is_train=False)
    return dict(zip(symbol.list_outputs(), [result.asnumpy() for result in results])), count


def save(path, arrays):
    """Writes an .npz whose bytes do not depend on the time."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for key, array in arrays.items():
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, np.asanyarray(array))
            archive.writestr(zipfile.ZipInfo(f"{key}.npy"), buffer.getvalue(), zipfile.ZIP_DEFLATED)


def make_family(module):
    """Runs all cases of a family and writes its file; what MXNet refuses is a mistake of the case."""
    numpy_shapes = getattr(module, "NUMPY_SHAPES", False)
    symbol, arrays, failures = Symbol(numpy_shapes), {}, 0
    with mx.util.np_shape(numpy_shapes):
        for number, case in enumerate(module.cases(np.random.RandomState(7))):
            name = f"c{number}"
            try:
                results, count = run(case, name, numpy_shapes)
            except Exception as error:  # noqa: BLE001 (whatever MXNet throws)
                lines = [line for line in str(error).splitlines() if "rror" in line]
                print(f"{module.__name__}: {case}: {(lines or [error])[0]}"[:300])
                failures += 1
                continue
            for input_name, array in zip(symbol.add(case, name), case.inputs):
                arrays[f"in:{input_name}"] = array
            symbol.add_heads(count)
            arrays.update((f"out:{key}", value) for key, value in results.items())
    arrays["symbol"] = np.frombuffer(symbol.text().encode(), np.uint8)
    path = HERE / "ranges" / f"{module.__name__.rpartition('.')[2]}.npz"
    save(path, arrays)
    print(f"{path.name}: {len(symbol.heads)} outputs, {path.stat().st_size} bytes")
    return failures


def main():
    (HERE / "ranges").mkdir(exist_ok=True)
    names = sys.argv[1:] or sorted(path.stem for path in (HERE / "range_cases").glob("[a-z]*.py"))
    failures = sum(make_family(importlib.import_module(f"range_cases.{name}")) for name in names)
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()

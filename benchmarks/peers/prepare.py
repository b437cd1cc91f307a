#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes what a measurement needs, with MXNet: prepare.py CASE FOLDER

Writes the symbol, its weights, inputs with MXNet's outputs, and the same model
as an ONNX file: FOLDER/{model-symbol.json,params.json,model.params,io.npz,model.onnx}.
"""
import json
import os
import pathlib
import sys

os.environ["MXNET_SUBGRAPH_BACKEND"] = "NONE"  # the reference is computed operator by operator
import mxnet as mx  # noqa: E402 (the variable counts when the library is loaded)
import numpy as np  # noqa: E402

import cases  # noqa: E402
import onnx_export  # noqa: E402
import symbols  # noqa: E402

TEST = pathlib.Path(__file__).resolve().parents[2] / "test"
sys.path.insert(0, str(TEST / "e2e"))
import params  # noqa: E402 (the tests make the same weights)

SEED = 7


def shapes_of(symbol, inputs):
    """The shapes of the weights, under the keys of a .params file."""
    arguments, _, states = symbol.infer_shape(**inputs)
    table = {f"arg:{name}": shape for name, shape in zip(symbol.list_arguments(), arguments)
             if name not in inputs and not name.endswith("_label")}
    table.update((f"aux:{name}", shape) for name, shape in zip(symbol.list_auxiliary_states(), states))
    return table


def load(case):
    """`(symbol, table, stored inputs)`; the table is that of params.json."""
    if not case.stored:
        symbol, shapes = getattr(symbols, case.source)(*case.arguments)
        return symbol, {"seed": SEED, "inputs": shapes, "params": shapes_of(symbol, shapes)}, {}
    folder = TEST / "data" / "models" / case.source
    table = json.loads((folder / "params.json").read_text())
    table["inputs"] = {name: tuple(case.shapes.get(name, shape)) for name, shape in table["inputs"].items()}
    with np.load(folder / "io.npz") as arrays:
        stored = {name: arrays[f"in:{name}"] for name in table["inputs"]}
    return mx.sym.load(str(folder / "model-symbol.json")), table, stored


def make_inputs(case, table, stored):
    """The stored inputs; values drawn from them where the shape differs, random ones where none are stored."""
    random = np.random.RandomState(SEED)
    values = {}
    for name, shape in table["inputs"].items():
        if name in stored and stored[name].shape == shape:
            values[name] = stored[name]
        elif name in stored:
            values[name] = random.choice(stored[name].ravel(), shape)
        elif case.source == "encoder":
            values[name] = random.randint(0, symbols.VOCABULARY, shape).astype(np.float32)
        else:
            values[name] = random.randn(*shape).astype(np.float32)
    return values


def run(symbol, weights, values):
    """MXNet's outputs by name."""
    executor = symbol.simple_bind(mx.cpu(), grad_req="null", **{name: value.shape for name, value in values.items()})
    for kind, places in (("arg", executor.arg_dict), ("aux", executor.aux_dict)):
        for name, place in places.items():
            if name in values:
                place[:] = values[name]
            elif f"{kind}:{name}" in weights:
                weights[f"{kind}:{name}"].copyto(place)
    outputs = executor.forward(is_train=False)
    return {name: output.asnumpy() for name, output in zip(symbol.list_outputs(), outputs)}


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__.splitlines()[0])
    case, folder = cases.CASES[sys.argv[1]], pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    symbol, table, stored = load(case)
    symbol.save(str(folder / "model-symbol.json"))
    (folder / "params.json").write_text(json.dumps(table))
    params.write(folder / "model.params", table)
    weights = mx.nd.load(str(folder / "model.params"))
    values = make_inputs(case, table, stored)
    results = run(symbol, weights, values)
    np.savez(folder / "io.npz", **{f"in:{name}": value for name, value in values.items()},
             **{f"out:{name}": value for name, value in results.items()})
    onnx_export.export(symbol, weights, table["inputs"], folder / "model.onnx")


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: Apache-2.0
"""An ONNX file from an MXNet symbol, by MXNet's own exporter.

The exporter of MXNet 1.9.1 stops at operators that ONNX can say and leaves
files that run slowly. What is mended here serves every model:

- `Reshape` with MXNet's special codes and loss layers are rewritten before;
- `LayerNorm` becomes ONNX's operator instead of nine others;
- `FullyConnected` becomes `Gemm`, or `MatMul` and `Add` on more than two
  dimensions: the forms that runtimes know how to fuse;
- weights are taken out of the list of inputs, so that runtimes may fold,
  pack and fuse them;
- outputs are put back in the symbol's order.
"""
import json

import mxnet as mx
import numpy as np
import onnx
from mxnet import onnx as mx2onnx
from mxnet.onnx.mx2onnx._export_onnx import MXNetGraph
from mxnet.onnx.mx2onnx._op_translations._op_translations_opset13 import get_inputs

OPSET = 17  # the first with LayerNormalization; the exporter's own operators, of 13, mean the same in it
IR_VERSION = 8
DATA_RANK = "__data_rank__"  # MXNet takes attributes in underscores for notes of others


@MXNetGraph.register("LayerNorm", 13)
def convert_layer_norm(node, **context):
    name, inputs, attributes = get_inputs(node, context)
    axis, epsilon = int(attributes.get("axis", -1)), float(attributes.get("eps", 1e-5))
    if axis != -1:
        raise NotImplementedError(f"LayerNorm '{name}' over axis {axis}")
    return [onnx.helper.make_node("LayerNormalization", inputs, [name], name=name, axis=axis, epsilon=epsilon)]


@MXNetGraph.register("FullyConnected", 13)
def convert_fully_connected(node, **context):
    name, inputs, attributes = get_inputs(node, context)
    data, weight, *bias = inputs
    rank = int(attributes[DATA_RANK])
    make = onnx.helper.make_node
    if rank > 2 and attributes.get("flatten") == "False":
        product = f"{name}_product" if bias else name
        nodes = [make("Transpose", [weight], [f"{name}_transposed"], perm=[1, 0]),
                 make("MatMul", [data, f"{name}_transposed"], [product])]
        return nodes + [make("Add", [product, *bias], [name]) for _ in bias]
    nodes = []
    if rank > 2:
        nodes, data = [make("Flatten", [data], [f"{name}_flat"])], f"{name}_flat"
    return nodes + [make("Gemm", [data, weight, *bias], [name], transB=1)]


def plain(symbol, shapes):
    """`symbol` with literal shapes, without loss layers, and with the ranks that the converters ask for."""
    graph, internals = json.loads(symbol.tojson()), symbol.get_internals()
    every = json.loads(internals.tojson())
    inferred = {(every["nodes"][node]["name"], index): shape
                for (node, index, *_), shape in zip(every["heads"], internals.infer_shape(**shapes)[1])}
    for node in graph["nodes"]:
        if node["op"] == "FullyConnected":
            source, index, *_ = node["inputs"][0]
            node["attrs"][DATA_RANK] = str(len(inferred[graph["nodes"][source]["name"], index]))
        elif node["op"] == "Reshape":
            node["attrs"] = {"shape": str(inferred[node["name"], 0])}
        elif node["op"] == "SoftmaxOutput":
            axis = 1 if node.get("attrs", {}).get("multi_output") == "True" else -1
            node.update(op="softmax", attrs={"axis": str(axis)}, inputs=node["inputs"][:1])
    return mx.sym.load_json(json.dumps(graph))


def output_names(symbol):
    """The exporter's names of the outputs, in the symbol's order."""
    graph = json.loads(symbol.tojson())
    return [graph["nodes"][node]["name"] + (str(index) if index else "") for node, index, *_ in graph["heads"]]


def export(symbol, weights, shapes, path):
    """Writes `symbol` with `weights` (keys as in a .params file) for inputs of `shapes` to `path`."""
    symbol = plain(symbol, shapes)
    names = [name for name in symbol.list_arguments() if name in shapes]
    onnx.checker.DEFAULT_CONTEXT.opset_imports = {"": OPSET}
    mx2onnx.export_model(symbol, {key.partition(":")[2]: value for key, value in weights.items()},
                         [tuple(shapes[name]) for name in names], np.float32, str(path))
    model = onnx.load(path)
    model.ir_version = IR_VERSION
    model.opset_import[0].version = OPSET
    graph = model.graph
    inputs = [value for value in graph.input if value.name in shapes]
    outputs = {value.name: value for value in graph.output}
    graph.ClearField("input")
    graph.input.extend(inputs)
    graph.ClearField("output")
    graph.output.extend(outputs[name] for name in output_names(symbol))
    onnx.save(model, path)
    onnx.checker.check_model(str(path))

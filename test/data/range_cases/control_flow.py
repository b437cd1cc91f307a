# SPDX-License-Identifier: Apache-2.0
"""Loops and branches. MXNet leaves what a loop does not reach as it is in memory, so loops here run to their end."""
import json

import mxnet as mx
import numpy as np

from . import Case, reals

S = mx.sym


def from_symbol(results, **arrays):
    """The case of the one loop or branch that the symbols in `results` are the outputs of."""
    graph = json.loads(mx.sym.Group(results).tojson())
    node = next(node for node in graph["nodes"] if "subgraphs" in node)
    names = [graph["nodes"][entry[0]]["name"] for entry in node["inputs"]]
    return Case(node["op"], [arrays[name] for name in names], node["attrs"], subgraphs=node["subgraphs"])


def foreach(body, data, states):
    outputs, finals = S.contrib.foreach(body, data, states)
    return [*(outputs if isinstance(outputs, list) else [outputs]), *(finals if isinstance(finals, list) else [finals])]


def cases(rng):
    d, e, s, w, i = (S.var(name) for name in "deswi")
    arrays = {"d": reals(rng, (3, 2, 4)), "e": reals(rng, (3, 4)), "s": reals(rng, (2, 4)), "w": reals(rng, (4, 4)),
              "i": np.zeros(1, "float32")}
    yield from_symbol(foreach(lambda x, states: (x + states[0], [states[0] * 2 + x]), d, [s]), **arrays)
    yield from_symbol(foreach(lambda x, states: ([x * 2, S.sum(x)], []), d, []), **arrays)
    # A recurrent cell: two kinds of data, a weight that every turn shares.
    def cell(data, states):
        hidden = S.tanh(S.dot(states[0], w) + S.broadcast_add(data[0], S.expand_dims(data[1], axis=0)))
        return hidden, [hidden]
    yield from_symbol(foreach(cell, [d, e], [s]), **arrays)
    # A loop in a loop.
    def outer(x, states):
        inner = S.contrib.foreach(lambda row, total: (row * 2, [total[0] + row]), x, [states[0]])
        return inner[0], [inner[1][0]]
    yield from_symbol(foreach(outer, d, [e]), **{**arrays, "e": reals(rng, (4,))})
    outputs, finals = S.contrib.while_loop(lambda i, s: i < 4, lambda i, s: ([s + i], [i + 1, s * 2]), [i, s],
                                           max_iterations=4)
    yield from_symbol([*(outputs if isinstance(outputs, list) else [outputs]), *finals],
                      **{**arrays, "s": reals(rng, (1,))})
    for value in (1.0, -1.0):
        result = S.contrib.cond(S.sum(i) > 0, lambda: S.dot(s, w), lambda: s - 1)
        graph = json.loads(result.tojson())
        node = next(node for node in graph["nodes"] if "subgraphs" in node)
        feeds = {"s": arrays["s"], "w": arrays["w"]}
        inputs = [feeds.get(graph["nodes"][entry[0]]["name"], np.array([value > 0], "float32"))
                  for entry in node["inputs"]]
        yield Case(node["op"], inputs, node["attrs"], subgraphs=node["subgraphs"])

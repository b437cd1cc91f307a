# SPDX-License-Identifier: Apache-2.0
"""Loops and branches beyond what MXNet's own results show: early ends, random bodies, files that make no sense."""
import json

import numpy as np
import pytest
from conftest import dlc


def variable(name):
    return {"op": "null", "name": name, "inputs": []}


def graph(nodes, heads, **more):
    arguments = [i for i, node in enumerate(nodes) if node["op"] == "null"]
    return {"nodes": nodes, "arg_nodes": arguments, "heads": heads, **more}


def node(op, name, inputs, **attributes):
    return {"op": op, "name": name, "inputs": [[i, 0, 0] for i in inputs],
            "attrs": {key: str(value) for key, value in attributes.items()}}


def while_loop(limit, turns):
    """while i < limit: output i * a; i, a = i + 1, 2 a"""
    condition = graph([variable("i"), node("_lesser_scalar", "less", [0], scalar=limit)], [[1, 0, 0]])
    body = graph([variable("i"), variable("a"), node("elemwise_mul", "product", [0, 1]),
                  node("_plus_scalar", "next", [0], scalar=1), node("_mul_scalar", "twice", [1], scalar=2)],
                 [[2, 0, 0], [3, 0, 0], [4, 0, 0]])
    loop = node("_while_loop", "loop", [0, 1], cond_input_locs="[0]", func_input_locs="[0, 1]", func_var_locs="[0, 1]",
                max_iterations=turns, num_args=4, num_out_data=1, num_outputs=3)
    return graph([variable("i"), variable("a"), {**loop, "subgraphs": [condition, body]}],
                 [[2, 0, 0], [2, 1, 0], [2, 2, 0]], attrs={"mxnet_version": ["int", 10901]})


def foreach(body, **changes):
    attributes = {"in_data_locs": "[0]", "in_state_locs": "[]", "remain_locs": "[]", "num_args": 2, "num_out_data": 1,
                  "num_outputs": 1, **changes}
    return graph([variable("data"), {**node("_foreach", "loop", [0], **attributes), "subgraphs": [body]}],
                 [[1, 0, 0]], attrs={"mxnet_version": ["int", 10901]})


def compile_symbol(folder, symbol, *flags, **options):
    (folder / "m-symbol.json").write_text(json.dumps(symbol))
    return dlc("compile", folder / "m-symbol.json", *flags, "--cpu", "native", "-o", folder / "m.so", **options)


def run(folder, **inputs):
    np.savez(folder / "in.npz", **inputs)
    dlc("run", folder / "m.so", "--io", folder / "in.npz", "--output", folder / "out.npz")
    with np.load(folder / "out.npz") as out:
        return {key: out[key] for key in out.files}


def test_a_loop_that_ends_early_leaves_zeros(tmp_path):
    compile_symbol(tmp_path, while_loop(3, 5), "--input", "i=1", "--input", "a=1")
    out = run(tmp_path, i=np.zeros(1, "float32"), a=np.array([3], "float32"))
    assert out["out:loop_output0"].ravel().tolist() == [0, 6, 24, 0, 0]
    assert out["out:loop_output1"].tolist() == [3] and out["out:loop_output2"].tolist() == [24]


def test_turns_draw_different_numbers(tmp_path):
    body = graph([variable("x"), node("_random_uniform_like", "noise", [0])], [[1, 0, 0]])
    compile_symbol(tmp_path, foreach(body), "--input", "data=4x5")
    rows = run(tmp_path, data=np.zeros((4, 5), "float32"))["out:loop_output"]
    assert len(np.unique(rows)) == 20


@pytest.mark.parametrize("changes", [{"in_data_locs": "[1]"}, {"in_data_locs": "[]"}, {"num_outputs": 2},
                                     {"remain_locs": "[0]"}, {"in_data_locs": "[-1]"}])
def test_attributes_that_do_not_fit_are_reported(tmp_path, changes):
    body = graph([variable("x"), node("relu", "act", [0])], [[1, 0, 0]])
    failed = compile_symbol(tmp_path, foreach(body, **changes), "--input", "data=4x5", status=3)
    assert "node 'loop' (_foreach): its subgraphs, inputs and attributes don't fit each other" in failed.stderr


def test_problems_inside_of_a_body_name_its_node(tmp_path):
    body = graph([variable("x"), node("Custom", "mine", [0], op_type="mine")], [[1, 0, 0]])
    failed = compile_symbol(tmp_path, foreach(body), "--input", "data=4x5", status=3)
    assert failed.stderr.count("node 'mine' (Custom)") == 1


def test_a_body_that_is_no_graph_is_reported(tmp_path):
    failed = compile_symbol(tmp_path, foreach([1, 2]), "--input", "data=4x5", status=3)
    assert "not an MXNet symbol" in failed.stderr


def test_long_loops_are_refused(tmp_path):
    failed = compile_symbol(tmp_path, while_loop(3, 100000), "--input", "i=1", "--input", "a=1", status=3)
    assert failed.stderr.count("unrolled, the loops of the model have more than 65536 nodes") == 1


def test_loops_in_loops_are_refused_where_they_multiply(tmp_path):
    inner = foreach(graph([variable("x"), node("relu", "act", [0])], [[1, 0, 0]]))
    del inner["attrs"]
    outer = foreach(graph([variable("y"), {**inner["nodes"][1], "name": "inner"}], [[1, 0, 0]]))
    failed = compile_symbol(tmp_path, outer, "--input", "data=1000x1000x2", status=3)
    assert failed.stderr.count("unrolled, the loops of the model have more than 65536 nodes") == 1

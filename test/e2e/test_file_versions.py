# SPDX-License-Identifier: Apache-2.0
"""The digits model in every version of MXNet's files, old ones too, gives the same answers."""
import json

import numpy as np
import pytest
from conftest import DATA, dlc, for_models, input_flags

DIGITS = DATA / "digits"
SYMBOLS = ["legacy/v0_8-symbol.json", "legacy/v0_9-symbol.json", "digits-symbol.json"]
PARAMS = ["legacy/v0.params", "legacy/v1.params", "digits-0020.params", "legacy/v3.params"]


@for_models("digits")
@pytest.mark.parametrize("params", PARAMS)
@pytest.mark.parametrize("symbol", SYMBOLS)
def test_gives_the_same_answers(model, tmp_path, symbol, params):
    dlc("compile", DIGITS / symbol, "--params", DIGITS / params, "--input=data=360x1x8x8", "-o", tmp_path / "digits.so")
    dlc("verify", tmp_path / "digits.so", "--io", model.io)
    (tmp_path / "digits.so").unlink()


@for_models("digits")
def test_versions_end_in_the_same_code(model, tmp_path):
    """What old files leave out is completed before anything is decided."""
    texts = set()
    for number, symbol in enumerate(SYMBOLS):
        stage = tmp_path / f"{number}.mlir"
        dlc("compile", DIGITS / symbol, "--params", model.params, "--input=data=1x1x8x8", "--emit", "kernels", "-o", stage)
        text = stage.read_text()
        # The names of variables that only training knows differ; files before 0.9 also lack some.
        texts.add("\n".join(line for line in text.splitlines() if "graph.variables" not in line))
    assert len(texts) == 1


HIDDEN = ("ctx_group", "lr_mult", "wd_mult", "force_mirroring", "mirror_stage")
AUXILIARY = {"BatchNorm": 2}  # the last inputs


def make_old(symbol):
    """The symbol as MXNet 0.8 would have written it: auxiliary states left out, hidden keys without underscores."""
    left_out = {entry[0] for node in symbol["nodes"] if (count := AUXILIARY.get(node["op"]))
                for entry in node["inputs"][-count:]}
    number, nodes = {}, []
    for index, node in enumerate(symbol["nodes"]):
        if index in left_out:
            continue
        number[index] = len(nodes)
        attributes = {**node.get("attrs", {}), "__lr_mult__": "2.0", "__ctx_group__": "stage1"}
        kept = len(node["inputs"]) - AUXILIARY.get(node["op"], 0)
        nodes.append({
            "op": node["op"], "name": node["name"], "backward_source_id": -1,
            "param": {key: value for key, value in attributes.items() if not key.startswith("__")},
            "attr": {key.strip("_") if key.strip("_") in HIDDEN else key: value
                     for key, value in attributes.items() if key.startswith("__")},
            "inputs": [[number[source], output] for source, output, *_ in node["inputs"][:kept]]})
    return {"nodes": nodes, "arg_nodes": [i for i, node in enumerate(nodes) if node["op"] == "null"],
            "heads": [[number[source], output] for source, output, *_ in symbol["heads"]]}


def import_graph(path, symbol, flags):
    """The graph stage of a symbol, without the list of the variables' names."""
    (path / "model-symbol.json").write_text(json.dumps(symbol))
    dlc("compile", path / "model-symbol.json", *flags, "--emit", "graph", "-o", path / "model.mlir")
    return [line for line in (path / "model.mlir").read_text().splitlines() if "graph.variables" not in line]


@pytest.mark.parametrize("case", sorted(path.name for path in (DATA / "ops").iterdir()))
def test_operators_in_old_files(tmp_path, case):
    """In the form of MXNet 0.8 every operator means the same (but for argmax over axis -1, which is no case here)."""
    symbol = json.loads((DATA / "ops" / case / "model-symbol.json").read_text())
    flags = [flag for flag in input_flags(np.load(DATA / "ops" / case / "io.npz")) if "moving_" not in flag]
    for node in symbol["nodes"]:
        # MXNet's names for what old files leave out.
        for (source, *_), name in zip(node["inputs"][3:], ("moving_mean", "moving_var")):
            if node["op"] == "BatchNorm":
                symbol["nodes"][source]["name"] = f"{node['name']}_{name}"
    assert import_graph(tmp_path, symbol, flags) == import_graph(tmp_path, make_old(symbol), flags)

# SPDX-License-Identifier: Apache-2.0
"""Whole models agree with MXNet, and their artifacts keep within the limits on memory and size."""
import json
import os
import re
import subprocess

import numpy as np
from conftest import BUILD, Model, dlc, for_models

MIB = 1 << 20
ALL = ["digits", *Model.NAMES]

# What MXNet's executor allocates for the model at these shapes, in MiB.
MXNET_ARENA_MIB = {"resnet50_v1": 7, "mobilenet_v2": 8, "vgg11": 18}


@for_models(*ALL)
def test_agrees_with_mxnet(model):
    dlc("verify", model.artifact, "--io", model.io, "--rtol", "1e-3")


# Plain loops take minutes on the larger models.
@for_models("lenet", "mlp", "text_cnn", "unet")
def test_unoptimised_agrees_with_mxnet(model, tmp_path):
    dlc("compile", model.symbol, *model.flags, "-O0", "-o", tmp_path / "model.so")
    dlc("verify", tmp_path / "model.so", "--io", model.io, "--rtol", "1e-3")


@for_models("digits")
def test_digits_accuracy(model, tmp_path):
    dlc("run", model.artifact, "--io", model.io, "--output", tmp_path / "out.npz")
    got = np.load(tmp_path / "out.npz")["out:softmax_output"]
    label = np.load(model.source / "test.npz")["label"]
    assert (got.argmax(axis=1) == label).sum() == 350


@for_models(*ALL)
def test_arena_is_near_its_lower_bound(model):
    facts = model.facts
    assert facts["arena_bytes"] <= 1.15 * facts["arena_lower_bound_bytes"]


@for_models(*MXNET_ARENA_MIB)
def test_arena_is_no_larger_than_mxnets(model):
    assert model.facts["arena_bytes"] <= (MXNET_ARENA_MIB[model.name] + 1) * MIB


def winograd_growth(model):
    """The bytes by which Winograd's filtering enlarges the weights of the convolutions that use it."""
    nodes = json.loads(model.symbol.read_text())["nodes"]
    filters = {node["name"]: nodes[node["inputs"][1][0]]["name"] for node in nodes if node["op"] == "Convolution"}
    growth = 0
    for kernel in model.facts["kernels"]:
        if found := re.search(r"_winograd([24])_", kernel["name"]):
            points = (int(found[1]) + 2) ** 2
            for name in {filters[node] for node in kernel["nodes"] if node in filters}:
                growth += 4 * np.prod(model.table["params"][f"arg:{name}"]) * (points - 9) / 9
    return growth


@for_models(*ALL)
def test_artifact_size(model):
    params, stored = model.facts["params_bytes"], model.facts["weights_bytes"]
    assert stored <= 1.02 * params + MIB / 2 + winograd_growth(model)
    assert model.artifact.stat().st_size <= stored + MIB / 2


@for_models("resnet18_v1", "squeezenet1_1")
def test_without_winograd_no_weight_grows(model, tmp_path):
    assert winograd_growth(model) > 0
    dlc("compile", model.symbol, *model.flags, "--no-winograd", "-o", tmp_path / "model.so")
    dlc("verify", tmp_path / "model.so", "--io", model.io)
    facts = json.loads(dlc("inspect", tmp_path / "model.so", "--json").stdout)
    assert facts["weights_bytes"] <= 1.02 * facts["params_bytes"] + MIB / 2


@for_models("lenet", "resnet50_v1")
def test_compiling_takes_little_memory(model, tmp_path):
    """Peak memory: three times the weights and 600 MB."""
    command = [BUILD / "bin" / "dlc", "compile", model.symbol, *model.flags, "-o", tmp_path / "model.so"]
    _, status, usage = os.wait4(subprocess.Popen(command).pid, 0)
    assert status == 0
    assert usage.ru_maxrss * 1024 <= 3 * model.params.stat().st_size + 600e6


@for_models(*ALL)
def test_every_node_came_from_a_kernel(model):
    kernels = model.facts["kernels"]
    assert kernels and all(kernel["nodes"] for kernel in kernels)
    listing = dlc("inspect", model.artifact, "--kernels").stdout
    assert all(kernel["name"] in listing for kernel in kernels)

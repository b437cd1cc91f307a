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


def winograd_growth(model, facts):
    """The bytes by which Winograd's filtering enlarges the weights of the convolutions that use it."""
    nodes = json.loads(model.symbol.read_text())["nodes"]
    filters = {node["name"]: nodes[node["inputs"][1][0]]["name"] for node in nodes if node["op"] == "Convolution"}
    growth = 0
    for kernel in facts["kernels"]:
        if found := re.search(r"_winograd([24])_", kernel["name"]):
            for name in {filters[node] for node in kernel["nodes"] if node in filters}:
                *channels, height, width = model.table["params"][f"arg:{name}"]
                points = (int(found[1]) + height - 1) ** 2
                growth += 4 * np.prod(channels) * (points - height * width)
    return growth


@for_models(*ALL)
def test_artifact_size(model):
    params, stored = model.facts["params_bytes"], model.facts["weights_bytes"]
    assert stored <= 1.02 * params + MIB / 2 + winograd_growth(model, model.facts)
    assert model.artifact.stat().st_size <= stored + MIB / 2


@for_models("resnet18_v1", "resnet50_v1", "squeezenet1_1", "unet")
def test_without_winograd(model, tmp_path):
    assert winograd_growth(model, model.facts) > 0
    artifact = tmp_path / "model.so"
    dlc("compile", model.symbol, *model.flags, "--no-winograd", "-o", artifact)
    dlc("verify", artifact, "--io", model.io, "--rtol", "1e-3")
    facts = json.loads(dlc("inspect", artifact, "--json").stdout)
    assert winograd_growth(model, facts) == 0
    assert facts["weights_bytes"] <= 1.02 * facts["params_bytes"] + MIB / 2

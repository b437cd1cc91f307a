#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compiles models of one layer and times them: kernels.py FOLDER [BENCHMARK-FLAG...]

The layers are those that the peers were measured on, and some of ResNet-50,
MobileNetV2 and BERT.
"""
import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "test" / "e2e"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "test"))
import params  # noqa: E402 (the tests' writer of .params files)
from conftest import BUILD  # noqa: E402


def convolution(channels, size, filters, kernel, stride=1, groups=1):
    attributes = {"kernel": (kernel, kernel), "stride": (stride, stride), "pad": (kernel // 2, kernel // 2),
                  "num_filter": filters, "num_group": groups, "no_bias": True}
    return "Convolution", attributes, [1, channels, size, size], [filters, channels // groups, kernel, kernel]


def dense(rows, inputs, outputs):
    return "FullyConnected", {"num_hidden": outputs, "no_bias": True}, [rows, inputs], [outputs, inputs]


LAYERS = {
    "conv7x7s2_3x224_64": convolution(3, 224, 64, 7, stride=2),
    "conv3x3_64x56": convolution(64, 56, 64, 3),
    "conv3x3_128x28": convolution(128, 28, 128, 3),
    "conv3x3_256x14": convolution(256, 14, 256, 3),
    "conv3x3_512x7": convolution(512, 7, 512, 3),
    "conv1x1_64x56_256": convolution(64, 56, 256, 1),
    "conv1x1s2_1024x14_2048": convolution(1024, 14, 2048, 1, stride=2),
    "depthwise3x3_144x56": convolution(144, 56, 144, 3, groups=144),
    "depthwise3x3s2_576x14": convolution(576, 14, 576, 3, stride=2, groups=576),
    "dense_1x768_768": dense(1, 768, 768),
    "dense_1x768_3072": dense(1, 768, 3072),
    "dense_8x768_768": dense(8, 768, 768),
    "dense_128x768_3072": dense(128, 768, 3072),
    "dense_1024x1024_1024": dense(1024, 1024, 1024),
}


def compile_layer(folder, name, operator, attributes, data, weight):
    """The artifact of a model that is this one layer."""
    symbol, weights, artifact = (folder / f"{name}{suffix}" for suffix in ("-symbol.json", ".params", ".so"))
    nodes = [{"op": "null", "name": "data", "inputs": []}, {"op": "null", "name": "weight", "inputs": []},
             {"op": operator, "name": "layer", "inputs": [[0, 0, 0], [1, 0, 0]],
              "attrs": {key: str(value) for key, value in attributes.items()}}]
    symbol.write_text(json.dumps({"nodes": nodes, "arg_nodes": [0, 1], "heads": [[2, 0, 0]],
                                  "attrs": {"mxnet_version": ["int", 10901]}}))
    params.write(weights, {"seed": 7, "params": {"arg:weight": weight}})
    subprocess.run([BUILD / "bin" / "dlc", "compile", symbol, "--params", weights, "-o", artifact,
                    "--input", f"data={'x'.join(map(str, data))}"], check=True)
    return artifact


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    artifacts = [compile_layer(folder, name, *layer) for name, layer in LAYERS.items()]
    subprocess.run([BUILD / "bin" / "kernel-bench", *artifacts, *sys.argv[2:]], check=True)


if __name__ == "__main__":
    main()

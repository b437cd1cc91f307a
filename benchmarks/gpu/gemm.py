#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times matrix products on the machine's GPU, as generated code and by cublasLt.

Beside the times is what `--gemm=auto` would choose: passes/gpu/GemmCost.cpp compares estimates, which these figures are
to be held against.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "test"))
from conftest import BUILD, Symbol  # noqa: E402
import device  # noqa: E402

DLC = BUILD / "bin" / "dlc"
SIZES = ["128x768x768", "512x3072x768", "1024x1024x1024", "2048x2048x2048", "4096x4096x4096", "8192x8192x8192"]
PRECISIONS = ["float32", "tf32", "float16", "bfloat16"]


def save_product(path, rows, columns, depth):
    """A dense layer of constants' shapes as inputs: its columns lie as they do in a model. Returns flags."""
    symbol = Symbol()
    inputs = {"x": (rows, depth), "w": (columns, depth), "bias": (columns,)}
    head = symbol("FullyConnected", "fc", *(symbol("null", name) for name in inputs), num_hidden=columns)
    symbol.save(path, head)
    return [f"--input={name}={'x'.join(map(str, shape))}" for name, shape in inputs.items()]


def compile_product(folder, flags, capability, precision, gemm):
    artifact = folder / f"{gemm}.so"
    subprocess.run([DLC, "compile", folder / "model-symbol.json", *flags, "--target", "cuda", "--sm", str(capability),
                    "--precision", precision, "--gemm", gemm, "-o", artifact], check=True)
    facts = json.loads(subprocess.run([DLC, "inspect", artifact, "--json"], check=True, capture_output=True).stdout)
    return artifact, any("gemm" in kernel["cuda"] for kernel in facts["kernels"])


def measure(artifact, folder, environment):
    """Microseconds of the product: the least of three runs' medians."""
    return min(sum(device.times(DLC, artifact, folder / "trace.json", environment).values()) for _ in range(3))


def compare(arguments, capability, environment):
    print(f"{'product':>18} {'precision':>9} {'generated us':>12} {'TFLOP/s':>8} {'cublasLt us':>12} {'TFLOP/s':>8}  auto")
    for size in arguments.sizes:
        rows, columns, depth = map(int, size.split("x"))
        for precision in arguments.precision:
            with tempfile.TemporaryDirectory() as name:
                folder = pathlib.Path(name)
                flags = save_product(folder / "model-symbol.json", rows, columns, depth)
                times = [measure(compile_product(folder, flags, capability, precision, gemm)[0], folder, environment)
                         for gemm in ("generated", "cublas")]
                chosen = compile_product(folder, flags, capability, precision, "auto")[1]
            cells = [f"{time:12.1f} {2e-6 * rows * columns * depth / time:8.1f}" for time in times]
            print(f"{size:>18} {precision:>9} {' '.join(cells)}  {'cublasLt' if chosen else 'generated'}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sizes", nargs="*", default=SIZES, metavar="MxNxK", help=f"{' '.join(SIZES)} unless given")
    parser.add_argument("--precision", nargs="*", default=PRECISIONS, choices=PRECISIONS)
    arguments = parser.parse_args()
    environment = device.real()
    capability = device.capability(environment)
    if capability is None:
        sys.exit("gemm: there is no GPU with a driver")
    try:
        compare(arguments, capability, environment)
    except subprocess.CalledProcessError as failure:
        sys.exit(f"gemm: {(failure.stderr or str(failure).encode()).decode().strip()}")


if __name__ == "__main__":
    main()

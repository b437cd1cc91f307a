#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times `dlc compile` and measures its peak memory and the artifact's size."""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "test"))
from conftest import BUILD, DATA, Model, model_named  # noqa: E402 (the tests' models are the benchmark's)


def compile_once(symbol, flags, output):
    """`(seconds, peak bytes)` of one compilation."""
    start = time.perf_counter()
    process = subprocess.Popen([BUILD / "bin" / "dlc", "compile", symbol, *flags, "-o", output])
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"dlc compile failed on {symbol}")
    return time.perf_counter() - start, usage.ru_maxrss * 1024


def row(name, symbol, flags, weights, runs):
    with tempfile.TemporaryDirectory() as folder:
        output = pathlib.Path(folder) / "model.so"
        times, peaks = zip(*(compile_once(symbol, flags, output) for _ in range(runs)))
        size = output.stat().st_size
    print(f"| {name:18} | {statistics.median(times):7.2f} | {min(times):7.2f} | {max(peaks) / 1e6:8.0f} "
          f"| {(3 * weights + 600e6) / 1e6:9.0f} | {weights / 1e6:8.1f} | {size / 1e6:7.1f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", default=["digits", *Model.NAMES], metavar="MODEL")
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    print("| model              | time, s |   (min) | peak, MB | limit, MB | weights  | .so, MB |")
    print("| ------------------ | ------- | ------- | -------- | --------- | -------- | ------- |")
    row("one operator", DATA / "ops" / "unary_exp" / "model-symbol.json", ["--input=x=2x3x4"], 0, arguments.runs)
    for name in arguments.models:
        model = model_named(name)
        row(name, model.symbol, model.flags, model.params.stat().st_size, arguments.runs)


if __name__ == "__main__":
    main()

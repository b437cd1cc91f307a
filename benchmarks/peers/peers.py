#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times compiled models beside MXNet 1.9.1 and prints the ratios.

Absolute times differ from machine to machine and from minute to minute, so
both sides run in turns, round by round, and a row shows the median over the
rounds of the ratio of their medians, and the ratio of their fastest runs
(above 1: dlc is faster).
"""
import argparse
import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "test"))
from conftest import BUILD, Model, model_named  # noqa: E402 (the tests' models are the benchmark's)


@contextlib.contextmanager
def mxnet(python, model, threads):
    """A running worker; yields what it said first and a function that times one round."""
    worker = subprocess.Popen([python, HERE / "mxnet_worker.py", model.symbol, model.params, model.io],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                              env={**os.environ, "OMP_NUM_THREADS": str(threads)})

    def answer():
        line = worker.stdout.readline()
        if not line:
            sys.exit(f"MXNet failed on {model.name}")
        return json.loads(line)

    def time_round(seconds):
        print(seconds, file=worker.stdin, flush=True)
        return answer()

    try:
        yield answer(), time_round
    finally:
        worker.stdin.close()
        worker.wait()


def time_dlc(model, threads, seconds):
    """One round of `dlc bench`: `(median, fastest)` in ms."""
    run = subprocess.run([BUILD / "bin" / "dlc", "bench", model.artifact, "--io", model.io, "--threads", str(threads),
                          "--seconds", str(seconds), "--json"], check=True, capture_output=True, text=True)
    figures = json.loads(run.stdout)
    return figures["median_ms"], figures["min_ms"]


def compare(arguments, model, threads):
    """Times `model` on both sides and prints its row."""
    ours, theirs = [], []
    with mxnet(arguments.python, model, threads) as (facts, time_mxnet):
        for _ in range(arguments.rounds):
            times = time_mxnet(arguments.seconds)
            theirs.append((statistics.median(times), min(times)))
            ours.append(time_dlc(model, threads, arguments.seconds))
    median = statistics.median(their[0] / our[0] for our, their in zip(ours, theirs))
    fastest = min(time for _, time in theirs) / min(time for _, time in ours)
    print(f"| {model.name:14} | {threads:7} | {statistics.median(time for time, _ in theirs):9.3f} "
          f"| {statistics.median(time for time, _ in ours):9.3f} | {median:6.2f} | {fastest:5.2f} "
          f"| {facts['arena_mib']:9} | {model.facts['arena_bytes'] / 2**20:7.1f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", default=["digits", *Model.NAMES], metavar="MODEL")
    parser.add_argument("--python", type=pathlib.Path, required=True, help="an interpreter that has MXNet")
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each side in each round")
    arguments = parser.parse_args()
    print("| model          | threads | MXNet, ms |   dlc, ms |  ratio | (min) | MXNet MiB | dlc MiB |")
    print("| -------------- | ------- | --------- | --------- | ------ | ----- | --------- | ------- |")
    for name in arguments.models:
        for threads in arguments.threads:
            compare(arguments, model_named(name), threads)


if __name__ == "__main__":
    main()

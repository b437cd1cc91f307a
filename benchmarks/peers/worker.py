# SPDX-License-Identifier: Apache-2.0
"""What the peers' workers share: how they are called and how they answer.

A worker is started as `NAME_worker.py FOLDER THREADS OUTPUTS`. It loads the
model of FOLDER, writes the outputs of one run to the file OUTPUTS and prints a
line of JSON with facts about itself. Then it answers each line on standard
input, a number of seconds, with a line of JSON: the times in ms of the runs
that fit. Between two lines it computes nothing.
"""
import json
import pathlib
import sys
import time

import numpy as np

UNTIMED_RUNS = 3
LEAST_RUNS = 3


def arguments():
    """The folder of the model, the number of threads and the file for the outputs."""
    folder, threads, outputs = sys.argv[1:]
    return pathlib.Path(folder), int(threads), outputs


def inputs(folder):
    """The model's inputs by name."""
    with np.load(folder / "io.npz") as arrays:
        return {key[len("in:"):]: arrays[key] for key in arrays.files if key.startswith("in:")}


def time_runs(run, seconds):
    """The times in ms of the runs that fit into `seconds`."""
    for _ in range(UNTIMED_RUNS):
        run()
    times, end = [], time.perf_counter() + seconds
    while len(times) < LEAST_RUNS or time.perf_counter() < end:
        start = time.perf_counter()
        run()
        times.append((time.perf_counter() - start) * 1e3)
    return times


def serve(path, results, run, **facts):
    """Writes `results`, the outputs in the model's order, to `path` and answers until the input ends."""
    np.savez(path, *results)
    print(json.dumps(facts), flush=True)
    for line in sys.stdin:
        print(json.dumps(time_runs(run, float(line))), flush=True)

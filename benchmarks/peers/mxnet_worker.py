# SPDX-License-Identifier: Apache-2.0
"""Times a model in MXNet, in its own process: mxnet_worker.py SYMBOL PARAMS IO.npz

Answers each line on standard input, a number of seconds, with one line of
JSON: the times in ms of the runs that fit. The first line tells the size of
the executor's memory. Fused oneDNN subgraphs are on, as MXNet's users have them.
"""
import json
import os
import re
import sys
import time

os.environ.setdefault("MXNET_SUBGRAPH_BACKEND", "MKLDNN")
import mxnet as mx  # noqa: E402 (the variable counts when the library is loaded)
import numpy as np  # noqa: E402


def bind(symbol, params, io):
    """An executor with the weights of `params` and the inputs of `io`, ready to run."""
    symbol = mx.sym.load(symbol)
    with np.load(io) as arrays:
        inputs = {key[3:]: arrays[key] for key in arrays.files if key.startswith("in:")}
    executor = symbol.simple_bind(mx.cpu(), grad_req="null", **{name: value.shape for name, value in inputs.items()})
    weights = mx.nd.load(params)
    for kind, places in (("arg", executor.arg_dict), ("aux", executor.aux_dict)):
        for name, place in places.items():
            if f"{kind}:{name}" in weights:
                weights[f"{kind}:{name}"].copyto(place)
    for name, value in inputs.items():
        executor.arg_dict[name][:] = value
    return executor


def run(executor):
    """One inference, in ms; the engine is asynchronous, so its outputs are awaited."""
    start = time.perf_counter()
    for output in executor.forward(is_train=False):
        output.wait_to_read()
    return (time.perf_counter() - start) * 1e3


def main():
    executor = bind(*sys.argv[1:])
    for _ in range(3):
        run(executor)
    allocated = re.search(r"Total (\d+) MB allocated", executor.debug_str())
    print(json.dumps({"arena_mib": int(allocated.group(1)) if allocated else None}), flush=True)
    for line in sys.stdin:
        end = time.perf_counter() + float(line)
        times = [run(executor) for _ in range(3)]
        while time.perf_counter() < end:
            times.append(run(executor))
        print(json.dumps(times), flush=True)


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: Apache-2.0
"""Times a model in MXNet; see worker.py. OMP_NUM_THREADS must hold the number of threads.

Fused oneDNN subgraphs are on, as MXNet's users have them.
"""
import os

os.environ.setdefault("MXNET_SUBGRAPH_BACKEND", "MKLDNN")
import mxnet as mx  # noqa: E402 (the variable counts when the library is loaded)

from worker import arguments, inputs, serve  # noqa: E402


def bind(folder):
    """An executor with the model's weights and inputs, ready to run."""
    values = inputs(folder)
    symbol = mx.sym.load(str(folder / "model-symbol.json"))
    executor = symbol.simple_bind(mx.cpu(), grad_req="null", **{name: value.shape for name, value in values.items()})
    weights = mx.nd.load(str(folder / "model.params"))
    for kind, places in (("arg", executor.arg_dict), ("aux", executor.aux_dict)):
        for name, place in places.items():
            if f"{kind}:{name}" in weights:
                weights[f"{kind}:{name}"].copyto(place)
    for name, value in values.items():
        executor.arg_dict[name][:] = value
    return executor


def main():
    folder, _, path = arguments()
    executor = bind(folder)

    def run():
        for output in executor.forward(is_train=False):
            output.wait_to_read()  # the engine is asynchronous

    run()
    serve(path, [output.asnumpy() for output in executor.outputs], run, version=mx.__version__)


if __name__ == "__main__":
    main()

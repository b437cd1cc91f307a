# SPDX-License-Identifier: Apache-2.0
"""Times a matrix product in OpenBLAS; see worker.py. OPENBLAS_NUM_THREADS must hold the number of threads."""
import json
import pathlib
import sys

import numpy as np
import threadpoolctl

from worker import arguments, inputs, serve

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "test" / "e2e"))
from params import tensor  # noqa: E402 (the weights that the model's file holds)


def main():
    folder, _, path = arguments()
    table = json.loads((folder / "params.json").read_text())
    (name, shape), = table["params"].items()
    weights = tensor(name.partition(":")[2], shape, table["seed"])
    data, = inputs(folder).values()
    result = np.empty((data.shape[0], weights.shape[0]), np.float32)

    def run():
        np.matmul(data, weights.T, out=result)

    run()
    library = threadpoolctl.threadpool_info()[0]
    serve(path, [result], run, version=library["version"], kernels=library["architecture"])


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lists the operators of MXNet 1.9.1 that a symbol may hold: list_operators.py > mxnet-operators.txt

A line has a name and its family, which is where MXNet's Python packages have
it. Gradients and the steps of optimisers are left out: models for inference
have none. It needs MXNet (build/peers/env/mxnet), and runs by hand.
"""
import ctypes

from mxnet.base import _LIB, check_call, mx_uint, py_str

FAMILIES = {  # the prefix of a name: its family
    "_npi_": "np", "_np_": "np", "_npx_": "npx", "_contrib_": "contrib", "_linalg_": "linalg", "linalg_": "linalg",
    "_random_": "random", "random_": "random", "_sample_": "random", "sample_": "random", "_sparse_": "sparse",
    "_image_": "image", "_cv": "image", "_sg_": "subgraph", "_": "_internal"}
NOT_FOR_INFERENCE = ("backward", "_update", "update_", "multi_lars", "reset_arrays")


def operator_names():
    size, names = mx_uint(), ctypes.POINTER(ctypes.c_char_p)()
    check_call(_LIB.MXListAllOpNames(ctypes.byref(size), ctypes.byref(names)))
    return sorted(py_str(names[i]) for i in range(size.value))


def family(name):
    return next((family for prefix, family in FAMILIES.items() if name.startswith(prefix)), "nd")


def main():
    for name in operator_names():
        if not any(part in name.lower() for part in NOT_FOR_INFERENCE):
            print(name, family(name))


if __name__ == "__main__":
    main()

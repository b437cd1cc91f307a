# SPDX-License-Identifier: Apache-2.0
"""Cases of operators over the ranges of their attributes, a module a family."""
import dataclasses
import itertools

import numpy as np


@dataclasses.dataclass
class Case:
    """One application of an operator.

    `outputs` is how many of its outputs inference has, if not all; `in_place` says that MXNet writes the result over the
    first input, which must be another node's then; `eager` that it only knows the result's shape when it runs, for which
    its symbols are no good; `expected` are the results where MXNet has none for CPUs;
    `subgraphs` are the JSON of what a loop or branch runs.
    """
    op: str
    inputs: list
    attributes: dict
    outputs: int = 0
    in_place: bool = False
    eager: bool = False
    expected: list = None
    subgraphs: list = None

    def __str__(self):
        inputs = ", ".join(f"{x.dtype}{list(x.shape)}" for x in self.inputs)
        return f"{self.op}({inputs}) {self.attributes}"


def case(op, *inputs, outputs=0, in_place=False, eager=False, expected=None, **attributes):
    return Case(op, [np.asarray(x) for x in inputs], attributes, outputs, in_place, eager, expected)


def product(**ranges):
    """A dictionary for each choice of one value of every range."""
    for values in itertools.product(*ranges.values()):
        yield dict(zip(ranges, values))


def reals(rng, shape, low=-3, high=3, dtype="float32"):
    """Numbers with few digits, which compress well and are exact in float16."""
    return np.round(rng.uniform(low, high, shape) * 16).astype(dtype) / np.array(16, dtype)


def integers(rng, shape, low=-5, high=6, dtype="int32"):
    return rng.randint(low, high, shape).astype(dtype)


def shuffled(rng, shape, dtype="float32"):
    """Different numbers, so that their order is the only one."""
    count = int(np.prod(shape))
    return (rng.permutation(count) - count // 2).reshape(shape).astype(dtype)


# Ranks 1 to 5, and sizes of 1 among others.
SHAPES = [(5,), (1,), (3, 4), (4, 1), (2, 3, 4), (1, 3, 2), (2, 1, 3, 2), (2, 2, 1, 2, 3)]

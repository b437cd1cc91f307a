# SPDX-License-Identifier: Apache-2.0
"""Models of one random matrix product with what a library's epilogue has, and numpy's answers."""
import numpy as np
from conftest import Symbol


def random_product(rng, sizes):
    """A symbol with one product of random shape, the shapes of its inputs, and the function that it is. `sizes`: the
    least rows, columns and steps, and what they stay below."""
    symbol = Symbol()
    m, n, k = (int(size) for size in rng.integers(*sizes))
    batch = [int(size) for size in rng.integers(1, 5, rng.integers(0, 2))]
    flip_x, flip_y = (bool(bit) for bit in rng.integers(0, 2, 2))
    shapes = {"x": [*batch, k, m] if flip_x else [*batch, m, k], "y": [*batch, n, k] if flip_y else [*batch, k, n]}
    x, y = (symbol("null", name) for name in shapes)
    op = "batch_dot" if batch else "dot"
    head = symbol(op, "product", x, y, transpose_a=flip_x, transpose_b=flip_y)
    scale, bias, residual, relu = (bool(bit) for bit in rng.integers(0, 2, 4))
    if scale:
        head = symbol("_mul_scalar", "scaled", head, scalar=0.25)
    if bias:
        shapes["bias"] = [1] * (len(batch) + 1) + [n]
        head = symbol("broadcast_add", "biased", head, symbol("null", "bias"))
    if residual:
        shapes["residual"] = [*batch, m, n]
        half = symbol("_mul_scalar", "half", symbol("null", "residual"), scalar=0.5 if scale else 1)
        head = symbol("elemwise_add", "added", head, half)
    if relu:
        head = symbol("Activation", "relu", head, act_type="relu")

    def compute(values):
        left = np.swapaxes(values["x"], -1, -2) if flip_x else values["x"]
        right = np.swapaxes(values["y"], -1, -2) if flip_y else values["y"]
        result = left.astype("float64") @ right.astype("float64") * (0.25 if scale else 1)
        result = result + values.get("bias", 0) + values.get("residual", 0) * (0.5 if scale else 1)
        return np.maximum(result, 0) if relu else result

    return symbol, head, shapes, compute


# Many steps for few results: what several blocks of a GPU share.
DEEP = (8, 1, 1500), (100, 100, 4000)


def save_random_product(seed, dtype, folder, sizes=((1, 1, 1), (40, 40, 40))):
    """Writes `model-symbol.json` and `io.npz` to `folder`. Returns flags of `dlc compile`, and the latter's path."""
    rng = np.random.default_rng(seed)
    symbol, head, shapes, compute = random_product(rng, sizes)
    symbol.save(folder / "model-symbol.json", head)
    values = {name: rng.standard_normal(shape).astype(dtype) for name, shape in shapes.items()}
    output = symbol.nodes[head]["name"] + "_output"
    np.savez(folder / "io.npz", **{f"in:{name}": value for name, value in values.items()},
             **{f"out:{output}": compute(values).astype(dtype)})
    flags = [f"--input={name}={'x'.join(map(str, shape))}:{dtype}" for name, shape in shapes.items()]
    return flags, folder / "io.npz"

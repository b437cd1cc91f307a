# SPDX-License-Identifier: Apache-2.0
"""The classic elementwise operators over element types."""
from . import SHAPES, case, reals
from .numpy_elementwise import UNARY, of_type

CLASSIC = {  # those that numpy does not have
    "relu": (-3, 3), "sigmoid": (-3, 3), "softsign": (-3, 3), "rsqrt": (1, 3), "rcbrt": (1, 3), "round": (-3, 3),
    "erf": (-2, 2), "erfinv": (-0.9, 0.9), "gamma": (0.5, 4), "gammaln": (0.5, 4), "_copy": (-3, 3), "BlockGrad": (-3, 3),
    "zeros_like": (-3, 3), "ones_like": (-3, 3), "hard_sigmoid": (-4, 4), "make_loss": (-3, 3), "smooth_l1": (-2, 2),
    "_contrib_round_ste": (-3, 3), "_contrib_sign_ste": (-3, 3)}
TYPES = ("float32", "int32", "float64", "uint8", "int8", "int64", "float16")
BINARY = ("add", "sub", "mul", "div", "mod", "power", "maximum", "minimum", "hypot", "equal", "not_equal", "greater",
          "greater_equal", "lesser", "lesser_equal", "logical_and", "logical_or", "logical_xor")
SCALAR = ("plus", "minus", "rminus", "mul", "div", "rdiv", "mod", "rmod", "power", "rpower", "maximum", "minimum",
          "hypot", "equal", "not_equal", "greater", "greater_equal", "lesser", "lesser_equal", "logical_and",
          "logical_or", "logical_xor")


def cases(rng):
    skipped = ("absolute", "isnan", "isinf", "isfinite", "isposinf", "isneginf")
    ranges = {**{name: limits for name, limits in UNARY.items() if name not in skipped}, **CLASSIC}
    for i, (op, (low, high)) in enumerate(ranges.items()):
        for dtype in ("float32", "float64"):
            yield case(op, reals(rng, SHAPES[i % len(SHAPES)], low, high, dtype))
    for op, dtype in ((op, dtype) for op in ("relu", "square", "abs", "sign", "floor", "sqrt", "logical_not")
                      for dtype in ("int32", "uint8", "int8", "int64")):
        yield case(op, of_type(rng, (2, 3), dtype, 0 if op == "sqrt" else -5))
    yield from binary(rng)
    yield from activations(rng)


def binary(rng):
    for name, dtype in ((name, dtype) for name in BINARY for dtype in ("float32", "int32", "uint8", "float64")):
        if dtype != "float32" and name == "hypot" or dtype == "uint8" and name == "power":
            continue
        low = 1 if name in ("div", "mod", "power") else -2
        high = 4 if name == "power" else 3
        for a, b in (((2, 3), (2, 3)), ((2, 1, 3), (1, 4, 3)), ((1,), (1,))):
            yield case(f"broadcast_{name}", of_type(rng, a, dtype, low, high), of_type(rng, b, dtype, low, high))
        op = f"elemwise_{name}" if name in ("add", "sub", "mul", "div") else f"_{name}"
        yield case(op, of_type(rng, (2, 3), dtype, low, high), of_type(rng, (2, 3), dtype, low, high))
    for name, dtype in ((name, dtype) for name in SCALAR for dtype in ("float32", "int32", "float64")):
        low = 1 if name in ("rdiv", "rmod", "power", "rpower") else -2
        yield case(f"_{name}_scalar", of_type(rng, (2, 3), dtype, low, 3), scalar=2)
        if dtype == "float32":
            yield case(f"_{name}_scalar", of_type(rng, (2, 3), dtype, low, 3), scalar=-1.5, is_int=False)
    for count in (1, 3):
        yield case("add_n", *[reals(rng, (2, 3)) for _ in range(count)], num_args=count)


def activations(rng):
    for shape in ((2, 3), (2, 3, 4)):
        for kind in ("relu", "sigmoid", "softrelu", "softsign", "tanh"):
            yield case("Activation", reals(rng, shape), act_type=kind)
        for kind in ("elu", "gelu", "leaky", "rrelu", "selu"):
            yield case("LeakyReLU", reals(rng, shape), act_type=kind, slope=0.3, outputs=1)
        for length in (1, 3):
            yield case("LeakyReLU", reals(rng, shape), reals(rng, (length,)), act_type="prelu", outputs=1)
    for source, target in ((source, target) for source in TYPES for target in TYPES):
        yield case("Cast", of_type(rng, (2, 3), source, 0, 6), dtype=target)
    for low, high in ((-1, 1), (0, 6)):
        for dtype in ("float32", "float64", "int32"):
            yield case("clip", of_type(rng, (3, 4), dtype, -9, 9), a_min=low, a_max=high)
    yield case("hard_sigmoid", reals(rng, (2, 3)), alpha=0.5, beta=0.25)
    yield case("smooth_l1", reals(rng, (2, 3)), scalar=2.0)
    narrow, wide = reals(rng, (2,), dtype="float16"), reals(rng, (3,))
    yield case("amp_multicast", narrow, wide, num_outputs=2, expected=[narrow.astype("float32"), wide])
    yield case("amp_multicast", narrow, wide, num_outputs=2, cast_narrow=True, expected=[narrow, wide.astype("float16")])
    yield case("amp_cast", reals(rng, (2,)), dtype="float16")

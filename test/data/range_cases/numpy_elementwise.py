# SPDX-License-Identifier: Apache-2.0
"""Numpy's elementwise operators: types, broadcasting, special values."""
import numpy as np

from . import SHAPES, case, integers, product, reals

NUMPY_SHAPES = True
UNARY = {  # operator: the range of its argument
    "negative": (-3, 3), "abs": (-3, 3), "absolute": (-3, 3), "sign": (-3, 3), "rint": (-3, 3), "ceil": (-3, 3),
    "floor": (-3, 3), "trunc": (-3, 3), "fix": (-3, 3), "square": (-3, 3), "reciprocal": (1, 3), "sqrt": (0, 9),
    "cbrt": (-3, 3), "exp": (-3, 3), "log": (0.5, 3), "log2": (0.5, 3), "log10": (0.5, 3), "log1p": (0, 3),
    "expm1": (-2, 2), "sin": (-3, 3), "cos": (-3, 3), "tan": (-1, 1), "arcsin": (-1, 1), "arccos": (-1, 1),
    "arctan": (-3, 3), "sinh": (-2, 2), "cosh": (-2, 2), "tanh": (-2, 2), "arcsinh": (-3, 3), "arccosh": (1, 4),
    "arctanh": (-0.9, 0.9), "degrees": (-3, 3), "radians": (-90, 90), "logical_not": (-1, 1), "isnan": (-1, 1),
    "isinf": (-1, 1), "isfinite": (-1, 1), "isposinf": (-1, 1), "isneginf": (-1, 1)}
SPECIAL = np.array([0.0, -0.0, 1.5, np.inf, -np.inf, np.nan], "float32")
PAIRS = [((2, 3), (2, 3)), ((4, 1, 3), (2, 1)), ((), (3,)), ((2, 1, 2, 1, 3), (1, 2, 2, 1)), ((1,), ())]


def of_type(rng, shape, dtype, low=-5, high=6):
    if dtype == "bool":
        return rng.randint(0, 2, shape).astype(bool)
    if dtype.startswith("float"):
        return reals(rng, shape, low, high, dtype)
    return integers(rng, shape, max(low, 0) if dtype == "uint8" else low, high, dtype)


def cases(rng):
    for i, (name, (low, high)) in enumerate(UNARY.items()):
        op = f"_npi_{name}"
        yield case(op, reals(rng, SHAPES[i % len(SHAPES)], low, high))
        yield case(op, reals(rng, (), low, high, "float64"))
        if low == -3 or "is" in name:
            yield case(op, integers(rng, (2, 3)))
    for name in ("isnan", "isinf", "isfinite", "isposinf", "isneginf", "abs", "negative", "logical_not"):
        yield case(f"_npi_{name}", SPECIAL)
    for name in ("logical_not", "bitwise_not"):
        yield case(f"_npi_{name}", of_type(rng, (5,), "bool"))
    for dtype in ("int32", "uint8", "int8", "int64"):
        yield case("_npi_bitwise_not", of_type(rng, (2, 3), dtype))
    for decimals in (0, 1, 2, -1):
        yield case("_npi_around", reals(rng, (3, 4), -40, 40), decimals=decimals)
    yield case("_npi_nan_to_num", SPECIAL)
    yield case("_npi_nan_to_num", SPECIAL.astype("float64"), nan=1.5, posinf=7.0, neginf=-8.0)
    yield from binary(rng)
    yield from scalars(rng)
    yield from selection(rng)


def binary(rng):
    for name in ("add", "subtract", "multiply", "maximum", "minimum"):
        for (a, b), dtype in zip(PAIRS, ("float32", "int32", "float64", "uint8", "float16")):
            yield case(f"_npi_{name}", of_type(rng, a, dtype), of_type(rng, b, dtype))
    for name in ("add", "subtract", "multiply", "mod", "power"):
        for left, right in (("int32", "float32"), ("float32", "int32"), ("bool", "float32"), ("float16", "float32")):
            low = 1 if name in ("mod", "power") else -5
            yield case(f"_npi_{name}", of_type(rng, (2, 3), left, low), of_type(rng, (3,), right, low))
    for name in ("add", "multiply"):
        yield case(f"_npi_{name}", of_type(rng, (2, 3), "bool"), of_type(rng, (3,), "bool"))
    for left, right in (("int32", "int32"), ("int32", "float32"), ("float32", "int32"), ("float32", "float32"),
                        ("uint8", "uint8")):
        yield case("_npi_true_divide", of_type(rng, (2, 3), left), of_type(rng, (2, 1), right, 1))
    for a, b in PAIRS:
        yield case("_npi_mod", reals(rng, a), reals(rng, b, 1, 3))
        yield case("_npi_power", reals(rng, a, 0.5, 3), reals(rng, b))
        yield case("_npi_arctan2", reals(rng, a), reals(rng, b))
        yield case("_npi_hypot", reals(rng, a), reals(rng, b))
        yield case("_npi_copysign", reals(rng, a), reals(rng, b))
        yield case("_npi_ldexp", reals(rng, a), reals(rng, b))
        yield case("_npi_lcm", integers(rng, a, -9, 10), integers(rng, b, 1, 12))
    yield case("_npi_lcm", integers(rng, (6,), 1, 1000, "int64"), integers(rng, (6,), 1, 1000, "int64"))
    yield case("_npi_copysign", np.array([1, 2, -3, 4], "float32"), np.array([0.0, -0.0, -1, np.inf], "float32"))
    for name in ("equal", "not_equal", "greater", "greater_equal", "less", "less_equal"):
        for (a, b), dtype in zip(PAIRS, ("float32", "int32", "int64", "uint8", "bool")):
            yield case(f"_npi_{name}", of_type(rng, a, dtype, -2, 2), of_type(rng, b, dtype, -2, 2))
    for name in ("bitwise_and", "bitwise_or", "bitwise_xor"):
        for (a, b), dtype in zip(PAIRS, ("int32", "uint8", "bool", "int64", "int8")):
            b = a if dtype == "bool" else b
            yield case(f"_npi_{name}", of_type(rng, a, dtype), of_type(rng, b, dtype))


def scalars(rng):
    names = ["add", "subtract", "rsubtract", "multiply", "mod", "rmod", "power", "rpower", "maximum", "minimum",
             "true_divide", "rtrue_divide", "hypot", "arctan2", "rarctan2", "copysign", "rcopysign", "ldexp", "rldexp"]
    for name in names:
        low = 1 if name in ("rmod", "power", "rpower", "rtrue_divide") else -5
        for dtype, (scalar, whole) in zip(("float32", "int32", "int32", "float64", "uint8", "bool"),
                                          ((2.5, False), (2.5, False), (2, True), (-3, True), (3, True), (2, True))):
            if dtype == "bool" and name in ("rmod", "rtrue_divide", "true_divide", "rldexp", "rpower"):
                continue
            yield case(f"_npi_{name}_scalar", of_type(rng, (2, 3), dtype, low), scalar=scalar, is_int=whole)
    for name in ("equal", "not_equal", "greater", "greater_equal", "less", "less_equal"):
        for dtype, (scalar, whole) in zip(("float32", "int32", "int32", "uint8", "bool"),
                                          ((1.5, False), (1.5, False), (1, True), (1, True), (1, True))):
            yield case(f"_npi_{name}_scalar", of_type(rng, (2, 3), dtype, -2, 3), scalar=scalar, is_int=whole)
    for name in ("bitwise_and", "bitwise_or", "bitwise_xor"):
        for dtype in ("int32", "uint8", "int64", "bool"):
            yield case(f"_npi_{name}_scalar", of_type(rng, (2, 3), dtype), scalar=3, is_int=True)
    yield case("_npi_lcm_scalar", integers(rng, (2, 3), 1, 30), scalar=6, is_int=True)
    for choice in product(dtype=("float32", "int32", "uint8"), whole=(True, False)):
        for op in ("_plus_scalar", "_rminus_scalar", "_div_scalar", "_mul_scalar", "_greater_scalar", "_equal_scalar",
                   "_logical_and_scalar", "_maximum_scalar"):
            scalar = 2 if choice["whole"] else 2.5
            yield case(op, of_type(rng, (4,), choice["dtype"], 1), scalar=scalar, is_int=choice["whole"])


def selection(rng):
    for a, b in PAIRS:
        yield case("_npi_where", of_type(rng, (2, 3) if a == (2, 3) else a, "bool"), reals(rng, a), reals(rng, b))
    for dtype in ("int32", "float32", "uint8"):
        yield case("_npi_where", of_type(rng, (2, 1), dtype, -1, 2), integers(rng, (3,)), integers(rng, (2, 3)))
        yield case("_npi_where_lscalar", of_type(rng, (2, 1), dtype, -1, 2), reals(rng, (3,)), scalar=2.5)
        yield case("_npi_where_rscalar", of_type(rng, (2, 1), dtype, -1, 2), integers(rng, (3,)), scalar=3)
        yield case("_npi_where_scalar2", of_type(rng, (2, 1), dtype, -1, 2), x=1.5, y=-2)
    for low, high in ((-1, 1), (0, 6)):
        yield case("_npi_clip", reals(rng, (2, 3), -9, 9), a_min=low, a_max=high)
        yield case("_npi_clip", integers(rng, (), -9, 9), a_min=low, a_max=high)
    for dtype in ("float32", "int32", "uint8", "bool", "int8", "int64", "float16", "float64"):
        yield case("_npi_cast", reals(rng, (2, 3), 0, 9), dtype=dtype)
        yield case("_npx_cast", of_type(rng, (), dtype), dtype="float32")
        yield case("_npx_cast", of_type(rng, (3,), dtype), dtype="uint8")
    for shape, start in (((2, 3), 0), ((2,), 0), ((3, 4), 1)):
        mask = of_type(rng, shape, "bool")
        yield case("_npi_boolean_mask_assign_scalar", reals(rng, (2, 3, 4)), mask, value=7, start_axis=start,
                   in_place=True)
        yield case("_npi_boolean_mask_assign_tensor", reals(rng, (2, 3, 4)), mask, reals(rng, (1,)), start_axis=start,
                   in_place=True)

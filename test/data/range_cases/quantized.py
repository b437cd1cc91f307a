# SPDX-License-Identifier: Apache-2.0
"""Quantisation and layers on 8-bit integers, each with the range that it stands for."""
import numpy as np

from . import case, integers, product, reals


def bounds(*values):
    return [np.array([value], "float32") for value in values]


def cases(rng):
    for choice in product(out_type=("int8", "uint8", "auto"), calibrated=(None, (-1.0, 1.5), (0.0, 2.0))):
        limits = choice.pop("calibrated")
        if limits:
            choice.update(min_calib_range=limits[0], max_calib_range=limits[1])
        yield case("_contrib_quantize_v2", reals(rng, (4, 25), -2, 2), **choice)
        sums = rng.randint(-2**30, 2**30, (4, 25)).astype("int32")
        yield case("_contrib_requantize", sums, *bounds(-2.0, 1.5), **choice)
    for dtype in ("int8", "uint8"):
        yield case("_contrib_quantize", reals(rng, (4, 25), -2, 2), *bounds(-1.5, 2.0), out_type=dtype)
    for dtype, (low, high) in (("int8", (-127, 128)), ("uint8", (0, 256))):
        data = integers(rng, (3, 8), low, high, dtype)
        yield case("_contrib_dequantize", data, *bounds(-1.5, 2.0))
        yield case("_contrib_quantized_flatten", data.reshape(3, 2, 4), *bounds(-1.5, 2.0))
        yield from layers(rng, data, dtype)


def layers(rng, data, dtype):
    ranges = bounds(-1.5, 2.0)
    weight, bias = integers(rng, (5, 8), -127, 128, "int8"), integers(rng, (5,), -127, 128, "int8")
    yield case("_contrib_quantized_fully_connected", data, weight, *ranges, *bounds(-1.0, 0.75), num_hidden=5,
               no_bias=True)
    yield case("_contrib_quantized_fully_connected", data, weight, bias, *ranges, *bounds(-1.0, 0.75),
               *bounds(-0.5, 0.5), num_hidden=5)
    image = data.reshape(1, 2, 3, 4)
    for choice in product(pool_type=("max", "avg"), stride=((1, 1), (2, 2))):
        yield case("_contrib_quantized_pooling", image, *ranges, kernel=(2, 2), **choice)
    yield case("_contrib_quantized_pooling", image, *ranges, global_pool=True, pool_type="avg", kernel=(1, 1))
    for dim in (0, 1):
        yield case("_contrib_quantized_concat", data, data[::-1].copy(), *bounds(-1.5, 1.0, -2.0, 3.0), num_args=2,
                   dim=dim)
    yield case("_contrib_quantized_elemwise_add", data, data[::-1].copy(), *ranges, *bounds(-1.0, 3.0),
               min_calib_range=-2.0, max_calib_range=2.5)
    if dtype == "uint8":
        filters = integers(rng, (4, 2, 2, 2), -127, 128, "int8")
        yield case("_contrib_quantized_conv", image, filters, *ranges, *bounds(-1.0, 0.75), num_filter=4, kernel=(2, 2),
                   no_bias=True)
        yield case("_contrib_quantized_conv", image, filters, bias[:4].copy(), *ranges, *bounds(-1.0, 0.75),
                   *bounds(-0.5, 0.5), num_filter=4, kernel=(2, 2), stride=(2, 1), pad=(1, 0))
        return
    yield case("_contrib_quantized_act", data, *ranges, act_type="relu")
    yield case("_contrib_quantized_embedding", np.array([[0, 4], [1, 2]], "float32"), weight, *bounds(-1.0, 1.0),
               input_dim=5, output_dim=8)
    yield case("_contrib_quantized_elemwise_mul", data, data[::-1].copy(), *ranges, *bounds(-1.0, 3.0))
    yield case("_contrib_quantized_elemwise_mul", data, data[::-1].copy(), *ranges, *bounds(-1.0, 3.0),
               min_calib_range=-8.0, max_calib_range=7.0)
    yield case("_contrib_quantized_elemwise_mul", data, data[::-1].copy(), *ranges, *bounds(-1.0, 3.0),
               enable_float_output=True)

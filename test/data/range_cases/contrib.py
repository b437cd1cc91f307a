# SPDX-License-Identifier: Apache-2.0
"""Operators of no larger family, densities and images. MXNet has fft and count_sketch for GPUs only: numpy computes those."""
import numpy as np

from . import case, integers, product, reals


def cases(rng):
    for dtype in ("float32", "float64"):
        yield case("_contrib_quadratic", reals(rng, (2, 3), dtype=dtype), a=2.0, b=-1.0, c=0.5)
    yield from transforms(rng)
    yield from columns(rng)
    yield from whole_tensors(rng)
    yield from densities(rng)
    yield from images(rng)


def transforms(rng):
    for shape in ((3, 8), (1, 1), (2, 7), (2, 3, 6)):
        x = reals(rng, shape)
        spectrum = np.fft.fft(x)
        parts = np.stack([spectrum.real, spectrum.imag], axis=-1).reshape(*shape[:-1], -1).astype("float32")
        yield case("_contrib_fft", x, expected=[parts])
        yield case("_contrib_ifft", parts, expected=[x * shape[-1]])
    x, h, s = reals(rng, (2, 6)), rng.randint(0, 4, (1, 6)), rng.choice([-1.0, 1.0], (1, 6)).astype("float32")
    sketch = np.zeros((2, 4), "float32")
    np.add.at(sketch.T, h[0], (x * s).T)
    yield case("_contrib_count_sketch", x, h.astype("float32"), s, out_dim=4, expected=[sketch])


def columns(rng):
    for shape, window in (((2, 3, 5, 6), {"kernel": (3, 2)}), ((1, 2, 6, 5), {"kernel": (2, 2), "stride": (2, 2)}),
                          ((2, 1, 5, 5), {"kernel": (3, 3), "pad": (1, 1), "dilate": (2, 1)})):
        x = reals(rng, shape)
        yield case("im2col", x, **window)
        taps = int(np.prod(window["kernel"]))
        extents = [(size + 2 * pad - dilate * (kernel - 1) - 1) // stride + 1 for size, kernel, stride, dilate, pad in
                   zip(shape[2:], window["kernel"], window.get("stride", (1, 1)), window.get("dilate", (1, 1)),
                       window.get("pad", (0, 0)))]
        yield case("col2im", reals(rng, (shape[0], shape[1] * taps, int(np.prod(extents)))), output_size=shape[2:],
                   **window)


def whole_tensors(rng):
    yield case("_histogram", reals(rng, (3, 20)), bin_cnt=5, range=(-2.0, 2.0))
    yield case("_histogram", np.array([0.0, 1, 2, 2, 4, -1], "float32"), bin_cnt=4, range=(0.0, 2.0))
    yield case("_histogram", reals(rng, (20,)), np.array([-2.0, -0.5, 0.25, 2], "float32"))
    yield case("_histogram", integers(rng, (20,)), bin_cnt=3, range=(-4, 5))
    good, bad = reals(rng, (2, 3)), np.array([1, np.inf, 2], "float32")
    for data in (good, bad, np.array([np.nan], "float32")):
        yield case("all_finite", data)
        yield case("multi_all_finite", good, data, num_arrays=2)
    yield case("multi_sum_sq", good, reals(rng, (4,)), num_arrays=2)
    for change in (0, 1e-7, 0.5):
        yield case("_contrib_allclose", good, good + np.float32(change))
    yield case("_contrib_allclose", bad, bad)
    yield case("cast_storage", good, stype="default")
    # What MXNet only has for sparse tensors.
    for axis in (0, 1):
        yield case("_square_sum", good, axis=(axis,), expected=[np.square(good).sum(axis=axis)])
    kept = np.zeros((4, 3), "float32")
    rows = reals(rng, (4, 3))
    kept[[0, 3]] = rows[[0, 3]]
    yield case("_sparse_retain", rows, np.array([0, 3], "int64"), expected=[kept])
    yield case("_identity_with_attr_like_rhs", good, reals(rng, (2, 3)))
    yield case("_contrib_gradientmultiplier", good, scalar=0.5, is_int=False)
    yield case("_rnn_param_concat", reals(rng, (3,)), reals(rng, (5,)), num_args=2, dim=0)
    yield case("_zeros_without_dtype", shape=(2, 3), dtype=-1, expected=[np.zeros((2, 3), "float32")])


def densities(rng):
    for is_log in (False, True):
        for samples, shape in (((2, 3, 4), (2, 3)), ((5,), (1,)), ((2, 4), (2,))):
            if samples == (5,):
                samples = (1, 5)
            two = [reals(rng, shape, 0.5, 2), reals(rng, shape, 0.5, 2)]
            counts = integers(rng, samples, 0, 6, "float32")
            positive = reals(rng, samples, 0.5, 3)
            yield case("_random_pdf_uniform", reals(rng, samples, 0.5, 1), two[0] * 0, two[1] + 2, is_log=is_log)
            yield case("_random_pdf_normal", reals(rng, samples), *two, is_log=is_log)
            yield case("_random_pdf_gamma", positive, *two, is_log=is_log)
            yield case("_random_pdf_exponential", positive, two[0], is_log=is_log)
            yield case("_random_pdf_poisson", counts, two[0], is_log=is_log)
            yield case("_random_pdf_negative_binomial", counts, two[0] * 4, two[1] / 4, is_log=is_log)
            yield case("_random_pdf_generalized_negative_binomial", counts, *two, is_log=is_log)
        points = np.array([[[0.25, 0.5, 0.25], [0.125, 0.375, 0.5]]], "float32")
        yield case("_random_pdf_dirichlet", points, reals(rng, (1, 3), 0.5, 2), is_log=is_log)


def images(rng):
    byte = integers(rng, (4, 6, 3), 0, 256, "uint8")
    batch = integers(rng, (2, 3, 4, 3), 0, 256, "uint8")
    for image in (byte, batch, reals(rng, (4, 6, 3), 0, 255)):
        yield case("_image_to_tensor", image)
        yield case("_image_crop", image, x=1, y=0, width=2, height=3)
        if image.ndim == 3:
            yield case("_image_flip_left_right", image)
            yield case("_image_flip_top_bottom", image)
            yield case("_image_adjust_lighting", image, alpha=(0.5, -0.25, 1.0))
    for op in ("brightness", "contrast", "saturation"):
        for image in (byte, reals(rng, (4, 6, 3), 0, 255)):
            # A range of one factor, but for what rounding hides.
            yield case(f"_image_random_{op}", image, min_factor=1.5, max_factor=1.5000001)
    for choice in product(mean=((0.5,), (0.5, 0.25, 0.125)), std=((2.0,), (0.5, 1.0, 2.0))):
        yield case("_image_normalize", reals(rng, (3, 4, 5)), **choice)
        yield case("_image_normalize", reals(rng, (2, 3, 4, 5)), **choice)

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes small reference cases of single operators with MXNet 1.9.1: make_ops.py [NAME...]

Each function below returns a symbol and its inputs. The script writes
`ops/NAME/{model-symbol.json,io.npz}`, as the README describes. It needs MXNet
(build/peers/env/mxnet, which `./dev bench peers` makes), and runs by hand when a
case is added, never in the tests.
"""
import pathlib
import sys

import mxnet as mx
import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
S = mx.sym
CASES = []


def case(build):
    CASES.append(build)
    return build


def record(folder, symbol, inputs):
    """Runs `symbol` and writes the case's folder."""
    arguments = {name: mx.nd.array(value, dtype=value.dtype) for name, value in inputs.items()}
    executor = symbol.bind(mx.cpu(), arguments, grad_req="null")
    outputs = dict(zip(symbol.list_outputs(), executor.forward(is_train=False)))
    folder.mkdir(parents=True, exist_ok=True)
    symbol.save(str(folder / "model-symbol.json"))
    np.savez_compressed(folder / "io.npz", **{f"in:{name}": value for name, value in inputs.items()},
                        **{f"out:{name}": value.asnumpy() for name, value in outputs.items()})
    return {name: value.shape for name, value in outputs.items()}


def normal(random, *shape):
    return random.randn(*shape).astype(np.float32)


def corners(random, *shape, low=0.0, high=1.0, size=0.4):
    """Boxes (x1, y1, x2, y2)."""
    first = random.uniform(low, high - size / 2, (*shape, 2))
    return np.concatenate([first, first + random.uniform(size / 10, size, (*shape, 2))], -1).astype(np.float32)


def rois(random, count, images, extent):
    """Rows (image, x1, y1, x2, y2), some of them beyond the picture or empty; quarters, which float16 has."""
    boxes = np.round(4 * corners(random, count, low=-0.2 * extent, high=1.1 * extent, size=0.8 * extent)) / 4
    boxes[-1, 2:] = boxes[-1, :2] - 1
    return np.concatenate([random.randint(0, images, (count, 1)), boxes], -1).astype(np.float32)


def scored(random, batch, count, classes, ties=False):
    """Rows (class, score, x1, y1, x2, y2)."""
    labels = random.randint(-1, classes, (batch, count, 1))
    scores = random.rand(batch, count, 1)
    if ties:
        scores = np.round(scores * 8) / 8
    return np.concatenate([labels, scores, corners(random, batch, count)], -1).astype(np.float32)


# Sampling

@case
def BilinearSampler_border(random):
    """Points outside of the image, on its edges and far away."""
    grid = random.uniform(-1.6, 1.6, (2, 2, 5, 4))
    grid[0, 0, 0], grid[1, 1, 0, 0], grid[1, 0, 0, 1] = [-1, 1, 0, 1], 1e4, -1e4
    symbol = S.BilinearSampler(S.var("data"), S.var("grid"), name="sample")
    return symbol, {"data": normal(random, 2, 3, 6, 7), "grid": grid.astype(np.float32)}


@case
def GridGenerator_warp(random):
    symbol = S.GridGenerator(S.var("data"), transform_type="warp", name="grid")
    return symbol, {"data": 3 * normal(random, 2, 2, 5, 7)}


@case
def SpatialTransformer_enlarge(random):
    theta = np.float32([[1.1, 0.2, 0.1, -0.3, 0.9, 0.2], [0, -1, 0, 1, 0, 0]])
    symbol = S.SpatialTransformer(S.var("data"), S.var("loc"), target_shape=(9, 4), transform_type="affine",
                                  sampler_type="bilinear", name="transform")
    return symbol, {"data": normal(random, 2, 3, 5, 6), "loc": theta}


@case
def Correlation_multiply(random):
    symbol = S.Correlation(S.var("a"), S.var("b"), kernel_size=3, max_displacement=4, stride1=2, stride2=2, pad_size=4,
                           is_multiply=True, name="correlation")
    return symbol, {"a": normal(random, 2, 3, 9, 10), "b": normal(random, 2, 3, 9, 10)}


@case
def Correlation_difference(random):
    symbol = S.Correlation(S.var("a"), S.var("b"), kernel_size=1, max_displacement=3, stride1=1, stride2=2, pad_size=2,
                           is_multiply=False, name="correlation")
    return symbol, {"a": normal(random, 1, 4, 7, 8), "b": normal(random, 1, 4, 7, 8)}


def deformable(random, name, groups, deformable_groups, kernel, stride, pad, dilate, mask, bias, channels=4):
    filters, height, width = 6, 9, 8
    out = [(extent + 2 * p - d * (k - 1) - 1) // s + 1
           for extent, k, s, p, d in zip((height, width), kernel, stride, pad, dilate)]
    taps = kernel[0] * kernel[1]
    inputs = {"data": normal(random, 2, channels, height, width),
              # Not where a pixel begins or ends, in float16 too.
              "offset": np.round(8 * normal(random, 2, 2 * deformable_groups * taps, *out)) / 4 + np.float32(0.125),
              "weight": normal(random, filters, channels // groups, *kernel)}
    if mask:
        inputs["mask"] = random.rand(2, deformable_groups * taps, *out).astype(np.float32)
    if bias:
        inputs["bias"] = normal(random, filters)
    operator = S.contrib.ModulatedDeformableConvolution if mask else S.contrib.DeformableConvolution
    symbol = operator(**{key: S.var(key) for key in inputs}, kernel=kernel, stride=stride, pad=pad, dilate=dilate,
                      num_filter=filters, num_group=groups, num_deformable_group=deformable_groups, no_bias=not bias, name=name)
    return symbol, inputs


@case
def DeformableConvolution(random):
    return deformable(random, "conv", 2, 2, (3, 2), (2, 1), (1, 1), (1, 2), mask=False, bias=True)


@case
def DeformableConvolution_channels(random):
    return deformable(random, "conv", 1, 2, (2, 3), (1, 2), (1, 0), (2, 1), mask=False, bias=True, channels=16)


@case
def ModulatedDeformableConvolution(random):
    return deformable(random, "conv", 1, 2, (3, 3), (1, 2), (1, 2), (1, 1), mask=True, bias=False)


@case
def ModulatedDeformableConvolution_channels(random):
    return deformable(random, "conv", 1, 1, (3, 3), (2, 1), (1, 1), (1, 1), mask=True, bias=True, channels=10)


# Regions

def roi_align(random, **attributes):
    channels = attributes.pop("channels", 5)
    symbol = S.contrib.ROIAlign(S.var("data"), S.var("rois"), name="align", **attributes)
    boxes = rois(random, 7, 2, 32)
    if attributes.get("aligned"):
        boxes[-1, 3:] = boxes[-1, 1:3] + 3
    return symbol, {"data": normal(random, 2, channels, 9, 8), "rois": boxes}


@case
def ROIAlign_adaptive(random):
    return roi_align(random, pooled_size=(3, 2), spatial_scale=0.25, sample_ratio=-1)


@case
def ROIAlign_aligned(random):
    return roi_align(random, pooled_size=(2, 3), spatial_scale=0.25, sample_ratio=3, aligned=True, channels=17)


@case
def ROIAlign_parts(random):
    return roi_align(random, pooled_size=(2, 3), spatial_scale=0.2, sample_ratio=0, position_sensitive=True, channels=12)


@case
def ROIPooling_border(random):
    """Regions beyond the image, of no size, and of images that do not exist."""
    boxes = rois(random, 9, 2, 32)
    boxes[1, 0], boxes[2, 0] = -1, 2
    symbol = S.ROIPooling(S.var("data"), S.var("rois"), pooled_size=(3, 4), spatial_scale=0.3, name="pool")
    return symbol, {"data": normal(random, 2, 6, 11, 10), "rois": boxes}


@case
def PSROIPooling(random):
    symbol = S.contrib.PSROIPooling(S.var("data"), S.var("rois"), spatial_scale=0.25, output_dim=3, pooled_size=4, group_size=2,
                                    name="pool")
    return symbol, {"data": normal(random, 2, 12, 8, 9), "rois": rois(random, 6, 2, 32)}


@case
def DeformablePSROIPooling(random):
    symbol = S.contrib.DeformablePSROIPooling(
        S.var("data"), S.var("rois"), S.var("trans"), spatial_scale=0.25, output_dim=4, group_size=2, pooled_size=3, part_size=2,
        sample_per_part=2, trans_std=0.2, no_trans=False, name="pool")
    return symbol, {"data": normal(random, 2, 16, 8, 9), "rois": rois(random, 5, 2, 32), "trans": normal(random, 5, 4, 2, 2)}


# Boxes

@case
def box_iou_center(random):
    boxes = [np.concatenate([random.rand(*shape, 2), random.uniform(-0.1, 0.6, (*shape, 2))], -1).astype(np.float32)
             for shape in ((2, 3), (4,))]
    symbol = S.contrib.box_iou(S.var("lhs"), S.var("rhs"), format="center", name="iou")
    return symbol, dict(zip(("lhs", "rhs"), boxes))


@case
def box_encode(random):
    count, refs = 6, 4
    matches = random.randint(0, refs, (2, count)).astype(np.float32)
    samples = random.randint(-1, 2, (2, count)).astype(np.float32)
    inputs = {"samples": samples, "matches": matches, "anchors": corners(random, 2, count), "refs": corners(random, 2, refs),
              "means": np.float32([0, 0.1, 0, -0.1]), "stds": np.float32([0.1, 0.1, 0.2, 0.2])}
    return S.contrib.box_encode(**{key: S.var(key) for key in inputs}, name="encode"), inputs


@case
def box_decode_clip(random):
    symbol = S.contrib.box_decode(S.var("data"), S.var("anchors"), std0=0.1, std1=0.2, std2=0.3, std3=0.4, clip=0.3,
                                  format="corner", name="decode")
    return symbol, {"data": 2 * normal(random, 2, 5, 4), "anchors": corners(random, 1, 5)}


def box_nms(random, inputs=None, **attributes):
    symbol = S.contrib.box_nms(S.var("data"), name="nms", **attributes)
    return symbol, {"data": scored(random, 2, 20, 3) if inputs is None else inputs}


@case
def box_nms_classes(random):
    return box_nms(random, overlap_thresh=0.3, valid_thresh=0.1, topk=12, id_index=0, background_id=1)


@case
def box_nms_forced(random):
    """Equal scores, more boxes wanted than there are, and boxes written otherwise."""
    return box_nms(random, scored(random, 1, 70, 3, ties=True), overlap_thresh=0.2, topk=100, id_index=0, force_suppress=True,
                   out_format="center")


@case
def box_nms_center(random):
    """Columns in another order; no row of the second batch is valid."""
    boxes = np.concatenate([random.uniform(-0.1, 1, (3, 9, 2)), random.uniform(0.1, 0.6, (3, 9, 2)), random.rand(3, 9, 1),
                            random.rand(3, 9, 1)], -1).astype(np.float32)
    boxes[1, :, 5] = 0
    return box_nms(random, boxes, overlap_thresh=0.4, valid_thresh=0.2, coord_start=0, score_index=5, in_format="center")


@case
def bipartite_matching(random):
    symbol = S.contrib.bipartite_matching(S.var("data"), threshold=0.3, topk=2, name="match")
    return symbol, {"data": random.rand(2, 4, 5).astype(np.float32)}


@case
def bipartite_matching_ascend(random):
    symbol = S.contrib.bipartite_matching(S.var("data"), threshold=0.7, is_ascend=True, name="match")
    return symbol, {"data": (np.round(random.rand(6, 3) * 5) / 5).astype(np.float32)}


# Detectors

def detection(random, **attributes):
    count = 24
    scores = random.dirichlet([0.4] * 4, (2, count)).transpose(0, 2, 1).astype(np.float32)
    inputs = {"cls_prob": scores, "loc_pred": 2 * normal(random, 2, 4 * count), "anchor": corners(random, 1, count)}
    return S.contrib.MultiBoxDetection(**{key: S.var(key) for key in inputs}, name="detection", **attributes), inputs


@case
def MultiBoxDetection(random):
    return detection(random, threshold=0.3, nms_threshold=0.3)


@case
def MultiBoxDetection_topk(random):
    return detection(random, threshold=0.2, nms_threshold=0.2, nms_topk=7, force_suppress=True, clip=False)


@case
def MultiBoxDetection_unsuppressed(random):
    return detection(random, threshold=0.5, nms_threshold=0, variances=(0.2, 0.1, 0.3, 0.1))


def target(random, **attributes):
    count, labels = 30, 4
    truth = np.concatenate([random.randint(0, 3, (3, labels, 1)), corners(random, 3, labels), random.rand(3, labels, 1)], -1)
    truth[1, 2:], truth[2] = -1, -1
    inputs = {"anchor": corners(random, 1, count), "label": truth.astype(np.float32), "cls_pred": normal(random, 3, 4, count)}
    return S.contrib.MultiBoxTarget(**{key: S.var(key) for key in inputs}, name="target", **attributes), inputs


@case
def MultiBoxTarget(random):
    return target(random, overlap_threshold=0.3)


@case
def MultiBoxTarget_mining(random):
    return target(random, overlap_threshold=0.4, negative_mining_ratio=2, negative_mining_thresh=0.3, ignore_label=-2)


def proposal(random, operator, batch, **attributes):
    anchors, height, width = len(attributes["scales"]) * len(attributes["ratios"]), 5, 6
    info = np.tile(np.float32([[70, 90, 0.8]]), (batch, 1))
    info[-1, :2] = 64, 80
    # All scores of a picture differ, in float16 too.
    scores = np.stack([random.permutation(2 * anchors * height * width) for _ in range(batch)]) / 512
    inputs = {"cls_prob": scores.reshape(batch, 2 * anchors, height, width).astype(np.float32),
              "bbox_pred": 0.3 * normal(random, batch, 4 * anchors, height, width), "im_info": info}
    return operator(**{key: S.var(key) for key in inputs}, name="proposal", **attributes), inputs


@case
def Proposal(random):
    return proposal(random, S.contrib.Proposal, 1, scales=(1, 2), ratios=(0.5, 1, 2), rpn_pre_nms_top_n=60,
                    rpn_post_nms_top_n=20, threshold=0.6, rpn_min_size=12, feature_stride=16, output_score=True)


@case
def MultiProposal(random):
    """Fewer boxes are kept than wanted, which are repeated then."""
    return proposal(random, S.contrib.MultiProposal, 2, scales=(2, 4), ratios=(1, 1.5), rpn_pre_nms_top_n=0,
                    rpn_post_nms_top_n=40, threshold=0.3, rpn_min_size=8, feature_stride=16, iou_loss=True)


# Order

@case
def topk_mask(random):
    return S.topk(S.var("data"), k=3, axis=1, ret_typ="mask", is_ascend=True, name="topk"), {"data": normal(random, 2, 7, 3)}


@case
def sort_descending(random):
    """Longer than a block of anything, with equal elements."""
    return S.sort(S.var("data"), axis=0, is_ascend=False, name="sort"), {"data": np.round(normal(random, 5000, 2), 1)}


@case
def topk_value(random):
    return S.topk(S.var("data"), k=4, ret_typ="value", name="topk"), {"data": np.round(normal(random, 3, 40), 1)}


@case
def argsort_all(random):
    return S.argsort(S.var("data"), axis=None, dtype="int32", name="argsort"), {"data": normal(random, 3, 11)}


# Windows

@case
def UpSampling_concat(random):
    symbol = S.UpSampling(S.var("a"), S.var("b"), S.var("c"), scale=4, sample_type="nearest", num_args=3, name="up")
    return symbol, {"a": normal(random, 2, 2, 2, 3), "b": normal(random, 2, 3, 4, 6), "c": normal(random, 2, 1, 8, 12)}


@case
def UpSampling_bilinear(random):
    symbol = S.UpSampling(S.var("data"), S.var("weight"), scale=3, sample_type="bilinear", num_filter=3, num_args=2, name="up")
    return symbol, {"data": normal(random, 2, 3, 4, 5), "weight": normal(random, 3, 1, 5, 5)}


@case
def BilinearResize2D_odd(random):
    symbol = S.contrib.BilinearResize2D(S.var("data"), mode="odd_scale", scale_height=2, scale_width=0.5, name="resize")
    return symbol, {"data": normal(random, 2, 2, 5, 9)}


@case
def BilinearResize2D_half_pixel(random):
    symbol = S.contrib.BilinearResize2D(S.var("data"), height=3, width=11, align_corners=False, name="resize")
    return symbol, {"data": normal(random, 2, 2, 5, 6)}


@case
def AdaptiveAvgPooling2D_uneven(random):
    symbol = S.contrib.AdaptiveAvgPooling2D(S.var("data"), output_size=(3, 10), name="pool")
    return symbol, {"data": normal(random, 2, 3, 7, 6)}


@case
def Pooling_max_beyond(random):
    # The last windows begin behind the image: the least number, in a range that leaves the others their digits.
    pool = S.Pooling(S.relu(S.var("data")), kernel=(2, 1), stride=(4, 3), pool_type="max", pooling_convention="full", name="pool")
    return S.tanh(pool, name="tanh"), {"data": normal(random, 2, 3, 8, 11)}


@case
def Crop_center(random):
    symbol = S.Crop(S.var("data"), S.var("like"), num_args=2, center_crop=True, name="crop")
    return symbol, {"data": normal(random, 2, 3, 8, 9), "like": normal(random, 1, 1, 3, 4)}


def main():
    for build in CASES:
        name = build.__name__
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        with mx.name.NameManager():
            symbol, inputs = build(np.random.RandomState(7))
        print(name, record(HERE / "ops" / name, symbol, inputs))


if __name__ == "__main__":
    main()

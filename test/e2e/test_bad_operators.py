# SPDX-License-Identifier: Apache-2.0
"""Attributes and shapes that an operator can't have are refused with its name, the node's and what is wrong."""
import json

import pytest
from conftest import dlc

DATA, ROIS = (2, 4, 8, 9), (5, 5)
POOLED = {"pooled_size": "(2, 2)", "spatial_scale": "0.5"}
CONVOLUTION = {"kernel": "(3, 3)", "num_filter": "4", "no_bias": "True"}
CASES = {
    "target": ("GridGenerator", {"transform_type": "affine"}, [(2, 6)], "'target_shape' needs a positive height"),
    "matrix": ("GridGenerator", {"transform_type": "affine", "target_shape": "(4, 4)"}, [(2, 5)], "6 numbers for each image"),
    "flow": ("GridGenerator", {"transform_type": "warp"}, [(2, 3, 4, 4)], "needs a flow of the shape Nx2xHxW"),
    "grid": ("BilinearSampler", {}, [DATA, (2, 3, 4, 4)], "a grid of the shape Nx2xHxW"),
    "grid's batch": ("BilinearSampler", {}, [DATA, (3, 2, 4, 4)], "requires places in each image"),
    "transformer": ("SpatialTransformer", {"transform_type": "affine", "sampler_type": "nearest", "target_shape": "(4, 4)"},
                    [DATA, (2, 6)], "must be one of bilinear"),
    "offsets": ("_contrib_DeformableConvolution", CONVOLUTION, [DATA, (2, 17, 6, 7), (4, 4, 3, 3)],
                "needs offsets of the shape 2x18x6x7"),
    "mask": ("_contrib_ModulatedDeformableConvolution", CONVOLUTION, [DATA, (2, 18, 6, 7), (2, 8, 6, 7), (4, 4, 3, 3)],
             "needs a mask of the shape 2x9x6x7"),
    "kernel": ("_contrib_DeformableConvolution", {**CONVOLUTION, "kernel": "(3,)"}, [DATA, (2, 18, 6, 7), (4, 4, 3, 3)],
               "'kernel' needs two numbers"),
    "large kernel": ("_contrib_DeformableConvolution", {**CONVOLUTION, "dilate": "(4, 4)"},
                     [DATA, (2, 18, 6, 7), (4, 4, 3, 3)], "the kernel is larger than the padded data"),
    "even kernel": ("Correlation", {"kernel_size": "2"}, [DATA, DATA], "'kernel_size' is even"),
    "displacement": ("Correlation", {"max_displacement": "4"}, [DATA, DATA], "don't fit into 8 pixels"),
    "regions": ("ROIPooling", POOLED, [DATA, (5, 4)], "regions of the shape Rx5"),
    "scale": ("ROIPooling", {**POOLED, "spatial_scale": "2"}, [DATA, ROIS], "'spatial_scale' is not between 0 and 1"),
    "pooled size": ("_contrib_ROIAlign", {**POOLED, "pooled_size": "(2, 2, 2)"}, [DATA, ROIS], "'pooled_size' needs a height"),
    "parts": ("_contrib_ROIAlign", {**POOLED, "pooled_size": "(3, 1)", "position_sensitive": "True"}, [DATA, ROIS],
              "requires a multiple of 3 channels"),
    "groups": ("_contrib_PSROIPooling", {"spatial_scale": "1", "output_dim": "2", "pooled_size": "2"}, [DATA, ROIS],
               "output_dim x group_size^2 channels"),
    "shifts": ("_contrib_DeformablePSROIPooling",
               {"spatial_scale": "1", "output_dim": "1", "pooled_size": "2", "group_size": "2"},
               [DATA, ROIS, (5, 2, 3, 3)], "needs shifts of the shape"),
    "boxes": ("_contrib_box_iou", {}, [(3, 4), (3, 5)], "needs rhs whose last dimension is 4"),
    "matches": ("_contrib_box_encode", {}, [(2, 6), (2, 5), (2, 6, 4), (2, 3, 4), (4,), (4,)], "samples and matches BxN"),
    "anchors": ("_contrib_box_decode", {}, [(2, 6, 4), (1, 5, 4)], "needs an anchor for each box"),
    "columns": ("_contrib_box_nms", {"coord_start": "1", "score_index": "2"}, [(2, 6, 6)], "'coord_start', 'score_index'"),
    "no column": ("_contrib_box_nms", {"id_index": "6"}, [(2, 6, 6)], "different ones of 6 numbers"),
    "vector": ("_contrib_bipartite_matching", {"threshold": "0.5"}, [(6,)], "needs a matrix of scores"),
    "no threshold": ("_contrib_bipartite_matching", {}, [(6, 5)], "threshold"),
    "variances": ("_contrib_MultiBoxDetection", {"variances": "(0.1, 0.1)"}, [(2, 3, 5), (2, 20), (1, 5, 4)],
                  "'variances' has 2 numbers instead of four"),
    "locations": ("_contrib_MultiBoxDetection", {}, [(2, 3, 5), (2, 19), (1, 5, 4)], "locations Bx4N"),
    "one class": ("_contrib_MultiBoxDetection", {}, [(2, 1, 5), (2, 20), (1, 5, 4)], "at least two classes"),
    "labels": ("_contrib_MultiBoxTarget", {}, [(1, 5, 4), (2, 3, 4), (2, 3, 5)], "labels BxLxW of at least five"),
    "two pictures": ("_contrib_Proposal", {"scales": "(2,)", "ratios": "(1,)"}, [(2, 2, 4, 4), (2, 4, 4, 4), (2, 3)], "B = 1"),
    "scales": ("_contrib_MultiProposal", {"scales": "(2, 4)", "ratios": "(1,)"}, [(2, 2, 4, 4), (2, 4, 4, 4), (2, 3)], "A = 2"),
    "one scale": ("_contrib_BilinearResize2D", {"scale_height": "2"}, [DATA], "both attributes 'scale_height' and 'scale_width'"),
    "up-sampling": ("UpSampling", {"scale": "2", "sample_type": "nearest", "num_args": "2"}, [DATA, (2, 4, 8, 5)],
                    "can't repeat the pixels of 2x4x8x5 to 16x18"),
    "crop": ("Crop", {"num_args": "1", "h_w": "(9, 9)"}, [DATA], "can't crop 2x4x8x9 to 9x9"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_is_refused(case, tmp_path):
    operator, attributes, shapes, what = case
    count = len(shapes)
    nodes = [{"op": "null", "name": f"x{i}", "inputs": []} for i in range(count)]
    nodes.append({"op": operator, "name": "culprit", "attrs": attributes, "inputs": [[i, 0, 0] for i in range(count)]})
    symbol = {"nodes": nodes, "arg_nodes": list(range(count)), "heads": [[count, 0, 0]],
              "attrs": {"mxnet_version": ["int", 10901]}}
    (tmp_path / "model.json").write_text(json.dumps(symbol))
    flags = [f"--input=x{i}={'x'.join(map(str, shape))}" for i, shape in enumerate(shapes)]
    run = dlc("compile", tmp_path / "model.json", *flags, "-o", tmp_path / "model.so", status=3)
    assert f"node 'culprit' ({operator}): " in run.stderr and what in run.stderr, run.stderr
    assert len(run.stderr.splitlines()) == 1, run.stderr
    assert not (tmp_path / "model.so").exists()

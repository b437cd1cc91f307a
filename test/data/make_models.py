#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes small reference models with MXNet 1.9.1: make_models.py [NAME...]

Each function below builds a symbol in the manner of one family of networks.
The script writes `models/NAME/{model-symbol.json,params.json,io.npz}`, as its
README describes. It needs MXNet (build/peers/env/mxnet, which `./dev bench
peers` makes), and runs by hand when a model is added, never in the tests.
"""
import json
import pathlib
import sys

import mxnet as mx
import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
from params import tensor  # noqa: E402 (the tests make the same weights)

SEED = 7
S = mx.sym


def conv(x, name, filters, kernel, stride=(1, 1), pad=None, **attributes):
    pad = tuple(k // 2 for k in kernel) if pad is None else pad
    return S.Convolution(x, name=name, num_filter=filters, kernel=kernel, stride=stride, pad=pad, **attributes)


def bn_relu(x, name):
    return S.Activation(S.BatchNorm(x, name=f"{name}_bn", fix_gamma=False, eps=1e-5), act_type="relu", name=f"{name}_relu")


def conv_bn_relu(x, name, *arguments, **attributes):
    return bn_relu(conv(x, name, *arguments, no_bias=True, **attributes), name)


def global_pool(x, name="pool"):
    return S.Flatten(S.Pooling(x, global_pool=True, pool_type="avg", kernel=(1, 1), name=name))


def dense_net():
    """DenseNet: batch norm before each convolution, growing concatenations, average-pooled transitions."""
    x = S.Pooling(conv_bn_relu(S.var("data"), "stem", 16, (7, 7), (2, 2)), kernel=(3, 3), stride=(2, 2), pad=(1, 1),
                  pool_type="max")
    for block in range(2):
        for layer in range(3):
            name = f"block{block}_layer{layer}"
            y = conv(bn_relu(x, f"{name}_a"), f"{name}_squeeze", 24, (1, 1), no_bias=True)
            y = conv(bn_relu(y, f"{name}_b"), f"{name}_grow", 12, (3, 3), no_bias=True)
            x = S.Concat(x, S.Dropout(y, p=0.2), dim=1, name=f"{name}_concat")
        if block == 0:
            x = conv(bn_relu(x, "transition"), "transition_conv", 26, (1, 1), no_bias=True)
            x = S.Pooling(x, kernel=(2, 2), stride=(2, 2), pool_type="avg")
    x = global_pool(bn_relu(x, "final"))
    return S.FullyConnected(x, num_hidden=10, name="output"), {"data": (2, 3, 64, 64)}


def inception():
    """Inception: parallel branches, factorised 1x7 and 7x1 filters, average pooling that excludes its padding."""
    x = conv_bn_relu(S.var("data"), "stem0", 16, (3, 3), (2, 2), (0, 0))
    x = S.Pooling(x, kernel=(3, 3), stride=(2, 2), pool_type="max", pooling_convention="full")
    for block in ("mixed0", "mixed1"):
        pooled = S.Pooling(x, kernel=(3, 3), stride=(1, 1), pad=(1, 1), pool_type="avg", count_include_pad=False)
        tower = conv_bn_relu(x, f"{block}_double0", 12, (1, 1))
        tower = conv_bn_relu(tower, f"{block}_double1", 14, (1, 7))
        tower = conv_bn_relu(tower, f"{block}_double2", 20, (7, 1))
        x = S.Concat(conv_bn_relu(x, f"{block}_1x1", 16, (1, 1)),
                     conv_bn_relu(conv_bn_relu(x, f"{block}_5x5_reduce", 9, (1, 1)), f"{block}_5x5", 12, (5, 5)),
                     tower, conv_bn_relu(pooled, f"{block}_pool", 8, (1, 1)), dim=1, name=f"{block}_concat")
    x = S.Concat(conv_bn_relu(x, "reduce_3x3", 24, (3, 3), (2, 2), (0, 0)),
                 S.Pooling(x, kernel=(3, 3), stride=(2, 2), pool_type="max"), dim=1)
    x = S.Pooling(x, kernel=(7, 7), pool_type="avg", global_pool=True)
    x = S.FullyConnected(S.Dropout(S.Flatten(x)), num_hidden=10, name="output")
    return S.SoftmaxOutput(x, name="softmax"), {"data": (1, 3, 75, 75)}


def residual_v2():
    """Pre-activation residual units with grouped convolutions and squeeze-and-excitation gates."""
    x = S.BatchNorm(S.var("data"), fix_gamma=True, eps=2e-5, name="data_bn")
    x = conv(x, "stem", 16, (3, 3), no_bias=True)
    for unit, (filters, stride) in enumerate([(16, 1), (32, 2), (32, 1), (64, 2)]):
        name = f"unit{unit}"
        y = bn_relu(x, f"{name}_a")
        shortcut = x if stride == 1 and unit != 1 else conv(y, f"{name}_project", filters, (1, 1), (stride, stride),
                                                            (0, 0), no_bias=True)
        y = bn_relu(conv(y, f"{name}_conv0", filters, (1, 1), no_bias=True), f"{name}_b")
        y = bn_relu(conv(y, f"{name}_conv1", filters, (3, 3), (stride, stride), no_bias=True, num_group=4), f"{name}_c")
        y = conv(y, f"{name}_conv2", filters, (1, 1), no_bias=True)
        gate = S.FullyConnected(global_pool(y, f"{name}_gate_pool"), num_hidden=filters // 4, name=f"{name}_gate0")
        gate = S.FullyConnected(S.Activation(gate, act_type="relu"), num_hidden=filters, name=f"{name}_gate1")
        gate = S.Reshape(S.sigmoid(gate), shape=(-1, filters, 1, 1))
        x = S.broadcast_mul(y, gate) + shortcut
    x = global_pool(bn_relu(x, "final"))
    return S.SoftmaxOutput(S.FullyConnected(x, num_hidden=10, name="output"), name="softmax"), {"data": (2, 3, 32, 32)}


def residual_v1():
    """Bottleneck units whose first 1 x 1 convolution, and the projection beside it, skip positions."""
    x = conv_bn_relu(S.var("data"), "stem", 16, (3, 3))
    for unit, (filters, stride) in enumerate([(32, 1), (32, 1), (48, 2), (48, 1), (64, 3)]):
        name = f"unit{unit}"
        y = conv_bn_relu(x, f"{name}_a", 16, (1, 1), (stride, stride))
        y = conv_bn_relu(y, f"{name}_b", 16, (3, 3))
        y = S.BatchNorm(conv(y, f"{name}_c", filters, (1, 1), no_bias=True), fix_gamma=False, name=f"{name}_c_bn")
        if unit in (0, 2, 4):
            x = conv(x, f"{name}_project", filters, (1, 1), (stride, stride), no_bias=True)
            x = S.BatchNorm(x, fix_gamma=False, name=f"{name}_project_bn")
        x = S.Activation(x + y, act_type="relu", name=f"{name}_relu")
    return S.FullyConnected(global_pool(x), num_hidden=10, name="output"), {"data": (2, 3, 31, 32)}


def leaky(x, name, *arguments, **attributes):
    x = S.BatchNorm(conv(x, name, *arguments, no_bias=True, **attributes), fix_gamma=False, name=f"{name}_bn")
    return S.LeakyReLU(x, act_type="leaky", slope=0.1)


def detector():
    """A one-stage detector: heads on two scales joined by up-sampling, boxes decoded from a grid of offsets."""
    small = leaky(leaky(S.var("data"), "c0", 16, (3, 3), (2, 2)), "c1", 32, (3, 3), (2, 2))
    large = leaky(leaky(small, "c2", 64, (3, 3), (2, 2)), "c3", 32, (1, 1))
    up = S.UpSampling(leaky(large, "route", 16, (1, 1)), scale=2, sample_type="nearest", num_args=1)
    normed = S.L2Normalization(small, mode="channel", name="l2")
    scale = S.var("l2_gamma", shape=(1, 32, 1, 1))
    fine = leaky(S.Concat(up, S.broadcast_mul(normed, scale), dim=1), "c4", 32, (3, 3))
    scores, boxes = [], []
    for level, (x, size) in enumerate([(large, 8), (fine, 16)]):
        x = conv(x, f"head{level}", 3 * 9, (1, 1))
        x = S.Reshape(S.transpose(x, axes=(0, 2, 3, 1)), shape=(0, -1, 9), name=f"head{level}_flat")
        centre = S.sigmoid(S.slice_axis(x, axis=-1, begin=0, end=2))
        grid = S.Reshape(S.arange(0, size * size * 3), shape=(1, -1, 1))
        column = S.floor(grid / 3.0) - S.floor(grid / (3.0 * size)) * size
        centre = S.broadcast_add(centre, column) * (1.0 / size)
        extent = S.exp(S.clip(S.slice_axis(x, axis=-1, begin=2, end=4), -4.0, 4.0))
        half = extent / 2
        boxes.append(S.Concat(centre - half, centre + half, dim=-1))
        objectness = S.sigmoid(S.slice_axis(x, axis=-1, begin=4, end=5))
        scores.append(S.broadcast_mul(S.softmax(S.slice_axis(x, axis=-1, begin=5, end=None), axis=-1), objectness))
    scores, boxes = S.Concat(*scores, dim=1, name="scores"), S.Concat(*boxes, dim=1, name="boxes")
    best = S.max(scores, axis=-1, name="best")
    return S.Group([boxes, scores, best]), {"data": (1, 3, 64, 64)}


def ssd():
    """A single-shot detector: anchors, classes and locations on two scales, decoded and suppressed."""
    small = conv_bn_relu(conv_bn_relu(S.var("data"), "c0", 16, (3, 3), (2, 2)), "c1", 24, (3, 3), (2, 2))
    large = conv_bn_relu(small, "c2", 40, (3, 3), (2, 2))
    classes, locations, anchors = [], [], []
    for level, (x, sizes) in enumerate([(small, (0.1, 0.14)), (large, (0.3, 0.4, 0.5))]):
        count = len(sizes) + 1
        for parts, kind, depth in ((classes, "class", 5), (locations, "location", 4)):
            y = S.transpose(conv(x, f"{kind}{level}", count * depth, (3, 3)), axes=(0, 2, 3, 1))
            parts.append(S.Flatten(y))
        anchors.append(S.contrib.MultiBoxPrior(x, sizes=sizes, ratios=(1, 2), clip=True, name=f"anchors{level}"))
    scores = S.transpose(S.Reshape(S.Concat(*classes, dim=1), shape=(0, -1, 5)), axes=(0, 2, 1))
    scores = S.softmax(scores, axis=1, name="scores")
    detections = S.contrib.MultiBoxDetection(scores, S.Concat(*locations, dim=1), S.Concat(*anchors, dim=1), threshold=0.21,
                                             nms_threshold=0.4, nms_topk=50, name="detection")
    return detections, {"data": (2, 3, 64, 64)}


def rcnn():
    """A two-stage detector: proposals from anchors, their features aligned and classified, one class decoded."""
    x = conv_bn_relu(conv_bn_relu(S.var("data"), "c0", 16, (3, 3), (2, 2)), "c1", 32, (3, 3), (2, 2))
    anchors, stride = 6, 4
    y = S.relu(conv(x, "rpn", 32, (3, 3)))
    objects = S.softmax(S.Reshape(conv(y, "rpn_class", 2 * anchors, (1, 1)), shape=(0, 2, -1, 0)), axis=1)
    objects = S.Reshape(objects, shape=(0, 2 * anchors, -1, 0))
    size = S.Concat(S.full((1, 2), 64), S.ones((1, 1)), dim=1)
    boxes = S.contrib.Proposal(objects, conv(y, "rpn_box", 4 * anchors, (1, 1)) * 0.1, size, scales=(2, 4), ratios=(0.5, 1, 2),
                               feature_stride=stride, rpn_pre_nms_top_n=200, rpn_post_nms_top_n=20, rpn_min_size=4,
                               threshold=0.5, name="proposal")
    aligned = S.contrib.ROIAlign(x, boxes, pooled_size=(5, 5), spatial_scale=1 / stride, sample_ratio=2, name="align")
    pooled = S.ROIPooling(x, boxes, pooled_size=(3, 3), spatial_scale=1 / stride, name="pool")
    z = S.Concat(S.Flatten(aligned), S.Flatten(pooled), dim=1)
    z = S.relu(S.FullyConnected(z, num_hidden=48, name="fc"))
    scores = S.softmax(S.FullyConnected(z, num_hidden=4, name="class"))
    moves = S.Reshape(S.FullyConnected(z, num_hidden=4, name="box") * 0.1, shape=(1, -1, 4))
    corners = S.expand_dims(S.slice_axis(boxes, axis=1, begin=1, end=5), axis=0)
    decoded = S.contrib.box_decode(moves, corners, std0=0.1, std1=0.1, std2=0.2, std3=0.2, format="corner", name="decode")
    best = S.expand_dims(S.expand_dims(S.slice_axis(scores, axis=1, begin=1, end=2), axis=0), axis=-1)
    rows = S.Concat(S.Reshape(best, shape=(1, -1, 1)), decoded, dim=2)
    kept = S.contrib.box_nms(rows, overlap_thresh=0.3, coord_start=1, score_index=0, topk=15, name="nms")
    return S.Group([boxes, scores, kept]), {"data": (1, 3, 64, 64)}


def segmenter():
    """FCN: dilated convolutions, score maps from two depths, transposed convolutions, cropping."""
    x = S.var("data")
    half = S.Pooling(S.relu(conv(x, "c0", 12, (3, 3))), kernel=(2, 2), stride=(2, 2), pool_type="max")
    quarter = S.Pooling(S.relu(conv(half, "c1", 20, (3, 3))), kernel=(2, 2), stride=(2, 2), pool_type="max",
                        pooling_convention="full")
    deep = S.relu(conv(quarter, "c2", 20, (3, 3), pad=(2, 2), dilate=(2, 2)))
    score = S.Deconvolution(conv(deep, "score_deep", 5, (1, 1)), num_filter=5, kernel=(4, 4), stride=(2, 2),
                            name="up0")
    skip = conv(half, "score_skip", 5, (1, 1))
    joined = S.Crop(score, skip, num_args=2, offset=(1, 1), name="crop0") + skip
    up = S.Deconvolution(joined, num_filter=5, kernel=(4, 4), stride=(2, 2), pad=(1, 1), num_group=5, no_bias=True,
                         name="up1")
    up = S.slice_like(S.Pad(up, mode="edge", pad_width=(0, 0, 0, 0, 0, 2, 0, 2)), x, axes=(2, 3))
    return S.SoftmaxOutput(up, multi_output=True, name="softmax"), {"data": (1, 3, 45, 53)}


def lstm_cells():
    """A language model of cells unrolled step by step, as mx.rnn writes it."""
    steps = 6
    data = S.Embedding(S.var("data"), input_dim=50, output_dim=24, name="embed")
    stack = mx.rnn.SequentialRNNCell()
    stack.add(mx.rnn.LSTMCell(32, prefix="lstm_"))
    stack.add(mx.rnn.ResidualCell(mx.rnn.GRUCell(32, prefix="gru_")))
    outputs, _ = stack.unroll(steps, inputs=data, begin_state=[
        S.var("lstm_h"), S.var("lstm_c"), S.var("gru_h")], layout="NTC", merge_outputs=True)
    logits = S.FullyConnected(S.Reshape(outputs, shape=(-1, 32)), num_hidden=50, name="output")
    return S.SoftmaxOutput(logits, name="softmax"), {
        "data": (3, steps), "lstm_h": (3, 32), "lstm_c": (3, 32), "gru_h": (3, 32)}


def tagger():
    """A bidirectional fused GRU over sequences of several lengths, summarised in three ways."""
    length, states = S.var("valid_length"), S.var("state")
    x = S.Embedding(S.var("data"), input_dim=60, output_dim=20, name="embed")
    x = S.RNN(S.swapaxes(x, dim1=0, dim2=1), S.var("gru_parameters"), states, mode="gru", state_size=16, num_layers=2,
              bidirectional=True, name="gru")
    masked = S.SequenceMask(x, length, use_sequence_length=True, value=-1e4)
    mean = S.broadcast_div(S.sum(S.SequenceMask(x, length, use_sequence_length=True), axis=0),
                           S.expand_dims(length, axis=1))
    last = S.SequenceLast(x, length, use_sequence_length=True)
    features = S.Concat(S.max(masked, axis=0), mean, last, dim=-1)
    tags = S.log_softmax(S.FullyConnected(x, num_hidden=7, flatten=False, name="tag"), axis=-1)
    return S.Group([tags, S.FullyConnected(S.tanh(features), num_hidden=3, name="output")]), {
        "data": (3, 9), "valid_length": (3,), "state": (4, 3, 16)}


def split_heads(x, heads):
    x = S.Reshape(x, shape=(0, 0, -4, heads, -1))
    return S.Reshape(S.transpose(x, axes=(0, 2, 1, 3)), shape=(-1, 0, 0), reverse=True)


def attention(name, query, memory, mask, units, heads):
    q, k, v = (split_heads(S.FullyConnected(x, num_hidden=units, flatten=False, name=f"{name}_{part}"), heads)
               for part, x in (("query", query), ("key", memory), ("value", memory)))
    scores = S.batch_dot(q, k, transpose_b=True) / np.sqrt(units // heads)
    if mask is not None:
        scores = S.where(S.broadcast_like(mask, scores), scores, S.ones_like(scores) * -1e9)
    mixed = S.batch_dot(S.softmax(scores, axis=-1), v)
    mixed = S.Reshape(S.transpose(S.Reshape(mixed, shape=(-1, heads, 0, 0), reverse=True), axes=(0, 2, 1, 3)),
                      shape=(0, 0, -1))
    return S.FullyConnected(mixed, num_hidden=units, flatten=False, name=f"{name}_out")


def translator():
    """An encoder and a decoder of attention layers, with a causal mask and cross-attention."""
    units, heads, length = 32, 4, 7
    source = S.Embedding(S.var("source"), input_dim=40, output_dim=units, name="source_embed") * np.sqrt(units)
    x = S.broadcast_add(source, S.expand_dims(S.var("position_embed", shape=(length, units)), axis=0))
    x = S.LayerNorm(x + attention("encoder", x, x, None, units, heads), name="encoder_ln0")
    y = S.LeakyReLU(S.FullyConnected(x, num_hidden=64, flatten=False, name="encoder_ffn0"), act_type="gelu")
    memory = S.LayerNorm(x + S.FullyConnected(y, num_hidden=units, flatten=False, name="encoder_ffn1"), name="encoder_ln1")
    steps = S.arange(0, length)
    causal = S.broadcast_greater_equal(S.Reshape(steps, shape=(1, -1, 1)), S.Reshape(steps, shape=(1, 1, -1)))
    y = S.Embedding(S.var("target"), input_dim=40, output_dim=units, name="target_embed")
    y = S.LayerNorm(y + attention("decoder_self", y, y, causal, units, heads), name="decoder_ln0")
    y = S.LayerNorm(y + attention("decoder_cross", y, memory, None, units, heads), name="decoder_ln1")
    y = S.FullyConnected(y, num_hidden=40, flatten=False, name="output")
    return S.softmax(y, axis=-1, temperature=1.5), {"source": (2, length), "target": (2, length)}


def recommender():
    """A factorisation machine and a deep tower over sparse fields, and a two-tower similarity."""
    count, dim = 5, 8
    fields = S.var("fields")
    embedded = S.Embedding(fields, input_dim=100, output_dim=dim, name="field_embed")
    linear = S.sum(S.Embedding(fields, input_dim=100, output_dim=1, name="linear_embed"), axis=(1, 2))
    pairs = 0.5 * S.sum(S.square(S.sum(embedded, axis=1)) - S.sum(S.square(embedded), axis=1), axis=1)
    deep = S.Concat(S.Flatten(embedded), S.log(S.var("dense") + 1.0), dim=1)
    for layer, width in enumerate((32, 16)):
        deep = S.relu(S.FullyConnected(deep, num_hidden=width, name=f"deep{layer}"))
    deep = S.Reshape(S.FullyConnected(deep, num_hidden=1, name="deep_out"), shape=(-1,))
    click = S.LogisticRegressionOutput(S.Reshape(linear + pairs + deep, shape=(-1, 1)), name="click")
    user = S.L2Normalization(S.FullyConnected(S.Flatten(embedded), num_hidden=12, no_bias=True, name="user"))
    items = S.L2Normalization(S.take(S.var("item_embed_weight", shape=(30, 12)), S.var("candidates")))
    similarity = S.dot(user, items, transpose_b=True, name="similarity")
    return S.Group([click, similarity]), {"fields": (4, count), "dense": (4, 3), "candidates": (11,)}


MODELS = [dense_net, inception, residual_v1, residual_v2, detector, ssd, rcnn, segmenter, lstm_cells, tagger, translator,
          recommender]

# Inputs that are indices or lengths: their exclusive upper limit.
INTEGERS = {"lstm_cells": {"data": 50}, "tagger": {"data": 60, "valid_length": 9},
            "translator": {"source": 40, "target": 40}, "recommender": {"fields": 100, "candidates": 30}}


def input_values(model, name, shape, random):
    limit = INTEGERS.get(model, {}).get(name)
    if limit:
        return random.randint(1, limit, shape).astype(np.float32)
    return random.rand(*shape).astype(np.float32)


def make(build):
    """Runs the model of `build` and writes its folder."""
    name = build.__name__
    with mx.name.NameManager():
        symbol, shapes = build()
    random = np.random.RandomState(SEED)
    inputs = {key: input_values(name, key, shape, random) for key, shape in shapes.items()}
    executor = symbol.simple_bind(mx.cpu(), grad_req="null", **shapes)
    params = {}
    for kind, places in (("arg", executor.arg_dict), ("aux", executor.aux_dict)):
        for key, place in places.items():
            if key in inputs:
                place[:] = inputs[key]
            elif not key.endswith("_label"):
                params[f"{kind}:{key}"] = place.shape
                place[:] = tensor(key, place.shape, SEED)
    outputs = dict(zip(symbol.list_outputs(), executor.forward(is_train=False)))

    folder = HERE / "models" / name
    folder.mkdir(parents=True, exist_ok=True)
    symbol.save(str(folder / "model-symbol.json"))
    np.savez_compressed(folder / "io.npz", **{f"in:{key}": value for key, value in inputs.items()},
                        **{f"out:{key}": value.asnumpy() for key, value in outputs.items()})
    write_table(folder / "params.json", shapes, list(outputs), params)
    print(name, {key: value.shape for key, value in outputs.items()})


def write_table(path, inputs, outputs, params):
    """params.json, a line a tensor."""
    def rows(table):
        return ",\n".join(f"    {json.dumps(key)}: {json.dumps(shape)}" for key, shape in table.items())
    path.write_text(f'{{\n  "seed": {SEED},\n  "inputs": {{\n{rows(inputs)}\n  }},\n'
                    f'  "outputs": {json.dumps(outputs)},\n  "params": {{\n{rows(params)}\n  }}\n}}\n')


def main():
    for build in MODELS:
        if not sys.argv[1:] or build.__name__ in sys.argv[1:]:
            make(build)


if __name__ == "__main__":
    main()

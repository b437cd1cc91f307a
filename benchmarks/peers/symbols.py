# SPDX-License-Identifier: Apache-2.0
"""The benchmark's own models as MXNet symbols: each function gives `(symbol, shapes of the inputs)`."""
import mxnet as mx

S = mx.sym
VOCABULARY = 1000


def gemm(rows, columns, depth):
    """One product with constant weights, `columns x depth`."""
    product = S.FullyConnected(S.var("data"), num_hidden=columns, no_bias=True, name="fc")
    return product, {"data": (rows, depth)}


def encoder(layers, units, length):
    """A BERT encoder in GluonNLP's manner: attention with interleaved projections, time before batch."""
    heads = units // 64

    def norm(x, name):
        return S.LayerNorm(x, eps=1e-12, name=name)

    def dense(x, width, name):
        return S.FullyConnected(x, num_hidden=width, flatten=False, name=name)

    x = S.Embedding(S.var("data"), input_dim=VOCABULARY, output_dim=units, name="word_embed")
    position = S.var("position_embed_weight", shape=(length, units))
    x = norm(S.broadcast_add(x, S.expand_dims(position, axis=0)), "embed_ln")
    x = S.transpose(x, axes=(1, 0, 2))
    for layer in range(layers):
        name = f"layer{layer}"
        projected = dense(x, 3 * units, f"{name}_qkv")
        scores = S.softmax(S.contrib.interleaved_matmul_selfatt_qk(projected, heads=heads), axis=-1)
        mixed = S.contrib.interleaved_matmul_selfatt_valatt(projected, scores, heads=heads)
        x = norm(x + dense(mixed, units, f"{name}_proj"), f"{name}_ln1")
        hidden = S.LeakyReLU(dense(x, 4 * units, f"{name}_ffn1"), act_type="gelu")
        x = norm(x + dense(hidden, units, f"{name}_ffn2"), f"{name}_ln2")
    return S.transpose(x, axes=(1, 0, 2), name="encoded"), {"data": (1, length)}

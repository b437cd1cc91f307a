# SPDX-License-Identifier: Apache-2.0
"""Random operators: the generator is Philox, distributions have their moments, and the seed decides everything."""
import ctypes
import json

import numpy as np
import pytest
from conftest import BUILD, dlc, model_named, on_device

COUNT = 40000


def philox(seed, call, node, count):
    """Four 32-bit words for each index, by the published algorithm."""
    mask = np.uint64(0xFFFFFFFF)
    counter = [np.arange(count, dtype=np.uint64), np.full(count, call, np.uint64), np.full(count, node, np.uint64),
               np.zeros(count, np.uint64)]
    keys = [np.uint64(seed & 0xFFFFFFFF), np.uint64(seed >> 32)]
    for _ in range(10):
        first, second = counter[0] * np.uint64(0xD2511F53), counter[2] * np.uint64(0xCD9E8D57)
        counter = [(second >> np.uint64(32)) ^ counter[1] ^ keys[0], second & mask,
                   (first >> np.uint64(32)) ^ counter[3] ^ keys[1], first & mask]
        keys = [(keys[0] + np.uint64(0x9E3779B9)) & mask, (keys[1] + np.uint64(0xBB67AE85)) & mask]
    return counter


def test_reference_has_the_published_answer():
    words = [int(word[0]) for word in philox(0, 0, 0, 1)]
    assert words == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]


class Model:
    """A symbol of random nodes that is compiled once."""

    def __init__(self, folder, cases, numpy_shapes=False, target="cpu"):
        self.folder, nodes, self.inputs = folder, [], {}
        heads = []
        for number, (op, attributes, *inputs) in enumerate(cases):
            entries = []
            for i, array in enumerate(inputs):
                entries.append([len(nodes), 0, 0])
                nodes.append({"op": "null", "name": f"c{number}_in{i}", "inputs": []})
                self.inputs[f"c{number}_in{i}"] = np.array(array, getattr(array, "dtype", "float32"))
            nodes.append({"op": op, "name": f"c{number}", "inputs": entries,
                          "attrs": {key: str(value) for key, value in attributes.items()}})
            heads.append([len(nodes) - 1, 0, 0])
        self.numbers = [head[0] for head in heads]
        attributes = {"mxnet_version": ["int", 10901], **({"is_np_shape": ["int", 2]} if numpy_shapes else {})}
        (folder / "m-symbol.json").write_text(json.dumps({
            "nodes": nodes, "heads": heads, "attrs": attributes,
            "arg_nodes": [i for i, node in enumerate(nodes) if node["op"] == "null"]}))
        flags = [f"--input={name}={'x'.join(map(str, array.shape))}:{array.dtype}"
                 for name, array in self.inputs.items()]
        dlc("compile", folder / "m-symbol.json", *flags, "--cpu", "native", "--target", target, "-o",
            folder / "m.so")
        np.savez(folder / "in.npz", **self.inputs)

    def run(self, seed, execute=dlc):
        """The outputs in the order of the cases."""
        execute("run", self.folder / "m.so", "--io", self.folder / "in.npz", "--seed", seed, "--output",
                self.folder / "out.npz")
        with np.load(self.folder / "out.npz") as out:
            by_case = {int(key[len("out:c"):].partition("_")[0]): out[key] for key in out.files}
        return [by_case[i] for i in range(len(by_case))]


# Operator, attributes, mean, variance.
SHAPE = {"shape": (COUNT,)}
ZEROS = np.zeros(COUNT, "float32")
CLASSIC = [
    ("_random_uniform", {"low": -1, "high": 3, **SHAPE}, 1, 16 / 12),
    ("_random_normal", {"loc": 2, "scale": 0.5, **SHAPE}, 2, 0.25),
    ("_random_gamma", {"alpha": 0.5, "beta": 2, **SHAPE}, 1, 2),
    ("_random_gamma", {"alpha": 7, "beta": 0.5, **SHAPE}, 3.5, 1.75),
    ("_random_exponential", {"lam": 4, **SHAPE}, 0.25, 1 / 16),
    ("_random_poisson", {"lam": 0.7, **SHAPE}, 0.7, 0.7),
    ("_random_poisson", {"lam": 9.5, **SHAPE}, 9.5, 9.5),
    ("_random_poisson", {"lam": 11, **SHAPE}, 11, 11),
    ("_random_poisson", {"lam": 300, **SHAPE}, 300, 300),
    ("_random_negative_binomial", {"k": 3, "p": 0.4, **SHAPE}, 4.5, 11.25),
    ("_random_generalized_negative_binomial", {"mu": 2, "alpha": 0.5, **SHAPE}, 2, 4),
    ("_random_randint", {"low": -3, "high": 5, **SHAPE}, 0.5, 63 / 12),
    ("Dropout", {"p": 0.25, "mode": "always"}, 1, 1 / 3, np.ones(COUNT, "float32")),
    ("_random_gamma_like", {"alpha": 2, "beta": 3}, 6, 18, ZEROS),
    ("_random_exponential_like", {"lam": 0.5}, 2, 4, ZEROS),
    ("_random_poisson_like", {"lam": 20}, 20, 20, ZEROS),
    ("_random_negative_binomial_like", {"k": 4, "p": 0.5}, 4, 8, ZEROS),
    ("_random_generalized_negative_binomial_like", {"mu": 3, "alpha": 0}, 3, 3, ZEROS),
    ("_sample_normal", SHAPE, 3, 4, [3], [2]),
    ("_sample_gamma", SHAPE, 6, 12, [3], [2]),
    ("_sample_exponential", SHAPE, 0.25, 1 / 16, [4]),
    ("_sample_negative_binomial", SHAPE, 4, 8, [4], [0.5]),
    ("_sample_generalized_negative_binomial", SHAPE, 2, 4, [2], [0.5]),
]
SIZE = {"size": (COUNT,)}
NUMPY = [
    ("_npi_uniform", {"low": 0.0, "high": 2.0, **SIZE}, 1, 4 / 12),
    ("_npi_normal", {"loc": 1.0, "scale": 3.0, **SIZE}, 1, 9),
    ("_npi_uniform_n", {"low": 1.0, "high": 2.0, **SIZE}, 1.5, 1 / 12),
    ("_npi_gamma", {"shape": 2.0, "scale": 1.5, **SIZE}, 3, 4.5),
    ("_npi_gumbel", {"loc": 1.0, "scale": 2.0, **SIZE}, 1 + 2 * np.euler_gamma, np.pi ** 2 / 6 * 4),
    ("_npi_logistic", {"loc": 1.0, "scale": 0.5, **SIZE}, 1, np.pi ** 2 / 3 * 0.25),
    ("_npi_exponential", {"scale": 2.0, **SIZE}, 2, 4),
    ("_npi_rayleigh", {"scale": 2.0, **SIZE}, 2 * np.sqrt(np.pi / 2), (4 - np.pi) / 2 * 4),
    ("_npi_pareto", {"a": 12.0, **SIZE}, 1 / 11, 12 / (121 * 10)),
    ("_npi_weibull", {"a": 1.0, **SIZE}, 1, 1),
    ("_npi_powerd", {"a": 2.0, **SIZE}, 2 / 3, 1 / 18),
    ("_npi_bernoulli", {"prob": 0.3, "is_logit": False, **SIZE}, 0.3, 0.21),
    ("_npi_bernoulli", {"logit": 0.0, "is_logit": True, **SIZE}, 0.5, 0.25),
    ("_npi_choice", {"a": 4, "replace": True, "weighted": False, **SIZE}, 1.5, 15 / 12),
]


@pytest.fixture(scope="module", params=["classic", "numpy"])
def family(request, tmp_path_factory):
    table = CLASSIC if request.param == "classic" else NUMPY
    cases = [(op, attributes, *inputs) for op, attributes, _, _, *inputs in table]
    return table, Model(tmp_path_factory.mktemp(request.param), cases, request.param == "numpy")


def test_moments(family):
    table, model = family
    for (op, attributes, mean, variance, *_), values in zip(table, model.run(5)):
        values = values.astype(np.float64).ravel()
        assert values.shape == (COUNT,)
        # Five deviations of the mean; the variance's own deviation depends on the tails.
        assert abs(values.mean() - mean) < 5 * np.sqrt(variance / COUNT), (op, attributes, values.mean())
        assert abs(values.var() / variance - 1) < 0.1, (op, attributes, values.var())


def test_the_seed_decides(family):
    _, model = family
    first, again, other = model.run(3), model.run(3), model.run(4)
    for a, b, c in zip(first, again, other):
        assert np.array_equal(a, b)
        assert not np.array_equal(a, c)


MIXED = [
    ("_sample_uniform", {"shape": (9,)}, [0, 10], [1, 30]), ("_shuffle", {}, np.arange(140, dtype="float32").reshape(70, 2)),
    ("_sample_multinomial", {"shape": (40,)}, [[0.2, 0.8, 0], [0, 0.5, 0.5]]),
    ("_random_normal_like", {}, np.zeros((2, 3), "float64")),
    ("_image_random_flip_left_right", {}, np.arange(24, dtype="float32").reshape(2, 4, 3)),
    ("_image_random_lighting", {"alpha_std": 0.1}, np.arange(24, dtype="float32").reshape(2, 4, 3)),
]
MIXED_NUMPY = [
    ("_npi_choice", {"a": 90, "size": (90,), "replace": False, "weighted": False}),
    ("_npi_choice", {"a": 4, "size": (50,), "replace": True, "weighted": True}, [0.5, 0.25, 0.25, 0]),
    ("_npi_multinomial", {"n": 100, "pvals": (0.5, 0.25, 0.25), "size": (3,)}),
]


@pytest.mark.parametrize("table, others", [(CLASSIC, MIXED), (NUMPY, MIXED_NUMPY)], ids=["classic", "numpy"])
def test_a_gpu_draws_the_same(table, others, tmp_path):
    cases = [(op, {key: (333,) if value == (COUNT,) else value for key, value in attributes.items()},
              *(array[:333] for array in inputs)) for op, attributes, _, _, *inputs in table] + others
    model = Model(tmp_path, cases, table is NUMPY, target="cpu,cuda")
    for (op, attributes, *_), want, got in zip(cases, model.run(5), model.run(5, on_device)):
        assert want.dtype == got.dtype and want.shape == got.shape, (op, attributes)
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6, err_msg=f"{op} {attributes}")


def test_generator_is_philox(tmp_path):
    seed = (7 << 32) + 12345
    model = Model(tmp_path, [("_random_uniform", {"shape": (3, 50)}), ("_random_uniform", {"shape": (150,)})])
    for number, values in zip(model.numbers, model.run(seed)):
        word = philox(seed, 0, number, 150)[0]
        expected = (word >> np.uint64(8)).astype("float32") * np.float32(2 ** -24)
        assert np.array_equal(values.ravel(), expected)


def test_parameters_from_tensors(tmp_path):
    low, high = np.array([0.0, 10], "float32"), np.array([1.0, 30], "float32")
    rates = np.array([[0.5, 40]], "float32")
    chances = np.array([[0.2, 0.8, 0], [0, 0.5, 0.5]], "float32")
    model = Model(tmp_path, [
        ("_sample_uniform", {"shape": (COUNT,)}, low, high), ("_sample_poisson", {"shape": (COUNT,)}, rates),
        ("_sample_multinomial", {"shape": (COUNT,)}, chances), ("_random_normal_like", {}, np.zeros((2, 3), "float64")),
        ("_shuffle", {}, np.arange(20, dtype="float32").reshape(10, 2))])
    uniform, poisson, index, like, shuffled = model.run(1)
    assert np.allclose(uniform.mean(axis=1), [0.5, 20], rtol=0.02)
    assert np.allclose(poisson.mean(axis=2), rates, rtol=0.03)
    assert index.dtype == np.int32
    for row, chance in zip(index, chances):
        assert np.allclose(np.bincount(row, minlength=3) / COUNT, chance, atol=0.015)
    assert like.shape == (2, 3) and like.dtype == np.float64
    rows = shuffled[:, 0].tolist()
    assert sorted(rows) == list(range(0, 20, 2)) != rows and np.array_equal(shuffled[:, 1], shuffled[:, 0] + 1)


def test_numpy_choices(tmp_path):
    weights = np.array([0.5, 0.25, 0.25, 0], "float32")
    model = Model(tmp_path, [
        ("_npi_choice", {"a": 9, "size": (9,), "replace": False, "weighted": False}),
        ("_npi_choice", {"a": 4, "size": (COUNT,), "replace": True, "weighted": True}, weights),
        ("_npi_multinomial", {"n": 1000, "pvals": (0.5, 0.25, 0.25), "size": (3,)}),
        ("_npi_normal_n", {"loc": None, "scale": 1.0, "size": (COUNT,)}, np.array([0.0, 5], "float32"))], True)
    order, weighted, counts, normal = model.run(2)
    assert sorted(order.tolist()) == list(range(9))
    assert np.allclose(np.bincount(weighted, minlength=4) / COUNT, weights, atol=0.015)
    assert counts.shape == (3, 3) and (counts.sum(axis=1) == 1000).all() and np.allclose(counts[:, 0], 500, atol=80)
    assert normal.shape == (COUNT, 2) and np.allclose(normal.mean(axis=0), [0, 5], atol=0.05)


def test_images_at_random(tmp_path):
    image = np.arange(24, dtype="float32").reshape(2, 4, 3)
    model = Model(tmp_path, [("_image_random_flip_left_right", {}, image), ("_image_random_flip_top_bottom", {}, image),
                             ("_image_random_lighting", {"alpha_std": 0.1}, image)])
    runs = [model.run(seed) for seed in range(12)]
    for output, mirrored in ((0, image[:, ::-1]), (1, image[::-1])):
        kinds = {(np.array_equal(run[output], image), np.array_equal(run[output], mirrored)) for run in runs}
        assert kinds == {(True, False), (False, True)}
    # A colour is added to all pixels alike.
    shifts = [run[2] - image for run in runs]
    assert all(np.allclose(shift, shift[0, 0], atol=1e-4) for shift in shifts)
    assert np.std([shift[0, 0] for shift in shifts], axis=0).min() > 0.5


class Tensor(ctypes.Structure):
    """DLPack's DLTensor, over an array."""

    _fields_ = [("data", ctypes.c_void_p), ("device", ctypes.c_int32 * 2), ("ndim", ctypes.c_int32),
                ("code", ctypes.c_uint8), ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16),
                ("shape", ctypes.POINTER(ctypes.c_int64)), ("strides", ctypes.c_void_p), ("byte_offset", ctypes.c_uint64)]

    @classmethod
    def over(cls, array):
        shape = (ctypes.c_int64 * array.ndim)(*array.shape)
        code = {"i": 0, "f": 2}[array.dtype.kind]
        return cls(array.ctypes.data, (1, 0), array.ndim, code, 8 * array.itemsize, 1, shape, None, 0)


@pytest.fixture(name="session")
def open_session(tmp_path):
    """A session of a model that draws numbers; `run` returns them, `call` a status."""
    model = Model(tmp_path, [("_random_uniform", {"shape": (7,)})])
    runtime = ctypes.CDLL(BUILD / "lib" / "libdlcrt.so.0")
    handle, session = ctypes.c_void_p(), ctypes.c_void_p()
    assert runtime.dlc_model_load(str(tmp_path / "m.so").encode(), ctypes.byref(handle)) == 0
    assert runtime.dlc_session_create(handle, None, ctypes.byref(session)) == 0
    out = np.zeros(7, np.float32)
    runtime.dlc_session_seed.argtypes = [ctypes.c_void_p, ctypes.c_uint64]

    def call(name, *arguments):
        return getattr(runtime, "dlc_session_" + name)(session, *arguments)

    def run():
        assert call("run_tensors", None, 0, ctypes.byref(Tensor.over(out)), 1, None) == 0
        return out.copy()

    yield model, call, run
    runtime.dlc_session_destroy(session)
    runtime.dlc_model_unload(handle)


def test_sessions_have_seeds(session):
    model, call, run = session
    assert np.array_equal(run(), model.run(0)[0])
    first, second = run(), run()
    assert not np.array_equal(first, second)
    assert call("seed", 77) == 0
    assert np.array_equal(run(), model.run(77)[0])
    third = run()
    assert call("seed", 77) == 0
    run()
    assert np.array_equal(run(), third)
    # The neighbour's numbers are others.
    assert call("seed", 78) == 0
    assert not np.array_equal(run(), third) and not np.array_equal(run(), third)


def test_a_bound_seed_stays(session):
    model, call, _ = session
    seed, out = np.array([5], np.int64), np.zeros(7, np.float32)
    tensors = (Tensor.over(seed), Tensor.over(out))
    for _ in range(2):
        assert call("run_tensors", ctypes.byref(tensors[0]), 1, ctypes.byref(tensors[1]), 1, None) == 0
        assert np.array_equal(out, model.run(5)[0])
    # Unbound it follows the session again.
    assert call("bind_input", 0, None) == 0 and call("seed", 6) == 0 and call("run", None) == 0
    assert np.array_equal(out, model.run(6)[0])


def test_other_models_have_no_seed():
    runtime = ctypes.CDLL(BUILD / "lib" / "libdlcrt.so.0")
    handle, session = ctypes.c_void_p(), ctypes.c_void_p()
    artifact = model_named("digits").artifact
    assert runtime.dlc_model_load(str(artifact).encode(), ctypes.byref(handle)) == 0
    assert runtime.dlc_session_create(handle, None, ctypes.byref(session)) == 0
    assert runtime.dlc_session_seed(session, ctypes.c_uint64(1)) == 2
    runtime.dlc_last_error.restype = ctypes.c_char_p
    assert b"draws no random numbers" in runtime.dlc_last_error()
    runtime.dlc_session_destroy(session)
    runtime.dlc_model_unload(handle)

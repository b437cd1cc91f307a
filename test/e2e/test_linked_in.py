# SPDX-License-Identifier: Apache-2.0
"""Several models compiled with `--emit obj` link into one program with the static runtime."""
import subprocess

import numpy as np
from conftest import BUILD, ROOT, Symbol, dlc, for_models, model_named

PROGRAM = """
#include "dlc/model.h"
#include <stdio.h>

const dlc_model *dlc_first_model_v1(void);
const dlc_model *dlc_second_model_v1(void);

static void describe(const dlc_model *model) {
  dlc_model_info info = {.struct_size = sizeof info};
  dlc_session *session = NULL;
  if (dlc_model_get_info(model, &info) || dlc_session_create(model, NULL, &session))
    printf("%s\\n", dlc_last_error());
  else
    printf("%s %u %u\\n", info.name, info.num_inputs, info.num_outputs);
  dlc_session_destroy(session);
}

int main(void) {
  describe(dlc_first_model_v1());
  describe(dlc_second_model_v1());
  return 0;
}
"""


@for_models("lenet")
def test_two_models_in_one_program(model, tmp_path):
    for name, source in (("first", model), ("second", model_named("mlp"))):
        dlc("compile", source.symbol, *source.flags, "--emit", "obj", "--name", name, "-o", tmp_path / f"{name}.o")
    (tmp_path / "main.c").write_text(PROGRAM)
    subprocess.run(["clang-22", "-std=c11", "-Wall", "-Werror", f"-I{ROOT / 'runtime' / 'include'}", "main.c", "first.o",
                    "second.o", BUILD / "lib" / "libdlcrt.a", "-o", "program", "-lm", "-ldl", "-lpthread"],
                   check=True, cwd=tmp_path)
    printed = subprocess.run([tmp_path / "program"], capture_output=True, text=True, check=True).stdout
    assert printed == "first 1 1\nsecond 1 1\n"


@for_models("digits")
def test_example_holds_the_digits_model(model, tmp_path):
    """The program of `examples/linked` gives the artifact's own answers."""
    dlc("compile", model.symbol, "--params", model.params, "--input=data=1x1x8x8", "--emit", "obj", "--name", "digits",
        "-o", "digits_model.o", "--header", "digits_model.h", cwd=tmp_path)
    subprocess.run(["clang-22", "-std=c11", "-Wall", "-Wextra", "-Werror", f"-I{ROOT / 'runtime' / 'include'}", "-I.",
                    ROOT / "examples" / "linked" / "digits.c", "digits_model.o", BUILD / "lib" / "libdlcrt.a",
                    "-o", "digits", "-lm", "-ldl", "-lpthread"], check=True, cwd=tmp_path)
    test = np.load(model.source / "test.npz")
    printed = subprocess.run([tmp_path / "digits"], input=test["data"].astype("<f4").tobytes(), capture_output=True,
                             check=True).stdout
    assert [int(line) for line in printed.split()] == test["softmax_output"].argmax(axis=1).tolist()


COUNTING = """
#include "dlc/model.h"
#include <stdio.h>

const dlc_model *dlc_counting_model_v1(void);

int main(void) {
  float x[] = {3, 0, 5, 7}, y[4] = {-1, -1, -1, -1};
  int64_t size = 4;
  DLTensor input = {x, {kDLCPU, 0}, 1, {kDLFloat, 32, 1}, &size, NULL, 0};
  DLTensor output = input, kept;
  output.data = y;
  dlc_session *session = NULL;
  for (int bound = 0; bound < 2; ++bound) {
    if (dlc_session_create(dlc_counting_model_v1(), NULL, &session) || dlc_session_bind_input(session, 0, &input) ||
        (bound && dlc_session_bind_output(session, 0, &output)) || dlc_session_run(session, NULL) ||
        dlc_session_output(session, 0, &kept)) {
      puts(dlc_last_error());
      return 1;
    }
    printf("%d %d", (int)kept.shape[0], kept.data == y);
    for (int i = 0; i < kept.shape[0]; ++i)
      printf(" %g", ((const float *)kept.data)[i]);
    puts("");
    dlc_session_destroy(session);
  }
  return 0;
}
"""


def test_outputs_whose_shape_depends_on_values(tmp_path):
    symbol = Symbol()
    x = symbol("null", "x")
    symbol.save(tmp_path / "m-symbol.json", symbol("_contrib_boolean_mask", "mask", x, x))
    dlc("compile", tmp_path / "m-symbol.json", "--input=x=4", "--emit", "obj", "--name", "counting", "-o", tmp_path / "m.o")
    (tmp_path / "main.c").write_text(COUNTING)
    subprocess.run(["clang-22", "-std=c11", "-Wall", "-Werror", f"-I{ROOT / 'runtime' / 'include'}", "main.c", "m.o",
                    BUILD / "lib" / "libdlcrt.a", "-o", "program", "-lm", "-ldl", "-lpthread"], check=True, cwd=tmp_path)
    printed = subprocess.run([tmp_path / "program"], capture_output=True, text=True, check=True).stdout
    assert printed == "3 0 3 5 7\n3 1 3 5 7\n"

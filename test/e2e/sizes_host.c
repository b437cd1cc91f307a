/* SPDX-License-Identifier: Apache-2.0
 * Runs an artifact for CPUs and CUDA devices in one session of each, at the
 * sizes of its dims that the arguments name one after the other, and compares
 * what they compute: sizes_host MODEL 8,32 1,9 ... */
#include "dlc/model.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { kMost = 32 };

static const dlc_model *model;
static dlc_model_info facts;

static void check(dlc_status status) {
  if (status == DLC_OK)
    return;
  puts(dlc_last_error());
  exit(1);
}

/* A tensor of the model at some sizes, zeros at first; its memory stays. */
static DLTensor make_tensor(int is_input, uint32_t index,
                            const int64_t *sizes) {
  dlc_tensor_info info = {.struct_size = sizeof info};
  check((is_input ? dlc_model_get_input : dlc_model_get_output)(model, index,
                                                                &info));
  DLTensor tensor = {NULL, {kDLCPU, 0}, info.ndim, info.dtype, NULL, NULL, 0};
  tensor.shape = calloc((size_t)info.ndim + 1, sizeof(int64_t));
  check((is_input ? dlc_model_input_shape_for : dlc_model_output_shape_for)(
      model, sizes, facts.num_dims, index, tensor.shape));
  size_t count = 1;
  for (int i = 0; i < info.ndim; ++i)
    count *= (size_t)tensor.shape[i];
  tensor.data = calloc(count + 1, info.dtype.bits / 8);
  return tensor;
}

static size_t count_elements(const DLTensor *tensor) {
  size_t count = 1;
  for (int i = 0; i < tensor->ndim; ++i)
    count *= (size_t)tensor->shape[i];
  return count;
}

/* Floats from -1 to 1, integers from 0 to 3. */
static void fill(const DLTensor *tensor) {
  static unsigned state = 1;
  for (size_t i = 0; i < count_elements(tensor); ++i) {
    state = state * 1664525u + 1013904223u;
    if (tensor->dtype.code == kDLFloat)
      ((float *)tensor->data)[i] = (float)(state >> 8) / (1 << 23) - 1;
    else
      ((int32_t *)tensor->data)[i] = (int32_t)(state >> 30);
  }
}

static void compare(const DLTensor *want, const DLTensor *have) {
  const float *a = want->data, *b = have->data;
  for (size_t i = 0; i < count_elements(want); ++i)
    if (!(fabsf(a[i] - b[i]) <= 1e-4f + 1e-3f * fabsf(a[i]))) {
      printf("element %zu is %g, wanted %g\n", i, b[i], a[i]);
      exit(1);
    }
}

static void run_at(dlc_session *const *sessions, const int64_t *sizes) {
  DLTensor inputs[kMost], outputs[2][kMost];
  for (uint32_t i = 0; i < facts.num_inputs; ++i) {
    inputs[i] = make_tensor(1, i, sizes);
    fill(&inputs[i]);
  }
  for (int device = 0; device < 2; ++device) {
    for (uint32_t i = 0; i < facts.num_outputs; ++i)
      outputs[device][i] = make_tensor(0, i, sizes);
    /* What doesn't change becomes a CUDA graph. */
    for (int times = 0; times < 2; ++times)
      check(dlc_session_run_tensors(sessions[device], inputs, facts.num_inputs,
                                    outputs[device], facts.num_outputs, NULL));
  }
  for (uint32_t i = 0; i < facts.num_outputs; ++i)
    compare(&outputs[0][i], &outputs[1][i]);
}

int main(int argc, char **argv) {
  check(dlc_model_load(argv[1], &model));
  facts.struct_size = sizeof facts;
  check(dlc_model_get_info(model, &facts));
  dlc_session *sessions[2];
  dlc_session_options options = {.struct_size = sizeof options};
  check(dlc_session_create(model, &options, &sessions[0]));
  options.device.device_type = kDLCUDA;
  check(dlc_session_create(model, &options, &sessions[1]));
  for (int i = 2; i < argc; ++i) {
    int64_t sizes[kMost];
    uint32_t count = 0;
    for (char *size = strtok(argv[i], ","); size; size = strtok(NULL, ","))
      sizes[count++] = atoll(size);
    run_at(sessions, sizes);
  }
  dlc_session_destroy(sessions[0]);
  dlc_session_destroy(sessions[1]);
  dlc_model_unload(model);
  puts("same");
  return 0;
}

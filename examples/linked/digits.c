/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The digits model inside a program, with all its memory static:
 *
 *   dlc compile digits-symbol.json --input=data=1x1x8x8 \
 *       --emit=obj --name digits -o digits_model.o --header digits_model.h
 *   cc digits.c digits_model.o -ldlcrt -lm -o digits
 *   ./digits < IMAGES.f32
 *
 * IMAGES.f32 holds images of 8x8 float32; prints the digit in each.
 */
#include "digits_model.h"
#include <dlc/model.h>

#include <stdio.h>

/* Defined by digits_model.o; "digits" is what --name says. */
const dlc_model *dlc_digits_model_v1(void);

/* The contract's constants: no memory is asked for that could be refused. */
static _Alignas(DLC_DIGITS_ARENA_ALIGNMENT) char arena[DLC_DIGITS_ARENA_BYTES];
static float image[DLC_DIGITS_INPUT0_BYTES / sizeof(float)];
static float scores[DLC_DIGITS_OUTPUT0_BYTES / sizeof(float)];

static int fail(const char *what) {
  fprintf(stderr, "digits: %s\n", what);
  return 1;
}

static int bind(dlc_session *session) {
  int64_t imageShape[] = DLC_DIGITS_INPUT0_SHAPE;
  int64_t scoresShape[] = DLC_DIGITS_OUTPUT0_SHAPE;
  DLTensor tensor = {0};
  tensor.device.device_type = kDLCPU;
  tensor.dtype = (DLDataType){kDLFloat, 32, 1};
  tensor.data = image;
  tensor.ndim = DLC_DIGITS_INPUT0_RANK;
  tensor.shape = imageShape;
  if (dlc_session_bind(session, DLC_DIGITS_INPUT0_NAME, &tensor))
    return 0;
  tensor.data = scores;
  tensor.ndim = DLC_DIGITS_OUTPUT0_RANK;
  tensor.shape = scoresShape;
  return !dlc_session_bind(session, DLC_DIGITS_OUTPUT0_NAME, &tensor);
}

static int findLargest(const float *values, int count) {
  int best = 0;
  for (int i = 1; i < count; ++i)
    if (values[i] > values[best])
      best = i;
  return best;
}

int main(void) {
  dlc_session_options options = {.struct_size = sizeof options};
  options.threading = DLC_THREADS_NONE;
  options.arena = arena;
  options.arena_bytes = sizeof arena;
  dlc_session *session = NULL;
  if (dlc_session_create(dlc_digits_model_v1(), &options, &session) ||
      !bind(session))
    return fail(dlc_last_error());
  int status = 0;
  while (!status && fread(image, sizeof image, 1, stdin) == 1) {
    if (dlc_session_run(session, NULL))
      status = fail(dlc_last_error());
    else
      printf("%d\n", findLargest(scores, sizeof scores / sizeof *scores));
  }
  dlc_session_destroy(session);
  return status;
}

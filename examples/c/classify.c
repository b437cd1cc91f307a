/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a classifier: classify-c MODEL.so [IMAGES.f32]
 *
 * IMAGES.f32 holds the values of the model's first input, float32, row-major;
 * without it, every value is 0.5. Prints the likeliest class of each image.
 */
#include <dlc/model.h>

#include <stdio.h>
#include <stdlib.h>

static int fail(const char *what) {
  fprintf(stderr, "classify-c: %s\n", what);
  return 1;
}

/* Dense tensors, as the model describes them. The memory is the caller's. */
static DLTensor makeTensor(const dlc_tensor_info *info) {
  DLTensor tensor = {0};
  tensor.data = calloc(info->size_bytes + 1, 1);
  tensor.device.device_type = kDLCPU;
  tensor.ndim = info->ndim;
  tensor.dtype = info->dtype;
  tensor.shape = (int64_t *)info->shape;
  return tensor;
}

static int fillInput(float *values, size_t count, const char *path) {
  for (size_t i = 0; i < count; ++i)
    values[i] = 0.5f;
  if (!path)
    return 1;
  FILE *file = fopen(path, "rb");
  size_t read = file ? fread(values, sizeof(float), count, file) : 0;
  if (file)
    fclose(file);
  return read == count;
}

/* Prints the index of the largest value of each of the rows. */
static void printClasses(const float *values, int64_t rows, int64_t classes) {
  for (int64_t row = 0; row < rows; ++row, values += classes) {
    int64_t best = 0;
    for (int64_t i = 1; i < classes; ++i)
      if (values[i] > values[best])
        best = i;
    printf("image %lld: class %lld (%.3f)\n", (long long)row, (long long)best,
           values[best]);
  }
}

static int classify(const dlc_model *model, const char *path) {
  dlc_tensor_info in = {.struct_size = sizeof in};
  dlc_tensor_info out = {.struct_size = sizeof out};
  if (dlc_model_get_input(model, 0, &in) ||
      dlc_model_get_output(model, 0, &out))
    return fail(dlc_last_error());
  if (in.dtype.code != kDLFloat || in.dtype.bits != 32 ||
      out.dtype.code != kDLFloat || out.dtype.bits != 32 || out.ndim != 2)
    return fail("the model is not a classifier over float32");

  dlc_session *session = NULL;
  DLTensor input = makeTensor(&in), output = makeTensor(&out);
  int status = 0;
  if (!input.data || !output.data)
    status = fail("out of memory");
  else if (!fillInput(input.data, in.size_bytes / sizeof(float), path))
    status = fail("the file with the images can't be read, or is too short");
  else if (dlc_session_create(model, NULL, &session) ||
           dlc_session_run_tensors(session, &input, 1, &output, 1, NULL))
    status = fail(dlc_last_error());
  else
    printClasses(output.data, out.shape[0], out.shape[1]);
  dlc_session_destroy(session);
  free(input.data);
  free(output.data);
  return status;
}

int main(int argc, char **argv) {
  if (argc < 2 || argc > 3)
    return fail("usage: classify-c MODEL.so [IMAGES.f32]");
  const dlc_model *model = NULL;
  if (dlc_model_load(argv[1], &model))
    return fail(dlc_last_error());
  int status = classify(model, argc > 2 ? argv[2] : NULL);
  dlc_model_unload(model);
  return status;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MXNet's C predict API over a compiled model:
 *   classify-mxnet SYMBOL.json FILE.params IMAGES.f32 CHANNELS HEIGHT WIDTH
 *
 * IMAGES.f32 holds float32 images. Prints the likeliest class of each. Nothing
 * here knows of dlc: linked with libmxnet 1.x the program does the same.
 */
#include <mxnet/c_predict_api.h>

#include <stdio.h>
#include <stdlib.h>

static int fail(const char *what) {
  fprintf(stderr, "classify-mxnet: %s\n", what);
  return 1;
}

/* The contents of a file, with a 0 after them; NULL where it can't be read. */
static char *readFile(const char *path, long *size) {
  FILE *file = fopen(path, "rb");
  if (!file)
    return NULL;
  fseek(file, 0, SEEK_END);
  *size = ftell(file);
  rewind(file);
  char *text = calloc((size_t)*size + 1, 1);
  if (text && fread(text, 1, (size_t)*size, file) != (size_t)*size) {
    free(text);
    text = NULL;
  }
  fclose(file);
  return text;
}

/* Sets the images, runs the model and prints the index of the largest value in
 * each row of its output. */
static int classify(PredictorHandle predictor, const float *images,
                    uint32_t size) {
  uint32_t *shape, rank;
  if (MXPredSetInput(predictor, "data", images, size) ||
      MXPredForward(predictor) ||
      MXPredGetOutputShape(predictor, 0, &shape, &rank))
    return fail(MXGetLastError());
  if (rank != 2)
    return fail("the model is not a classifier");
  float *values = calloc((size_t)shape[0] * shape[1], sizeof *values);
  if (!values)
    return fail("out of memory");
  int status = MXPredGetOutput(predictor, 0, values, shape[0] * shape[1]);
  for (uint32_t row = 0; status == 0 && row < shape[0]; ++row) {
    const float *scores = values + (size_t)row * shape[1];
    uint32_t best = 0;
    for (uint32_t i = 1; i < shape[1]; ++i)
      if (scores[i] > scores[best])
        best = i;
    printf("image %u: class %u (%.3f)\n", row, best, scores[best]);
  }
  free(values);
  return status == 0 ? 0 : fail(MXGetLastError());
}

int main(int argc, char **argv) {
  if (argc != 7)
    return fail("give SYMBOL.json FILE.params IMAGES.f32 CHANNELS HEIGHT "
                "WIDTH");
  long symbolSize, paramsSize, imagesSize;
  char *symbol = readFile(argv[1], &symbolSize);
  char *params = readFile(argv[2], &paramsSize);
  char *images = readFile(argv[3], &imagesSize);
  if (!symbol || !params || !images)
    return fail("a file can't be read");

  uint32_t shape[] = {0, (uint32_t)atoi(argv[4]), (uint32_t)atoi(argv[5]),
                      (uint32_t)atoi(argv[6])};
  uint32_t values = (uint32_t)((size_t)imagesSize / sizeof(float));
  uint32_t perImage = shape[1] * shape[2] * shape[3];
  shape[0] = perImage ? values / perImage : 0;

  const char *keys[] = {"data"};
  uint32_t indptr[] = {0, 4};
  PredictorHandle predictor = NULL;
  if (MXPredCreate(symbol, params, (int)paramsSize, /*dev_type=*/1,
                   /*dev_id=*/0, 1, keys, indptr, shape, &predictor))
    return fail(MXGetLastError());
  int status = classify(predictor, (const float *)images, shape[0] * perImage);
  MXPredFree(predictor);
  free(symbol);
  free(params);
  free(images);
  return status;
}

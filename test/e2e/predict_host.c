/* SPDX-License-Identifier: Apache-2.0 */
/* A program written against MXNet's C predict API; it links libmxnet as well as
 * libdlc_predict. Its first arguments are a model of handwritten digits, 1x8x8
 * pixels an image, and raw float32 images; then what to do with them. */
#include <mxnet/c_predict_api.h>

#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PIXELS = 64, CLASSES = 10 };

static char *symbol, *params, *images;
static long params_size, images_size;
static uint32_t num_images;

static char *read_file(const char *path, long *size) {
  FILE *file = fopen(path, "rb");
  if (!file) {
    perror(path);
    exit(2);
  }
  fseek(file, 0, SEEK_END);
  *size = ftell(file);
  rewind(file);
  char *text = calloc((size_t)*size + 1, 1);
  if (fread(text, 1, (size_t)*size, file) != (size_t)*size)
    exit(2);
  fclose(file);
  return text;
}

static void check(int status) {
  if (status == 0)
    return;
  fprintf(stderr, "%s\n", MXGetLastError());
  exit(1);
}

static const char *keys[] = {"data"};
static const uint32_t indptr[] = {0, 4};

static PredictorHandle create(uint32_t batch) {
  uint32_t shape[] = {batch, 1, 8, 8};
  PredictorHandle handle = NULL;
  check(MXPredCreate(symbol, params, (int)params_size, 1, 0, 1, keys, indptr,
                     shape, &handle));
  return handle;
}

/* The images from `first` on. */
static void set_images(PredictorHandle handle, uint32_t first, uint32_t batch) {
  check(MXPredSetInput(handle, "data",
                       (const float *)images + (size_t)first * PIXELS,
                       batch * PIXELS));
}

/* Writes an output to stdout as raw numbers. */
static void write_output(PredictorHandle handle, uint32_t index) {
  uint32_t *shape, rank, size = 1;
  check(MXPredGetOutputShape(handle, index, &shape, &rank));
  for (uint32_t i = 0; i < rank; ++i)
    size *= shape[i];
  float *values = malloc(size * sizeof *values);
  check(MXPredGetOutput(handle, index, values, size));
  fwrite(values, sizeof *values, size, stdout);
  free(values);
}

static void answers(PredictorHandle handle, uint32_t first, uint32_t batch) {
  set_images(handle, first, batch);
  check(MXPredForward(handle));
  write_output(handle, 0);
}

static void do_answers(void) {
  PredictorHandle handle = create(num_images);
  int type = -1;
  check(MXPredGetOutputType(handle, 0, &type));
  if (type != 0)
    exit(3);
  /* A label: inference needs none. */
  float *labels = calloc(num_images, sizeof *labels);
  check(MXPredSetInput(handle, "softmax_label", labels, num_images));
  free(labels);
  answers(handle, 0, num_images);
  check(MXPredFree(handle));
}

/* As MXNet documents it: step 0, 1, ... until none is left. */
static void do_steps(void) {
  PredictorHandle handle = create(num_images);
  set_images(handle, 0, num_images);
  int left = 1;
  for (int step = 0; left != 0; ++step)
    check(MXPredPartialForward(handle, step, &left));
  write_output(handle, 0);
  check(MXPredFree(handle));
}

/* One image, then all, then one again. MXNet wants the label's shape too. */
static void do_reshape(void) {
  PredictorHandle one = create(1), all = NULL;
  const char *both[] = {"data", "softmax_label"};
  uint32_t ends[] = {0, 4, 5}, shape[] = {num_images, 1, 8, 8, num_images};
  check(MXPredReshape(2, both, ends, shape, one, &all));
  answers(all, 0, num_images);
  check(MXPredFree(all));
  answers(one, 5, 1);
  check(MXPredFree(one));
}

/* The outputs of two nodes. */
static void do_partial(const char *first, const char *second) {
  const char *outputs[] = {first, second};
  uint32_t shape[] = {num_images, 1, 8, 8};
  PredictorHandle handle = NULL;
  check(MXPredCreatePartialOut(symbol, params, (int)params_size, 1, 0, 1, keys,
                               indptr, shape, 2, outputs, &handle));
  set_images(handle, 0, num_images);
  check(MXPredForward(handle));
  write_output(handle, 0);
  write_output(handle, 1);
  check(MXPredFree(handle));
}

static void do_list(void) {
  NDListHandle list = NULL;
  uint32_t length = 0;
  check(MXNDListCreate(params, (int)params_size, &list, &length));
  for (uint32_t i = 0; i < length; ++i) {
    const char *name;
    const float *values;
    const uint32_t *shape;
    uint32_t rank, size = 1;
    check(MXNDListGet(list, i, &name, &values, &shape, &rank));
    for (uint32_t d = 0; d < rank; ++d)
      size *= shape[d];
    double sum = 0;
    for (uint32_t v = 0; v < size; ++v)
      sum += values[v];
    printf("%s %u %u %.9g\n", name, rank, size, sum);
  }
  check(MXNDListFree(list));
}

/*===-- What follows needs libdlc_predict -----------------------------------*/

static void print_value(const char *name, NDArrayHandle value, void *context) {
  const char *key;
  const float *values;
  const uint32_t *shape;
  uint32_t rank, size = 1;
  check(MXNDListGet(value, 0, &key, &values, &shape, &rank));
  printf("%s %s ", name, (const char *)context);
  for (uint32_t i = 0; i < rank; ++i) {
    printf(i ? "x%u" : "%u", shape[i]);
    size *= shape[i];
  }
  double sum = 0;
  for (uint32_t i = 0; i < size; ++i)
    sum += values[i];
  printf(" %.9g\n", sum);
}

/* Without a monitor, with one, with one for inputs too, and without again. */
static void do_monitor(void) {
  static char few[] = "outputs", all[] = "all";
  PredictorHandle handle = create(2);
  float results[4][2 * CLASSES];
  set_images(handle, 0, 2);
  for (int run = 0; run < 4; ++run) {
    check(MXPredSetMonitorCallback(handle,
                                   run == 1 || run == 2 ? print_value : NULL,
                                   run == 1 ? few : all, run == 2));
    check(MXPredForward(handle));
    check(MXPredGetOutput(handle, 0, results[run], 2 * CLASSES));
  }
  check(MXPredFree(handle));
  if (memcmp(results[0], results[3], sizeof results[0]) != 0 ||
      memcmp(results[1], results[2], sizeof results[1]) != 0)
    exit(3);
  for (int i = 0; i < 2 * CLASSES; ++i)
    if (results[0][i] - results[1][i] > 1e-5f ||
        results[1][i] - results[0][i] > 1e-5f)
      exit(3);
}

/* Each thread's own image, again and again, beside its own mistakes. */
struct worker {
  pthread_t thread;
  PredictorHandle handle;
  uint32_t image;
  float result[CLASSES];
  int failed;
};

static void *work(void *argument) {
  struct worker *self = argument;
  for (int round = 0; round < 200; ++round) {
    char key[32], message[128];
    snprintf(key, sizeof key, "key%u", self->image);
    snprintf(message, sizeof message, "the model has no input '%s'", key);
    self->failed |= MXPredSetInput(self->handle, key, self->result, 1) == 0;
    set_images(self->handle, self->image, 1);
    check(MXPredForward(self->handle));
    check(MXPredGetOutput(self->handle, 0, self->result, CLASSES));
    /* Other threads failed too, since. */
    self->failed |= strcmp(MXGetLastError(), message) != 0;
    /* A predictor of its own, beside those of other threads. */
    if (round % 50 == 0) {
      float again[CLASSES];
      PredictorHandle own = create(1);
      set_images(own, self->image, 1);
      check(MXPredForward(own));
      check(MXPredGetOutput(own, 0, again, CLASSES));
      check(MXPredFree(own));
      self->failed |= memcmp(again, self->result, sizeof again) != 0;
    }
  }
  return NULL;
}

static void do_threads(void) {
  enum { COUNT = 8 };
  static struct worker workers[COUNT];
  PredictorHandle handles[COUNT];
  uint32_t shape[] = {1, 1, 8, 8};
  check(MXPredCreateMultiThread(symbol, params, (int)params_size, 1, 0, 1, keys,
                                indptr, shape, COUNT, handles));
  for (uint32_t i = 0; i < COUNT; ++i) {
    workers[i].handle = handles[i];
    workers[i].image = i;
    if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
      exit(3);
  }
  for (int i = 0; i < COUNT; ++i) {
    pthread_join(workers[i].thread, NULL);
    check(MXPredFree(handles[i]));
    if (workers[i].failed)
      exit(3);
    fwrite(workers[i].result, sizeof(float), CLASSES, stdout);
  }
}

/* Prints the signals that have another handler after a model was made. */
static void do_signals(void) {
  struct sigaction before[32], after;
  for (int signal = 1; signal < 32; ++signal)
    sigaction(signal, NULL, &before[signal]);
  check(MXPredFree(create(num_images)));
  for (int signal = 1; signal < 32; ++signal) {
    sigaction(signal, NULL, &after);
    if (after.sa_handler != before[signal].sa_handler)
      printf("%d\n", signal);
  }
}

static long resident_kib(void) {
  FILE *file = fopen("/proc/self/statm", "r");
  long total = 0, resident = 0;
  if (!file || fscanf(file, "%ld %ld", &total, &resident) != 2)
    exit(3);
  fclose(file);
  return resident * 4;
}

/* Prints by how many bytes of the heap and KiB of memory rounds grow. */
static void do_rounds(int count) {
  size_t heap = 0;
  long resident = 0;
  for (int round = 0; round < count; ++round) {
    if (round == count / 10) {
      heap = mallinfo2().uordblks;
      resident = resident_kib();
    }
    PredictorHandle handle = create(1);
    set_images(handle, (uint32_t)round % num_images, 1);
    check(MXPredForward(handle));
    float result[CLASSES];
    check(MXPredGetOutput(handle, 0, result, CLASSES));
    check(MXPredFree(handle));
  }
  printf("%ld %ld\n", (long)(mallinfo2().uordblks - heap),
         resident_kib() - resident);
}

int main(int argc, char **argv) {
  if (argc < 5)
    return 2;
  long size;
  symbol = read_file(argv[1], &size);
  params = read_file(argv[2], &params_size);
  images = read_file(argv[3], &images_size);
  num_images = (uint32_t)((size_t)images_size / (PIXELS * sizeof(float)));
  const char *what = argv[4];
  if (strcmp(what, "answers") == 0)
    do_answers();
  else if (strcmp(what, "steps") == 0)
    do_steps();
  else if (strcmp(what, "reshape") == 0)
    do_reshape();
  else if (strcmp(what, "partial") == 0 && argc > 6)
    do_partial(argv[5], argv[6]);
  else if (strcmp(what, "list") == 0)
    do_list();
  else if (strcmp(what, "monitor") == 0)
    do_monitor();
  else if (strcmp(what, "threads") == 0)
    do_threads();
  else if (strcmp(what, "signals") == 0)
    do_signals();
  else if (strcmp(what, "rounds") == 0 && argc > 5)
    do_rounds(atoi(argv[5]));
  else
    return 2;
  free(symbol);
  free(params);
  free(images);
  return 0;
}

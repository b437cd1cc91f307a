/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running compiled models: the public interface of the runtime, in C11.
 *
 * A *model* is constant data in an artifact; it has no state and is safe to use
 * from any thread. A *session* runs it: it has an arena for intermediate
 * values, scratch memory and the tensors bound to it. One session is used by
 * one thread at a time; any number of sessions may run at once.
 *
 *   const dlc_model *model;
 *   dlc_session *session;
 *   if (dlc_model_load("model.so", &model) ||
 *       dlc_session_create(model, NULL, &session))
 *     fail(dlc_last_error());
 *   dlc_session_run_tensors(session, inputs, 1, outputs, 1, NULL);
 *   dlc_session_destroy(session);
 *   dlc_model_unload(model);
 *
 * There are three ways to a model, with the same functions:
 *   - libdlcrt: dlc_model_load opens a file; all models share one thread pool,
 *     and those compiled for it run on CUDA devices;
 *   - alone: dlopen the artifact and call its dlc_model_v1, which returns a
 *     table with the model and these functions (dlc_api);
 *   - linked in: an object made with --emit=obj --name NAME defines
 *     `const dlc_model *dlc_NAME_model_v1(void)`; link libdlcrt beside it.
 *
 * Stability: functions and the last fields of structs are only ever added. Each
 * struct that crosses the interface starts with its size, which the caller sets
 * to sizeof; fields beyond the smaller of the two sizes are left alone or
 * counted as zero.
 *
 * Threads: every function may be called from any thread, but calls on one
 * session must not overlap. Strings and tables returned belong to the model or
 * to the library; they live until the model is unloaded, or until the next
 * failure in the same thread for dlc_last_error.
 */
#ifndef DLC_MODEL_H
#define DLC_MODEL_H

#include <stddef.h>
#include <stdint.h>

/*
 * Tensors are DLPack's. Where the program uses dlpack.h, it includes it first;
 * these declarations are layout compatible with every version of it.
 */
#ifndef DLPACK_DLPACK_H_
typedef enum { kDLCPU = 1, kDLCUDA = 2 } DLDeviceType;
typedef enum {
  kDLInt = 0,
  kDLUInt = 1,
  kDLFloat = 2,
  kDLBfloat = 4,
  kDLBool = 6
} DLDataTypeCode;

typedef struct {
  DLDeviceType device_type;
  int32_t device_id;
} DLDevice;

typedef struct {
  uint8_t code; /* DLDataTypeCode */
  uint8_t bits;
  uint16_t lanes;
} DLDataType;

typedef struct {
  void *data;
  DLDevice device;
  int32_t ndim;
  DLDataType dtype;
  int64_t *shape;
  int64_t *strides; /* in elements; NULL: dense, row-major */
  uint64_t byte_offset;
} DLTensor;
#endif

#ifndef DLC_EXPORT
#define DLC_EXPORT __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define DLC_API_VERSION 1u

/*===-- Status ------------------------------------------------------------===*/

typedef enum dlc_status {
  DLC_OK = 0,
  DLC_ERROR_INVALID_ARGUMENT = 1, /* a null pointer, an index out of range */
  DLC_ERROR_NOT_FOUND = 2,        /* no input, output or target of that name */
  DLC_ERROR_TENSOR = 3,           /* a tensor of another type, shape, ... */
  DLC_ERROR_UNBOUND = 4,          /* run with an input or output missing */
  DLC_ERROR_OUT_OF_MEMORY = 5,
  DLC_ERROR_CPU = 6,          /* no target of the model fits this CPU */
  DLC_ERROR_IO = 7,           /* a file can't be read or written */
  DLC_ERROR_ARTIFACT = 8,     /* a file that is not a whole artifact */
  DLC_ERROR_VERSION = 9,      /* made for another version of the runtime */
  DLC_ERROR_UNSUPPORTED = 10, /* valid, but not in this version */
  DLC_ERROR_TEST_FAILED = 11, /* the self-test ran and its values differ */
  DLC_ERROR_DEVICE = 12 /* a device is missing, has no code or has failed */
} dlc_status;

/* One sentence about a status. Never NULL. */
DLC_EXPORT const char *dlc_status_string(dlc_status status);

/* What went wrong in this thread's last call that failed; "" before. */
DLC_EXPORT const char *dlc_last_error(void);

/*===-- Models ------------------------------------------------------------===*/

typedef struct dlc_abi_model dlc_model;

/* Opens an artifact. A model loaded twice is unloaded twice. */
DLC_EXPORT dlc_status dlc_model_load(const char *path, const dlc_model **model);

/* Closes an artifact; its sessions must be gone. Linked-in models and NULL are
 * ignored. */
DLC_EXPORT void dlc_model_unload(const dlc_model *model);

typedef struct dlc_model_info {
  size_t struct_size;
  const char *name;
  const char *compiler; /* e.g. "dlc 0.1.0" */
  uint32_t num_inputs, num_outputs;
  uint32_t num_targets, num_kernels;
  uint64_t num_steps; /* kernel launches of one run */
  const char *target; /* chosen for this CPU; NULL where none fits */
  const void *weights;
  uint64_t weights_bytes; /* as stored */
  uint64_t arena_bytes;   /* of one session */
  uint64_t arena_alignment;
  uint64_t arena_lower_bound_bytes; /* the largest live set */
  uint64_t scratch_bytes_per_thread;
  uint64_t state_bytes;
  uint64_t flops; /* floating-point operations of one run */
  int32_t has_self_test;
  double test_rtol, test_atol; /* as given to --embed-test */
  /* A model with dims runs at sizes that the caller chooses. What is above then
   * holds at the typical sizes. */
  uint32_t num_dims;
  uint32_t num_specializations; /* shapes that the model has faster code for */
  const int64_t *test_dims;     /* sizes of the test; NULL: the typical ones */
  int32_t has_cuda;             /* it has code for CUDA devices */
} dlc_model_info;

DLC_EXPORT dlc_status dlc_model_get_info(const dlc_model *model,
                                         dlc_model_info *info);

typedef struct dlc_tensor_info {
  size_t struct_size;
  const char *name;
  DLDataType dtype;
  int32_t ndim;
  /* -1 for an extent that depends on dims or on values. */
  const int64_t *shape;
  uint64_t size_bytes;   /* dense; 0 where it depends on one */
  const void *test_data; /* embedded value, or NULL */
  /* ndim texts: of an extent of -1 the name of the dim that it is, or what it
   * is computed from, such as "N * 2"; NULL for one that is fixed. The array is
   * NULL where all are. "count(NODE)" is a number that the model finds out. */
  const char *const *extents;
  /* An output whose shape depends on values, see dlc_session_output. */
  int32_t is_counted;
} dlc_tensor_info;

DLC_EXPORT dlc_status dlc_model_get_input(const dlc_model *model,
                                          uint32_t index,
                                          dlc_tensor_info *info);
DLC_EXPORT dlc_status dlc_model_get_output(const dlc_model *model,
                                           uint32_t index,
                                           dlc_tensor_info *info);

/* The index of an input or output, or -1. */
DLC_EXPORT int32_t dlc_model_find_input(const dlc_model *model,
                                        const char *name);
DLC_EXPORT int32_t dlc_model_find_output(const dlc_model *model,
                                         const char *name);

/* A size that the caller chooses by the shapes of the inputs. */
typedef struct dlc_dim_info {
  size_t struct_size;
  const char *name; /* as given to --input */
  int64_t min, max; /* INT64_MAX: no bound */
  int64_t multiple; /* every size is one of this */
  int64_t typical;  /* what the model was planned for */
} dlc_dim_info;

DLC_EXPORT dlc_status dlc_model_get_dim(const dlc_model *model, uint32_t index,
                                        dlc_dim_info *info);

/*
 * The bytes of the arena that a session needs while its inputs have the sizes
 * `sizes`, one for each of the model's dims in order. DLC_ERROR_TENSOR: a size
 * is out of its bounds, or the model is too large there. Of a model without
 * dims (num_dims is 0 then) it is the arena of every session.
 */
DLC_EXPORT dlc_status dlc_model_arena_bytes_for(const dlc_model *model,
                                                const int64_t *sizes,
                                                uint32_t num_dims,
                                                uint64_t *bytes);

/* The shape of an input or output while inputs have the sizes `sizes`,
 * likewise; the largest one where it depends on values. `shape` has room for
 * the tensor's ndim extents. */
DLC_EXPORT dlc_status dlc_model_input_shape_for(const dlc_model *model,
                                                const int64_t *sizes,
                                                uint32_t num_dims,
                                                uint32_t index, int64_t *shape);
DLC_EXPORT dlc_status dlc_model_output_shape_for(const dlc_model *model,
                                                 const int64_t *sizes,
                                                 uint32_t num_dims,
                                                 uint32_t index,
                                                 int64_t *shape);

/* The name of a target as given to --cpu, from the least to the most
 * demanding; NULL past the last. */
DLC_EXPORT const char *dlc_model_target(const dlc_model *model, uint32_t index);

/* One kernel launch. Steps run in order. */
typedef struct dlc_step_info {
  size_t struct_size;
  const char *kernel;
  const char *nodes; /* the model's operators it computes, ", "-separated */
  uint64_t flops;
  uint64_t cost_ns; /* estimate, one thread */
} dlc_step_info;

DLC_EXPORT dlc_status dlc_model_get_step(const dlc_model *model, uint64_t index,
                                         dlc_step_info *info);

/*===-- Sessions ----------------------------------------------------------===*/

typedef struct dlc_session dlc_session;

/* Reserved for running in order with other work of a device. Pass NULL: run
 * then returns when the outputs are complete. */
typedef struct dlc_queue dlc_queue;

/* Memory of the program's own. `allocate` returns NULL on failure; `release`
 * gets what `allocate` was given. Called only while sessions are made and
 * destroyed and, of a model with dims, inputs of larger sizes are bound; by run
 * for outputs alone whose shape depends on values and that no tensor is bound
 * to. */
typedef struct dlc_allocator {
  size_t struct_size;
  void *(*allocate)(void *context, size_t bytes, size_t alignment);
  void (*release)(void *context, void *memory, size_t bytes);
  void *context;
} dlc_allocator;

/* Threads of the program's own. `parallel_for` calls body(argument, i) once
 * for each i in [0, count), in any order, on any threads, and returns when all
 * have returned; count is at most the session's num_threads. */
typedef struct dlc_thread_pool {
  size_t struct_size;
  void (*parallel_for)(void *context, uint32_t count,
                       void (*body)(void *argument, uint32_t index),
                       void *argument);
  void *context;
} dlc_thread_pool;

typedef enum dlc_log_level {
  DLC_LOG_INFO = 0,
  DLC_LOG_WARNING = 1,
  DLC_LOG_ERROR = 2
} dlc_log_level;

/* Where messages go; without a sink there are none. */
typedef struct dlc_log_sink {
  size_t struct_size;
  void (*write)(void *context, dlc_log_level level, const char *message);
  void *context;
} dlc_log_sink;

typedef enum dlc_threading {
  DLC_THREADS_SHARED = 0, /* the pool that all sessions share */
  DLC_THREADS_OWN = 1,    /* a pool of this session's own */
  DLC_THREADS_NONE = 2    /* the calling thread only */
} dlc_threading;

/* When a step ran, in nanoseconds of the monotonic clock. */
typedef struct dlc_profile_event {
  uint64_t step;
  uint64_t begin_ns, end_ns;
} dlc_profile_event;

/* All fields may be zero. */
typedef struct dlc_session_options {
  size_t struct_size;
  dlc_threading threading;
  /* The calling thread included; 0: the CPUs that the process may use. At
   * most 256 with the runtime's own threads. */
  uint32_t num_threads;
  /* Replaces `threading`; num_threads must be given. */
  const dlc_thread_pool *thread_pool;
  const dlc_allocator *allocator;
  const dlc_log_sink *log;
  /* Memory that the caller owns, until the session is destroyed: at least
   * arena_bytes of the model, aligned to its arena_alignment. NULL: allocated.
   * Of a model with dims, what dlc_model_arena_bytes_for says for the largest
   * sizes. */
  void *arena;
  uint64_t arena_bytes;
  /* Likewise num_threads x scratch_bytes_per_thread, aligned to 64 bytes; the
   * bytes per thread are rounded up to a multiple of 64. */
  void *scratch;
  uint64_t scratch_bytes;
  /* A target by name, in place of the best; it must fit the CPU. NULL: the
   * variable DLC_CPU in the environment may name one, or a level of x86-64
   * (x86-64-v3) beyond which the CPU's features are hidden. */
  const char *target;
  /* Filled by run, from the start each time; NULL: no timing at all. */
  dlc_profile_event *profile;
  uint64_t profile_capacity;
  /* Where the session runs: the CPU unless it is kDLCUDA, which libdlcrt has.
   * There, arena and scratch memory are the device's (scratch_bytes is one
   * launch's of each queue, each aligned to 256), allocated by its driver, and
   * what is said of threads and `target` does not matter. */
  DLDevice device;
} dlc_session_options;

/* Makes a session. NULL options: all default. */
DLC_EXPORT dlc_status dlc_session_create(const dlc_model *model,
                                         const dlc_session_options *options,
                                         dlc_session **session);
DLC_EXPORT void dlc_session_destroy(dlc_session *session);

typedef struct dlc_session_info {
  size_t struct_size;
  const dlc_model *model;
  const char *target; /* of a CUDA device its chip, as "sm_90" */
  uint32_t num_threads;
  void *arena;
  uint64_t profile_events; /* recorded by the last run */
  uint64_t arena_bytes;    /* of `arena` */
  uint64_t flops;          /* of one run at the sizes of the inputs bound */
  /* These sizes, one for each dim, until the next bind; NULL while the inputs
   * bound don't say them all, and without dims. */
  const int64_t *dims;
  /* The model whose steps run and are recorded: a specialised one where the
   * inputs have its shapes. */
  const dlc_model *running;
  DLDevice device;
} dlc_session_info;

DLC_EXPORT dlc_status dlc_session_get_info(const dlc_session *session,
                                           dlc_session_info *info);

/*
 * Binding remembers where a tensor's data lie; they are read and written by
 * each later run and must stay valid until bound anew. A tensor must have the
 * model's type and shape, be dense and row-major, in host memory, aligned to
 * its element size. NULL unbinds. Inputs and outputs must not overlap.
 *
 * A session on a CUDA device takes tensors in host memory and on other CUDA
 * devices, which it copies, and on its own, where run finds them complete: work
 * on them in streams of the program's own has to be done.
 *
 * With dims, an extent of -1 in the model's shape is the tensor's to choose,
 * within the bounds of the dim. Tensors may be bound in any order and bound
 * anew with other sizes: what they must agree on with each other is only
 * checked by run (DLC_ERROR_TENSOR). As soon as the inputs bound say the size
 * of every dim the session prepares for these, and its arena and scratch memory
 * grow where they are too small; where that can't be, run says why.
 *
 * Where the shape of an output depends on values (an extent counts what a mask
 * selects), a tensor to bind there has the largest shape that it can have, and
 * run fills as much from the start as there is. Nothing has to be bound to such
 * an output: run then takes memory of just the size from the session's
 * allocator. dlc_session_output tells what there is.
 */
DLC_EXPORT dlc_status dlc_session_bind_input(dlc_session *session,
                                             uint32_t index,
                                             const DLTensor *tensor);
DLC_EXPORT dlc_status dlc_session_bind_output(dlc_session *session,
                                              uint32_t index,
                                              const DLTensor *tensor);
/* By name, inputs first. */
DLC_EXPORT dlc_status dlc_session_bind(dlc_session *session, const char *name,
                                       const DLTensor *tensor);

/*
 * The shape of an output at the sizes of the inputs bound: what a tensor to
 * bind there must have; the largest one where it depends on values. It stays
 * valid until the next bind. DLC_ERROR_UNBOUND: the inputs bound don't say the
 * size of every dim.
 */
DLC_EXPORT dlc_status dlc_session_output_shape(const dlc_session *session,
                                               uint32_t index,
                                               const int64_t **shape,
                                               int32_t *ndim);

/*
 * Runs the model on the bound tensors. Allocates nothing but outputs whose
 * shape depends on values, waits for no other session and writes only to the
 * arena, scratch, state and outputs. A session that finds the pool busy runs on
 * the calling thread alone. Arithmetic rounds to nearest and keeps subnormal
 * numbers, whatever the calling thread has set.
 *
 * On a CUDA device, the first two runs after tensors were bound may allocate
 * what copies of host tensors and a CUDA graph need. DLC_ERROR_DEVICE: the
 * device failed; all later runs of its sessions fail likewise.
 */
DLC_EXPORT dlc_status dlc_session_run(dlc_session *session, dlc_queue *queue);

/*
 * What random numbers begin with, for models that draw some: such a model has
 * an input `random_seed`, the last one. While nothing is bound to it, each run
 * draws other numbers: the first run after this call those of the seed itself,
 * later ones those of seeds that follow from it. A new session has the seed 0.
 * DLC_ERROR_NOT_FOUND: the model draws no random numbers.
 */
DLC_EXPORT dlc_status dlc_session_seed(dlc_session *session, uint64_t seed);

/* Binds all inputs and outputs, in the model's order, and runs. `random_seed`
 * may be left out. An output whose shape depends on values and whose `data` is
 * NULL is left unbound. */
DLC_EXPORT dlc_status dlc_session_run_tensors(
    dlc_session *session, const DLTensor *inputs, uint32_t num_inputs,
    const DLTensor *outputs, uint32_t num_outputs, dlc_queue *queue);

/*
 * An output as the last run left it, dense and row-major: of the shape that the
 * values gave it where it depends on these. Its data are in the tensor bound,
 * or in host memory of the session's. Both it and the shape stay valid until
 * the next bind or run of the session. DLC_ERROR_UNBOUND: no run has computed
 * it.
 */
DLC_EXPORT dlc_status dlc_session_output(const dlc_session *session,
                                         uint32_t index, DLTensor *tensor);

/* Writes the last run's profile as a Chrome trace, in JSON. Only libdlcrt has
 * it. */
DLC_EXPORT dlc_status dlc_session_write_trace(const dlc_session *session,
                                              const char *path);

/*===-- Self-test ---------------------------------------------------------===*/

/* How far an output is from its embedded value. */
typedef struct dlc_test_result {
  double max_error; /* max |got - want| */
  double limit;     /* atol + rtol * max |want|; 0 for integers */
  int32_t tested;   /* 0: the output has no embedded value */
  int32_t passed;
} dlc_test_result;

/*
 * Runs the embedded inputs (--embed-test) and compares the outputs. `results`
 * has room for num_results outputs, or is NULL. DLC_ERROR_NOT_FOUND: the model
 * has no test; DLC_ERROR_TEST_FAILED: some value differs.
 */
DLC_EXPORT dlc_status dlc_model_self_test(const dlc_model *model,
                                          const dlc_session_options *options,
                                          dlc_test_result *results,
                                          uint32_t num_results);

/*===-- What an artifact exports ------------------------------------------===*/

/* The functions above, of the runtime inside an artifact. */
typedef struct dlc_api {
  size_t struct_size;
  uint32_t version; /* DLC_API_VERSION */
  const dlc_model *model;
  const char *(*status_string)(dlc_status);
  const char *(*last_error)(void);
  dlc_status (*model_get_info)(const dlc_model *, dlc_model_info *);
  dlc_status (*model_get_input)(const dlc_model *, uint32_t, dlc_tensor_info *);
  dlc_status (*model_get_output)(const dlc_model *, uint32_t,
                                 dlc_tensor_info *);
  int32_t (*model_find_input)(const dlc_model *, const char *);
  int32_t (*model_find_output)(const dlc_model *, const char *);
  const char *(*model_target)(const dlc_model *, uint32_t);
  dlc_status (*model_get_step)(const dlc_model *, uint64_t, dlc_step_info *);
  dlc_status (*model_self_test)(const dlc_model *, const dlc_session_options *,
                                dlc_test_result *, uint32_t);
  dlc_status (*session_create)(const dlc_model *, const dlc_session_options *,
                               dlc_session **);
  void (*session_destroy)(dlc_session *);
  dlc_status (*session_get_info)(const dlc_session *, dlc_session_info *);
  dlc_status (*session_bind_input)(dlc_session *, uint32_t, const DLTensor *);
  dlc_status (*session_bind_output)(dlc_session *, uint32_t, const DLTensor *);
  dlc_status (*session_bind)(dlc_session *, const char *, const DLTensor *);
  dlc_status (*session_run)(dlc_session *, dlc_queue *);
  dlc_status (*session_run_tensors)(dlc_session *, const DLTensor *, uint32_t,
                                    const DLTensor *, uint32_t, dlc_queue *);
  dlc_status (*session_seed)(dlc_session *, uint64_t);
  dlc_status (*model_get_dim)(const dlc_model *, uint32_t, dlc_dim_info *);
  dlc_status (*model_arena_bytes_for)(const dlc_model *, const int64_t *,
                                      uint32_t, uint64_t *);
  dlc_status (*model_input_shape_for)(const dlc_model *, const int64_t *,
                                      uint32_t, uint32_t, int64_t *);
  dlc_status (*model_output_shape_for)(const dlc_model *, const int64_t *,
                                       uint32_t, uint32_t, int64_t *);
  dlc_status (*session_output_shape)(const dlc_session *, uint32_t,
                                     const int64_t **, int32_t *);
  dlc_status (*session_output)(const dlc_session *, uint32_t, DLTensor *);
} dlc_api;

/* Defined by each artifact. */
typedef const dlc_api *(*dlc_model_v1_fn)(void);
#define DLC_MODEL_V1_SYMBOL "dlc_model_v1"

/* Defined by each artifact: 0 where its self-test passes, else a status. */
typedef int (*dlc_self_test_fn)(void);
#define DLC_SELF_TEST_SYMBOL "dlc_self_test"

#ifdef __cplusplus
}
#endif
#endif /* DLC_MODEL_H */

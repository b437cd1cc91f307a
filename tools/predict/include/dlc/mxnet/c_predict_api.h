/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MXNet 1.9's C predict API over compiled models: link libdlc_predict in place
 * of libmxnet, and a program written against that API runs as it is. With the
 * folder of this header's folder as an include path, so does
 * #include <mxnet/c_predict_api.h>.
 *
 * MXPredCreate compiles the model, or finds it compiled in a cache on disk: in
 * the folder that the variable DLC_CACHE_DIR of the environment names, else in
 * $XDG_CACHE_HOME/dlc or ~/.cache/dlc. Where that can't be written, models are
 * compiled in every process anew. DLC_PREDICT_CACHE_SIZE limits the cache's
 * size, which is 4 GiB without it.
 *
 * Every function returns 0 on success. On failure it returns -1, leaves its
 * outputs alone, and MXGetLastError says why in one line. None throws or ends
 * the process, whatever files and handles it is given; pointers must be valid
 * and arrays as long as is said.
 *
 * Threads: all functions may be called from any thread. Handles are
 * independent of each other; calls on one handle wait for each other.
 *
 * What differs from MXNet is said where it does, and in docs/predict.md.
 */
#ifndef MXNET_C_PREDICT_API_H_
#define MXNET_C_PREDICT_API_H_

#include <stdbool.h>
#include <stdint.h>

#ifndef MXNET_DLL
#define MXNET_DLL __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef uint32_t mx_uint;
typedef float mx_float;

/* A model of certain input shapes, with the values of its inputs and outputs.
 */
typedef void *PredictorHandle;
/* Arrays that were read from a file. */
typedef void *NDListHandle;
/* What a monitor gets: an array, valid during the call. It can be given to
 * MXNDListGet as a list of one. */
typedef void *NDArrayHandle;

/* Called with the name of an output ("softmax_output") or input ("data"), its
 * value, and the pointer that MXPredSetMonitorCallback was given. */
typedef void (*PredMonitorCallback)(const char *name, NDArrayHandle value,
                                    void *context);

/* What went wrong in this thread's last call that failed; "" before. It lives
 * until the next failure in the same thread. */
MXNET_DLL const char *MXGetLastError(void);

/*
 * Makes a predictor.
 *
 * symbol_json_str: the text of -symbol.json, of any version that MXNet 1.9
 * loads. param_bytes: the param_size bytes of a .params file (NULL and 0: the
 * model has none). Both are copied. dev_type: 1, the CPU; dev_id is ignored.
 *
 * input_keys[i], i < num_input_nodes, is an input of the shape
 * input_shape_data[input_shape_indptr[i]] up to, not including,
 * input_shape_data[input_shape_indptr[i + 1]]; so input_shape_indptr has
 * num_input_nodes + 1 elements. Keys that the model does not have are ignored.
 * A parameter that is named here is an input too, whose value is at first that
 * of the file. Inputs whose shape follows from others may be left out.
 */
MXNET_DLL int MXPredCreate(const char *symbol_json_str, const void *param_bytes,
                           int param_size, int dev_type, int dev_id,
                           uint32_t num_input_nodes, const char **input_keys,
                           const uint32_t *input_shape_indptr,
                           const uint32_t *input_shape_data,
                           PredictorHandle *out);

/* Likewise, with element types of inputs (MXNet's codes: 0 float32, 1 float64,
 * 2 float16, 4 int32, 5 int8, 6 int64, 12 bfloat16); float32 if not given. The
 * file decides on the types of parameters. */
MXNET_DLL int MXPredCreateEx(
    const char *symbol_json_str, const void *param_bytes, int param_size,
    int dev_type, int dev_id, const uint32_t num_input_nodes,
    const char **input_keys, const uint32_t *input_shape_indptr,
    const uint32_t *input_shape_data, const uint32_t num_provided_arg_dtypes,
    const char **provided_arg_dtype_names, const int *provided_arg_dtypes,
    PredictorHandle *out);

/* Likewise, with other outputs than the model's own: output_keys[i] is a node's
 * name without "_output", "global_pool" for example. */
MXNET_DLL int MXPredCreatePartialOut(
    const char *symbol_json_str, const void *param_bytes, int param_size,
    int dev_type, int dev_id, uint32_t num_input_nodes, const char **input_keys,
    const uint32_t *input_shape_indptr, const uint32_t *input_shape_data,
    uint32_t num_output_nodes, const char **output_keys, PredictorHandle *out);

/* Likewise, num_threads predictors of one model for as many threads; `out` has
 * room for all. They share weights but, unlike MXNet's, no inputs, and need no
 * MXNET_ENGINE_TYPE. Each runs on the thread that calls it. */
MXNET_DLL int MXPredCreateMultiThread(
    const char *symbol_json_str, const void *param_bytes, int param_size,
    int dev_type, int dev_id, uint32_t num_input_nodes, const char **input_keys,
    const uint32_t *input_shape_indptr, const uint32_t *input_shape_data,
    int num_threads, PredictorHandle *out);

/* Makes a predictor like `handle`, which stays, but with other shapes of the
 * inputs given. Compiles the model for them if that was not done before. Other
 * inputs keep their shapes and values. */
MXNET_DLL int MXPredReshape(uint32_t num_input_nodes, const char **input_keys,
                            const uint32_t *input_shape_indptr,
                            const uint32_t *input_shape_data,
                            PredictorHandle handle, PredictorHandle *out);

/* The shape of output `index`; *shape_data lives as long as `handle`. */
MXNET_DLL int MXPredGetOutputShape(PredictorHandle handle, uint32_t index,
                                   uint32_t **shape_data, uint32_t *shape_ndim);

/* The element type of output `out_index`, as one of MXNet's codes, in
 * *out_dtype. */
MXNET_DLL int MXPredGetOutputType(PredictorHandle handle, uint32_t out_index,
                                  int *out_dtype);

/* Copies `size` elements, as many as the input has, from `data`. They are of
 * the input's element type, whatever the pointer's. An input has zeros until it
 * is set. A label that inference does not need is ignored. */
MXNET_DLL int MXPredSetInput(PredictorHandle handle, const char *key,
                             const float *data, uint32_t size);

/* Runs the model, and then the monitor, if there is one. */
MXNET_DLL int MXPredForward(PredictorHandle handle);

/* Runs step `step`, counted from 0, and stores how many are left after it.
 * Operators are fused and scheduled beforehand, so a model is one step: step 0
 * is MXPredForward, later ones do nothing, and *step_left is always 0. */
MXNET_DLL int MXPredPartialForward(PredictorHandle handle, int step,
                                   int *step_left);

/* Copies the `size` elements of output `index`, as many as it has, to `data`,
 * in the output's element type. */
MXNET_DLL int MXPredGetOutput(PredictorHandle handle, uint32_t index,
                              float *data, uint32_t size);

/* Frees a predictor; NULL is ignored. */
MXNET_DLL int MXPredFree(PredictorHandle handle);

/* Reads the arrays of a file of mx.nd.save, a list or a dictionary. Values of
 * any type become float32. */
MXNET_DLL int MXNDListCreate(const char *nd_file_bytes, int nd_file_size,
                             NDListHandle *out, uint32_t *out_length);

/* Array `index` of a list: its name ("" without one), values and shape, which
 * live as long as the list. */
MXNET_DLL int MXNDListGet(NDListHandle handle, uint32_t index,
                          const char **out_key, const float **out_data,
                          const uint32_t **out_shape, uint32_t *out_ndim);

/* Has `callback` called with each output of each operator that the model's
 * outputs need, in the order of the nodes, after each run; with monitor_all
 * before them with the model's inputs (MXNet passes those of every operator).
 * Operators are fused, so that most have no values of their own: the model is
 * compiled once more, now, so that all have, and runs in that form, slower and
 * with other roundings, until NULL ends it. The callback may call any function
 * on this handle but run it. */
MXNET_DLL int MXPredSetMonitorCallback(PredictorHandle handle,
                                       PredMonitorCallback callback,
                                       void *callback_handle, bool monitor_all);

/* Frees a list; NULL is ignored. */
MXNET_DLL int MXNDListFree(NDListHandle handle);

#ifdef __cplusplus
}
#endif
#endif /* MXNET_C_PREDICT_API_H_ */

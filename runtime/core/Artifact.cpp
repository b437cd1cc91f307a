// SPDX-License-Identifier: Apache-2.0
// The two functions that every shared artifact exports.
//
// How several models share one process:
// - The compiler writes each model's tables as the hidden symbol
//   dlc_abi_model_v1. Linked with the core into a shared object, they are what
//   the functions below refer to; each artifact has its own copy of both, and
//   nothing but the two functions is visible from outside. libdlcrt takes the
//   tables from dlc_model_v1 and executes them with its own core.
// - With --emit=obj --name NAME the tables become a local symbol of the object,
//   whose only visible symbol is dlc_NAME_model_v1: it passes the tables to
//   dlc_core_model (Model.cpp) of the libdlcrt that the program links. This
//   file is not part of libdlcrt.
// A model needs no registration: its handle is the address of its tables.
#include "runtime/core/Model.h"

extern "C" {
extern const dlc_abi_model dlc_abi_model_v1
    __attribute__((visibility("hidden")));

DLC_EXPORT const dlc_api *dlc_model_v1(void);
DLC_EXPORT int dlc_self_test(void);
}

static const dlc_api api = {sizeof(dlc_api),
                            DLC_API_VERSION,
                            &dlc_abi_model_v1,
                            dlc_status_string,
                            dlc_last_error,
                            dlc_model_get_info,
                            dlc_model_get_input,
                            dlc_model_get_output,
                            dlc_model_find_input,
                            dlc_model_find_output,
                            dlc_model_target,
                            dlc_model_get_step,
                            dlc_model_self_test,
                            dlc_session_create,
                            dlc_session_destroy,
                            dlc_session_get_info,
                            dlc_session_bind_input,
                            dlc_session_bind_output,
                            dlc_session_bind,
                            dlc_session_run,
                            dlc_session_run_tensors,
                            dlc_session_seed,
                            dlc_model_get_dim,
                            dlc_model_arena_bytes_for,
                            dlc_model_input_shape_for,
                            dlc_model_output_shape_for,
                            dlc_session_output_shape,
                            dlc_session_output};

const dlc_api *dlc_model_v1(void) { return &api; }

int dlc_self_test(void) {
  return dlc_model_self_test(&dlc_abi_model_v1, nullptr, nullptr, 0);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Loads an artifact and runs its embedded test; prints what went wrong. */
#include "dlc/model.h"
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv) {
  void *artifact = argc > 1 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
  if (!artifact) {
    printf("%s\n", argc > 1 ? dlerror() : "give an artifact");
    return 1;
  }
  dlc_model_v1_fn get_api =
      (dlc_model_v1_fn)dlsym(artifact, DLC_MODEL_V1_SYMBOL);
  if (!get_api) {
    printf("%s\n", dlerror());
    return 1;
  }
  const dlc_api *api = get_api();
  /* Two threads, so that the pool is tested too. */
  dlc_session_options options = {.struct_size = sizeof options,
                                 .num_threads = 2};
  dlc_status status = api->model_self_test(api->model, &options, NULL, 0);
  printf("%s\n", status ? api->last_error() : "passed");
  return status;
}

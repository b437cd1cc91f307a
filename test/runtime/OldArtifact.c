/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The model of TestModel.c in an artifact from before models could have dims:
 * its table of functions and the model's tables end earlier. What is beyond
 * must not be read: it is nonsense here.
 */
#include "test/runtime/TestModel.c"

#include "dlc/model.h"

const dlc_api *dlc_model_v1(void) {
  static dlc_abi_model model;
  static dlc_api api;
  model = dlc_abi_model_v1;
  model.struct_size = offsetof(dlc_abi_model, num_dims);
  model.num_dims = model.num_specializations = 77;
  api.struct_size = offsetof(dlc_api, model_get_dim);
  api.version = DLC_API_VERSION;
  api.model = &model;
  return &api;
}

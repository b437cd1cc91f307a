// SPDX-License-Identifier: Apache-2.0
// What an NDListHandle stands for: named arrays of float32.
#ifndef DLC_TOOLS_PREDICT_ARRAYLIST_H
#define DLC_TOOLS_PREDICT_ARRAYLIST_H

#include "compiler/import/WeightStore.h"
#include "tools/dlc/Artifact.h"

namespace dlc::predict {

/// One array of a list.
struct FloatArray {
  std::string name;
  std::vector<uint32_t> shape;
  std::vector<float> values;
};

using ArrayList = std::vector<FloatArray>;

/// Reads the arrays of a .params file in their order. \returns false, with the
/// reason in \p error, if it is malformed.
bool readArrayList(std::string_view bytes, ArrayList &list, std::string &error);

/// A copy of \p tensor.
FloatArray makeFloatArray(const tool::Tensor &tensor);

/// MXNet's code of \p dtype, or -1.
int getTypeCode(npz::DType dtype);

} // namespace dlc::predict

#endif // DLC_TOOLS_PREDICT_ARRAYLIST_H

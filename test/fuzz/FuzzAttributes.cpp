// SPDX-License-Identifier: Apache-2.0
// Any text as the value of an attribute of each kind.
#include "compiler/import/mxnet/Attributes.h"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const auto specs = dlc::mxnet::parseAttributeSpecs(
      "a:bool b:int c:count d:float e:shape f:counts g:slots h:floats i:dtype "
      "j:{x|y} k:int? l:long m:sizes");
  std::string text(reinterpret_cast<const char *>(data), size);
  for (const auto &spec : specs) {
    dlc::mxnet::AttributeValue value;
    std::string what = dlc::mxnet::parseAttributeValue(spec, text, value);
    if (what.empty() && value.integer < spec.minimum && !value.isNone &&
        spec.kind == dlc::mxnet::AttributeKind::Int)
      std::abort();
  }
  return 0;
}

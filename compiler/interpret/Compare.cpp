// SPDX-License-Identifier: Apache-2.0
// How far apart two tensors are.
#include "compiler/interpret/Compare.h"

#include <cmath>

using namespace mlir;

namespace dlc::interpret {

Difference compare(const graph::ConstantData &got,
                   const graph::ConstantData &want, Tolerance tolerance) {
  int64_t count = want.getType().getNumElements();
  std::vector<graph::Scalar> left(count), right(count);
  got.load(0, count, left.data());
  want.load(0, count, right.data());
  Difference result;
  double largest = 0;
  bool isFloat = want.getFormat().isFloat();
  for (auto [x, y] : llvm::zip(left, right)) {
    if (!isFloat) {
      result.error = std::max(result.error, double(std::abs(x.i - y.i)));
      continue;
    }
    // Equal infinities have no difference, and NaN none to NaN.
    bool isSame = x.f == y.f || (std::isnan(x.f) && std::isnan(y.f));
    double error = isSame ? 0 : std::fabs(x.f - y.f);
    result.error = std::isnan(error) ? INFINITY : std::max(result.error, error);
    if (std::isfinite(y.f))
      largest = std::max(largest, std::fabs(y.f));
  }
  if (isFloat)
    result.limit = tolerance.absolute + tolerance.relative * largest;
  return result;
}

} // namespace dlc::interpret

// SPDX-License-Identifier: Apache-2.0
// Operators of object detectors that inference can compute ahead of time.
#include "compiler/import/mxnet/Operators.h"

using namespace mlir;

namespace dlc::mxnet {

/// The anchor boxes of every position: their corners depend on the size of the
/// feature map alone. Computed in single precision, as MXNet does.
static Values multiBoxPrior(NodeBuilder &n) {
  Value x = n.input(0);
  if (!x)
    return Values(1);
  const auto &sizes = n.attributes.getFloats("sizes");
  const auto &ratios = n.attributes.getFloats("ratios");
  const auto &steps = n.attributes.getFloats("steps");
  const auto &offsets = n.attributes.getFloats("offsets");
  if (n.rank(x) != 4 || sizes.empty() || ratios.empty() || steps.size() != 2 ||
      offsets.size() != 2)
    return {n.fail(DiagnosticCode::BadAttribute,
                   "needs data of four dimensions, at least one size and "
                   "ratio, two steps and two offsets")};
  int64_t height = n.shape(x)[2], width = n.shape(x)[3];
  int64_t anchors = sizes.size() + ratios.size() - 1;
  if (height * width > (1 << 20) || anchors > 64)
    return {n.fail(DiagnosticCode::SizeOverflow, "makes too many anchors")};

  // Half of each anchor's width and height.
  SmallVector<std::pair<float, float>> halves;
  float aspect = static_cast<float>(height) / static_cast<float>(width);
  auto addAnchor = [&](float size, float ratio) {
    float root = std::sqrt(ratio);
    halves.push_back({size * aspect * root / 2, size / root / 2});
  };
  for (double size : sizes)
    addAnchor(size, ratios.front());
  for (double ratio : ArrayRef(ratios).drop_front())
    addAnchor(sizes.front(), ratio);

  float stepY = steps[0] > 0 ? steps[0] : 1.0f / height;
  float stepX = steps[1] > 0 ? steps[1] : 1.0f / width;
  SmallVector<double> corners;
  for (int64_t row = 0; row < height; ++row)
    for (int64_t column = 0; column < width; ++column)
      for (auto [w, h] : halves) {
        float y = (row + static_cast<float>(offsets[0])) * stepY;
        float x = (column + static_cast<float>(offsets[1])) * stepX;
        for (float corner : {x - w, y - h, x + w, y + h})
          corners.push_back(n.attributes.getBool("clip")
                                ? std::clamp(corner, 0.0f, 1.0f)
                                : corner);
      }
  return {n.constant({1, height * width * anchors, 4}, n.element(x), corners)};
}

ArrayRef<OperatorRow> getDetectionOperators() {
  static const OperatorRow rows[] = {
      {"_contrib_MultiBoxPrior MultiBoxPrior",
       "sizes:floats=(1,) ratios:floats=(1,) clip:bool=False "
       "steps:floats=(-1,-1) offsets:floats=(0.5,0.5)",
       "data", multiBoxPrior},
  };
  return rows;
}

} // namespace dlc::mxnet

// SPDX-License-Identifier: Apache-2.0
// Transforms a filter for Winograd's minimal filtering, at compile time.
#include "passes/lower/PackConstants.h"
#include "passes/lower/Winograd.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;
using namespace dlc::lower;

/// Columns of a panel.
static constexpr int64_t kLanes = dlc::kernel::ContractOp::kPanel;

namespace {
/// A value of each lane.
using Lanes = std::array<double, kLanes>;

/// G of F(m x m, 3 x 3): m + 2 rows of three.
struct FilterTransform {
  int64_t points;
  double rows[6][3];
};
} // namespace

static FilterTransform getFilterTransform(int64_t tile) {
  if (tile == 2)
    return {4, {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}}};
  constexpr double a = kWinogradA, b = kWinogradB;
  constexpr double zero = a * a * b * b, fa = 2 * a * a * (a * a - b * b),
                   fb = 2 * b * b * (b * b - a * a);
  return {6,
          {{1 / zero, 0, 0},
           {1 / fa, a / fa, a * a / fa},
           {1 / fa, -a / fa, a * a / fa},
           {1 / fb, b / fb, b * b / fb},
           {1 / fb, -b / fb, b * b / fb},
           {0, 0, 1}}};
}

/// Computes to[p] = sum over t of g[p][t] from[t * stride], lane by lane.
static void transform(const FilterTransform &g, const Lanes *from,
                      int64_t stride, Lanes *to) {
  for (int64_t p = 0; p < g.points; ++p)
    for (int64_t lane = 0; lane < kLanes; ++lane)
      to[p][lane] = g.rows[p][0] * from[0][lane] +
                    g.rows[p][1] * from[stride][lane] +
                    g.rows[p][2] * from[2 * stride][lane];
}

ElementsAttr dlc::lower::packWinogradFilter(ElementsAttr filter, int64_t tile) {
  bool isSplat;
  ArrayRef<char> bytes = getConstantBytes(filter, isSplat);
  if (bytes.empty())
    return {};
  const float *weights = reinterpret_cast<const float *>(bytes.data());
  ArrayRef<int64_t> shape = filter.getShapedType().getShape();
  int64_t outputs = shape[0], channels = shape[1];
  int64_t panels = (outputs + kLanes - 1) / kLanes;
  FilterTransform g = getFilterTransform(tile);
  int64_t points = g.points;
  auto type = RankedTensorType::get({points * points, panels, channels, kLanes},
                                    filter.getElementType());
  AsmResourceBlob blob = HeapAsmResourceBlob::allocate(
      type.getNumElements() * sizeof(float), /*align=*/64,
      /*dataIsMutable=*/true);
  auto *out = reinterpret_cast<float *>(blob.getMutableData().data());
  int64_t perPoint = panels * channels * kLanes;
  for (int64_t panel = 0; panel < panels; ++panel)
    for (int64_t channel = 0; channel < channels; ++channel) {
      Lanes taps[9] = {}, half[3 * 6], whole[6 * 6];
      for (int64_t lane = 0; lane < kLanes; ++lane) {
        int64_t output = panel * kLanes + lane;
        for (int64_t tap = 0; tap < 9 && output < outputs; ++tap)
          taps[tap][lane] =
              weights[isSplat ? 0 : (output * channels + channel) * 9 + tap];
      }
      // Rows first: half[column][point], then whole[point][point].
      for (int64_t column = 0; column < 3; ++column)
        transform(g, taps + column, 3, half + column * points);
      for (int64_t point = 0; point < points; ++point)
        transform(g, half + point, points, whole + point * points);
      float *to = out + (panel * channels + channel) * kLanes;
      for (int64_t point = 0; point < points * points; ++point)
        for (int64_t lane = 0; lane < kLanes; ++lane)
          to[point * perPoint + lane] = float(whole[point][lane]);
    }
  return DenseResourceElementsAttr::get(type, "winograd", std::move(blob));
}

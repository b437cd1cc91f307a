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

constexpr int64_t kMaxPoints = 6, kMaxTaps = 5;

/// G: a row of `taps` for each of `points` points.
struct FilterTransform {
  int64_t points, taps;
  double rows[kMaxPoints][kMaxTaps];
};
} // namespace

/// G of F(tile x tile, taps x taps).
static FilterTransform getFilterTransform(int64_t tile, int64_t taps) {
  FilterTransform g{tile + taps - 1, taps, {}};
  // The finite points, and what each row is divided by: the product of the
  // differences to the others, but for a sign.
  constexpr double a = kWinogradA, b = kWinogradB;
  constexpr double fa = 2 * a * a * (a * a - b * b),
                   fb = 2 * b * b * (b * b - a * a);
  constexpr std::pair<double, double> few[] = {{0, 1}, {1, 2}, {-1, 2}};
  constexpr std::pair<double, double> many[] = {
      {0, a * a * b * b}, {a, fa}, {-a, fa}, {b, fb}, {-b, fb}};
  for (int64_t i = 0; i + 1 < g.points; ++i) {
    auto [point, divisor] = g.points == 4 ? few[i] : many[i];
    double power = 1;
    for (int64_t tap = 0; tap < taps; ++tap, power *= point)
      g.rows[i][tap] = power / divisor;
  }
  g.rows[g.points - 1][taps - 1] = 1; // infinity
  return g;
}

/// The sum of \p count \p factors times elements of \p from, \p stride apart.
static double dot(const double *factors, int64_t count, const Lanes *from,
                  int64_t stride, int64_t lane) {
  double sum = 0;
  for (int64_t i = 0; i < count; ++i)
    sum += factors[i] * from[i * stride][lane];
  return sum;
}

/// Computes to[p] = sum over t of g[p][t] from[t * stride], lane by lane.
static void transform(const FilterTransform &g, const Lanes *from,
                      int64_t stride, Lanes *to) {
  for (int64_t p = 0; p < g.points; ++p)
    for (int64_t lane = 0; lane < kLanes; ++lane)
      to[p][lane] = dot(g.rows[p], g.taps, from, stride, lane);
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
  FilterTransform g = getFilterTransform(tile, /*taps=*/shape[2]);
  int64_t taps = g.taps;
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
      Lanes given[kMaxTaps * kMaxTaps] = {}, half[kMaxTaps * kMaxPoints],
                             whole[kMaxPoints * kMaxPoints];
      for (int64_t lane = 0; lane < kLanes; ++lane) {
        int64_t output = panel * kLanes + lane;
        int64_t first = (output * channels + channel) * taps * taps;
        for (int64_t tap = 0; tap < taps * taps && output < outputs; ++tap)
          given[tap][lane] = weights[isSplat ? 0 : first + tap];
      }
      // Rows first: half[column][point], then whole[point][point].
      for (int64_t column = 0; column < taps; ++column)
        transform(g, given + column, taps, half + column * points);
      for (int64_t point = 0; point < points; ++point)
        transform(g, half + point, points, whole + point * points);
      float *to = out + (panel * channels + channel) * kLanes;
      for (int64_t point = 0; point < points * points; ++point)
        for (int64_t lane = 0; lane < kLanes; ++lane)
          to[point * perPoint + lane] = float(whole[point][lane]);
    }
  return DenseResourceElementsAttr::get(type, "winograd", std::move(blob));
}

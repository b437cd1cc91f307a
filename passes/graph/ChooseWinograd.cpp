// SPDX-License-Identifier: Apache-2.0
// Decides which convolutions use Winograd's minimal filtering (Lavin and Gray,
// "Fast Algorithms for Convolutional Neural Networks", 2015).
#include "passes/graph/Passes.h"

#include "dialects/graph/ConvolutionKind.h"
#include "dialects/graph/Decisions.h"
#include "dialects/graph/Inference.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace dlc::graph {
#define GEN_PASS_DEF_GRAPHCHOOSEWINOGRAD
#include "passes/graph/Passes.h.inc"
} // namespace dlc::graph

using namespace mlir;
using namespace dlc::graph;

// Two typical cores: 16 to 32 lanes of f32 multiplied and added a cycle at
// 3 GHz, less what contractions lose; weights come from memory, once a run.
static constexpr double kFlopsPerNs = 160;
static constexpr double kBytesPerNs = 15;
/// Time to transform a tile of one channel of the input and of the result.
static constexpr double kSmallTransformNs = 0.8;
static constexpr double kLargeTransformNs = 2;
/// The transformed weights of a 5 x 5 filter stay in L2, so that a model of
/// many of them hardly grows.
static constexpr double kMaxBytesOf5x5 = 256 << 10;
/// The weights grow, so it has to pay; the larger tile's most.
static constexpr double kLeastGain = 1.25;
static constexpr double kLeastGainOfLarge = 1.1;

static double roundUpToBlock(int64_t channels) {
  return double((channels + kChannelBlock - 1) / kChannelBlock * kChannelBlock);
}

/// The time of \p products on \p weights elements of weights, which are fetched
/// while others are in use.
static double getProductNs(double products, double weights) {
  return std::max(2 * products / kFlopsPerNs, 4 * weights / kBytesPerNs);
}

static double getDirectNs(ConvOp op) {
  ArrayRef<int64_t> output = getTensorType(op.getResult()).getShape();
  ArrayRef<int64_t> filter = getTensorType(op.getFilter()).getShape();
  double channels = double(getTensorType(op.getInput()).getDimSize(1));
  double taps = double(filter[2] * filter[3]);
  double weights = taps * channels * roundUpToBlock(output[1]);
  return getProductNs(double(output[0] * output[2] * output[3]) * weights,
                      weights);
}

/// The extent of the tiles of inputs that give tiles of \p tile x \p tile.
static int64_t getPoints(ConvOp op, int64_t tile) {
  return tile + getTensorType(op.getFilter()).getDimSize(2) - 1;
}

/// The elements of the filter transformed for tiles of \p tile x \p tile.
static double countWeights(ConvOp op, int64_t tile) {
  ArrayRef<int64_t> filter = getTensorType(op.getFilter()).getShape();
  int64_t points = getPoints(op, tile);
  return double(points * points * filter[1]) * roundUpToBlock(filter[0]);
}

/// The time in tiles of \p tile x \p tile.
static double getWinogradNs(ConvOp op, int64_t tile) {
  ArrayRef<int64_t> output = getTensorType(op.getResult()).getShape();
  int64_t channels = getTensorType(op.getInput()).getDimSize(1);
  double tiles = double(output[0] * getWinogradTiles(output[2], tile) *
                        getWinogradTiles(output[3], tile));
  double inputs = roundUpToBlock(channels), outputs = roundUpToBlock(output[1]);
  double weights = countWeights(op, tile);
  double perChannel =
      getPoints(op, tile) == 4 ? kSmallTransformNs : kLargeTransformNs;
  return getProductNs(tiles * weights, weights) +
         tiles * perChannel * (inputs + outputs);
}

namespace {
struct GraphChooseWinograd
    : dlc::graph::impl::GraphChooseWinogradBase<GraphChooseWinograd> {
  using GraphChooseWinogradBase::GraphChooseWinogradBase;

  void runOnOperation() override {
    // Text of a later point of the pipeline has chosen already.
    bool isAssigned =
        llvm::any_of(getOperation().getBody().front(), [](Operation &op) {
          return isa<RelayoutOp, GroupOp>(op);
        });
    if (!enable || isAssigned)
      return;
    Decisions decisions(getOperation());
    getOperation().walk([&](ConvOp op) {
      if (int64_t tile = decisions.decide(choose(op)))
        op.setWinograd(tile);
    });
    decisions.save(getOperation());
  }

private:
  /// The best tile for \p op; 0 for none.
  int64_t choose(ConvOp op);
};
} // namespace

int64_t GraphChooseWinograd::choose(ConvOp op) {
  auto input = getTensorType(op.getInput());
  // Fewer channels than a block come in plain layout.
  if (op.getWinograd() || !canUseWinograd(op, 2) ||
      !isa_and_nonnull<ConstantOp>(op.getFilter().getDefiningOp()) ||
      !input.hasStaticShape() || input.getDimSize(1) < kChannelBlock)
    return 0;
  double direct = getDirectNs(op), small = getWinogradNs(op, 2);
  if (canUseWinograd(op, 4)) {
    double large = getWinogradNs(op, 4);
    if (large * kLeastGainOfLarge < small && large * kLeastGain < direct) {
      ++numLarge;
      return 4;
    }
  } else if (4 * countWeights(op, 2) > kMaxBytesOf5x5) {
    return 0;
  }
  if (small * kLeastGain < direct) {
    ++numSmall;
    return 2;
  }
  return 0;
}

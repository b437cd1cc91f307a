// SPDX-License-Identifier: Apache-2.0
// Lowers convolutions that apply the pooling behind them to their own rows.
#include "passes/lower/PooledConvolution.h"
#include "passes/lower/ContractBuilder.h"

#include "dialects/graph/Inference.h"
#include "dialects/graph/Layout.h"
#include "dialects/graph/Scalar.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::lower;
using graph::getTensorType;
using Indices = GroupLowering::Indices;

namespace {
/// A task computes the rows of one image that a pooled row needs, all outputs
/// of them, into scratch memory, and pools them.
class PooledConvolution {
public:
  PooledConvolution(GroupLowering &lowering, graph::ConvOp op)
      : lowering(lowering), emitter(lowering.emitter), b(lowering.builder),
        op(op), pool(lowering.getPool()), loc(op.getLoc()) {
    auto output = getTensorType(op.getResult());
    window = pool.getKernel().front();
    outputs = output.getDimSize(1);
    panels = (outputs + kPanel - 1) / kPanel;
    width = output.getDimSize(3);
  }

  LogicalResult run();

private:
  void multiply();
  AffineMap getInputMap(const ConvolutionSums &sums);
  LogicalResult finish(int64_t first, int64_t count, int64_t lanes);

  GroupLowering &lowering;
  ElementEmitter &emitter;
  OpBuilder &b;
  graph::ConvOp op;
  graph::PoolOp pool;
  Location loc;
  int64_t window, outputs, panels, width;
  Value rows;            ///< scratch [1][panel][window][width][16]
  AffineExpr image, row; ///< of the task: of the pooled result
};
} // namespace

/// The input's subscripts for (row of the window, column, k...) and the symbols
/// (image, pooled row).
AffineMap PooledConvolution::getInputMap(const ConvolutionSums &sums) {
  MLIRContext *context = b.getContext();
  auto input = getTensorType(op.getInput());
  SmallVector<int64_t> extents{window, width};
  llvm::append_range(extents, sums.extents);
  auto dim = [&](unsigned i) { return getAffineDimExpr(i, context); };
  AffineExpr row = getAffineSymbolExpr(1, context) * window + dim(0);
  Indices indices{getAffineSymbolExpr(0, context),
                  sums.block > 1 ? dim(2) * sums.block + dim(5) : dim(2),
                  getInputIndex(op, 0, row, dim(3)),
                  getInputIndex(op, 1, dim(1), dim(4))};
  Indices subscripts = getPhysicalIndices(input, indices);
  for (AffineExpr &subscript : subscripts)
    subscript = simplifyInRange(subscript, extents);
  return AffineMap::get(extents.size(), 2, subscripts, context);
}

/// The convolution's results in rows of scratch memory, with their bias.
void PooledConvolution::multiply() {
  MLIRContext *context = b.getContext();
  ConvolutionSums sums(op);
  auto dim = [&](unsigned i) { return getAffineDimExpr(i, context); };
  AffineExpr zero = getAffineConstantExpr(0, context);
  Value symbols[] = {emitter.emitIndex(loc, image),
                     emitter.emitIndex(loc, row)};
  auto contract = kernel::ContractOp::create(
      b, loc, emitter.getBuffer(op.getInput()),
      emitter.getBuffer(op.getFilter()), rows, ArrayRef<int64_t>{window}, width,
      panels * kPanel, sums.extents,
      sums.tail ? b.getI64IntegerAttr(sums.tail) : IntegerAttr(),
      getInputMap(sums),
      // row, panel, k, lane
      AffineMap::get(4, 2, {dim(1), dim(2), dim(3)}, context),
      // row, column, panel, lane
      AffineMap::get(4, 2, {zero, dim(2), dim(0), dim(1), dim(3)}, context),
      /*packed=*/true, /*whole_panels=*/true, symbols,
      /*schedules=*/ArrayAttr());
  Block &epilogue = contract.getEpilogue().emplaceBlock();
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(&epilogue);
  ElementEmitter::Scope scope(emitter);
  Indices indices;
  for (int64_t extent : {window, width, panels, kPanel})
    indices.push_back(
        emitter.addIndex(epilogue.addArgument(b.getIndexType(), loc), extent));
  Value element = epilogue.addArgument(b.getF32Type(), loc);
  if (op.getBias())
    element = graph::scalar::add(
        b, loc, element,
        emitter.loadPhysical(loc, emitter.getBuffer(op.getBias()),
                             indices[2] * kPanel + indices[3]));
  kernel::YieldOp::create(b, loc, element);
}

/// Pools \p count blocks of \p lanes outputs from block \p first on.
LogicalResult PooledConvolution::finish(int64_t first, int64_t count,
                                        int64_t lanes) {
  int64_t columns = getTensorType(pool.getResult()).getDimSize(3);
  Indices at = lowering.openLoop(loc, {count, columns});
  AffineExpr lane = lowering.openVectorLoop(loc, lanes);
  AffineExpr channel = (at[0] + first) * kPanel + lane;
  AffineExpr zero = emitter.constant(0);
  if (failed(finishPooled(lowering, {zero, channel, zero, at[1]},
                          {image, channel, row, at[1]})))
    return failure();
  for (int i = 0; i < 2; ++i)
    lowering.closeLoop();
  return success();
}

LogicalResult PooledConvolution::run() {
  auto result = getTensorType(pool.getResult());
  Indices task =
      lowering.openTasks(loc, {result.getDimSize(0), result.getDimSize(2)});
  image = task[0];
  row = task[1];
  rows = kernel::ScratchOp::create(
      b, loc,
      MemRefType::get({1, panels, window, width, kPanel}, b.getF32Type()));
  multiply();
  emitter.setBuffer(op.getResult(), rows);
  bool wholePanels = outputs % kPanel == 0;
  int64_t whole = wholePanels ? panels : panels - 1;
  if (whole && failed(finish(0, whole, kPanel)))
    return failure();
  if (!wholePanels && failed(finish(whole, 1, outputs % kPanel)))
    return failure();
  lowering.closeSection();
  return success();
}

LogicalResult dlc::lower::lowerPooledConvolution(GroupLowering &lowering,
                                                 graph::ConvOp op) {
  return PooledConvolution(lowering, op).run();
}

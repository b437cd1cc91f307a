// SPDX-License-Identifier: Apache-2.0
// Contractions on tensor cores whose depth several blocks share. A tile's sums
// are in groups of four, those of a piece that a lane has, and a group's number
// is that of the piece, then that of the thread.
#include "passes/gpu/TensorContract.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace dlc::kernel;

/// Sums of a group.
static constexpr int64_t kGroup = 4;
static constexpr int64_t kGroupBytes = 16;

MemRefType TensorContract::getPartialsType() const {
  int64_t tiles = getProduct(tile.getNumTiles(op)).getValue();
  return MemRefType::get(tiles * tile.parts * tile.rows * tile.columns,
                         sumType);
}

/// Where \p part has its sums of a tile.
Value TensorContract::getPartialStart(Value tileNumber, Value part) {
  Value number = add(multiply(tileNumber, constant(tile.parts)), part);
  return multiply(number, constant(tile.rows * tile.columns));
}

void TensorContract::storePartials(Value start, Value partials,
                                   ArrayRef<Value> sums) {
  auto type = VectorType::get(kGroup, sumType);
  Value thread = remainder(emitter.getThread(), getSliceThreads());
  Value firstPiece = divide(getFirstSum(), kGroup);
  for (size_t i = 0; i < sums.size(); i += kGroup) {
    Value group = vector::FromElementsOp::create(builder, loc, type,
                                                 sums.slice(i, kGroup));
    Value piece = add(firstPiece, constant(i / kGroup));
    Value number = add(multiply(piece, constant(getSliceThreads())), thread);
    vector::StoreOp::create(builder, loc, group, partials,
                            add(start, multiply(number, constant(kGroup))),
                            /*nontemporal=*/false,
                            llvm::MaybeAlign(kGroupBytes));
  }
}

SmallVector<BlockContract::Sum>
TensorContract::addPartials(Value tileNumber, Value part, Value partials) {
  int64_t groups = tile.rows * tile.columns / kGroup;
  int64_t together = tile.parts * emitter.getNumThreads();
  auto type = VectorType::get(kGroup, sumType);
  SmallVector<Sum> sums;
  for (int64_t first = 0; first < groups; first += together) {
    Value number = add(multiply(part, constant(emitter.getNumThreads())),
                       add(emitter.getThread(), constant(first)));
    Value isOwn;
    if (first + together > groups) {
      isOwn = isLess(number, groups);
      number =
          arith::SelectOp::create(builder, loc, isOwn, number, constant(0));
    }
    Value place = multiply(number, constant(kGroup));
    Value group = addParts(tile.parts, [&](int64_t i) -> Value {
      Value start = getPartialStart(tileNumber, constant(i));
      return vector::LoadOp::create(builder, loc, type, partials,
                                    add(start, place), /*nontemporal=*/false,
                                    llvm::MaybeAlign(kGroupBytes));
    });
    Value thread = remainder(number, getSliceThreads());
    Value index = multiply(divide(number, getSliceThreads()), constant(kGroup));
    for (int64_t i = 0; i < kGroup; ++i) {
      Value value = vector::ExtractOp::create(builder, loc, group, i);
      sums.push_back(placeSum(thread, add(index, constant(i)), value));
      sums.back().isOwn = isOwn;
    }
  }
  return sums;
}

LogicalResult TensorContract::emitPart(Value index, Value phase,
                                       Value partials) {
  if (failed(analyze()))
    return failure();
  emitter.startTile();
  Value part = remainder(index, tile.parts);
  Value number = divide(index, tile.parts);
  Position at = getPosition(number);
  numSteps = tile.getPartDepth(op.getKTotal());
  begin = multiply(part, constant(numSteps));
  end = arith::MinUIOp::create(builder, loc, add(begin, constant(numSteps)),
                               constant(op.getKTotal()));
  Value isFirst = isLess(phase, 1);
  auto choice =
      scf::IfOp::create(builder, loc, isFirst, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(choice.thenBlock());
  storePartials(getPartialStart(number, part), partials, emitProducts(at));
  builder.setInsertionPointToStart(choice.elseBlock());
  return emitEpilogue(at, addPartials(number, part, partials));
}

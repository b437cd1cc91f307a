// SPDX-License-Identifier: Apache-2.0
// Recurrent layers: shape rules and counts.
#include "dialects/graph/Inference.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace dlc::graph;

int64_t dlc::graph::getNumGates(RnnMode mode) {
  switch (mode) {
  case RnnMode::Lstm:
    return 4;
  case RnnMode::Gru:
    return 3;
  case RnnMode::Tanh:
  case RnnMode::Relu:
    return 1;
  }
  llvm_unreachable("unknown mode");
}

//===----------------------------------------------------------------------===//
// RnnOp
//===----------------------------------------------------------------------===//

LogicalResult
RnnOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                        ValueRange operands, DictionaryAttr attributes,
                        OpaqueProperties properties, RegionRange regions,
                        SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto input = getTensorType(op.getInput());
  auto state = getTensorType(op.getH0());
  // C1
  if (input.getRank() != 3 || state.getRank() != 2)
    return emitOptionalError(location,
                             "requires an input [T, N, I] and a "
                             "state [N, H], but got ",
                             input, " and ", state);
  int64_t steps = input.getDimSize(0), batch = input.getDimSize(1);
  int64_t size = state.getDimSize(1), gates = getNumGates(op.getMode()) * size;
  auto check = [&](Value value, StringRef name, ArrayRef<int64_t> shape) {
    return checkShape(location, value, name, shape);
  };
  if (failed(check(op.getH0(), "h0", {batch, size})) ||
      failed(check(op.getWInput(), "w_input", {gates, input.getDimSize(2)})) ||
      failed(check(op.getWHidden(), "w_hidden", {gates, size})) ||
      failed(check(op.getBInput(), "b_input", gates)) ||
      failed(check(op.getBHidden(), "b_hidden", gates)))
    return failure();
  bool isLstm = op.getMode() == RnnMode::Lstm;
  if (bool(op.getC0()) != isLstm)
    return emitOptionalError(location, "requires c0 for lstm and only there");
  if (isLstm && failed(check(op.getC0(), "c0", {batch, size})))
    return failure();
  Type element = input.getElementType();
  types.push_back(RankedTensorType::get({steps, batch, size}, element));
  types.append(isLstm ? 2 : 1, RankedTensorType::get({batch, size}, element));
  return success();
}

int64_t RnnOp::getFlops() {
  auto input = getTensorType(getInput());
  int64_t weights = getTensorType(getWInput()).getNumElements() +
                    getTensorType(getWHidden()).getNumElements();
  return 2 * input.getDimSize(0) * input.getDimSize(1) * weights;
}

//===----------------------------------------------------------------------===//
// RecurrenceOp
//===----------------------------------------------------------------------===//

LogicalResult
RecurrenceOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                               ValueRange operands, DictionaryAttr attributes,
                               OpaqueProperties properties, RegionRange regions,
                               SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto input = getTensorType(op.getInput());
  auto state = getTensorType(op.getH0());
  // C1
  if (input.getRank() != 3 || state.getRank() != 2)
    return emitOptionalError(location,
                             "requires an input [T, N, D G H] and a state "
                             "[N, D H], but got ",
                             input, " and ", state);
  int64_t directions = op.getReverse().size();
  int64_t batch = input.getDimSize(1), all = state.getDimSize(1);
  if (directions == 0 || all % directions != 0)
    return emitOptionalError(location, "requires directions that divide ", all,
                             " units, but got ", directions);
  int64_t size = all / directions, rows = getNumGates(op.getMode()) * all;
  auto check = [&](Value value, StringRef name, ArrayRef<int64_t> shape) {
    return checkShape(location, value, name, shape);
  };
  if (failed(
          check(op.getInput(), "input", {input.getDimSize(0), batch, rows})) ||
      failed(check(op.getH0(), "h0", {batch, all})) ||
      failed(check(op.getWHidden(), "w_hidden", {rows, size})))
    return failure();
  bool isLstm = op.getMode() == RnnMode::Lstm;
  bool isGru = op.getMode() == RnnMode::Gru;
  if (bool(op.getC0()) != isLstm)
    return emitOptionalError(location, "requires c0 for lstm and only there");
  if (bool(op.getBCandidate()) != isGru)
    return emitOptionalError(location,
                             "requires b_candidate for gru and only there");
  if (isLstm && failed(check(op.getC0(), "c0", {batch, all})))
    return failure();
  if (isGru && failed(check(op.getBCandidate(), "b_candidate", all)))
    return failure();
  Type element = input.getElementType();
  types.push_back(
      RankedTensorType::get({input.getDimSize(0), batch, all}, element));
  if (isLstm)
    types.push_back(RankedTensorType::get({batch, all}, element));
  return success();
}

int64_t RecurrenceOp::getFlops() {
  auto input = getTensorType(getInput());
  return 2 * input.getDimSize(0) * input.getDimSize(1) *
         getTensorType(getWHidden()).getNumElements();
}

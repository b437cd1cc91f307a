// SPDX-License-Identifier: Apache-2.0
// Normalisations, softmax and recurrent layers: verifiers and shape rules.
#include "dialects/graph/Inference.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace dlc::graph;

/// Checks that \p parameters are vectors of \p channels elements.
static LogicalResult checkParameters(Operation *op, ValueRange parameters,
                                     int64_t channels) {
  for (Value parameter : parameters) {
    auto type = getTensorType(parameter);
    if (type.getRank() != 1 || !mayBeEqual(type.getDimSize(0), channels))
      return op->emitOpError("requires parameters of ")
             << channels << " elements, but got " << type;
  }
  return success();
}

/// Checks C1 and C2 of a normalisation along \p axis.
static LogicalResult verifyAlongAxis(Operation *op, int64_t axis) {
  auto type = getTensorType(op->getOperand(0));
  if (failed(checkAxis(op->getLoc(), axis, type)))
    return failure();
  return checkParameters(op, op->getOperands().drop_front(),
                         type.getDimSize(axis));
}

/// Operations for each element of a normalisation: mean, variance, scale.
static constexpr int64_t kFlopsPerElement = 8;

static int64_t getElements(Operation *op) {
  return cast<RankedTensorType>(op->getResult(0).getType()).getNumElements();
}

LogicalResult BatchNormOp::verify() {
  return verifyAlongAxis(*this, getAxis());
}
int64_t BatchNormOp::getFlops() { return 2 * getElements(*this); }

LogicalResult LayerNormOp::verify() {
  return verifyAlongAxis(*this, getAxis());
}
int64_t LayerNormOp::getFlops() {
  return kFlopsPerElement * getElements(*this);
}

LogicalResult InstanceNormOp::verify() {
  auto type = getTensorType(getInput());
  // C1
  if (type.getRank() < 3)
    return emitOpError("requires an input of rank 3 or more, but got ") << type;
  return checkParameters(*this, getOperands().drop_front(),
                         type.getDimSize(1)); // C2
}
int64_t InstanceNormOp::getFlops() {
  return kFlopsPerElement * getElements(*this);
}

LogicalResult GroupNormOp::verify() {
  auto type = getTensorType(getInput());
  // C1
  int64_t groups = getGroups();
  if (type.getRank() < 2 || groups < 1 ||
      (!type.isDynamicDim(1) && type.getDimSize(1) % groups != 0))
    return emitOpError("requires groups that divide the channels of ")
           << type << ", but got " << groups;
  return checkParameters(*this, getOperands().drop_front(),
                         type.getDimSize(1)); // C2
}
int64_t GroupNormOp::getFlops() {
  return kFlopsPerElement * getElements(*this);
}

LogicalResult LrnOp::verify() {
  auto type = getTensorType(getInput());
  // C1
  int64_t size = getSize();
  if (type.getRank() != 4 || size < 1 || size % 2 == 0)
    return emitOpError("requires an input of rank 4 and an odd size, but got ")
           << type << " and " << size;
  return success();
}
int64_t LrnOp::getFlops() {
  return int64_t(2 * getSize() + 4) * getElements(*this);
}

LogicalResult SoftmaxOp::verify() {
  return checkAxis(getLoc(), getAxis(), getTensorType(getInput())); // C1
}
int64_t SoftmaxOp::getFlops() { return kFlopsPerElement * getElements(*this); }

LogicalResult LogSoftmaxOp::verify() {
  return checkAxis(getLoc(), getAxis(), getTensorType(getInput())); // C1
}
int64_t LogSoftmaxOp::getFlops() {
  return kFlopsPerElement * getElements(*this);
}

//===----------------------------------------------------------------------===//
// RnnOp
//===----------------------------------------------------------------------===//

/// The parts of a cell's weights.
static int64_t getNumGates(RnnMode mode) {
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
  auto check = [&](Value value, StringRef name,
                   ArrayRef<int64_t> shape) -> LogicalResult {
    auto type = getTensorType(value);
    if (type.getRank() == int64_t(shape.size()) &&
        llvm::all_of_zip(type.getShape(), shape, mayBeEqual))
      return success();
    return emitOptionalError(
        location, "requires ", name, " of shape ",
        RankedTensorType::get(shape, type.getElementType()), ", but got ",
        type);
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

// SPDX-License-Identifier: Apache-2.0
// Normalisations and softmax: verifiers and shape rules.
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

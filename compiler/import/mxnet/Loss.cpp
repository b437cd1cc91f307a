// SPDX-License-Identifier: Apache-2.0
// Operators that end a training graph: what inference keeps of them.
#include "compiler/import/mxnet/Operators.h"

using namespace mlir;

namespace dlc::mxnet {

static Values identity(NodeBuilder &n) { return {n.input(0)}; }

static Values sigmoid(NodeBuilder &n) {
  return {n.emit<graph::SigmoidOp>({n.input(0)})};
}

/// The softmax over the classes; the label plays no part.
static Values softmaxOutput(NodeBuilder &n) {
  Value x = n.input(0);
  if (!x)
    return Values(1);
  if (n.rank(x) == 0)
    return {n.fail(DiagnosticCode::ShapeMismatch, "needs no scalar")};
  int64_t last = n.rank(x) - 1;
  if (n.attributes.getBool("multi_output") && last >= 1)
    return {n.emit<graph::SoftmaxOp>({x}, {n.attr("axis", int64_t(1))})};
  if (n.attributes.getBool("preserve_shape") || last <= 1)
    return {n.emit<graph::SoftmaxOp>({x}, {n.attr("axis", last)})};
  Value rows = n.reshape(x, {n.shape(x)[0], -1});
  Value result = n.emit<graph::SoftmaxOp>({rows}, {n.attr("axis", int64_t(1))});
  return {n.reshape(result, n.shape(x))};
}

/// The sum over the batch of -log(softmax(x))[label], of shape (1,).
static Values softmaxCrossEntropy(NodeBuilder &n) {
  Value x = n.input("data"), label = n.input("label");
  if (!x || !label)
    return Values(1);
  if (n.rank(x) != 2)
    return {n.fail(DiagnosticCode::ShapeMismatch,
                   "needs a matrix, but got " + dimsText(n.shape(x)))};
  Value logs = n.emit<graph::LogSoftmaxOp>({x}, {n.attr("axis", int64_t(1))});
  Value index = n.reshape(label, {n.shape(x)[0], 1});
  Value picked = n.emit<graph::TakeAlongOp>(
      {logs, index}, {n.attr("axis", int64_t(1)),
                      n.word<graph::IndexModeAttr>("mode", "clip")});
  Value sum = n.reduce<graph::ReduceSumOp>(picked, {0, 1}, /*keepdims=*/false);
  return {n.reshape(n.emit<graph::NegOp>({sum}), {1})};
}

static std::optional<Shape> inferLabel(NodeBuilder &n, size_t index) {
  Value x = n.input("data");
  if (index != 1 || !x || n.rank(x) == 0)
    return std::nullopt;
  return Shape{n.shape(x)[0]};
}

ArrayRef<OperatorRow> getLossOperators() {
  static const OperatorRow rows[] = {
      {"SoftmaxOutput Softmax",
       "grad_scale:float=1 ignore_label:float=-1 multi_output:bool=False "
       "use_ignore:bool=False preserve_shape:bool=False "
       "normalization:{batch|null|valid}=null out_grad:bool=False "
       "smooth_alpha:float=0",
       "data label~", softmaxOutput},
      {"LinearRegressionOutput", "grad_scale:float=1", "data label~", identity},
      {"LogisticRegressionOutput", "grad_scale:float=1", "data label~",
       sigmoid},
      {"MAERegressionOutput", "grad_scale:float=1", "data label~", identity},
      {"SVMOutput",
       "margin:float=1 regularization_coefficient:float=1 "
       "use_linear:bool=False",
       "data label~", identity},
      {"MakeLoss",
       "grad_scale:float=1 valid_thresh:float=0 "
       "normalization:{batch|null|valid}=null",
       "data", identity},
      {"make_loss", "", "data", identity, nullptr, "loss"},
      {"IdentityAttachKLSparseReg",
       "sparseness_target:float=0.1 penalty:float=0.001 momentum:float=0.9",
       "data moving_avg~", identity},
      {"softmax_cross_entropy", "", "data label", softmaxCrossEntropy,
       inferLabel},
  };
  return rows;
}

} // namespace dlc::mxnet

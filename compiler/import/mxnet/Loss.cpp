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

//===----------------------------------------------------------------------===//
// Connectionist temporal classification
//===----------------------------------------------------------------------===//

namespace {

/// The terms of a CTC loss; S = 2 L + 1 for labels of up to L letters.
struct Ctc {
  /// [time, batch, S]: the logarithm of each place's chance at each time.
  Value emissions;
  /// [batch, S]: whether a path may jump there over the blank before.
  Value mayJump;
  /// [batch], int32: how many letters a label has.
  Value lengths;
};

} // namespace

/// How many elements of each row come before the first \p end, as int32.
static Value countUntil(NodeBuilder &n, Value rows, double end) {
  Type i32 = n.element(ElementType::I32);
  Value isEnd = n.scalar<graph::EqualOp>(rows, end);
  if (!isEnd)
    return {};
  int64_t size = n.shape(rows)[1];
  Value position = n.iota(n.shape(rows), i32, 1);
  Value place = n.emit<graph::SelectOp>(
      {isEnd, position, n.splatLike(position, double(size))});
  return n.reduce<graph::ReduceMinOp>(place, {1}, /*keepdims=*/false);
}

/// Labels with blanks between, before and behind their letters.
static Ctc prepareCtc(NodeBuilder &n, Value logs, Value label) {
  ArrayRef<int64_t> s = n.shape(logs);
  int64_t time = s[0], batch = s[1], classes = s[2],
          letters = n.shape(label)[1];
  bool blankFirst = n.attributes.getText("blank_label") == "first";
  Type i32 = n.element(ElementType::I32);
  double blank = blankFirst ? 0 : double(classes - 1);
  Value whole = n.cast(label, i32);
  Ctc ctc;
  Value given = n.input("label_lengths");
  ctc.lengths =
      given ? n.cast(given, i32) : countUntil(n, whole, blankFirst ? 0 : -1);
  // [blank, letter] pairs, and a blank at the end.
  Shape column{batch, letters, 1};
  Value blanks = n.splat(column, i32, blank);
  Value pairs = n.concat({blanks, n.reshape(whole, column)}, 2);
  Value places = n.concat(
      {n.reshape(pairs, {batch, 2 * letters}), n.splat({batch, 1}, i32, blank)},
      1);
  if (!places)
    return {};
  int64_t size = 2 * letters + 1;
  Shape all{time, batch, size};
  ctc.emissions = n.emit<graph::TakeAlongOp>(
      {logs, n.broadcastInDims(places, all, {1, 2})},
      {n.attr("axis", int64_t(2)),
       n.word<graph::IndexModeAttr>("mode", "clip")});
  // A letter that differs from the one before it.
  Shape low{0, 2}, high{0, 0};
  Value before = n.emit<graph::PadOp>(
      {n.sliceAxis(places, 1, 0, size - 2)},
      {n.attr("low", low), n.attr("high", high),
       n.word<graph::PadModeAttr>("mode", "constant"), n.attr("value", blank)});
  ctc.mayJump =
      n.emit<graph::LogicalAndOp>({n.emit<graph::NotEqualOp>({places, before}),
                                   n.scalar<graph::NotEqualOp>(places, blank)});
  return ctc;
}

/// \p x moved \p count places to the right; what comes in is impossible.
static Value shiftPlaces(NodeBuilder &n, Value x, int64_t count, double none) {
  Shape low{0, count}, high{0, 0};
  return n.emit<graph::PadOp>({n.sliceAxis(x, 1, 0, n.shape(x)[1] - count)},
                              {n.attr("low", low), n.attr("high", high),
                               n.word<graph::PadModeAttr>("mode", "constant"),
                               n.attr("value", none)});
}

/// log(exp(x) + exp(y)) of finite numbers.
static Value addLogs(NodeBuilder &n, Value x, Value y) {
  Value large = n.emit<graph::MaximumOp>({x, y});
  Value distance = n.emit<graph::NegOp>(
      {n.emit<graph::AbsOp>({n.emit<graph::SubOp>({x, y})})});
  Value rest = n.emit<graph::Log1pOp>({n.emit<graph::ExpOp>({distance})});
  return n.emit<graph::AddOp>({large, rest});
}

/// The forward variables of the paper, one step of time after the other: the
/// logarithm of all paths' chances, at the end of each sample's data.
static Value runCtc(NodeBuilder &n, const Ctc &ctc, Value dataLengths) {
  constexpr double none = -1e30; // as good as -inf, without its NaN
  ArrayRef<int64_t> s = n.shape(ctc.emissions);
  int64_t time = s[0], batch = s[1], size = s[2];
  Shape step{batch, size};
  Type i32 = n.element(ElementType::I32);
  auto at = [&](int64_t t) {
    return n.reshape(n.sliceAxis(ctc.emissions, 0, t, t + 1), step);
  };
  Value isStart = n.scalar<graph::LessOp>(n.iota(step, i32, 1), 2);
  Value impossible = n.splat(step, n.element(ctc.emissions), none);
  // Without letters a path only has blanks.
  Value alpha = n.emit<graph::SelectOp>({isStart, at(0), impossible});
  for (int64_t t = 1; t < time && alpha; ++t) {
    Value sum = addLogs(n, alpha, shiftPlaces(n, alpha, 1, none));
    if (size > 2) {
      Value jump = n.emit<graph::SelectOp>(
          {ctc.mayJump, shiftPlaces(n, alpha, 2, none), impossible});
      sum = addLogs(n, sum, jump);
    }
    Value next = n.emit<graph::AddOp>({sum, at(t)});
    if (dataLengths) {
      Value isOver = n.scalar<graph::LessEqualOp>(dataLengths, double(t));
      next = n.emit<graph::SelectOp>(
          {n.broadcastInDims(isOver, step, {0}), alpha, next});
    }
    alpha = next;
  }
  // The last letter or the blank behind it.
  Value end = n.scalar<graph::MulOp>(ctc.lengths, 2);
  Value position = n.iota(step, i32, 1);
  Value spread = n.broadcastInDims(end, step, {0});
  Value isBlank = n.emit<graph::EqualOp>({position, spread});
  Value isLetter =
      n.emit<graph::EqualOp>({position, n.scalar<graph::SubOp>(spread, 1)});
  auto pickOne = [&](Value mask) {
    Value only = n.emit<graph::SelectOp>({mask, alpha, impossible});
    return only ? n.reduce<graph::ReduceMaxOp>(only, {1}, false) : only;
  };
  return addLogs(n, pickOne(isBlank), pickOne(isLetter));
}

/// Minus the logarithm of the chance of each label, [batch]. Source: Graves et
/// al., "Connectionist temporal classification", 2006.
static Values ctcLoss(NodeBuilder &n) {
  constexpr int64_t maxTime = 512; // a kernel or two for each step
  Value x = n.input("data"), label = n.input("label");
  if (!x || !label)
    return Values(1);
  if (n.rank(x) != 3 || n.rank(label) != 2 ||
      n.shape(label)[0] != n.shape(x)[1] || n.shape(label)[1] < 1)
    return {n.fail(DiagnosticCode::ShapeMismatch,
                   "needs data [time, batch, classes] and labels [batch, "
                   "letters], but got " +
                       dimsText(n.shape(x)) + " and " +
                       dimsText(n.shape(label)))};
  if (n.shape(x)[0] > maxTime)
    return {n.fail(DiagnosticCode::UnsupportedAttribute,
                   "at most " + Twine(maxTime) + " steps can be compiled")};
  Value logs = n.emit<graph::LogSoftmaxOp>({x}, {n.attr("axis", int64_t(2))});
  if (!logs)
    return Values(1);
  Ctc ctc = prepareCtc(n, logs, label);
  Value lengths = n.input("data_lengths");
  lengths = lengths ? n.cast(lengths, n.element(ElementType::I32)) : lengths;
  if (!ctc.emissions || !ctc.mayJump || !ctc.lengths)
    return Values(1);
  return {n.emit<graph::NegOp>({runCtc(n, ctc, lengths)})};
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

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
      {"CTCLoss ctc_loss _contrib_CTCLoss _contrib_ctc_loss",
       "use_data_lengths:bool=False use_label_lengths:bool=False "
       "blank_label:{first|last}=first",
       "data label data_lengths[use_data_lengths] "
       "label_lengths[use_label_lengths]",
       ctcLoss, nullptr, "output0", "Unrolled over at most 512 steps."},
      {"softmax_cross_entropy", "", "data label", softmaxCrossEntropy,
       inferLabel},
  };
  return rows;
}

} // namespace dlc::mxnet

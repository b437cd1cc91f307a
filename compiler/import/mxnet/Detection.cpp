// SPDX-License-Identifier: Apache-2.0
// Operators of single-shot detectors: anchors, targets and detections.
#include "compiler/import/mxnet/Boxes.h"
#include "compiler/import/mxnet/Operators.h"

#include <limits>

using namespace mlir;

namespace dlc::mxnet {

/// The anchor boxes of every position: their corners depend on the size of the
/// feature map alone. Computed in single precision, as MXNet does.
static Values multiBoxPrior(NodeBuilder &n) {
  Value x = n.input(0);
  if (!x)
    return Values(1);
  const auto &sizes = n.attributes.getFloats("sizes");
  const auto &ratios = n.attributes.getFloats("ratios");
  const auto &steps = n.attributes.getFloats("steps");
  const auto &offsets = n.attributes.getFloats("offsets");
  if (n.rank(x) != 4 || sizes.empty() || ratios.empty() || steps.size() != 2 ||
      offsets.size() != 2)
    return {n.fail(DiagnosticCode::BadAttribute,
                   "needs data of four dimensions, at least one size and "
                   "ratio, two steps and two offsets")};
  int64_t height = n.shape(x)[2], width = n.shape(x)[3];
  int64_t anchors = sizes.size() + ratios.size() - 1;
  if (graph::multiplySizes({height, width, anchors}) > (1 << 20))
    return {n.fail(DiagnosticCode::SizeOverflow, "makes too many anchors")};

  // Half of each anchor's width and height.
  SmallVector<std::pair<float, float>> halves;
  float aspect = static_cast<float>(height) / static_cast<float>(width);
  auto addAnchor = [&](float size, float ratio) {
    float root = std::sqrt(ratio);
    halves.push_back({size * aspect * root / 2, size / root / 2});
  };
  for (double size : sizes)
    addAnchor(size, ratios.front());
  for (double ratio : ArrayRef(ratios).drop_front())
    addAnchor(sizes.front(), ratio);

  float stepY = steps[0] > 0 ? steps[0] : 1.0f / height;
  float stepX = steps[1] > 0 ? steps[1] : 1.0f / width;
  SmallVector<double> corners;
  for (int64_t row = 0; row < height; ++row)
    for (int64_t column = 0; column < width; ++column)
      for (auto [w, h] : halves) {
        float y = (row + static_cast<float>(offsets[0])) * stepY;
        float x = (column + static_cast<float>(offsets[1])) * stepX;
        for (float corner : {x - w, y - h, x + w, y + h})
          corners.push_back(n.attributes.getBool("clip")
                                ? std::clamp(corner, 0.0f, 1.0f)
                                : corner);
      }
  return {n.constant({1, height * width * anchors, 4}, n.element(x), corners)};
}

//===----------------------------------------------------------------------===//
// MultiBoxDetection
//===----------------------------------------------------------------------===//

/// The four variances of encoded boxes; reports another number of them.
static std::optional<SmallVector<double>> getVariances(NodeBuilder &n) {
  const auto &numbers = n.attributes.getFloats("variances");
  if (numbers.size() == 4)
    return SmallVector<double>(numbers.begin(), numbers.end());
  n.fail(DiagnosticCode::BadAttribute, "attribute 'variances' has " +
                                           Twine(numbers.size()) +
                                           " numbers instead of four");
  return std::nullopt;
}

/// The fields of \p anchors [1, N, 4], each as [B, N].
static BoxFields getAnchors(NodeBuilder &n, Value anchors, int64_t batch) {
  int64_t count = n.shape(anchors)[1];
  BoxFields fields =
      getBoxFields(n, n.reshape(anchors, {count, 4}), 0, BoxFormat::Corner);
  Shape each{batch, count}, dims{1};
  for (Value *field :
       {&fields.left, &fields.top, &fields.right, &fields.bottom})
    *field = n.broadcastInDims(*field, each, dims);
  return fields;
}

/// Half of the sum of two numbers.
static Value getMean(NodeBuilder &n, Value x, Value y) {
  return n.scalar<graph::MulOp>(n.binary<graph::AddOp>(x, y), 0.5);
}

/// The area of boxes, whose sign is that of both sides.
static Value getSignedArea(NodeBuilder &n, const BoxFields &boxes) {
  return n.binary<graph::MulOp>(
      n.binary<graph::SubOp>(boxes.right, boxes.left),
      n.binary<graph::SubOp>(boxes.bottom, boxes.top));
}

/// The boxes [B, N] that \p moves [B, N, 4] make of \p anchors.
static BoxFields decodeAnchors(NodeBuilder &n, const BoxFields &anchors,
                               Value moves, ArrayRef<double> variances) {
  bool clips = n.attributes.getBool("clip");
  auto decode = [&](Value low, Value high, int64_t dim) {
    Value size = n.binary<graph::SubOp>(high, low);
    Value shift = n.binary<graph::MulOp>(
        n.scalar<graph::MulOp>(takeField(n, moves, dim), variances[dim]), size);
    Value center = n.binary<graph::AddOp>(shift, getMean(n, low, high));
    Value power = n.scalar<graph::MulOp>(takeField(n, moves, dim + 2),
                                         variances[dim + 2]);
    Value growth = power ? n.emit<graph::ExpOp>({power}) : power;
    Value half =
        n.scalar<graph::MulOp>(n.binary<graph::MulOp>(growth, size), 0.5);
    auto place = [&](Value corner) {
      return clips ? n.scalar<graph::MaximumOp>(
                         n.scalar<graph::MinimumOp>(corner, 1), 0)
                   : corner;
    };
    return std::pair(place(n.binary<graph::SubOp>(center, half)),
                     place(n.binary<graph::AddOp>(center, half)));
  };
  BoxFields boxes;
  std::tie(boxes.left, boxes.right) = decode(anchors.left, anchors.right, 0);
  std::tie(boxes.top, boxes.bottom) = decode(anchors.top, anchors.bottom, 1);
  boxes.area = getSignedArea(n, boxes);
  return boxes;
}

namespace {

/// The best class of each anchor but the background's, and the boxes.
struct Candidates {
  Value isValid; ///< [B, N]
  Value rows;    ///< [B, N, 6]: class, score, box
  Value score;   ///< [B, N]
  int64_t count; ///< N
};

} // namespace

static std::optional<Candidates> getCandidates(NodeBuilder &n,
                                               ArrayRef<double> variances) {
  Value scores = n.input("cls_prob"), moves = n.input("loc_pred");
  Value anchors = n.input("anchor");
  int64_t batch = n.shape(scores)[0], classes = n.shape(scores)[1];
  Candidates candidates;
  candidates.count = n.shape(scores)[2];
  Shape each{batch, candidates.count};
  Value known = n.sliceAxis(scores, 1, 1, classes);
  Value best = n.reduce<graph::ReduceMaxOp>(known, {1}, false);
  Value label = n.emit<graph::ArgmaxOp>({known}, {n.attr("axis", int64_t(1))});
  // MXNet's search begins at -1.
  Value isAny = n.scalar<graph::GreaterOp>(best, -1);
  candidates.score = selectRows(n, isAny, best, -1);
  candidates.isValid = n.binary<graph::LogicalAndOp>(
      isAny, n.scalar<graph::GreaterEqualOp>(
                 candidates.score, n.attributes.getFloat("threshold")));
  BoxFields boxes =
      decodeAnchors(n, getAnchors(n, anchors, batch),
                    n.reshape(moves, {batch, candidates.count, 4}), variances);
  candidates.rows =
      joinFields(n, {n.cast(label, n.element(scores)), candidates.score,
                     boxes.left, boxes.top, boxes.right, boxes.bottom});
  if (!candidates.rows || !candidates.isValid)
    return std::nullopt;
  return candidates;
}

/// The class of each of the first \p limit of \p rows, sorted, or -1 where a
/// better box suppresses it or it is not one of the first \p counts.
static Value getKeptClasses(NodeBuilder &n, Value rows, Value counts,
                            int64_t limit) {
  Value first = n.sliceAxis(rows, 1, 0, limit);
  Value classes = takeField(n, first, 0);
  BoxFields boxes = getBoxFields(n, first, 2, BoxFormat::Corner);
  if (!classes || !boxes.area)
    return {};
  boxes.area = getSignedArea(n, boxes);
  bool all = n.attributes.getBool("force_suppress");
  Value kept =
      suppress(n, boxes, isBefore(n, counts, limit), all ? Value() : classes,
               {n.attributes.getFloat("nms_threshold"), /*isInclusive=*/true});
  return padRows(n, selectRows(n, kept, classes, -1), n.shape(rows)[1] - limit,
                 -1);
}

/// \p rows with \p classes as their first numbers.
static Value replaceClasses(NodeBuilder &n, Value rows, Value classes) {
  if (!rows || !classes)
    return {};
  Value column = n.reshape(classes, {n.shape(rows)[0], n.shape(rows)[1], 1});
  return n.concat({column, n.sliceAxis(rows, 2, 1, n.shape(rows)[2])}, 2);
}

static Values multiBoxDetection(NodeBuilder &n) {
  Value scores = n.input("cls_prob"), moves = n.input("loc_pred");
  Value anchors = n.input("anchor");
  auto variances = getVariances(n);
  if (!scores || !moves || !anchors || !variances)
    return Values(1);
  bool fits = n.rank(scores) == 3 && n.rank(anchors) == 3 &&
              n.rank(moves) == 2 && n.shape(scores)[1] >= 2;
  if (fits) {
    int64_t count = n.shape(scores)[2];
    fits = n.shape(anchors) == ArrayRef<int64_t>({1, count, 4}) &&
           n.shape(moves) == ArrayRef<int64_t>({n.shape(scores)[0], 4 * count});
  }
  if (!fits)
    return {n.fail(DiagnosticCode::ShapeMismatch,
                   "needs probabilities BxCxN of at least two classes, "
                   "locations Bx4N and anchors 1xNx4, but got " +
                       dimsText(n.shape(scores)) + ", " +
                       dimsText(n.shape(moves)) + " and " +
                       dimsText(n.shape(anchors)))};
  std::optional<Candidates> candidates = getCandidates(n, *variances);
  if (!candidates)
    return Values(1);
  int64_t count = candidates->count, limit = n.attributes.getInt("nms_topk");
  Value counts = countTrue(n, candidates->isValid);
  Value isThere = isBefore(n, counts, count);
  auto getUnsorted = [&] {
    return takeRows(n, candidates->rows, truesFirst(n, candidates->isValid));
  };
  double threshold = n.attributes.getFloat("nms_threshold");
  if (!(threshold > 0 && threshold <= 1))
    return {selectRows(n, isThere, getUnsorted(), -1)};
  Value key = selectRows(n, candidates->isValid, candidates->score,
                         -std::numeric_limits<double>::infinity());
  Value rows = takeRows(n, candidates->rows, argsort(n, key, true));
  bool isLimited = limit > 0 && limit < count;
  limit = isLimited ? limit : count;
  Value classes = getKeptClasses(n, rows, counts, limit);
  if (isLimited && rows) {
    // As MXNet leaves them, those beyond the limit stand in another order.
    Shape each{n.shape(rows)[0], count};
    Value isFirst = n.scalar<graph::LessOp>(
        n.iota(each, n.element(ElementType::I32), 1), double(limit));
    Value unsorted = getUnsorted();
    if (!unsorted || !isFirst)
      return Values(1);
    rows = n.emit<graph::SelectOp>(
        {n.broadcastInDims(isFirst, n.shape(rows), {0, 1}), rows, unsorted});
  }
  return {selectRows(n, isThere, replaceClasses(n, rows, classes), -1)};
}

//===----------------------------------------------------------------------===//
// MultiBoxTarget
//===----------------------------------------------------------------------===//

namespace {

/// Assigns ground truths to anchors, as [B, N] anchors and [B, L] labels.
class TargetBuilder {
public:
  TargetBuilder(NodeBuilder &n, ArrayRef<double> variances)
      : n(n), labels(n.input("label")), scores(n.input("cls_pred")),
        variances(variances), batch(n.shape(labels)[0]),
        count(n.shape(n.input("anchor"))[1]), numLabels(n.shape(labels)[1]),
        anchors(getAnchors(n, n.input("anchor"), batch)) {}

  Values build();

private:
  Value getOverlaps();
  void assign();
  Value getNegatives();
  Value getLocations();
  Value spread(Value x, ArrayRef<int64_t> dims) {
    return n.broadcastInDims(x, {batch, count, numLabels}, dims);
  }
  /// Number \p index of the label of each anchor.
  Value takeLabel(int64_t index) {
    return takeAt(n, takeField(n, labels, index), label);
  }

  NodeBuilder &n;
  Value labels, scores;
  ArrayRef<double> variances;
  int64_t batch, count, numLabels;
  BoxFields anchors;

  Value isLabel;    ///< [B, L], before the first of class -1
  Value isPositive; ///< [B, N]
  Value label;      ///< [B, N], that of a positive anchor
  Value overlap;    ///< [B, N], the largest one, -1 without labels
};

} // namespace

/// The overlaps [B, N, L], -1 where there is no label.
Value TargetBuilder::getOverlaps() {
  Value isEnd = n.scalar<graph::EqualOp>(takeField(n, labels, 0), -1);
  Value ends =
      n.emit<graph::CumsumOp>({n.cast(isEnd, n.element(ElementType::I32))},
                              {n.attr("axis", int64_t(1))},
                              n.type(isEnd).clone(n.element(ElementType::I32)));
  isLabel = n.scalar<graph::EqualOp>(ends, 0);
  BoxFields truths = getBoxFields(n, labels, 1, BoxFormat::Corner);
  BoxFields a = anchors;
  for (Value *field :
       {&truths.left, &truths.top, &truths.right, &truths.bottom})
    *field = spread(*field, {0, 2});
  for (Value *field : {&a.left, &a.top, &a.right, &a.bottom})
    *field = spread(*field, {0, 1});
  Value shared = getIntersection(n, a, truths);
  Value whole = n.binary<graph::SubOp>(
      n.binary<graph::AddOp>(getSignedArea(n, a), getSignedArea(n, truths)),
      shared);
  Value quotient = n.binary<graph::DivOp>(shared, whole);
  if (!quotient || !isLabel)
    return {};
  Value defined =
      selectRows(n, n.scalar<graph::NotEqualOp>(whole, 0), quotient, 0);
  return selectRows(n, spread(isLabel, {0, 2}), defined, -1);
}

/// Matches each label with its best anchor, then other anchors with labels that
/// they overlap enough.
void TargetBuilder::assign() {
  Value overlaps = getOverlaps();
  if (!overlaps)
    return;
  int64_t pairs = count * numLabels;
  Value flat = n.reshape(overlaps, {batch, pairs});
  Value order = argsort(n, flat, true);
  Value allowed = n.scalar<graph::GreaterOp>(takeAt(n, flat, order), 1e-6);
  Value matched = n.emit<graph::MatchOp>(
      {order, allowed}, {n.attr("rows", count), n.attr("columns", numLabels),
                         n.attr("limit", pairs)});
  Value best =
      n.emit<graph::ArgmaxOp>({overlaps}, {n.attr("axis", int64_t(2))});
  overlap = n.reduce<graph::ReduceMaxOp>(overlaps, {2}, false);
  Value isMatched = n.scalar<graph::GreaterEqualOp>(matched, 0);
  best = n.cast(best, n.element(ElementType::I32));
  if (!isMatched || !best)
    return;
  label = n.emit<graph::SelectOp>({isMatched, matched, best});
  isPositive = isMatched;
  double threshold = n.attributes.getFloat("overlap_threshold");
  if (threshold > 0)
    isPositive = n.binary<graph::LogicalOrOp>(
        isMatched, n.scalar<graph::GreaterOp>(overlap, threshold));
}

/// Which anchors are examples of the background.
Value TargetBuilder::getNegatives() {
  // Without labels none are.
  Value hasLabels =
      n.broadcastInDims(n.scalar<graph::GreaterOp>(countTrue(n, isLabel), 0),
                        n.shape(isPositive), {0});
  Value others = n.binary<graph::LogicalAndOp>(
      n.emit<graph::LogicalNotOp>({isPositive}), hasLabels);
  double ratio = n.attributes.getFloat("negative_mining_ratio");
  if (!(ratio > 0))
    return others;
  // The hardest ones: where the background is least likely.
  Value positives =
      n.cast(countTrue(n, isPositive), n.element(ElementType::F32));
  Value wanted = n.binary<graph::MinimumOp>(
      n.cast(n.scalar<graph::MulOp>(positives, ratio),
             n.element(ElementType::I32)),
      n.cast(n.binary<graph::SubOp>(n.splatLike(positives, double(count)),
                                    positives),
             n.element(ElementType::I32)));
  Value isCandidate = n.binary<graph::LogicalAndOp>(
      others, n.scalar<graph::LessOp>(
                  overlap, n.attributes.getFloat("negative_mining_thresh")));
  Value likelihood =
      n.emit<graph::SoftmaxOp>({scores}, {n.attr("axis", int64_t(1))});
  Value background = n.sliceAxis(likelihood, 1, 0, 1);
  if (!background || !isCandidate)
    return {};
  Value key = selectRows(n, isCandidate, n.reshape(background, {batch, count}),
                         std::numeric_limits<double>::infinity());
  Value place = argsort(n, argsort(n, key, false), false);
  Value isHard = n.binary<graph::LessOp>(
      place, n.broadcastInDims(wanted, n.shape(isPositive), {0}));
  return n.binary<graph::LogicalAndOp>(isHard, isCandidate);
}

/// How each anchor has to move to its label, [B, N, 4].
Value TargetBuilder::getLocations() {
  BoxFields truth{takeLabel(1), takeLabel(2), takeLabel(3), takeLabel(4), {}};
  auto encode = [&](Value low, Value high, Value anchorLow, Value anchorHigh,
                    int64_t dim) {
    Value size = n.binary<graph::SubOp>(high, low);
    Value anchorSize = n.binary<graph::SubOp>(anchorHigh, anchorLow);
    Value shift = n.binary<graph::SubOp>(getMean(n, low, high),
                                         getMean(n, anchorLow, anchorHigh));
    shift = n.scalar<graph::DivOp>(n.binary<graph::DivOp>(shift, anchorSize),
                                   variances[dim]);
    Value growth = n.binary<graph::DivOp>(size, anchorSize);
    growth = growth ? n.emit<graph::LogOp>({growth}) : growth;
    return std::pair(shift, n.scalar<graph::DivOp>(growth, variances[dim + 2]));
  };
  auto [x, width] =
      encode(truth.left, truth.right, anchors.left, anchors.right, 0);
  auto [y, height] =
      encode(truth.top, truth.bottom, anchors.top, anchors.bottom, 1);
  return joinFields(n, {x, y, width, height});
}

Values TargetBuilder::build() {
  assign();
  if (!isPositive)
    return Values(3);
  Value isNegative = getNegatives();
  Value locations = selectRows(n, isPositive, getLocations(), 0);
  if (!locations || !isNegative)
    return Values(3);
  Value mask = n.cast(n.broadcastInDims(isPositive, n.shape(locations), {0, 1}),
                      n.element(locations));
  Value classes = n.scalar<graph::AddOp>(takeLabel(0), 1);
  Value others = selectRows(n, isNegative, n.splatLike(classes, 0),
                            n.attributes.getFloat("ignore_label"));
  classes = n.emit<graph::SelectOp>({isPositive, classes, others});
  return {n.reshape(locations, {batch, count * 4}),
          n.reshape(mask, {batch, count * 4}), classes};
}

static Values multiBoxTarget(NodeBuilder &n) {
  Values none(3);
  Value anchors = n.input("anchor"), labels = n.input("label");
  Value scores = n.input("cls_pred");
  auto variances = getVariances(n);
  if (!anchors || !labels || !scores || !variances)
    return none;
  bool fits = n.rank(anchors) == 3 && n.shape(anchors)[0] == 1 &&
              n.shape(anchors)[2] == 4 && n.rank(labels) == 3 &&
              n.shape(labels)[2] >= 5 && n.rank(scores) == 3 &&
              n.shape(scores)[0] == n.shape(labels)[0] &&
              n.shape(scores)[2] == n.shape(anchors)[1];
  if (!fits) {
    n.fail(DiagnosticCode::ShapeMismatch,
           "needs anchors 1xNx4, labels BxLxW of at least five numbers and "
           "predictions BxCxN, but got " +
               dimsText(n.shape(anchors)) + ", " + dimsText(n.shape(labels)) +
               " and " + dimsText(n.shape(scores)));
    return none;
  }
  if (n.shape(anchors)[1] >
      INT32_MAX / std::max<int64_t>(n.shape(labels)[1], 1)) {
    n.fail(DiagnosticCode::SizeOverflow, "compares too many boxes");
    return none;
  }
  return TargetBuilder(n, *variances).build();
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

ArrayRef<OperatorRow> getDetectionOperators() {
  static const OperatorRow rows[] = {
      {"_contrib_MultiBoxPrior MultiBoxPrior "
       "_npx_multibox_prior",
       "sizes:floats=(1,) ratios:floats=(1,) clip:bool=False "
       "steps:floats=(-1,-1) offsets:floats=(0.5,0.5)",
       "data", multiBoxPrior},
      {"_contrib_MultiBoxDetection MultiBoxDetection _npx_multibox_detection",
       "clip:bool=True threshold:float=0.01 background_id:int=0 "
       "nms_threshold:float=0.5 force_suppress:bool=False "
       "variances:floats=(0.1,0.1,0.2,0.2) nms_topk:int=-1",
       "cls_prob loc_pred anchor", multiBoxDetection},
      {"_contrib_MultiBoxTarget MultiBoxTarget _npx_multibox_target",
       "overlap_threshold:float=0.5 ignore_label:float=-1 "
       "negative_mining_ratio:float=-1 negative_mining_thresh:float=0.5 "
       "minimum_negative_samples:int=0 variances:floats=(0.1,0.1,0.2,0.2)",
       "anchor label cls_pred", multiBoxTarget, nullptr,
       "loc_target loc_mask cls_target"},
  };
  return rows;
}

} // namespace dlc::mxnet

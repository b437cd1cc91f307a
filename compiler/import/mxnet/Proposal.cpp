// SPDX-License-Identifier: Apache-2.0
// Region proposals. Boxes here are pixels, both ends included: their width is
// right - left + 1.
#include "compiler/import/mxnet/Boxes.h"
#include "compiler/import/mxnet/Operators.h"

#include <cmath>

using namespace mlir;

namespace dlc::mxnet {

/// The anchors around the first position, one for each ratio and scale: (x1,
/// y1, x2, y2). In single precision, as MXNet computes them.
static SmallVector<std::array<float, 4>>
makeAnchors(ArrayRef<double> ratios, ArrayRef<double> scales, int64_t stride) {
  SmallVector<std::array<float, 4>> anchors;
  float base = float(stride), center = 0.5f * (base - 1.0f);
  for (double ratio : ratios)
    for (double scale : scales) {
      float area = std::floor(base * base / float(ratio));
      float width = std::floor(std::sqrt(area) + 0.5f) * float(scale);
      float height =
          std::floor(width / float(scale) * float(ratio) + 0.5f) * float(scale);
      float x = 0.5f * (width - 1.0f), y = 0.5f * (height - 1.0f);
      anchors.push_back({center - x, center - y, center + x, center + y});
    }
  return anchors;
}

namespace {

/// Builds the proposals of B pictures from the K = H W A anchors of each.
class ProposalBuilder {
public:
  explicit ProposalBuilder(NodeBuilder &n)
      : n(n), scores(n.input("cls_prob")), moves(n.input("bbox_pred")),
        sizes(n.input("im_info")), batch(n.shape(scores)[0]),
        anchors(n.shape(scores)[1] / 2), height(n.shape(scores)[2]),
        width(n.shape(scores)[3]),
        stride(n.attributes.getInt("feature_stride")),
        element(n.element(scores)), each{batch, height * width * anchors} {}

  Values build();

private:
  /// Corner \p index of each anchor.
  Value getAnchor(int64_t index);
  /// Number \p index of what is known of each picture.
  Value getSize(int64_t index) {
    return n.broadcastInDims(takeField(n, sizes, index), each, {0});
  }
  /// Moves and clips the corners of one dimension (0: x, 1: y).
  std::pair<Value, Value> move(int64_t dim);
  /// The score of each anchor, -1 beyond the part of the data that is used.
  Value getScores();
  /// Marks boxes that are too small.
  void filter(BoxFields &boxes, Value &score);
  /// The first, best, boxes that are kept, again and again.
  Values pick(Value rows);

  NodeBuilder &n;
  Value scores, moves, sizes;
  int64_t batch, anchors, height, width, stride;
  Type element;
  Shape each;
};

} // namespace

/// high - low + 1.
static Value getExtent(NodeBuilder &n, Value low, Value high) {
  return n.scalar<graph::AddOp>(n.binary<graph::SubOp>(high, low), 1);
}

Value ProposalBuilder::getAnchor(int64_t index) {
  SmallVector<double> corners;
  for (const std::array<float, 4> &anchor :
       makeAnchors(n.attributes.getFloats("ratios"),
                   n.attributes.getFloats("scales"), stride))
    corners.push_back(anchor[index]);
  Shape grid{height, width, anchors}, last{2}, all{1};
  Value base =
      n.broadcastInDims(n.constant({anchors}, element, corners), grid, last);
  Value place =
      n.iota(grid, element, index % 2 == 0 ? 1 : 0, 0, double(stride));
  return n.broadcastInDims(
      n.reshape(n.binary<graph::AddOp>(base, place), {each[1]}), each, all);
}

std::pair<Value, Value> ProposalBuilder::move(int64_t dim) {
  Value low = getAnchor(dim), high = getAnchor(dim + 2);
  auto getMove = [&](int64_t index) {
    Value part = n.reshape(moves, {batch, anchors, 4, height, width});
    part = n.reshape(n.sliceAxis(part, 2, index, index + 1),
                     {batch, anchors, height, width});
    return n.reshape(n.transpose(part, {0, 2, 3, 1}), each);
  };
  if (n.attributes.getBool("iou_loss")) {
    low = n.binary<graph::AddOp>(low, getMove(dim));
    high = n.binary<graph::AddOp>(high, getMove(dim + 2));
  } else {
    Value size = getExtent(n, low, high);
    auto getHalf = [&](Value size) {
      return n.scalar<graph::MulOp>(n.scalar<graph::SubOp>(size, 1), 0.5);
    };
    Value center = n.binary<graph::AddOp>(low, getHalf(size));
    center = n.binary<graph::AddOp>(n.binary<graph::MulOp>(getMove(dim), size),
                                    center);
    Value power = getMove(dim + 2);
    Value growth = power ? n.emit<graph::ExpOp>({power}) : power;
    Value half = getHalf(n.binary<graph::MulOp>(growth, size));
    low = n.binary<graph::SubOp>(center, half);
    high = n.binary<graph::AddOp>(center, half);
  }
  Value limit = n.scalar<graph::SubOp>(getSize(1 - dim), 1);
  auto clip = [&](Value corner) {
    return n.scalar<graph::MaximumOp>(n.binary<graph::MinimumOp>(corner, limit),
                                      0);
  };
  return {clip(low), clip(high)};
}

Value ProposalBuilder::getScores() {
  Value score = n.sliceAxis(scores, 1, anchors, 2 * anchors);
  score = n.reshape(n.transpose(score, {0, 2, 3, 1}), each);
  Shape grid{height, width, anchors}, all{1};
  Value isUsed;
  for (int64_t dim = 0; dim < 2; ++dim) {
    Value used = n.scalar<graph::DivOp>(getSize(dim), double(stride));
    Value place = n.broadcastInDims(
        n.reshape(n.iota(grid, element, dim), {each[1]}), each, all);
    if (!used)
      return used;
    Value isInside =
        n.binary<graph::LessOp>(place, n.emit<graph::TruncOp>({used}));
    isUsed =
        isUsed ? n.binary<graph::LogicalAndOp>(isUsed, isInside) : isInside;
  }
  return selectRows(n, isUsed, score, -1);
}

void ProposalBuilder::filter(BoxFields &boxes, Value &score) {
  Value least = n.scalar<graph::MulOp>(
      getSize(2), double(n.attributes.getInt("rpn_min_size")));
  Value isSmall = n.binary<graph::LogicalOrOp>(
      n.binary<graph::LessOp>(getExtent(n, boxes.left, boxes.right), least),
      n.binary<graph::LessOp>(getExtent(n, boxes.top, boxes.bottom), least));
  Value half = selectRows(n, isSmall, n.scalar<graph::MulOp>(least, 0.5), 0);
  if (!half || !score)
    return;
  boxes.left = n.binary<graph::SubOp>(boxes.left, half);
  boxes.top = n.binary<graph::SubOp>(boxes.top, half);
  boxes.right = n.binary<graph::AddOp>(boxes.right, half);
  boxes.bottom = n.binary<graph::AddOp>(boxes.bottom, half);
  score = n.emit<graph::SelectOp>({isSmall, n.splatLike(score, -1), score});
}

Values ProposalBuilder::pick(Value rows) {
  int64_t count = n.shape(rows)[1];
  int64_t wanted = n.attributes.getInt("rpn_post_nms_top_n");
  BoxFields boxes = getBoxFields(n, rows, 0, BoxFormat::Corner);
  boxes.area = n.binary<graph::MulOp>(getExtent(n, boxes.left, boxes.right),
                                      getExtent(n, boxes.top, boxes.bottom));
  Value alive = n.splat({batch, count}, n.element(ElementType::Bool), 1);
  Value kept = suppress(n, boxes, alive, {},
                        {n.attributes.getFloat("threshold"), false, 1});
  // The k-th proposal is the k-th kept box, counted round and round.
  Value number = n.scalar<graph::MinimumOp>(countTrue(n, kept),
                                            double(std::min(wanted, count)));
  if (!number)
    return Values(2);
  Shape places{batch, wanted}, dims{0};
  Value index = n.binary<graph::ModOp>(
      n.iota(places, n.element(number), 1),
      n.broadcastInDims(n.scalar<graph::MaximumOp>(number, 1), places, dims));
  Value picked = takeRows(n, rows, takeAt(n, truesFirst(n, kept), index));
  if (!picked)
    return Values(2);
  Value image = n.iota({batch, wanted, 1}, element, 0);
  Value regions = n.concat({image, n.sliceAxis(picked, 2, 0, 4)}, 2);
  return {n.reshape(regions, {batch * wanted, 5}),
          n.reshape(takeField(n, picked, 4), {batch * wanted, 1})};
}

Values ProposalBuilder::build() {
  BoxFields boxes;
  std::tie(boxes.left, boxes.right) = move(0);
  std::tie(boxes.top, boxes.bottom) = move(1);
  Value score = getScores();
  filter(boxes, score);
  Value rows =
      joinFields(n, {boxes.left, boxes.top, boxes.right, boxes.bottom, score});
  int64_t limit = n.attributes.getInt("rpn_pre_nms_top_n");
  limit = limit > 0 ? std::min(limit, each[1]) : each[1];
  Value order = n.sliceAxis(argsort(n, score, true), 1, 0, limit);
  Value best = takeRows(n, rows, order);
  return best ? pick(best) : Values(2);
}

/// \p limit is how many pictures there may be.
static Values propose(NodeBuilder &n, int64_t limit) {
  Values none(2);
  if (llvm::is_contained(n.getInputs(), Value()))
    return none;
  Value scores = n.input("cls_prob"), moves = n.input("bbox_pred");
  Value sizes = n.input("im_info");
  int64_t anchors = n.attributes.getFloats("ratios").size() *
                    n.attributes.getFloats("scales").size();
  Shape shape(n.shape(scores));
  bool fits = shape.size() == 4 && shape[0] <= limit && anchors > 0 &&
              shape[1] == 2 * anchors;
  if (fits) {
    Shape boxes{shape[0], 4 * anchors, shape[2], shape[3]}, info{shape[0], 3};
    fits =
        n.shape(moves) == ArrayRef(boxes) && n.shape(sizes) == ArrayRef(info);
  }
  if (fits)
    return ProposalBuilder(n).build();
  n.fail(DiagnosticCode::ShapeMismatch,
         "needs scores Bx2AxHxW, boxes Bx4AxHxW and sizes Bx3 with A = " +
             Twine(anchors) + (limit == 1 ? " and B = 1" : "") + ", but got " +
             dimsText(shape) + ", " + dimsText(n.shape(moves)) + " and " +
             dimsText(n.shape(sizes)));
  return none;
}

static Values proposal(NodeBuilder &n) { return propose(n, 1); }
static Values multiProposal(NodeBuilder &n) { return propose(n, INT32_MAX); }

/// Boxes and sizes follow from the scores.
static std::optional<Shape> inferProposal(NodeBuilder &n, size_t index) {
  Value scores = n.input("cls_prob");
  if (!scores || n.rank(scores) != 4 || index == 0)
    return std::nullopt;
  ArrayRef<int64_t> shape = n.shape(scores);
  return index == 1 ? Shape{shape[0], 2 * shape[1], shape[2], shape[3]}
                    : Shape{shape[0], 3};
}

ArrayRef<OperatorRow> getProposalOperators() {
  static constexpr llvm::StringLiteral attributes =
      "rpn_pre_nms_top_n:int=6000 rpn_post_nms_top_n:count=300 "
      "threshold:float=0.7 rpn_min_size:int=16 scales:floats=(4,8,16,32) "
      "ratios:floats=(0.5,1,2) feature_stride:count=16 "
      "output_score:bool=False iou_loss:bool=False";
  static const OperatorRow rows[] = {
      {"_contrib_Proposal Proposal", attributes, "cls_prob bbox_pred im_info",
       proposal, inferProposal, "output score[output_score]"},
      {"_contrib_MultiProposal MultiProposal", attributes,
       "cls_prob bbox_pred im_info", multiProposal, inferProposal,
       "output score[output_score]"},
  };
  return rows;
}

} // namespace dlc::mxnet

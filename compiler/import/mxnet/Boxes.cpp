// SPDX-License-Identifier: Apache-2.0
// Operators on boxes: overlaps, encodings, suppression and matching.
#include "compiler/import/mxnet/Boxes.h"

#include "compiler/import/mxnet/Operators.h"

#include <limits>

using namespace mlir;

namespace dlc::mxnet {

//===----------------------------------------------------------------------===//
// What the families share
//===----------------------------------------------------------------------===//

BoxFormat getBoxFormat(NodeBuilder &n, StringRef attribute) {
  return n.attributes.getText(attribute) == "center" ? BoxFormat::Center
                                                     : BoxFormat::Corner;
}

Value takeField(NodeBuilder &n, Value x, int64_t index) {
  if (!x)
    return x;
  Value field = n.sliceAxis(x, n.rank(x) - 1, index, index + 1);
  return field ? n.reshape(field, n.shape(x).drop_back()) : field;
}

Value joinFields(NodeBuilder &n, ArrayRef<Value> fields) {
  Values parts;
  for (Value field : fields) {
    if (!field)
      return field;
    Shape shape(n.shape(field));
    shape.push_back(1);
    parts.push_back(n.reshape(field, shape));
  }
  return n.concat(parts, n.rank(parts.front()) - 1);
}

BoxFields getBoxFields(NodeBuilder &n, Value boxes, int64_t first,
                       BoxFormat format) {
  Value a = takeField(n, boxes, first), b = takeField(n, boxes, first + 1);
  Value c = takeField(n, boxes, first + 2), d = takeField(n, boxes, first + 3);
  BoxFields fields{a, b, c, d, {}};
  Value width = c, height = d;
  if (format == BoxFormat::Corner) {
    width = n.binary<graph::SubOp>(c, a);
    height = n.binary<graph::SubOp>(d, b);
  } else {
    Value x = n.scalar<graph::MulOp>(width, 0.5);
    Value y = n.scalar<graph::MulOp>(height, 0.5);
    fields.left = n.binary<graph::SubOp>(a, x);
    fields.top = n.binary<graph::SubOp>(b, y);
    fields.right = n.binary<graph::AddOp>(a, x);
    fields.bottom = n.binary<graph::AddOp>(b, y);
  }
  fields.area = n.binary<graph::MulOp>(n.scalar<graph::MaximumOp>(width, 0),
                                       n.scalar<graph::MaximumOp>(height, 0));
  return fields;
}

Value getIntersection(NodeBuilder &n, const BoxFields &a, const BoxFields &b) {
  auto extent = [&](Value lowA, Value highA, Value lowB, Value highB) {
    return n.scalar<graph::MaximumOp>(
        n.binary<graph::SubOp>(n.binary<graph::MinimumOp>(highA, highB),
                               n.binary<graph::MaximumOp>(lowA, lowB)),
        0);
  };
  return n.binary<graph::MulOp>(extent(a.left, a.right, b.left, b.right),
                                extent(a.top, a.bottom, b.top, b.bottom));
}

Value argsort(NodeBuilder &n, Value keys, bool descending) {
  return n.emit<graph::ArgsortOp>({keys}, {n.flag("descending", descending)});
}

Value takeAt(NodeBuilder &n, Value x, Value order) {
  return n.emit<graph::TakeAlongOp>(
      {x, order}, {n.attr("axis", int64_t(1)),
                   n.word<graph::IndexModeAttr>("mode", "clip")});
}

Value takeRows(NodeBuilder &n, Value x, Value order) {
  if (!x || !order)
    return {};
  Shape shape(n.shape(order));
  shape.push_back(n.shape(x)[2]);
  return takeAt(n, x, n.broadcastInDims(order, shape, {0, 1}));
}

Value isBefore(NodeBuilder &n, Value counts, int64_t length) {
  if (!counts)
    return {};
  Shape shape{n.shape(counts)[0], length};
  return n.binary<graph::LessOp>(n.iota(shape, n.element(counts), 1),
                                 n.broadcastInDims(counts, shape, {0}));
}

Value countTrue(NodeBuilder &n, Value mask) {
  return n.reduce<graph::ReduceSumOp>(n.cast(mask, n.element(ElementType::I32)),
                                      {1}, /*keepdims=*/false);
}

Value truesFirst(NodeBuilder &n, Value mask) {
  return argsort(n, n.cast(mask, n.element(ElementType::I32)), true);
}

Value padRows(NodeBuilder &n, Value x, int64_t count, double value) {
  if (!x || count == 0)
    return x;
  Shape low(n.rank(x), 0), high(n.rank(x), 0);
  high[1] = count;
  return n.emit<graph::PadOp>({x},
                              {n.attr("low", low), n.attr("high", high),
                               n.word<graph::PadModeAttr>("mode", "constant"),
                               n.attr("value", value)});
}

Value selectRows(NodeBuilder &n, Value mask, Value x, double value) {
  if (!mask || !x)
    return {};
  Value spread = n.broadcastInDims(mask, n.shape(x), dimRange(0, n.rank(mask)));
  return n.emit<graph::SelectOp>({spread, x, n.splatLike(x, value)});
}

Value suppress(NodeBuilder &n, const BoxFields &boxes, Value alive,
               Value classes, const Suppression &how) {
  Values operands{
      joinFields(n, {boxes.left, boxes.top, boxes.right, boxes.bottom}),
      boxes.area, alive};
  if (classes)
    operands.push_back(classes);
  return n.emit<graph::SuppressOp>(operands,
                                   {n.attr("threshold", how.threshold),
                                    n.flag("inclusive", how.isInclusive),
                                    n.attr("border", how.border)});
}

//===----------------------------------------------------------------------===//
// Overlaps and encodings
//===----------------------------------------------------------------------===//

/// Whether \p x has the shape [..., 4] of at least \p rank dimensions.
static bool checkBoxes(NodeBuilder &n, Value x, StringRef name, int64_t rank) {
  if (n.rank(x) >= rank && n.shape(x).back() == 4)
    return true;
  n.fail(DiagnosticCode::ShapeMismatch,
         "needs " + name + " whose last dimension is 4, but got " +
             dimsText(n.shape(x)));
  return false;
}

/// The overlap of each box on the left with each on the right.
static Values boxIou(NodeBuilder &n) {
  Value lhs = n.input("lhs"), rhs = n.input("rhs");
  if (!lhs || !rhs || !checkBoxes(n, lhs, "lhs", 2) ||
      !checkBoxes(n, rhs, "rhs", 2))
    return Values(1);
  Shape result(n.shape(lhs).drop_back());
  llvm::append_range(result, n.shape(rhs).drop_back());
  int64_t counts[] = {n.type(lhs).getNumElements() / 4,
                      n.type(rhs).getNumElements() / 4};
  Shape pairs{counts[0], counts[1]};
  auto getSide = [&](Value x, int64_t dim) {
    BoxFields fields = getBoxFields(n, n.reshape(x, {counts[dim], 4}), 0,
                                    getBoxFormat(n, "format"));
    Shape dims{dim};
    for (Value *field : {&fields.left, &fields.top, &fields.right,
                         &fields.bottom, &fields.area})
      *field = n.broadcastInDims(*field, pairs, dims);
    return fields;
  };
  BoxFields a = getSide(lhs, 0), b = getSide(rhs, 1);
  Value shared = getIntersection(n, a, b);
  Value whole =
      n.binary<graph::SubOp>(n.binary<graph::AddOp>(a.area, b.area), shared);
  Value overlap = n.binary<graph::DivOp>(shared, whole);
  if (!overlap)
    return Values(1);
  Value isApart = n.scalar<graph::LessEqualOp>(shared, 0);
  return {n.reshape(
      n.emit<graph::SelectOp>({isApart, n.splatLike(overlap, 0), overlap}),
      result)};
}

namespace {
/// Centre and size of boxes.
struct CenterFields {
  Value x, y, width, height;
};
} // namespace

static CenterFields getCenters(NodeBuilder &n, const BoxFields &boxes) {
  CenterFields fields;
  fields.width = n.binary<graph::SubOp>(boxes.right, boxes.left);
  fields.height = n.binary<graph::SubOp>(boxes.bottom, boxes.top);
  fields.x = n.binary<graph::AddOp>(boxes.left,
                                    n.scalar<graph::MulOp>(fields.width, 0.5));
  fields.y = n.binary<graph::AddOp>(boxes.top,
                                    n.scalar<graph::MulOp>(fields.height, 0.5));
  return fields;
}

/// The regression targets of anchors whose references are matched to them.
static Values boxEncode(NodeBuilder &n) {
  Values none(2);
  if (llvm::is_contained(n.getInputs(), Value()) ||
      !checkBoxes(n, n.input("anchors"), "anchors", 3) ||
      !checkBoxes(n, n.input("refs"), "refs", 3))
    return none;
  Value anchors = n.input("anchors"), refs = n.input("refs");
  Shape each(n.shape(anchors).drop_back());
  Value samples = n.input("samples"), matches = n.input("matches");
  bool fits =
      each.size() == 2 && n.rank(refs) == 3 && n.shape(refs)[0] == each[0] &&
      n.shape(samples) == ArrayRef(each) && n.shape(matches) == ArrayRef(each);
  for (StringRef name : {"means", "stds"})
    fits &= n.type(n.input(name)).getNumElements() == 4;
  if (!fits) {
    n.fail(DiagnosticCode::ShapeMismatch,
           "needs anchors BxNx4, samples and matches BxN, refs BxMx4, and four "
           "means and stds");
    return none;
  }
  Value matched =
      takeRows(n, refs, n.cast(matches, n.element(ElementType::I32)));
  CenterFields ref =
      getCenters(n, getBoxFields(n, matched, 0, BoxFormat::Corner));
  CenterFields anchor =
      getCenters(n, getBoxFields(n, anchors, 0, BoxFormat::Corner));
  auto offset = [&](Value from, Value to, Value size) {
    return n.binary<graph::DivOp>(n.binary<graph::SubOp>(from, to), size);
  };
  auto ratio = [&](Value size, Value base) {
    Value quotient = n.binary<graph::DivOp>(size, base);
    return quotient ? n.emit<graph::LogOp>({quotient}) : quotient;
  };
  Value targets = joinFields(n, {offset(ref.x, anchor.x, anchor.width),
                                 offset(ref.y, anchor.y, anchor.height),
                                 ratio(ref.width, anchor.width),
                                 ratio(ref.height, anchor.height)});
  targets = n.binary<graph::DivOp>(
      n.binary<graph::SubOp>(targets, n.reshape(n.input("means"), {4})),
      n.reshape(n.input("stds"), {4}));
  Value isUsed = n.scalar<graph::GreaterOp>(samples, 0.5);
  if (!targets || !isUsed)
    return none;
  Value mask = n.broadcastInDims(n.cast(isUsed, n.element(targets)),
                                 n.shape(targets), {0, 1});
  return {selectRows(n, isUsed, targets, 0), mask};
}

static Values boxDecode(NodeBuilder &n) {
  Value x = n.input("data"), anchors = n.input("anchors");
  if (!x || !anchors || !checkBoxes(n, x, "data", 3) ||
      !checkBoxes(n, anchors, "anchors", 3))
    return Values(1);
  Shape each(n.shape(x).drop_back());
  if (each.size() != 2 || n.type(anchors).getNumElements() != 4 * each[1])
    return {n.fail(DiagnosticCode::ShapeMismatch,
                   "needs an anchor for each box of " + dimsText(n.shape(x)) +
                       ", but got " + dimsText(n.shape(anchors)))};
  Value flat = n.reshape(anchors, {each[1], 4});
  CenterFields anchor{takeField(n, flat, 0), takeField(n, flat, 1),
                      takeField(n, flat, 2), takeField(n, flat, 3)};
  if (getBoxFormat(n, "format") == BoxFormat::Corner)
    anchor = getCenters(n, getBoxFields(n, flat, 0, BoxFormat::Corner));
  double limit = n.attributes.getFloat("clip");
  auto scaled = [&](int64_t field) {
    return n.scalar<graph::MulOp>(
        takeField(n, x, field),
        n.attributes.getFloat("std" + std::to_string(field)));
  };
  auto center = [&](int64_t field, Value size, Value base) {
    return n.binary<graph::AddOp>(n.binary<graph::MulOp>(scaled(field), size),
                                  base);
  };
  auto half = [&](int64_t field, Value size) -> Value {
    Value power = scaled(field);
    if (limit > 0)
      power = n.scalar<graph::MinimumOp>(power, limit);
    if (!power)
      return power;
    Value growth = n.emit<graph::ExpOp>({power});
    return n.scalar<graph::MulOp>(n.binary<graph::MulOp>(growth, size), 0.5);
  };
  Value cx = center(0, anchor.width, anchor.x);
  Value cy = center(1, anchor.height, anchor.y);
  Value w = half(2, anchor.width), h = half(3, anchor.height);
  return {joinFields(
      n, {n.binary<graph::SubOp>(cx, w), n.binary<graph::SubOp>(cy, h),
          n.binary<graph::AddOp>(cx, w), n.binary<graph::AddOp>(cy, h)})};
}

//===----------------------------------------------------------------------===//
// Non-maximum suppression
//===----------------------------------------------------------------------===//

namespace {
/// Which columns of box_nms's data hold what.
struct NmsColumns {
  int64_t box, score, id;
  int64_t width; ///< of all
};
} // namespace

static std::optional<NmsColumns> getNmsColumns(NodeBuilder &n, Value x) {
  NmsColumns columns{n.attributes.getInt("coord_start"),
                     n.attributes.getInt("score_index"),
                     n.attributes.getInt("id_index"), n.shape(x).back()};
  auto isFree = [&](int64_t column) {
    return column < columns.width &&
           (column < columns.box || column > columns.box + 3);
  };
  bool fits = columns.box >= 0 && columns.box <= columns.width - 4 &&
              columns.score >= 0 && isFree(columns.score) &&
              isFree(columns.id) && columns.id != columns.score;
  if (fits)
    return columns;
  n.fail(DiagnosticCode::BadAttribute,
         "attributes 'coord_start', 'score_index' and 'id_index' don't name "
         "different ones of " +
             Twine(columns.width) + " numbers");
  return std::nullopt;
}

/// Writes the boxes of \p rows in the output's format. As in MXNet a box whose
/// first number is negative stays what it is.
static Value convertBoxes(NodeBuilder &n, Value rows,
                          const NmsColumns &columns) {
  BoxFormat from = getBoxFormat(n, "in_format");
  if (!rows || from == getBoxFormat(n, "out_format"))
    return rows;
  BoxFields fields = getBoxFields(n, rows, columns.box, from);
  Values converted{fields.left, fields.top, fields.right, fields.bottom};
  if (from == BoxFormat::Corner) {
    auto middle = [&](Value low, Value high) {
      return n.scalar<graph::MulOp>(n.binary<graph::AddOp>(low, high), 0.5);
    };
    converted = {middle(fields.left, fields.right),
                 middle(fields.top, fields.bottom),
                 n.binary<graph::SubOp>(fields.right, fields.left),
                 n.binary<graph::SubOp>(fields.bottom, fields.top)};
  }
  Value stays = n.scalar<graph::LessOp>(takeField(n, rows, columns.box), 0);
  for (auto [i, field] : llvm::enumerate(converted))
    field = n.emit<graph::SelectOp>(
        {stays, takeField(n, rows, columns.box + int64_t(i)), field});
  Values parts;
  auto addSlice = [&](int64_t begin, int64_t end) {
    if (begin < end)
      parts.push_back(n.sliceAxis(rows, n.rank(rows) - 1, begin, end));
  };
  addSlice(0, columns.box);
  parts.push_back(joinFields(n, converted));
  addSlice(columns.box + 4, columns.width);
  return n.concat(parts, n.rank(rows) - 1);
}

/// Suppresses among \p rows [B, K, W], sorted; those that aren't \p alive don't
/// take part.
static Value keepBoxes(NodeBuilder &n, Value rows, Value alive,
                       const NmsColumns &columns) {
  BoxFields boxes =
      getBoxFields(n, rows, columns.box, getBoxFormat(n, "in_format"));
  Value classes;
  if (columns.id >= 0 && !n.attributes.getBool("force_suppress")) {
    classes = takeField(n, rows, columns.id);
    if (!classes)
      return {};
    classes = n.emit<graph::TruncOp>({classes});
  }
  return suppress(n, boxes, alive, classes,
                  {n.attributes.getFloat("overlap_thresh")});
}

/// Keeps the best boxes, sorted by score; the rest of the rows is -1. The
/// second output says which box each row was.
static Values boxNms(NodeBuilder &n) {
  Value data = n.input(0);
  if (!data)
    return Values(2);
  if (n.rank(data) < 2) {
    n.fail(DiagnosticCode::ShapeMismatch,
           "needs boxes in the last two dimensions, but got " +
               dimsText(n.shape(data)));
    return Values(2);
  }
  std::optional<NmsColumns> columns = getNmsColumns(n, data);
  if (!columns)
    return Values(2);
  int64_t count = n.shape(data).end()[-2];
  Shape places(n.shape(data));
  places.back() = 1;
  Value x = n.reshape(data, {-1, count, columns->width});
  Shape each{n.shape(x)[0], count};
  // The number of each box in the whole tensor.
  Value number = n.iota({each[0] * count}, n.element(data), 0);
  int64_t limit = n.attributes.getInt("topk");
  limit = limit < 0 ? count : std::min(limit, count);
  if (limit == 0)
    return {data, n.reshape(number, places)};

  Value score = takeField(n, x, columns->score);
  Value isValid =
      n.scalar<graph::GreaterOp>(score, n.attributes.getFloat("valid_thresh"));
  if (columns->id >= 0)
    isValid = n.binary<graph::LogicalAndOp>(
        isValid, n.scalar<graph::NotEqualOp>(
                     takeField(n, x, columns->id),
                     double(n.attributes.getInt("background_id"))));
  Value key =
      selectRows(n, isValid, score, -std::numeric_limits<double>::infinity());
  Value order = n.sliceAxis(argsort(n, key, true), 1, 0, limit);
  Value rows = takeRows(n, x, order);
  Value kept = keepBoxes(n, rows, takeAt(n, isValid, order), *columns);
  Value first = truesFirst(n, kept);
  Value isThere = isBefore(n, countTrue(n, kept), limit);
  Value result = selectRows(n, isThere, takeRows(n, rows, first), -1);
  Value taken = takeAt(n, takeAt(n, n.reshape(number, each), order), first);
  result = padRows(n, convertBoxes(n, result, *columns), count - limit, -1);
  taken = padRows(n, selectRows(n, isThere, taken, -1), count - limit, -1);
  return {n.reshape(result, n.shape(data)), n.reshape(taken, places)};
}

//===----------------------------------------------------------------------===//
// Matching
//===----------------------------------------------------------------------===//

/// Matches rows and columns of scores, best first; gives the column of each
/// row and the row of each column, -1 where there is none.
static Values bipartiteMatching(NodeBuilder &n) {
  Value scores = n.input(0);
  if (!scores)
    return Values(2);
  if (n.rank(scores) < 2) {
    n.fail(DiagnosticCode::ShapeMismatch,
           "needs a matrix of scores, but got " + dimsText(n.shape(scores)));
    return Values(2);
  }
  int64_t rows = n.shape(scores).end()[-2], columns = n.shape(scores).back();
  int64_t limit = n.attributes.getInt("topk");
  bool isAscending = n.attributes.getBool("is_ascend");
  double threshold = n.attributes.getFloat("threshold");
  Value flat = n.reshape(scores, {-1, rows * columns});
  Value order = argsort(n, flat, !isAscending);
  Value sorted = takeAt(n, flat, order);
  Value allowed = isAscending ? n.scalar<graph::LessOp>(sorted, threshold)
                              : n.scalar<graph::GreaterOp>(sorted, threshold);
  // MXNet stops after the match beyond the limit.
  Value matched = n.emit<graph::MatchOp>(
      {order, allowed},
      {n.attr("rows", rows), n.attr("columns", columns),
       n.attr("limit", limit > 0 ? limit + 1 : rows * columns)});
  if (!matched)
    return Values(2);
  Type index = n.element(matched);
  Shape pairs{n.shape(matched)[0], columns, rows};
  Value isPair = n.binary<graph::EqualOp>(
      n.broadcastInDims(matched, pairs, {0, 2}), n.iota(pairs, index, 1));
  Value partner = selectRows(n, isPair, n.iota(pairs, index, 2), -1);
  Value reverse = n.reduce<graph::ReduceMaxOp>(partner, {2}, false);
  Shape rowShape(n.shape(scores).drop_back()), columnShape(rowShape);
  columnShape.back() = columns;
  return {n.cast(n.reshape(matched, rowShape), n.element(scores)),
          n.cast(n.reshape(reverse, columnShape), n.element(scores))};
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

ArrayRef<OperatorRow> getBoxOperators() {
  static const OperatorRow rows[] = {
      {"_contrib_box_iou", "format:{center|corner}=corner", "lhs rhs", boxIou,
       nullptr},
      {"_contrib_box_encode", "", "samples matches anchors refs means stds",
       boxEncode, nullptr, "output0 output1"},
      {"_contrib_box_decode",
       "std0:float=1 std1:float=1 std2:float=1 std3:float=1 clip:float=-1 "
       "format:{center|corner}=center",
       "data anchors", boxDecode},
      {"_contrib_box_nms _contrib_box_non_maximum_suppression",
       "overlap_thresh:float=0.5 valid_thresh:float=0 topk:int=-1 "
       "coord_start:int=2 score_index:int=1 id_index:int=-1 "
       "background_id:int=-1 force_suppress:bool=False "
       "in_format:{center|corner}=corner out_format:{center|corner}=corner",
       "data", boxNms, nullptr, "output0 output1"},
      {"_contrib_bipartite_matching",
       "is_ascend:bool=False threshold:float! topk:int=-1", "data",
       bipartiteMatching, nullptr, "output0 output1"},
  };
  return rows;
}

} // namespace dlc::mxnet

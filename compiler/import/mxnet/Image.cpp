// SPDX-License-Identifier: Apache-2.0
// Operators that prepare images, [height, width, channels] or a batch of them,
// as Gluon's transforms do.
#include "compiler/import/mxnet/Operators.h"

using namespace mlir;

namespace dlc::mxnet {

static bool checkImage(NodeBuilder &n) {
  Value x = n.input(0);
  if (x && (n.rank(x) == 3 || n.rank(x) == 4))
    return true;
  if (x)
    n.fail(DiagnosticCode::ShapeMismatch,
           "needs an image of three dimensions or a batch of them, but got " +
               dimsText(n.shape(x)));
  return false;
}

/// Channels first, from 0 to 1.
static Values toTensor(NodeBuilder &n) {
  if (!checkImage(n))
    return Values(1);
  Value x = n.input(0);
  Shape permutation{2, 0, 1};
  if (n.rank(x) == 4)
    permutation = {0, 3, 1, 2};
  Value real = n.cast(x, n.element(ElementType::F32));
  return {n.transpose(n.scalar<graph::DivOp>(real, 255), permutation)};
}

/// (x - mean) / std for each channel of a tensor with channels first; one
/// number stands for all channels.
static Values normalize(NodeBuilder &n) {
  if (!checkImage(n))
    return Values(1);
  Value x = n.input(0);
  int64_t axis = n.rank(x) - 3, channels = n.shape(x)[axis];
  auto spread = [&](StringRef name) -> Value {
    ArrayRef<double> given = n.attributes.getFloats(name);
    if (given.empty() ||
        (given.size() != 1 && int64_t(given.size()) < channels))
      return n.fail(DiagnosticCode::BadAttribute,
                    "attribute '" + name + "' needs a number for each of the " +
                        Twine(channels) + " channels");
    SmallVector<double> values(given.take_front(channels));
    values.resize(channels, given.front());
    return n.broadcastInDims(n.constant({channels}, n.element(x), values),
                             n.shape(x), {axis});
  };
  Value mean = spread("mean"), deviation = spread("std");
  return {n.emit<graph::DivOp>({n.emit<graph::SubOp>({x, mean}), deviation})};
}

/// Mirrors the dimension that is \p fromEnd from the end.
template <int fromEnd>
static Values flip(NodeBuilder &n) {
  if (!checkImage(n))
    return Values(1);
  Value x = n.input(0);
  return {n.emit<graph::ReverseOp>(
      {x}, {n.attr("axes", ArrayRef<int64_t>(n.rank(x) - fromEnd))})};
}

static Values crop(NodeBuilder &n) {
  if (!checkImage(n))
    return Values(1);
  Value x = n.input(0);
  int64_t height = n.rank(x) - 3;
  int64_t top = n.attributes.getInt("y"), left = n.attributes.getInt("x");
  int64_t rows = n.attributes.getInt("height");
  int64_t columns = n.attributes.getInt("width");
  ArrayRef<int64_t> shape = n.shape(x);
  if (top < 0 || left < 0 || rows > shape[height] - top ||
      columns > shape[height + 1] - left)
    return {n.fail(DiagnosticCode::BadAttribute,
                   "the part to crop is not inside of " + dimsText(shape))};
  Value strip = n.sliceAxis(x, height, top, top + rows);
  return {n.sliceAxis(strip, height + 1, left, left + columns)};
}

/// Adds a colour: ImageNet's principal components, weighted. Integers are
/// clipped to a byte.
static Values adjustLighting(NodeBuilder &n) {
  static constexpr double components[3][3] = {
      {55.46 * -0.5675, 4.794 * 0.7192, 1.148 * 0.4009},
      {55.46 * -0.5808, 4.794 * -0.0045, 1.148 * -0.8140},
      {55.46 * -0.5836, 4.794 * -0.6948, 1.148 * 0.4203}};
  if (!checkImage(n))
    return Values(1);
  Value x = n.input(0);
  const auto &alpha = n.attributes.getFloats("alpha");
  int64_t last = n.rank(x) - 1;
  if (alpha.size() != 3)
    return {n.fail(DiagnosticCode::BadAttribute,
                   "attribute 'alpha' needs three numbers")};
  if (n.shape(x)[last] == 1)
    return {x}; // grey
  if (n.shape(x)[last] != 3)
    return {
        n.fail(DiagnosticCode::ShapeMismatch,
               "needs one channel or three, but got " + dimsText(n.shape(x)))};
  SmallVector<double> colour;
  for (const auto &row : components)
    colour.push_back(row[0] * alpha[0] + row[1] * alpha[1] + row[2] * alpha[2]);
  Type element = n.element(x);
  Value real = n.cast(x, n.element(ElementType::F32));
  Value shift = n.broadcastInDims(n.constant({3}, n.element(real), colour),
                                  n.shape(x), {last});
  Value sum = n.emit<graph::AddOp>({real, shift});
  if (!isa<FloatType>(element))
    sum = n.emit<graph::ClipOp>({sum},
                                {n.attr("min", 0.0), n.attr("max", 255.0)});
  return {n.cast(sum, element)};
}

ArrayRef<OperatorRow> getImageOperators() {
  static const OperatorRow rows[] = {
      {"_image_to_tensor _npx__image_to_tensor", "", "data", toTensor},
      {"_image_normalize _npx__image_normalize",
       "mean:floats=(0,0,0,0) std:floats=(1,1,1,1)", "data", normalize},
      {"_image_flip_left_right _npx__image_flip_left_right", "", "data",
       flip<2>},
      {"_image_flip_top_bottom _npx__image_flip_top_bottom", "", "data",
       flip<3>},
      {"_image_crop _npx__image_crop",
       "x:int! y:int! width:count! height:count!", "data", crop},
      {"_image_adjust_lighting _npx__image_adjust_lighting", "alpha:floats!",
       "data", adjustLighting},
  };
  return rows;
}

} // namespace dlc::mxnet

// SPDX-License-Identifier: Apache-2.0
// Operators that prepare images, [height, width, channels] or a batch of them,
// as Gluon's transforms do.
#include "compiler/import/mxnet/Formulas.h"
#include "compiler/import/mxnet/Operators.h"
#include "compiler/import/mxnet/Random.h"

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
    // One number is for all channels.
    if (given.size() > 1)
      given = given.take_front(channels);
    return n.broadcastInDims(n.constant({channels}, n.element(x), given),
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

/// \p x in the image's type; bytes are clipped.
static Value finishImage(NodeBuilder &n, Value x) {
  Type element = n.element(n.input(0));
  if (!isa<FloatType>(element))
    x = n.emit<graph::ClipOp>({x}, {n.attr("min", 0.0), n.attr("max", 255.0)});
  return n.cast(x, element);
}

/// Adds a colour: ImageNet's principal components, weighted. Integers are
/// clipped to a byte.
static Value addLighting(NodeBuilder &n, Value alpha) {
  static constexpr double components[] = {
      55.46 * -0.5675, 4.794 * 0.7192,  1.148 * 0.4009,
      55.46 * -0.5808, 4.794 * -0.0045, 1.148 * -0.8140,
      55.46 * -0.5836, 4.794 * -0.6948, 1.148 * 0.4203};
  if (!checkImage(n) || !alpha)
    return {};
  Value x = n.input(0);
  int64_t last = n.rank(x) - 1;
  if (n.shape(x)[last] == 1)
    return x; // grey
  if (n.shape(x)[last] != 3)
    return n.fail(DiagnosticCode::ShapeMismatch,
                  "needs one channel or three, but got " +
                      dimsText(n.shape(x)));
  Type f32 = n.element(ElementType::F32);
  Value colour =
      n.dot(n.constant({3, 3}, f32, components), alpha, {}, {}, {1}, {0});
  Value shift = n.broadcastInDims(colour, n.shape(x), {last});
  Value sum = n.emit<graph::AddOp>({n.cast(x, f32), shift});
  return sum ? finishImage(n, sum) : sum;
}

static Values adjustLighting(NodeBuilder &n) {
  const auto &alpha = n.attributes.getFloats("alpha");
  if (alpha.size() != 3)
    return {n.fail(DiagnosticCode::BadAttribute,
                   "attribute 'alpha' needs three numbers")};
  return {addLighting(n, n.constant({3}, n.element(ElementType::F32), alpha))};
}

static Values randomLighting(NodeBuilder &n) {
  Value normal = Random(n).normal({3}, n.element(ElementType::F32));
  return {addLighting(
      n, n.scalar<graph::MulOp>(normal, n.attributes.getFloat("alpha_std")))};
}

//===----------------------------------------------------------------------===//
// At random
//===----------------------------------------------------------------------===//

/// Mirrors the image in one of two cases.
template <int fromEnd>
static Values randomFlip(NodeBuilder &n) {
  Value mirrored = flip<fromEnd>(n)[0];
  if (!mirrored)
    return Values(1);
  Value u = Random(n).uniform({1}, n.element(ElementType::F32));
  Value isMirrored = n.scalar<graph::LessOp>(u, n.attributes.getFloat("p"));
  return {choose(n, isMirrored, mirrored, n.input(0))};
}

/// A factor between the bounds, and the image as floats.
static std::pair<Value, Value> drawFactor(NodeBuilder &n) {
  if (!checkImage(n))
    return {};
  double low = n.attributes.getFloat("min_factor");
  double high = n.attributes.getFloat("max_factor");
  Type f32 = n.element(ElementType::F32);
  Value u = n.reshape(Random(n).uniform({1}, f32), {});
  Value factor =
      n.scalar<graph::AddOp>(n.scalar<graph::MulOp>(u, high - low), low);
  return {factor, n.cast(n.input(0), f32)};
}

/// What an eye sees of each pixel's red, green and blue; keeps the dimension.
static Value getLuminance(NodeBuilder &n, Value x) {
  int64_t last = n.rank(x) - 1;
  if (n.shape(x)[last] == 1)
    return x;
  if (n.shape(x)[last] != 3)
    return n.fail(DiagnosticCode::ShapeMismatch,
                  "needs one channel or three, but got " +
                      dimsText(n.shape(x)));
  Value weights = n.broadcastInDims(
      n.constant({3}, n.element(x), {0.299, 0.587, 0.114}), n.shape(x), {last});
  return n.reduce<graph::ReduceSumOp>(n.emit<graph::MulOp>({x, weights}),
                                      {last}, /*keepdims=*/true);
}

/// factor x + (1 - factor) other.
static Value blend(NodeBuilder &n, Value x, Value other, Value factor) {
  if (!x || !other || !factor)
    return {};
  Value rest = n.emit<graph::SubOp>({n.splatLike(factor, 1), factor});
  return n.binary<graph::AddOp>(n.binary<graph::MulOp>(x, factor),
                                n.binary<graph::MulOp>(other, rest));
}

static Values randomBrightness(NodeBuilder &n) {
  auto [factor, x] = drawFactor(n);
  return {x ? finishImage(n, n.binary<graph::MulOp>(x, factor)) : x};
}

/// Blends with the mean grey of the whole image.
static Values randomContrast(NodeBuilder &n) {
  auto [factor, x] = drawFactor(n);
  Value grey = x ? getLuminance(n, x) : x;
  if (!grey)
    return Values(1);
  int64_t rank = n.rank(grey);
  Value mean = n.reduce<graph::ReduceMeanOp>(grey, dimRange(rank - 3, rank),
                                             /*keepdims=*/true);
  return {finishImage(n, blend(n, x, mean, factor))};
}

/// Blends each pixel with its grey, for which MXNet only takes the last
/// channel.
static Values randomSaturation(NodeBuilder &n) {
  auto [factor, x] = drawFactor(n);
  if (!x)
    return Values(1);
  int64_t last = n.rank(x) - 1, channels = n.shape(x)[last];
  if (channels == 1)
    return {n.input(0)};
  Value blue = n.sliceAxis(x, last, channels - 1, channels);
  Value grey = n.scalar<graph::MulOp>(blue, 0.114);
  return {finishImage(n, blend(n, x, grey, factor))};
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

static constexpr llvm::StringLiteral factorSpec =
    "min_factor:float! max_factor:float!";
static constexpr llvm::StringLiteral seedNote =
    "Depends on the input `random_seed`.";

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
      {"_image_random_flip_left_right _npx__image_random_flip_left_right",
       "p:float=0.5", "data", randomFlip<2>, nullptr, "output", seedNote},
      {"_image_random_flip_top_bottom _npx__image_random_flip_top_bottom",
       "p:float=0.5", "data", randomFlip<3>, nullptr, "output", seedNote},
      {"_image_random_lighting _npx__image_random_lighting",
       "alpha_std:float=0.05", "data", randomLighting, nullptr, "output",
       seedNote},
      {"_image_random_brightness _npx__image_random_brightness", factorSpec,
       "data", randomBrightness, nullptr, "output", seedNote},
      {"_image_random_contrast _npx__image_random_contrast", factorSpec, "data",
       randomContrast, nullptr, "output", seedNote},
      {"_image_random_saturation _npx__image_random_saturation", factorSpec,
       "data", randomSaturation, nullptr, "output", seedNote},
  };
  return rows;
}

} // namespace dlc::mxnet

// SPDX-License-Identifier: Apache-2.0
// A counter-based generator and the distributions that are made of it.
#include "compiler/import/mxnet/Random.h"

using namespace mlir;

namespace dlc::mxnet {

//===----------------------------------------------------------------------===//
// The generator
//===----------------------------------------------------------------------===//

/// The low 32 bits.
static Value low(NodeBuilder &n, Value x) {
  return n.scalar<graph::BitwiseAndOp>(x, 4294967295.0);
}

/// The high 32 bits of 64.
static Value high(NodeBuilder &n, Value x) {
  return n.scalar<graph::ShiftRightOp>(x, 32);
}

static Value bitXor(NodeBuilder &n, Value x, Value y) {
  return n.emit<graph::BitwiseXorOp>({x, y});
}

SmallVector<Value, 4> Random::bits(ArrayRef<int64_t> shape) {
  Type i64 = n.element(ElementType::I64);
  Value seed = n.getSeed();
  int64_t count = graph::multiplySizes(shape);
  if (!seed || count > UINT32_MAX)
    return SmallVector<Value, 4>(4);
  Shape flat{count};
  SmallVector<Value, 4> counter{
      n.iota(flat, i64, 0), n.splat(flat, i64, double(calls++)),
      n.splat(flat, i64, double(n.getNumber())), n.splat(flat, i64, 0)};
  Value keys[2] = {low(n, seed), high(n, seed)};
  for (int round = 0; round < 10; ++round) {
    Value key[2] = {n.broadcast(keys[0], flat), n.broadcast(keys[1], flat)};
    Value product = n.scalar<graph::MulOp>(counter[0], double(0xD2511F53));
    Value other = n.scalar<graph::MulOp>(counter[2], double(0xCD9E8D57));
    Value first = bitXor(n, bitXor(n, high(n, other), counter[1]), key[0]);
    Value third = bitXor(n, bitXor(n, high(n, product), counter[3]), key[1]);
    counter = {first, low(n, other), third, low(n, product)};
    keys[0] = low(n, n.scalar<graph::AddOp>(keys[0], double(0x9E3779B9)));
    keys[1] = low(n, n.scalar<graph::AddOp>(keys[1], double(0xBB67AE85)));
  }
  for (Value &word : counter)
    word = n.reshape(word, shape);
  return counter;
}

Value Random::toUniform(Value word, Type element) {
  Value bits = n.scalar<graph::ShiftRightOp>(word, 8);
  return n.scalar<graph::MulOp>(n.cast(bits, element), std::ldexp(1.0, -24));
}

/// Box's and Muller's method: sqrt(-2 log(1 - u)) cos(2 pi v).
Value Random::toNormal(Value first, Value second, Type element) {
  Value inverse = n.emit<graph::NegOp>({toUniform(first, element)});
  Value logs = n.emit<graph::Log1pOp>({inverse});
  Value radius = n.emit<graph::SqrtOp>({n.scalar<graph::MulOp>(logs, -2.0)});
  Value angle = n.scalar<graph::MulOp>(toUniform(second, element), 2 * M_PI);
  return n.emit<graph::MulOp>({radius, n.emit<graph::CosOp>({angle})});
}

//===----------------------------------------------------------------------===//
// Distributions
//===----------------------------------------------------------------------===//

Value Random::uniform(ArrayRef<int64_t> shape, Type element) {
  return toUniform(bits(shape)[0], element);
}

Value Random::normal(ArrayRef<int64_t> shape, Type element) {
  SmallVector<Value, 4> words = bits(shape);
  return toNormal(words[0], words[1], element);
}

Value Random::exponential(ArrayRef<int64_t> shape, Type element) {
  Value inverse = n.emit<graph::NegOp>({uniform(shape, element)});
  return n.emit<graph::NegOp>({n.emit<graph::Log1pOp>({inverse})});
}

Value Random::integers(ArrayRef<int64_t> shape, double low, double high) {
  // A multiple of the range over 2^32, whose remainder is dropped.
  Value scaled = n.scalar<graph::MulOp>(bits(shape)[0], high - low);
  return n.scalar<graph::AddOp>(n.scalar<graph::ShiftRightOp>(scaled, 32), low);
}

Value Random::gamma(Value alpha) {
  if (!alpha)
    return {};
  constexpr int attempts = 8; // each accepted in 95 of 100 cases or more
  Shape shape(n.shape(alpha));
  Type element = n.element(alpha);
  // Below 1 the method is used for alpha + 1, and a power corrects that.
  Value isSmall = n.scalar<graph::LessOp>(alpha, 1);
  Value one = n.splatLike(alpha, 1);
  Value raised = n.emit<graph::SelectOp>(
      {isSmall, n.emit<graph::AddOp>({alpha, one}), alpha});
  Value d = n.scalar<graph::SubOp>(raised, 1.0 / 3);
  Value c = n.emit<graph::RsqrtOp>({n.scalar<graph::MulOp>(d, 9)});
  Value result = d; // near the mean
  for (int i = 0; i < attempts; ++i) {
    SmallVector<Value, 4> words = bits(shape);
    Value x = toNormal(words[0], words[1], element);
    Value root = n.emit<graph::AddOp>({one, n.emit<graph::MulOp>({c, x})});
    Value v = n.emit<graph::MulOp>({n.emit<graph::SquareOp>({root}), root});
    Value logs = n.emit<graph::SubOp>({n.emit<graph::LogOp>({v}), v});
    Value bound = n.emit<graph::AddOp>(
        {n.scalar<graph::MulOp>(n.emit<graph::SquareOp>({x}), 0.5),
         n.emit<graph::MulOp>({d, n.scalar<graph::AddOp>(logs, 1)})});
    Value chance = n.emit<graph::Log1pOp>(
        {n.emit<graph::NegOp>({toUniform(words[2], element)})});
    // The logarithm of a negative number is NaN, which is less than nothing.
    Value isAccepted = n.emit<graph::LessOp>({chance, bound});
    result = n.emit<graph::SelectOp>(
        {isAccepted, n.emit<graph::MulOp>({d, v}), result});
  }
  Value inverse = n.emit<graph::NegOp>({uniform(shape, element)});
  Value logs = n.emit<graph::Log1pOp>({inverse});
  Value power = n.emit<graph::ExpOp>({n.emit<graph::DivOp>({logs, alpha})});
  return n.emit<graph::MulOp>(
      {result, n.emit<graph::SelectOp>({isSmall, power, one})});
}

/// For rates below 10: how many exponential gaps fit into the rate. 64 are
/// enough but for a chance of 1e-28.
Value Random::smallPoisson(Value rate) {
  Shape many(n.shape(rate));
  many.push_back(64);
  int64_t last = n.rank(rate);
  Value sums = n.emit<graph::CumsumOp>({exponential(many, n.element(rate))},
                                       {n.attr("axis", last)});
  Value limit = n.broadcastInDims(rate, many, dimRange(0, last));
  Value isBelow = n.emit<graph::LessOp>({sums, limit});
  return isBelow ? n.reduce<graph::ReduceSumOp>(
                       n.cast(isBelow, n.element(rate)), {last}, false)
                 : isBelow;
}

/// For rates from 10 on: transformed rejection with a fixed number of attempts.
/// Source: Hörmann, "The transformed rejection method for generating Poisson
/// random variables", 1993.
Value Random::largePoisson(Value rate) {
  constexpr int attempts = 12; // each accepted in 8 of 10 cases or more
  auto add = [&](Value x, Value y) { return n.emit<graph::AddOp>({x, y}); };
  auto mul = [&](Value x, Value y) { return n.emit<graph::MulOp>({x, y}); };
  auto plus = [&](Value x, double y) { return n.scalar<graph::AddOp>(x, y); };
  auto times = [&](Value x, double y) { return n.scalar<graph::MulOp>(x, y); };
  auto over = [&](double x, Value y) {
    return y ? n.emit<graph::DivOp>({n.splatLike(y, x), y}) : y;
  };
  auto log = [&](Value x) { return n.emit<graph::LogOp>({x}); };
  Type element = n.element(rate);
  Value b = plus(times(n.emit<graph::SqrtOp>({rate}), 2.53), 0.931);
  Value a = plus(times(b, 0.02483), -0.059);
  Value inverseAlpha = plus(over(1.1328, plus(b, -3.4)), 1.1239);
  Value vr = n.emit<graph::NegOp>({plus(over(3.6224, plus(b, -2)), -0.9277)});
  Value result = n.emit<graph::FloorOp>({rate});
  for (int i = 0; i < attempts; ++i) {
    SmallVector<Value, 4> words = bits(n.shape(rate));
    Value u = plus(toUniform(words[0], element), -0.5);
    Value v = plus(toUniform(words[1], element), std::ldexp(1.0, -25));
    Value us = plus(n.emit<graph::NegOp>({n.emit<graph::AbsOp>({u})}), 0.5);
    Value slope = add(n.emit<graph::DivOp>({times(a, 2), us}), b);
    Value k = n.emit<graph::FloorOp>({plus(add(mul(slope, u), rate), 0.43)});
    Value isQuick =
        n.emit<graph::LogicalAndOp>({n.scalar<graph::GreaterEqualOp>(us, 0.07),
                                     n.emit<graph::LessEqualOp>({v, vr})});
    Value isLegal = n.scalar<graph::GreaterEqualOp>(k, 0);
    Value left = add(log(v), log(inverseAlpha));
    left = n.emit<graph::SubOp>(
        {left, log(add(n.emit<graph::DivOp>({a, mul(us, us)}), b))});
    Value right = n.emit<graph::SubOp>({mul(k, log(rate)), rate});
    right =
        n.emit<graph::SubOp>({right, n.emit<graph::GammalnOp>({plus(k, 1)})});
    Value isExact = n.emit<graph::LogicalAndOp>(
        {isLegal, n.emit<graph::LessEqualOp>({left, right})});
    Value isAccepted = n.emit<graph::LogicalOrOp>({isQuick, isExact});
    result = n.emit<graph::SelectOp>({isAccepted, k, result});
  }
  return result;
}

Value Random::poisson(Value rate) {
  if (!rate)
    return {};
  Type element = n.element(rate);
  // Logarithms of large counts need float64.
  Value real = n.cast(rate, n.element(ElementType::F64));
  Value isSmall = n.scalar<graph::LessOp>(real, 10);
  Value small = smallPoisson(real), large = largePoisson(real);
  return n.cast(n.emit<graph::SelectOp>({isSmall, small, large}), element);
}

} // namespace dlc::mxnet

// SPDX-License-Identifier: Apache-2.0
// Operators that draw random numbers: of given parameters, for each element of
// tensors of parameters, like another tensor; numpy's; and those that choose
// or shuffle.
#include "compiler/import/mxnet/Formulas.h"
#include "compiler/import/mxnet/Operators.h"
#include "compiler/import/mxnet/Random.h"

using namespace mlir;

namespace dlc::mxnet {

//===----------------------------------------------------------------------===//
// Distributions of two parameters or one
//===----------------------------------------------------------------------===//

/// Draws numbers with parameters \p a and \p b, which have the result's shape
/// and element type; \p b is null where the distribution has one.
using Sampler = Value (*)(NodeBuilder &n, Random &random, Value a, Value b);

static Value multiplied(NodeBuilder &n, Value x, Value y) {
  return n.emit<graph::MulOp>({x, y});
}

static Value sampleUniform(NodeBuilder &n, Random &random, Value low,
                           Value high) {
  Value width = n.emit<graph::SubOp>({high, low});
  return n.emit<graph::AddOp>(
      {low,
       multiplied(n, random.uniform(n.shape(low), n.element(low)), width)});
}

static Value sampleNormal(NodeBuilder &n, Random &random, Value mean,
                          Value deviation) {
  return n.emit<graph::AddOp>(
      {mean, multiplied(n, random.normal(n.shape(mean), n.element(mean)),
                        deviation)});
}

static Value sampleGamma(NodeBuilder &n, Random &random, Value alpha,
                         Value scale) {
  return multiplied(n, random.gamma(alpha), scale);
}

/// \p rate is the inverse of the mean.
static Value sampleExponential(NodeBuilder &n, Random &random, Value rate,
                               Value) {
  return n.emit<graph::DivOp>(
      {random.exponential(n.shape(rate), n.element(rate)), rate});
}

static Value sampleScaledExponential(NodeBuilder &n, Random &random,
                                     Value scale, Value) {
  return multiplied(n, random.exponential(n.shape(scale), n.element(scale)),
                    scale);
}

static Value samplePoisson(NodeBuilder &, Random &random, Value rate, Value) {
  return random.poisson(rate);
}

/// Failures before \p count successes of chance \p chance: a Poisson number
/// whose rate is drawn too.
static Value sampleNegativeBinomial(NodeBuilder &n, Random &random, Value count,
                                    Value chance) {
  Value failure = n.emit<graph::SubOp>({n.splatLike(chance, 1), chance});
  Value scale = n.emit<graph::DivOp>({failure, chance});
  return random.poisson(multiplied(n, random.gamma(count), scale));
}

/// In terms of mean and dispersion; without dispersion a Poisson number.
static Value sampleGeneralNegativeBinomial(NodeBuilder &n, Random &random,
                                           Value mean, Value dispersion) {
  Value isPoisson = n.scalar<graph::EqualOp>(dispersion, 0);
  Value one = n.splatLike(dispersion, 1);
  Value safe = n.emit<graph::SelectOp>({isPoisson, one, dispersion});
  Value drawn = multiplied(n, random.gamma(n.emit<graph::ReciprocalOp>({safe})),
                           multiplied(n, mean, safe));
  return random.poisson(n.emit<graph::SelectOp>({isPoisson, mean, drawn}));
}

static Value sampleGumbel(NodeBuilder &n, Random &random, Value mean,
                          Value scale) {
  Value gaps = random.exponential(n.shape(mean), n.element(mean));
  // An exponential number is never 0, or its logarithm would be infinite.
  Value positive = n.scalar<graph::MaximumOp>(gaps, std::ldexp(1.0, -25));
  Value logs = n.emit<graph::NegOp>({n.emit<graph::LogOp>({positive})});
  return n.emit<graph::AddOp>({mean, multiplied(n, logs, scale)});
}

static Value sampleLogistic(NodeBuilder &n, Random &random, Value mean,
                            Value scale) {
  Value u = n.scalar<graph::AddOp>(
      random.uniform(n.shape(mean), n.element(mean)), std::ldexp(1.0, -25));
  Value odds =
      n.emit<graph::DivOp>({u, n.emit<graph::SubOp>({n.splatLike(u, 1), u})});
  return n.emit<graph::AddOp>(
      {mean, multiplied(n, n.emit<graph::LogOp>({odds}), scale)});
}

static Value samplePareto(NodeBuilder &n, Random &random, Value a, Value) {
  Value gaps = random.exponential(n.shape(a), n.element(a));
  return n.emit<graph::Expm1Op>({n.emit<graph::DivOp>({gaps, a})});
}

static Value sampleWeibull(NodeBuilder &n, Random &random, Value a, Value) {
  Value gaps = random.exponential(n.shape(a), n.element(a));
  return n.emit<graph::PowerOp>({gaps, n.emit<graph::ReciprocalOp>({a})});
}

static Value sampleRayleigh(NodeBuilder &n, Random &random, Value scale,
                            Value) {
  Value gaps = random.exponential(n.shape(scale), n.element(scale));
  Value twice = n.scalar<graph::MulOp>(gaps, 2);
  return multiplied(n, n.emit<graph::SqrtOp>({twice}), scale);
}

static Value samplePower(NodeBuilder &n, Random &random, Value a, Value) {
  Value u = random.uniform(n.shape(a), n.element(a));
  return n.emit<graph::PowerOp>({u, n.emit<graph::ReciprocalOp>({a})});
}

//===----------------------------------------------------------------------===//
// Where parameters and shapes come from
//===----------------------------------------------------------------------===//

namespace {

/// The keys of the parameters that are attributes.
struct Keys {
  StringRef first, second;
};

} // namespace

/// The element type that `dtype` names, float32 where it is None.
static Type getFloatType(NodeBuilder &n) {
  return n.attributes.isNone("dtype") || !n.attributes.isGiven("dtype")
             ? n.element(ElementType::F32)
             : n.element(n.attributes.getType("dtype"));
}

/// Numbers of \p shape whose parameters are the attributes \p first and
/// \p second.
template <Sampler sample>
static Value drawOf(NodeBuilder &n, ArrayRef<int64_t> shape, Type element,
                    const Keys &keys) {
  // Integers such as a number of trials too.
  auto get = [&](StringRef key) -> Value {
    if (key.empty())
      return {};
    const AttributeValue &value = n.attributes.get(key);
    return n.splat(shape, element, value.number + double(value.integer));
  };
  Random random(n);
  return sample(n, random, get(keys.first), get(keys.second));
}

template <Sampler sample, const char *first, const char *second>
static Values drawShape(NodeBuilder &n) {
  Shape shape = n.getShape("shape");
  if (shape.empty())
    shape.push_back(1);
  return {drawOf<sample>(n, shape, getFloatType(n), {first, second})};
}

template <Sampler sample, const char *first, const char *second>
static Values drawLike(NodeBuilder &n) {
  Value x = n.input(0);
  return {x ? drawOf<sample>(n, n.shape(x), n.element(x), {first, second}) : x};
}

/// For each element of the parameters a block of attribute `shape`.
template <Sampler sample>
static Values drawBlocks(NodeBuilder &n) {
  Value a = n.input(0), b = n.input(1);
  if (!a || (n.getInputCount() > 1 && !b))
    return Values(1);
  Shape shape(n.shape(a));
  if (b && n.shape(b) != n.shape(a))
    return {n.fail(DiagnosticCode::ShapeMismatch,
                   "the parameters differ in shape")};
  llvm::append_range(shape, n.getShape("shape"));
  Type element = getFloatType(n);
  auto spread = [&](Value value) {
    return value ? n.broadcastInDims(n.cast(value, element), shape,
                                     dimRange(0, n.rank(value)))
                 : value;
  };
  Random random(n);
  return {sample(n, random, spread(a), spread(b))};
}

/// Numpy's parameters: an attribute or, where that is None, the next input.
static Values getNumpyParameters(NodeBuilder &n, const Keys &keys,
                                 Type element) {
  Values parameters;
  size_t next = 0;
  for (StringRef key : {keys.first, keys.second})
    if (!key.empty())
      parameters.push_back(
          n.attributes.isNone(key)
              ? n.cast(n.input(next++), element)
              : n.splat({}, element, n.attributes.getFloat(key)));
  return parameters;
}

/// Brings the parameters to the result's shape: `size`, by default that of the
/// parameters; if \p isPrefix, `size` and then that.
static bool spreadParameters(NodeBuilder &n, MutableArrayRef<Value> values,
                             bool isPrefix) {
  if (llvm::is_contained(values, Value()))
    return false;
  if (values.size() > 1 && !n.broadcastPair(values[0], values[1]))
    return false;
  Shape shape = n.getShape("size");
  if (n.attributes.isNone("size") || isPrefix)
    llvm::append_range(shape, n.shape(values.front()));
  for (Value &value : values)
    value = n.broadcast(value, shape);
  return bool(values.front());
}

template <Sampler sample, const char *first, const char *second,
          bool isPrefix = false>
static Values drawNumpy(NodeBuilder &n) {
  Values values = getNumpyParameters(n, {first, second}, getFloatType(n));
  if (!spreadParameters(n, values, isPrefix))
    return Values(1);
  Random random(n);
  return {
      sample(n, random, values[0], values.size() > 1 ? values[1] : Value())};
}

//===----------------------------------------------------------------------===//
// Integers and choices
//===----------------------------------------------------------------------===//

static Values randint(NodeBuilder &n) {
  double low = double(n.attributes.getInt("low"));
  double high = double(n.attributes.getInt("high"));
  Shape shape = n.getShape("shape");
  if (shape.empty() && !n.usesNumpyShapes)
    shape.push_back(1);
  if (!(high > low) || high - low > UINT32_MAX)
    return {n.fail(DiagnosticCode::BadAttribute,
                   "attributes 'low' and 'high' must be apart, by less than "
                   "2^32")};
  bool isGiven = n.attributes.isGiven("dtype") && !n.attributes.isNone("dtype");
  Type element =
      n.element(isGiven ? n.attributes.getType("dtype") : ElementType::I32);
  return {n.cast(Random(n).integers(shape, low, high), element)};
}

static Values bernoulli(NodeBuilder &n) {
  bool isLogit = n.attributes.getBool("is_logit");
  Type f32 = n.element(ElementType::F32);
  Values values = getNumpyParameters(n, {isLogit ? "logit" : "prob", ""}, f32);
  if (!spreadParameters(n, values, false))
    return Values(1);
  Value chance = isLogit ? n.emit<graph::SigmoidOp>({values[0]}) : values[0];
  Value u = Random(n).uniform(n.shape(chance), f32);
  return {n.cast(n.emit<graph::LessOp>({u, chance}),
                 n.element(n.attributes.getType("dtype")))};
}

/// Which of the last dimension's chances \p u, from 0 to their sum, falls to:
/// the number of running sums that it has passed.
static Value findChance(NodeBuilder &n, Value chances, Value u) {
  if (!chances || !u)
    return {};
  int64_t rank = n.rank(u), leading = n.rank(chances) - 1;
  Value sums = n.emit<graph::CumsumOp>({chances}, {n.attr("axis", leading)});
  if (!sums)
    return {};
  int64_t count = n.shape(sums)[leading];
  Shape pairs(n.shape(u));
  pairs.push_back(count);
  Shape dims = dimRange(0, leading);
  dims.push_back(rank);
  Value total = n.sliceAxis(sums, leading, count - 1, count);
  Value scaled =
      n.emit<graph::MulOp>({n.broadcastInDims(u, pairs, dimRange(0, rank)),
                            n.broadcastInDims(total, pairs, dims)});
  Value isPassed = n.emit<graph::GreaterEqualOp>(
      {scaled, n.broadcastInDims(sums, pairs, dims)});
  if (!isPassed)
    return {};
  Value index = n.reduce<graph::ReduceSumOp>(
      n.cast(isPassed, n.element(ElementType::I64)), {rank}, false);
  return n.scalar<graph::MinimumOp>(index, double(count - 1));
}

/// For each row of chances a block of indices, and the logarithms of what their
/// chances were.
static Values sampleMultinomial(NodeBuilder &n) {
  Value chances = n.input(0);
  if (!chances || n.rank(chances) == 0)
    return Values(2);
  Shape shape(n.shape(chances).drop_back());
  llvm::append_range(shape, n.getShape("shape"));
  if (shape.empty() && !n.usesNumpyShapes)
    shape.push_back(1);
  bool isFlat = n.rank(chances) == 1;
  Value u = Random(n).uniform(shape, n.element(chances));
  Value index = findChance(n, chances, u);
  Value typed = n.cast(index, n.element(n.attributes.getType("dtype")));
  if (!n.attributes.getBool("get_prob") || !index)
    return {typed};
  // One chance for each drawn index.
  Shape block(n.shape(chances).drop_back());
  block.push_back(-1);
  int64_t last = n.rank(chances) - 1;
  Value flat = n.reshape(index, isFlat ? Shape{-1} : block);
  Value taken = n.emit<graph::TakeAlongOp>(
      {chances, flat},
      {n.attr("axis", last), n.word<graph::IndexModeAttr>("mode", "clip")});
  return {typed, n.reshape(n.emit<graph::LogOp>({taken}), shape)};
}

/// How often each of the outcomes comes up in n draws.
static Values numpyMultinomial(NodeBuilder &n) {
  Type f32 = n.element(ElementType::F32);
  const auto &given = n.attributes.getFloats("pvals");
  Value chances = n.attributes.isNone("pvals")
                      ? n.cast(n.input(0), f32)
                      : n.constant({int64_t(given.size())}, f32, given);
  int64_t draws = n.attributes.getInt("n");
  if (!chances || n.rank(chances) != 1 || draws > (1 << 20))
    return {n.fail(DiagnosticCode::ShapeMismatch,
                   "needs a vector of chances and at most 2^20 draws")};
  Shape shape = n.getShape("size"), pairs;
  shape.push_back(draws);
  Value index = findChance(n, chances, Random(n).uniform(shape, f32));
  pairs = shape;
  pairs.push_back(n.shape(chances)[0]);
  int64_t rank = shape.size();
  Type i64 = n.element(ElementType::I64);
  Value hit = n.emit<graph::EqualOp>(
      {n.broadcastInDims(index, pairs, dimRange(0, rank)),
       n.iota(pairs, i64, rank)});
  return {hit ? n.reduce<graph::ReduceSumOp>(n.cast(hit, i64), {rank - 1},
                                             /*keepdims=*/false)
              : hit};
}

/// A random order of \p count things; things of larger \p weights, if there
/// are any, tend to come first. Source of the latter: Efraimidis, Spirakis,
/// "Weighted random sampling with a reservoir", 2006.
static Value makeOrder(NodeBuilder &n, int64_t count, Value weights) {
  Type f64 = n.element(ElementType::F64);
  Random random(n);
  Value keys = random.exponential({count}, f64);
  if (weights)
    keys = n.emit<graph::DivOp>({keys, n.cast(weights, f64)});
  Value order;
  return sortRows(n, keys, /*ascending=*/true, &order) ? order : Value();
}

static Values shuffle(NodeBuilder &n) {
  Value x = n.input(0);
  if (!x || n.rank(x) == 0)
    return {x};
  return {
      n.emit<graph::GatherOp>({x, makeOrder(n, n.shape(x)[0], Value())},
                              {n.attr("axis", int64_t(0)),
                               n.word<graph::IndexModeAttr>("mode", "clip")})};
}

/// Indices of `size` of `a` things, with or without putting them back.
static Values choice(NodeBuilder &n) {
  bool isWeighted = n.attributes.getBool("weighted");
  Value population = n.attributes.isNone("a") ? n.input(size_t(0)) : Value();
  Value weights = isWeighted ? n.input(n.getInputCount() - 1) : Value();
  int64_t count = population ? n.type(population).getNumElements()
                             : n.attributes.getInt("a");
  Shape size = n.getShape("size");
  int64_t wanted = graph::multiplySizes(size);
  bool replace = n.attributes.getBool("replace");
  if (count < 1 || (!replace && wanted > count) ||
      (weights && n.type(weights).getNumElements() != count))
    return {n.fail(DiagnosticCode::BadAttribute,
                   "can't choose " + Twine(wanted) + " of " + Twine(count))};
  Value index;
  if (!replace)
    index = n.reshape(n.sliceAxis(makeOrder(n, count, weights), 0, 0, wanted),
                      size);
  else if (weights)
    index = findChance(n, n.reshape(weights, {count}),
                       Random(n).uniform(size, n.element(weights)));
  else
    index = Random(n).integers(size, 0, double(count));
  return {n.cast(index, n.element(ElementType::I64))};
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

// Names of attributes, as template arguments.
static constexpr char kNone[] = "", kLow[] = "low", kHigh[] = "high",
                      kLoc[] = "loc", kScale[] = "scale", kAlpha[] = "alpha",
                      kBeta[] = "beta", kLam[] = "lam", kK[] = "k", kP[] = "p",
                      kMu[] = "mu", kA[] = "a", kShape[] = "shape";

static constexpr llvm::StringLiteral blockSpec =
    "shape:sizes=() dtype:dtype?=None";
static constexpr llvm::StringLiteral seedNote =
    "Depends on the input `random_seed`.";

ArrayRef<OperatorRow> getRandomOperators() {
#define DLC_RANDOM(NAME, LETTERS, ATTRIBUTES, INPUTS, SAMPLER, FIRST, SECOND)  \
  {"_random_" NAME " random_" NAME LETTERS,                                    \
   ATTRIBUTES " shape:sizes?=None ctx:string= dtype:dtype?=None",              \
   "",                                                                         \
   drawShape<SAMPLER, FIRST, SECOND>,                                          \
   nullptr,                                                                    \
   "output",                                                                   \
   seedNote},                                                                  \
      {"_random_" NAME "_like",                                                \
       ATTRIBUTES,                                                             \
       "data",                                                                 \
       drawLike<SAMPLER, FIRST, SECOND>,                                       \
       nullptr,                                                                \
       "output",                                                               \
       seedNote},                                                              \
      {"_sample_" NAME " sample_" NAME,                                        \
       blockSpec,                                                              \
       INPUTS,                                                                 \
       drawBlocks<SAMPLER>,                                                    \
       nullptr,                                                                \
       "output",                                                               \
       seedNote}
#define DLC_NUMPY(NAME, ATTRIBUTES, INPUTS, OUTPUT, ...)                       \
  {                                                                            \
    "_npi_" NAME,                                                              \
        ATTRIBUTES " size:sizes?=None ctx:string= dtype:dtype=float32",        \
        INPUTS, drawNumpy<__VA_ARGS__>, nullptr, OUTPUT, seedNote              \
  }
  static const OperatorRow rows[] = {
      DLC_RANDOM("uniform", " uniform", "low:float=0 high:float=1", "low high",
                 sampleUniform, kLow, kHigh),
      DLC_RANDOM("normal", " normal", "loc:float=0 scale:float=1", "mu sigma",
                 sampleNormal, kLoc, kScale),
      DLC_RANDOM("gamma", "", "alpha:float=1 beta:float=1", "alpha beta",
                 sampleGamma, kAlpha, kBeta),
      DLC_RANDOM("exponential", "", "lam:float=1", "lam", sampleExponential,
                 kLam, kNone),
      DLC_RANDOM("poisson", "", "lam:float=1", "lam", samplePoisson, kLam,
                 kNone),
      DLC_RANDOM("negative_binomial", "", "k:int=1 p:float=1", "k p",
                 sampleNegativeBinomial, kK, kP),
      DLC_RANDOM("generalized_negative_binomial", "",
                 "mu:float=1 alpha:float=1", "mu alpha",
                 sampleGeneralNegativeBinomial, kMu, kAlpha),
      {"_random_randint random_randint _npi_random_randint",
       "low:long! high:long! shape:sizes?=None ctx:string= dtype:dtype?=None",
       "", randint, nullptr, "output", seedNote},
      {"_sample_multinomial sample_multinomial",
       "shape:sizes=() get_prob:bool=False dtype:dtype=int32", "data",
       sampleMultinomial, nullptr,
       "output[!get_prob] output0[get_prob] output1[get_prob]", seedNote},
      {"_shuffle shuffle _npi_shuffle", "", "data", shuffle, nullptr, "output",
       seedNote},
      DLC_NUMPY("uniform", "low:float?! high:float?!",
                "low[low=None] high[high=None]", "output", sampleUniform, kLow,
                kHigh),
      DLC_NUMPY("uniform_n", "low:float?! high:float?!",
                "low[low=None] high[high=None]", "output", sampleUniform, kLow,
                kHigh, true),
      DLC_NUMPY("normal", "loc:float?! scale:float?!",
                "loc[loc=None] scale[scale=None]", "output0", sampleNormal,
                kLoc, kScale),
      DLC_NUMPY("normal_n", "loc:float?! scale:float?!",
                "loc[loc=None] scale[scale=None]", "output0", sampleNormal,
                kLoc, kScale, true),
      DLC_NUMPY("gamma", "shape:float?! scale:float?!",
                "shape[shape=None] scale[scale=None]", "output", sampleGamma,
                kShape, kScale),
      DLC_NUMPY("gumbel", "loc:float?! scale:float?!",
                "loc[loc=None] scale[scale=None]", "output0", sampleGumbel,
                kLoc, kScale),
      DLC_NUMPY("logistic", "loc:float?! scale:float?!",
                "loc[loc=None] scale[scale=None]", "output0", sampleLogistic,
                kLoc, kScale),
      DLC_NUMPY("exponential", "scale:float?=1", "scale[scale=None]", "output0",
                sampleScaledExponential, kScale, kNone),
      DLC_NUMPY("rayleigh", "scale:float?=1", "scale[scale=None]", "output0",
                sampleRayleigh, kScale, kNone),
      DLC_NUMPY("pareto", "a:float?=None", "a[a=None]", "output0", samplePareto,
                kA, kNone),
      DLC_NUMPY("weibull", "a:float?=None", "a[a=None]", "output0",
                sampleWeibull, kA, kNone),
      DLC_NUMPY("powerd", "a:float?=None", "a[a=None]", "output", samplePower,
                kA, kNone),
      {"_npi_bernoulli",
       "prob:float?=None logit:float?=None size:sizes?=None ctx:string= "
       "dtype:dtype=float32 is_logit:bool!",
       "data[prob=None&logit=None]", bernoulli, nullptr, "output", seedNote},
      {"_npi_multinomial", "n:count! pvals:floats?=None size:sizes?=None",
       "a[pvals=None]", numpyMultinomial, nullptr, "output", seedNote},
      {"_npi_choice",
       "a:int?! size:sizes! ctx:string= replace:bool=True "
       "weighted:bool=False",
       "a[a=None] p[weighted]", choice, nullptr, "output", seedNote},
  };
#undef DLC_RANDOM
#undef DLC_NUMPY
  return rows;
}

} // namespace dlc::mxnet

// SPDX-License-Identifier: Apache-2.0
// Probability densities of samples. A sample's leading dimensions are those of
// the parameters; each parameter has a block of samples.
#include "compiler/import/mxnet/Formulas.h"
#include "compiler/import/mxnet/Operators.h"

using namespace mlir;

namespace dlc::mxnet {

namespace {

/// Formulas on values of one shape.
struct Terms {
  NodeBuilder &n;

  Value add(Value x, Value y) { return n.emit<graph::AddOp>({x, y}); }
  Value sub(Value x, Value y) { return n.emit<graph::SubOp>({x, y}); }
  Value mul(Value x, Value y) { return n.emit<graph::MulOp>({x, y}); }
  Value div(Value x, Value y) { return n.emit<graph::DivOp>({x, y}); }
  Value add(Value x, double y) { return n.scalar<graph::AddOp>(x, y); }
  Value mul(Value x, double y) { return n.scalar<graph::MulOp>(x, y); }
  Value log(Value x) { return n.emit<graph::LogOp>({x}); }
  Value gammaln(Value x) { return n.emit<graph::GammalnOp>({x}); }
  Value inverse(Value x) { return n.emit<graph::ReciprocalOp>({x}); }
};

/// The logarithm of a density: of the sample and up to two parameters.
using Density = Value (*)(Terms t, Value x, Value a, Value b);

} // namespace

static Value uniform(Terms t, Value, Value low, Value high) {
  return t.mul(t.log(t.sub(high, low)), -1.0);
}

static Value normal(Terms t, Value x, Value mean, Value deviation) {
  Value distance = t.div(t.sub(x, mean), deviation);
  Value exponent = t.mul(t.mul(distance, distance), -0.5);
  return t.sub(t.add(exponent, -0.5 * std::log(2 * M_PI)), t.log(deviation));
}

static Value gamma(Terms t, Value x, Value alpha, Value beta) {
  Value powers =
      t.add(t.mul(alpha, t.log(beta)), t.mul(t.add(alpha, -1.0), t.log(x)));
  return t.sub(t.sub(powers, t.mul(beta, x)), t.gammaln(alpha));
}

static Value exponential(Terms t, Value x, Value rate, Value) {
  return t.sub(t.log(rate), t.mul(rate, x));
}

static Value poisson(Terms t, Value x, Value rate, Value) {
  return t.sub(t.sub(t.mul(x, t.log(rate)), t.gammaln(t.add(x, 1.0))), rate);
}

static Value negativeBinomial(Terms t, Value x, Value count, Value chance) {
  Value choices = t.sub(t.gammaln(t.add(x, count)),
                        t.add(t.gammaln(t.add(x, 1.0)), t.gammaln(count)));
  Value failure = t.log(t.add(t.mul(chance, -1.0), 1.0));
  return t.add(choices, t.add(t.mul(count, t.log(chance)), t.mul(x, failure)));
}

/// In terms of mean and dispersion.
static Value generalNegativeBinomial(Terms t, Value x, Value mean,
                                     Value dispersion) {
  Value count = t.inverse(dispersion);
  Value chance = t.inverse(t.add(t.mul(mean, dispersion), 1.0));
  return negativeBinomial(t, x, count, chance);
}

/// \p log or its exponential.
static Value finish(NodeBuilder &n, Value log) {
  return n.attributes.getBool("is_log") ? log : n.emit<graph::ExpOp>({log});
}

/// Parameters have no more dimensions than samples.
static bool checkRank(NodeBuilder &n, Value parameter, Value sample) {
  if (n.rank(parameter) <= n.rank(sample))
    return true;
  n.fail(DiagnosticCode::ShapeMismatch,
         "a parameter of shape " + dimsText(n.shape(parameter)) +
             " has more dimensions than the sample, " +
             dimsText(n.shape(sample)));
  return false;
}

template <Density density>
static Values pdf(NodeBuilder &n) {
  Value x = n.input(0), parameters[2];
  if (!x)
    return Values(1);
  for (size_t i = 1; i < n.getInputCount(); ++i) {
    Value value = n.input(i);
    if (!value || !checkRank(n, value, x))
      return Values(1);
    parameters[i - 1] =
        n.broadcastInDims(value, n.shape(x), dimRange(0, n.rank(value)));
  }
  return {finish(n, density(Terms{n}, x, parameters[0], parameters[1]))};
}

/// Of points whose coordinates, the last dimension, sum to 1.
static Values dirichletPdf(NodeBuilder &n) {
  Value x = n.input(0), alpha = n.input(1);
  if (!x || !alpha || !checkRank(n, alpha, x))
    return Values(1);
  if (n.rank(alpha) == 0)
    return {n.fail(DiagnosticCode::ShapeMismatch, "'alpha' needs a dimension")};
  Terms t{n};
  int64_t last = n.rank(x) - 1;
  Shape dims = dimRange(0, n.rank(alpha) - 1);
  dims.push_back(last);
  Value spread = n.broadcastInDims(alpha, n.shape(x), dims);
  auto sum = [&](Value value) {
    return value ? n.reduce<graph::ReduceSumOp>(value, {last}, false) : value;
  };
  Value powers = sum(t.mul(t.add(spread, -1.0), t.log(x)));
  Value norm = t.sub(t.gammaln(sum(spread)), sum(t.gammaln(spread)));
  return {n.atLeastOneDim(finish(n, t.add(powers, norm)))};
}

ArrayRef<OperatorRow> getDistributionOperators() {
  static constexpr llvm::StringLiteral spec = "is_log:bool=False";
  static const OperatorRow rows[] = {
      {"_random_pdf_uniform random_pdf_uniform", spec, "sample low high",
       pdf<uniform>},
      {"_random_pdf_normal random_pdf_normal", spec, "sample mu sigma",
       pdf<normal>},
      {"_random_pdf_gamma random_pdf_gamma", spec, "sample alpha beta",
       pdf<gamma>},
      {"_random_pdf_exponential random_pdf_exponential", spec, "sample lam",
       pdf<exponential>},
      {"_random_pdf_poisson random_pdf_poisson", spec, "sample lam",
       pdf<poisson>},
      {"_random_pdf_negative_binomial random_pdf_negative_binomial", spec,
       "sample k p", pdf<negativeBinomial>},
      {"_random_pdf_generalized_negative_binomial "
       "random_pdf_generalized_negative_binomial",
       spec, "sample mu alpha", pdf<generalNegativeBinomial>},
      {"_random_pdf_dirichlet random_pdf_dirichlet", spec, "sample alpha",
       dirichletPdf},
  };
  return rows;
}

} // namespace dlc::mxnet

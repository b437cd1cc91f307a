// SPDX-License-Identifier: Apache-2.0
// Scalar arithmetic for the bodies of elementwise operators: each function
// emits what fits the type of its arguments.
#ifndef DLC_DIALECTS_GRAPH_SCALAR_H
#define DLC_DIALECTS_GRAPH_SCALAR_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"

namespace dlc::graph::scalar {
using mlir::Location;
using mlir::OpBuilder;
using mlir::Type;
using mlir::Value;

/// A constant of \p type, float or integer; the nearest integer of that type
/// where \p value is out of its range.
Value constant(OpBuilder &b, Location loc, Type type, double value);

/// What \p compute makes of \p args, all of one type; integers are converted to
/// f64 before and truncated after.
Value computeReal(OpBuilder &b, Location loc, mlir::ValueRange args,
                  llvm::function_ref<Value(mlir::ValueRange)> compute);

Value add(OpBuilder &b, Location loc, Value x, Value y);
Value sub(OpBuilder &b, Location loc, Value x, Value y);
Value mul(OpBuilder &b, Location loc, Value x, Value y);
Value div(OpBuilder &b, Location loc, Value x, Value y);
Value mod(OpBuilder &b, Location loc, Value x, Value y);
Value power(OpBuilder &b, Location loc, Value x, Value y);
Value maximum(OpBuilder &b, Location loc, Value x, Value y);
Value minimum(OpBuilder &b, Location loc, Value x, Value y);
Value hypot(OpBuilder &b, Location loc, Value x, Value y);
Value neg(OpBuilder &b, Location loc, Value x);
Value abs(OpBuilder &b, Location loc, Value x);
Value sign(OpBuilder &b, Location loc, Value x);
Value compare(OpBuilder &b, Location loc, mlir::arith::CmpFPredicate floats,
              mlir::arith::CmpIPredicate integers, Value x, Value y);
Value cast(OpBuilder &b, Location loc, Value x, Type type);
/// The type of single elements of \p element's tensors: signless where that is
/// unsigned.
Type getScalarType(Type element);
/// Converts \p x from element type \p from to \p to, which may be unsigned; \p
/// x and the result are signless.
Value convert(OpBuilder &b, Location loc, Value x, Type from, Type to);
Value logicalNot(OpBuilder &b, Location loc, Value x);
Value isNan(OpBuilder &b, Location loc, Value x);
Value isInf(OpBuilder &b, Location loc, Value x);
Value replaceNan(OpBuilder &b, Location loc, Value x, double value);
Value divByCount(OpBuilder &b, Location loc, Value x, int64_t count);

Value relu(OpBuilder &b, Location loc, Value x);
Value leakyRelu(OpBuilder &b, Location loc, Value x, double slope);
Value elu(OpBuilder &b, Location loc, Value x, double alpha);
Value selu(OpBuilder &b, Location loc, Value x);
Value gelu(OpBuilder &b, Location loc, Value x);
Value geluTanh(OpBuilder &b, Location loc, Value x);
Value sigmoid(OpBuilder &b, Location loc, Value x);
Value hardSigmoid(OpBuilder &b, Location loc, Value x, double alpha,
                  double beta);
Value softsign(OpBuilder &b, Location loc, Value x);
Value softplus(OpBuilder &b, Location loc, Value x);
Value clip(OpBuilder &b, Location loc, Value x, double min, double max);

Value rsqrt(OpBuilder &b, Location loc, Value x);
Value rcbrt(OpBuilder &b, Location loc, Value x);
Value reciprocal(OpBuilder &b, Location loc, Value x);
Value rintHalfDown(OpBuilder &b, Location loc, Value x);
Value erfinv(OpBuilder &b, Location loc, Value x);
Value gamma(OpBuilder &b, Location loc, Value x);
Value gammaln(OpBuilder &b, Location loc, Value x);

} // namespace dlc::graph::scalar

#endif // DLC_DIALECTS_GRAPH_SCALAR_H

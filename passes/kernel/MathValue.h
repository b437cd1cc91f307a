// SPDX-License-Identifier: Apache-2.0
// A number, or a vector of numbers, while arithmetic on it is being emitted:
// its operators emit operations of arith and math, so that a formula reads like
// one. Constants are as wide as the value beside them.
#ifndef DLC_PASSES_KERNEL_MATHVALUE_H
#define DLC_PASSES_KERNEL_MATHVALUE_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"

namespace dlc::kernel {

/// An SSA value of floats, integers or truth values, and where to emit more.
class MathValue {
public:
  MathValue(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value)
      : builder(&builder), loc(loc), value(value) {}

  mlir::Value getValue() const { return value; }
  mlir::Type getType() const { return value.getType(); }
  mlir::Type getElementType() const {
    return mlir::getElementTypeOrSelf(value.getType());
  }
  bool isFloat() const { return llvm::isa<mlir::FloatType>(getElementType()); }

  /// A constant of this value's type; floats are rounded to nearest.
  MathValue constant(double number) const;
  MathValue integer(int64_t number) const;
  /// The constant that all elements of this value are, if there is one.
  std::optional<double> getConstant() const;

  MathValue operator-() const;
  /// The same bits as integers or as floats of the same width.
  MathValue asInteger() const;
  MathValue asFloat() const;
  /// The same numbers as f64 or f32; from f64 and integers with rounding.
  MathValue toF64() const;
  MathValue toF32() const;

  /// The value of an operation on \p operands, the first of which is this.
  template <typename OpTy, typename... Args>
  MathValue emit(Args &&...args) const {
    return with(OpTy::create(*builder, loc, std::forward<Args>(args)...));
  }
  MathValue with(mlir::Value other) const { return {*builder, loc, other}; }

  /// \p common, but for the lanes where \p isRare: they get \p OpTy of \p
  /// argument. The operation, slow, is only executed where a lane needs it.
  template <typename OpTy>
  static MathValue replaceRare(MathValue isRare, MathValue argument,
                               MathValue common) {
    return replaceRare(isRare, common, [&](mlir::OpBuilder &b) -> mlir::Value {
      return OpTy::create(b, argument.loc, argument.value).getResult();
    });
  }

private:
  /// This value's type with elements \p element.
  mlir::Type withElement(mlir::Type element) const;
  static MathValue
  replaceRare(MathValue isRare, MathValue common,
              llvm::function_ref<mlir::Value(mlir::OpBuilder &)> emitRare);

  mlir::OpBuilder *builder;
  mlir::Location loc;
  mlir::Value value;
};

MathValue operator+(MathValue x, MathValue y);
MathValue operator-(MathValue x, MathValue y);
MathValue operator*(MathValue x, MathValue y);
MathValue operator/(MathValue x, MathValue y);
MathValue operator+(MathValue x, double y);
MathValue operator-(MathValue x, double y);
MathValue operator-(double x, MathValue y);
MathValue operator*(MathValue x, double y);
MathValue operator/(double x, MathValue y);

/// Bits of integers and truth values; shifts to the right keep the sign.
MathValue operator&(MathValue x, MathValue y);
MathValue operator|(MathValue x, MathValue y);
MathValue operator^(MathValue x, MathValue y);
MathValue operator&(MathValue x, int64_t y);
MathValue operator<<(MathValue x, int64_t y);
MathValue operator>>(MathValue x, int64_t y);

/// Ordered comparisons of floats, signed ones of integers.
MathValue operator<(MathValue x, MathValue y);
MathValue operator<(MathValue x, double y);
MathValue operator>(MathValue x, double y);
MathValue operator==(MathValue x, MathValue y);
MathValue operator==(MathValue x, double y);
/// True for NaN.
MathValue operator!=(MathValue x, MathValue y);

/// x y + z, rounded once.
MathValue fma(MathValue x, MathValue y, MathValue z);
MathValue fma(MathValue x, double y, MathValue z);
MathValue fma(MathValue x, double y, double z);
MathValue fma(MathValue x, MathValue y, double z);
MathValue abs(MathValue x);
MathValue sqrt(MathValue x);
MathValue roundEven(MathValue x);
MathValue select(MathValue condition, MathValue x, MathValue y);
MathValue select(MathValue condition, double x, MathValue y);
MathValue select(MathValue condition, MathValue x, double y);
/// The nearest value in [low, high]; NaN stays.
MathValue clamp(MathValue x, double low, double high);
/// The magnitude \p x >= 0 with the sign of \p y.
MathValue withSign(MathValue x, MathValue y);
/// The polynomial of x with \p coefficients, lowest power first, by Horner's
/// rule in fused multiply-adds.
MathValue polynomial(MathValue x, llvm::ArrayRef<double> coefficients);

} // namespace dlc::kernel

#endif // DLC_PASSES_KERNEL_MATHVALUE_H

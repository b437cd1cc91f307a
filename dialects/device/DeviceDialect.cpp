// SPDX-License-Identifier: Apache-2.0
// The device dialect: registration, attributes and types.
#include "dialects/device/DeviceOps.h"

#include "dialects/kernel/KernelOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace dlc::device;

#include "dialects/device/DeviceDialect.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/device/DeviceAttrs.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/device/DeviceTypes.cpp.inc"

void DeviceDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/device/DeviceAttrs.cpp.inc"
      >();
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/device/DeviceTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/device/DeviceOps.cpp.inc"
      >();
}

LogicalResult
TargetAttr::verify(function_ref<InFlightDiagnostic()> emitError, StringAttr,
                   StringAttr, StringAttr, StringAttr, uint64_t,
                   int64_t vectorBytes, int64_t vectorRegisters, bool,
                   int64_t l1Bytes, int64_t l2Bytes, int64_t l1Ways,
                   int64_t l3Bytes, int64_t fmas, int64_t fmaLatency,
                   int64_t loads, int64_t stores, int64_t mhz,
                   int64_t memoryMbps, int64_t l2Rate, int64_t l3Rate) {
  // C1
  if (vectorBytes <= 0 || !llvm::isPowerOf2_64(vectorBytes))
    return emitError() << "requires 'vector_bytes' to be a power of two, but "
                          "got "
                       << vectorBytes;
  if (l3Bytes < 0)
    return emitError() << "requires 'l3_bytes' not to be negative, but got "
                       << l3Bytes;
  const std::pair<StringRef, int64_t> positive[] = {
      {"vector_registers", vectorRegisters},
      {"l1_bytes", l1Bytes},
      {"l2_bytes", l2Bytes},
      {"l1_ways", l1Ways},
      {"fmas", fmas},
      {"fma_latency", fmaLatency},
      {"loads", loads},
      {"stores", stores},
      {"mhz", mhz},
      {"memory_mbps", memoryMbps},
      {"l2_rate", l2Rate},
      {"l3_rate", l3Rate}};
  for (auto [name, value] : positive)
    if (value <= 0)
      return emitError() << "requires '" << name << "' to be positive, but got "
                         << value;
  return success();
}

LogicalResult VariantAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                  FlatSymbolRefAttr, int64_t tasks,
                                  int64_t scratchBytes, int64_t phases,
                                  ArrayAttr, DictionaryAttr, AffineMapAttr,
                                  AffineMapAttr, AffineMapAttr) {
  if (tasks < 0 || scratchBytes < 0)
    return emitError() << "requires 'tasks' and 'scratch_bytes' not to be "
                          "negative";
  if (phases < 1)
    return emitError() << "requires 'phases' to be positive";
  return success();
}

LogicalResult GpuAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                              StringAttr name, int64_t sm,
                              int64_t multiprocessors, int64_t blockSharedBytes,
                              int64_t fmaRate, int64_t mmaRate,
                              int64_t tensorRate) {
  // C1
  if (std::min({sm, multiprocessors, blockSharedBytes, fmaRate, mmaRate,
                tensorRate}) < 1)
    return emitError() << "requires the numbers of GPU " << name
                       << " to be positive";
  return success();
}

LogicalResult GridAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                               FlatSymbolRefAttr, int64_t blocks,
                               int64_t threads, int64_t sharedBytes,
                               int64_t scratchBytes, int64_t phases, ArrayAttr,
                               AffineMapAttr, AffineMapAttr, AffineMapAttr) {
  // C1
  if (threads < 1 || threads > 1024)
    return emitError() << "requires 'threads' to be 1 to 1024, but got "
                       << threads;
  if (blocks < 0 || sharedBytes < 0 || scratchBytes < 0)
    return emitError() << "requires numbers that aren't negative";
  if (phases < 1)
    return emitError() << "requires 'phases' to be positive";
  return success();
}

LogicalResult MatrixAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 int64_t operand, int64_t leading,
                                 int64_t stride, bool) {
  // C1
  if (operand < 0 || leading < 1 || stride < 0)
    return emitError() << "requires 'leading' to be positive and 'operand' and "
                          "'stride' not to be negative";
  return success();
}

LogicalResult GemmAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                               int64_t m, int64_t n, int64_t k, int64_t batch,
                               MatrixAttr a, MatrixAttr b, MatrixAttr c,
                               MatrixAttr d, int64_t, bool, FloatAttr,
                               FloatAttr, StringAttr compute, int64_t alignment,
                               bool) {
  // C1
  if (std::min({m, n, k, batch, alignment}) < 1)
    return emitError() << "requires 'm', 'n', 'k', 'batch' and 'alignment' to "
                          "be positive";
  // C2
  if (a.getLeading() < (a.getTransposed() ? k : m) ||
      b.getLeading() < (b.getTransposed() ? n : k) ||
      (c && c.getLeading() < m) || d.getLeading() < m)
    return emitError() << "requires columns that don't overlap";
  if ((c && c.getTransposed()) || d.getTransposed())
    return emitError() << "requires 'c' and 'd' not to be transposed";
  // C3
  static constexpr StringLiteral known[] = {"float32", "tf32", "float16",
                                            "bfloat16", "float64"};
  if (!llvm::is_contained(known, compute.getValue()))
    return emitError() << "has the unknown 'compute' " << compute;
  return success();
}

GemmAttr GemmAttr::with(int64_t alignment, bool required) const {
  return get(getContext(), getM(), getN(), getK(), getBatch(), getA(), getB(),
             getC(), getD(), getBias(), getRelu(), getAlpha(), getBeta(),
             getCompute(), alignment, required);
}

LogicalResult DimAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                              StringAttr name, int64_t min, int64_t max,
                              int64_t multiple, int64_t typical,
                              AffineMapAttr most) {
  // C1
  if (min < (most ? 0 : 1) || multiple < 1)
    return emitError() << "requires 'min' and 'multiple' of dim " << name
                       << " to be positive, 'min' of a counted dim not to be "
                          "negative";
  if (typical < min || typical > max || typical % multiple != 0)
    return emitError() << "requires the typical size of dim " << name
                       << " to be a multiple of " << multiple << " from " << min
                       << " to " << max << ", but got " << typical;
  return success();
}

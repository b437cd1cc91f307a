// SPDX-License-Identifier: Apache-2.0
// The device dialect: C++ declarations of its operations and attributes.
#ifndef DLC_DIALECTS_DEVICE_DEVICEOPS_H
#define DLC_DIALECTS_DEVICE_DEVICEOPS_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/AffineMap.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include <limits>
#include <optional>

#include "dialects/device/DeviceDialect.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/device/DeviceAttrs.h.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/device/DeviceTypes.h.inc"
#define GET_OP_CLASSES
#include "dialects/device/DeviceOps.h.inc"

namespace dlc::device {

/// Bytes that a dense buffer or tensor of type \p type takes: elements of less
/// than a byte take one. Nothing where the shape is not static, the element
/// type has no size, or the number exceeds int64_t.
std::optional<int64_t> getSizeInBytes(mlir::ShapedType type);

/// The same of \p buffer; 0 where it is not known.
int64_t getBufferBytes(mlir::Value buffer);

/// The bytes of \p value as they lie in memory, row-major. Points into the
/// attribute where that holds them so, else into \p storage, which is filled.
/// Fails for attributes whose data is missing or has no dense form.
mlir::FailureOr<llvm::ArrayRef<char>>
getBytes(mlir::ElementsAttr value, llvm::SmallVectorImpl<char> &storage);

/// The slot, weights or program argument that \p buffer is a view of.
mlir::Value getRoot(mlir::Value buffer);

/// The bytes [begin, end) of \c root that a buffer takes.
struct BufferRange {
  mlir::Value root;
  int64_t begin = 0, end = 0;

  int64_t getSize() const { return end - begin; }
  bool overlaps(const BufferRange &other) const {
    return root == other.root &&
           std::max(begin, other.begin) < std::min(end, other.end);
  }
};

/// Where \p buffer, whose size is known, lies in its root.
BufferRange getRange(mlir::Value buffer);

/// Whether \p buffer is all of its root.
bool isWholeRoot(mlir::Value buffer);

/// The results of \p map where its symbols have the values \p symbols; nothing
/// where a number exceeds int64_t or a divisor isn't positive.
std::optional<llvm::SmallVector<int64_t>>
evaluate(mlir::AffineMap map, llvm::ArrayRef<int64_t> symbols);

/// Checks that the map \p dynamic of \p op, its attribute \p name, has the dims
/// of \p program as its only symbols and gives \p expected at the typical
/// sizes. A map that isn't there is good.
mlir::LogicalResult verifyDynamic(mlir::Operation *op, ProgramOp program,
                                  llvm::StringRef name,
                                  std::optional<mlir::AffineMap> dynamic,
                                  llvm::ArrayRef<int64_t> expected);

/// Checks everything of \p program that is said for its dims.
mlir::LogicalResult verifyDims(ProgramOp program);
mlir::LogicalResult verifyDynamicBody(ProgramOp program);
mlir::LogicalResult verifyDynamicKernel(LaunchOp launch, KernelOp kernel);

} // namespace dlc::device

#endif // DLC_DIALECTS_DEVICE_DEVICEOPS_H

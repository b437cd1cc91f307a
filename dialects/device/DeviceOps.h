// SPDX-License-Identifier: Apache-2.0
// The device dialect: C++ declarations of its operations and attributes.
#ifndef DLC_DIALECTS_DEVICE_DEVICEOPS_H
#define DLC_DIALECTS_DEVICE_DEVICEOPS_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include <optional>

#include "dialects/device/DeviceDialect.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/device/DeviceAttrs.h.inc"
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

} // namespace dlc::device

#endif // DLC_DIALECTS_DEVICE_DEVICEOPS_H

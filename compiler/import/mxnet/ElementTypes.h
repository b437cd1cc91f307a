// SPDX-License-Identifier: Apache-2.0
// MXNet's codes of element types, as they stand in its files and interfaces.
#ifndef DLC_COMPILER_IMPORT_MXNET_ELEMENTTYPES_H
#define DLC_COMPILER_IMPORT_MXNET_ELEMENTTYPES_H

#include "compiler/import/WeightStore.h"
#include <iterator>

namespace dlc::mxnet {

/// A type's code is its index.
inline constexpr ElementType elementTypes[] = {
    ElementType::F32, ElementType::F64, ElementType::F16, ElementType::U8,
    ElementType::I32, ElementType::I8,  ElementType::I64, ElementType::Bool,
    ElementType::I16, ElementType::U16, ElementType::U32, ElementType::U64,
    ElementType::BF16};

/// Returns the type that \p code stands for, if any.
inline std::optional<ElementType> getElementType(int64_t code) {
  if (code < 0 || code >= static_cast<int64_t>(std::size(elementTypes)))
    return std::nullopt;
  return elementTypes[code];
}

} // namespace dlc::mxnet

#endif // DLC_COMPILER_IMPORT_MXNET_ELEMENTTYPES_H

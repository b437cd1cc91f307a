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
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/device/DeviceDialect.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/device/DeviceAttrs.h.inc"

#endif // DLC_DIALECTS_DEVICE_DEVICEOPS_H

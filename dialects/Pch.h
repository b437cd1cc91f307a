// SPDX-License-Identifier: Apache-2.0
// The dialects' headers, which nearly every file above them includes.
#include "dialects/device/DeviceOps.h"
#include "dialects/graph/GraphOps.h"
#include "dialects/kernel/KernelOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

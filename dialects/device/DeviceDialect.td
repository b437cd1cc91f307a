// SPDX-License-Identifier: Apache-2.0
// The device dialect: what runs where in which memory, and the facts of a
// target as data.
#ifndef DLC_DIALECTS_DEVICE_DEVICEDIALECT_TD
#define DLC_DIALECTS_DEVICE_DEVICEDIALECT_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"

def Device_Dialect : Dialect {
  let name = "device";
  let cppNamespace = "::dlc::device";
  let summary = "Plans: kernels launched on buffers at known places";
  let description = [{
    A `device.program` is a model after planning: a list of launches on buffers
    that each have a place, either in the session's arena, in the weights
    image, or in a tensor that the caller binds. Its text is what the runtime
    executes, one step a launch.

    The dialect also has `#device.target`, through which passes learn what the
    machine is like without knowing any machine.
  }];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let dependentDialects = [
    "::mlir::memref::MemRefDialect", "::dlc::kernel::KernelDialect"
  ];
}

class Device_Op<string mnemonic, list<Trait> traits = []>
    : Op<Device_Dialect, mnemonic, traits>;

#endif // DLC_DIALECTS_DEVICE_DEVICEDIALECT_TD

// SPDX-License-Identifier: Apache-2.0
// What the lowering of kernels asks about a machine.
#include "passes/kernel/VectorTarget.h"

#include "dialects/device/DeviceOps.h"

using namespace dlc::kernel;

VectorTarget dlc::kernel::getVectorTarget(device::TargetAttr attr) {
  VectorTarget target;
  target.vectorBytes = attr.getVectorBytes();
  target.numRegisters = attr.getVectorRegisters();
  target.hasMasks = attr.getMasks();
  target.l1Bytes = attr.getL1Bytes();
  target.l1Ways = attr.getL1Ways();
  target.l2Bytes = attr.getL2Bytes();
  target.fmas = attr.getFmas();
  target.fmaLatency = attr.getFmaLatency();
  target.loads = attr.getLoads();
  target.stores = attr.getStores();
  target.addsPairs = attr.getTriple().getValue().starts_with("x86_64");
  target.cpu = attr.getCpu().str();
  return target;
}

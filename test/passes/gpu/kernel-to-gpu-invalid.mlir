// RUN: not dlc-opt --kernel-to-gpu %s 2>&1 | FileCheck %s

// CHECK: requires a 'device.gpu' on the module
module {
}

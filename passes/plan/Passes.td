// SPDX-License-Identifier: Apache-2.0
// The planning passes: from calls on tensors to launches on placed buffers.
#ifndef DLC_PASSES_PLAN_PASSES_TD
#define DLC_PASSES_PLAN_PASSES_TD

include "mlir/Pass/PassBase.td"

def PlanSchedule : Pass<"plan-schedule", "::mlir::func::FuncOp"> {
  let summary = "Orders calls so that less memory is alive at once";
  let description = [{
    Expects a function of `kernel.constant`, `kernel.view` and `kernel.call`.
    Tries a few topological orders of the calls (one that always takes the
    ready call that grows memory least, one that finishes heavy branches first)
    and takes the best if its peak of live bytes is below that of the given
    order; otherwise the order stays. Values don't change.

    Here the second branch can wait until `%a` is gone:

    ```mlir
    %a = kernel.call @expand(%x) : (tensor<1xf32>) -> tensor<1000xf32>
    %b = kernel.call @expand(%y) : (tensor<1xf32>) -> tensor<1000xf32>
    %c = kernel.call @sum(%a) : (tensor<1000xf32>) -> tensor<1xf32>
    %d = kernel.call @sum(%b) : (tensor<1000xf32>) -> tensor<1xf32>
    // becomes
    %a = kernel.call @expand(%x) : (tensor<1xf32>) -> tensor<1000xf32>
    %c = kernel.call @sum(%a) : (tensor<1000xf32>) -> tensor<1xf32>
    %b = kernel.call @expand(%y) : (tensor<1xf32>) -> tensor<1000xf32>
    %d = kernel.call @sum(%b) : (tensor<1000xf32>) -> tensor<1xf32>
    ```
  }];
  let statistics = [
    Statistic<"peakBefore", "peak-before", "Peak of live bytes, order as given">,
    Statistic<"peakAfter", "peak-after", "Peak of live bytes, order as left">
  ];
}

def PlanBufferize : Pass<"plan-bufferize", "::mlir::ModuleOp"> {
  let summary = "Turns calls on tensors into launches on buffers";
  let description = [{
    Replaces `func.func @main` by a `device.program`: arguments become its
    inputs, results its outputs, named by the attributes `graph.name`. Each
    result of a call becomes a slot of the arena without a place yet, or the
    program's output where it is returned; a `kernel.view` becomes a
    `device.view`, a constant a `device.weights` without a place. The operands
    of a `kernel.join` become views of its buffer, into which the calls write.
    An input, a constant, or a value that is returned or joined a second time
    is copied by a kernel that the pass adds.

    ```mlir
    func.func @main(%x: tensor<8xf32> {graph.name = "data"})
        -> (tensor<8xf32> {graph.name = "out"}) {
      %0 = kernel.call @f(%x) : (tensor<8xf32>) -> tensor<8xf32>
      %1 = kernel.call @g(%0) : (tensor<8xf32>) -> tensor<8xf32>
      return %1 : tensor<8xf32>
    }
    // becomes
    device.program @main(%data: memref<8xf32>) outputs(%out: memref<8xf32>)
        attributes {input_names = ["data"], output_names = ["out"]} {
      %0 = device.slot : memref<8xf32>
      device.launch @f(%data) outputs(%0) : (memref<8xf32>) -> memref<8xf32>
      device.launch @g(%0) outputs(%out) : (memref<8xf32>) -> memref<8xf32>
    }
    ```
  }];
  let dependentDialects = [
    "::dlc::device::DeviceDialect", "::dlc::kernel::KernelDialect"
  ];
  let statistics = [
    Statistic<"numLaunches", "launches", "Launches made">,
    Statistic<"numCopies", "copies", "Launches that only copy a result">
  ];
}

def PlanInplace : Pass<"plan-inplace", "::dlc::device::ProgramOp"> {
  let summary = "Lets launches write over inputs that die there";
  let description = [{
    Where a launch lists a pair (input, output) as `inplace`, the output is a
    slot, and the input is a slot that nothing reads later, the output's slot
    becomes a view of the input's. Both have to be whole slots. Inputs of the program and weights are never
    written.

    ```mlir
    %0 = device.slot : memref<8xf32>
    device.launch @f(%x) outputs(%0) : (memref<8xf32>) -> memref<8xf32>
    %1 = device.slot : memref<8xf32>
    device.launch @relu(%0) outputs(%1) {inplace = [array<i64: 0, 0>]}
      : (memref<8xf32>) -> memref<8xf32>
    // becomes
    %0 = device.slot : memref<8xf32>
    device.launch @f(%x) outputs(%0) : (memref<8xf32>) -> memref<8xf32>
    device.launch @relu(%0) outputs(%0) {inplace = [array<i64: 0, 0>]}
      : (memref<8xf32>) -> memref<8xf32>
    ```
  }];
  let statistics = [
    Statistic<"numShared", "shared", "Outputs that share an input's slot">
  ];
}

def PlanWeights : Pass<"plan-weights", "::dlc::device::ProgramOp"> {
  let summary = "Lays out the weights image";
  let description = [{
    Gives every `device.weights` an offset, a multiple of `alignment`, in the
    order in which launches first use them, so that a run reads the image from
    front to back. Weights with the same bytes are stored once. Unused weights
    go.

    ```mlir
    %0 = device.weights dense<2.0> : tensor<8xf32>
    // becomes, in a program with `weights 32`
    %0 = device.weights at 0 dense<2.0> : tensor<8xf32>
    ```
  }];
  let options = [
    Option<"alignment", "alignment", "int64_t", "64",
           "Alignment of each constant in bytes, a power of two">
  ];
  let statistics = [
    Statistic<"numShared", "shared", "Weights stored with equal ones">,
    Statistic<"imageBytes", "bytes", "Size of the image">
  ];
}

def PlanQueues : Pass<"plan-queues", "::dlc::device::ProgramOp"> {
  let summary = "Lets launches run beside each other on GPUs";
  let description = [{
    Gives launches that don't depend on each other queues of their own, and lets
    queues wait where one needs what another computes. Launches depend on each
    other by the buffers that they read and write; parts of a buffer that have
    no byte in common are independent, but in programs with dims, where parts
    move with the sizes.

    Each launch goes to the queue on which it would begin first. That is
    estimated from its outputs, operations and bytes, for the chip that the
    module's `device.gpu` describes: a launch runs when there are as many
    multiprocessors free as it keeps busy. So launches that fill the chip stay in
    line, and a branch gets a queue only if it begins early enough to pay for
    two waits. The order of launches stays. Where queues would need much more
    memory, for what runs at once is alive at once, there are fewer.

    Programs stay as they are if the module has no `device.gpu`, and if they
    count.

    ```mlir
    device.launch @left(%x) outputs(%0) : (memref<8xf32>) -> memref<8xf32>
    device.launch @right(%x) outputs(%1) : (memref<8xf32>) -> memref<8xf32>
    device.launch @add(%0, %1) outputs(%y)
      : (memref<8xf32>, memref<8xf32>) -> memref<8xf32>
    // becomes
    device.launch @left(%x) outputs(%0) : (memref<8xf32>) -> memref<8xf32>
    device.launch @right(%x) outputs(%1) queue 1
      : (memref<8xf32>) -> memref<8xf32>
    %done = device.record queue 1
    device.wait %done queue 0
    device.launch @add(%0, %1) outputs(%y)
      : (memref<8xf32>, memref<8xf32>) -> memref<8xf32>
    ```
  }];
  let options = [
    Option<"most", "most", "unsigned", "4", "The most queues">
  ];
  let statistics = [
    Statistic<"numQueues", "queues", "Queues, where there are several">,
    Statistic<"numWaits", "waits", "Launches that queues wait for">
  ];
}

def PlanArena : Pass<"plan-arena", "::dlc::device::ProgramOp"> {
  let summary = "Places the slots in the arena";
  let description = [{
    A slot is alive from the first launch that touches it, directly or through
    a view, to the last one. Where launches are on several queues it stays alive
    until the last launch that may begin before all of those have ended. Slots
    alive at the same launch get disjoint ranges of the arena (see OffsetAssignment.h for the method). Sets the arena's
    size, its alignment and the lower bound: the largest sum of bytes alive at
    one launch if launches run one after the other. Slots that nothing touches go.

    ```mlir
    device.program @main(...) outputs(...) {
      %0 = device.slot : memref<8xf32>
    // becomes
    device.program @main(...) outputs(...)
        arena 32 align 64 lower_bound 32 {
      %0 = device.slot at 0 : memref<8xf32>
    ```
  }];
  let options = [
    Option<"alignment", "alignment", "int64_t", "64",
           "Alignment of each slot in bytes, a power of two">
  ];
  let statistics = [
    Statistic<"arenaBytes", "bytes", "Size of the arena">,
    Statistic<"lowerBoundBytes", "lower-bound", "Largest live set in bytes">
  ];
}

def PlanVerify : Pass<"plan-verify", "::dlc::device::ProgramOp"> {
  let summary = "Checks that a plan is safe to run";
  let description = [{
    Closes the planning phase; changes nothing. Fails unless

    - every slot and every weight has a place, and those that hold different
      things at the same time don't overlap;
    - launches that touch the same bytes, one of them to write, are ordered by
      queues and events;
    - a launch's output shares bytes with an input or another output only as
      the launch's `inplace` allows, and then all of them;
    - nothing writes an input of the program or a weight;
    - every buffer is written before it is read, and every output of the
      program is written.
  }];
}

#endif // DLC_PASSES_PLAN_PASSES_TD

// SPDX-License-Identifier: Apache-2.0
// The kernel dialect: one fusion group as loops over buffers, before a vector
// width is chosen.
#ifndef DLC_DIALECTS_KERNEL_KERNELDIALECT_TD
#define DLC_DIALECTS_KERNEL_KERNELDIALECT_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/AttrTypeBase.td"

def Kernel_Dialect : Dialect {
  let name = "kernel";
  let cppNamespace = "::dlc::kernel";
  let summary = "Kernels: fused groups of operators as loops over buffers";
  let description = [{
    A `kernel.func` computes one fusion group. Its body says *what* each loop
    is for (independent tasks, lanes, a contraction), not how wide a vector or
    a tile is: those follow from `#device.target` when the kernel is lowered,
    once per target. Bodies are scalar: `kernel.load`, `arith` and `math`
    operations on single elements, `kernel.store`.

    Around the kernels, `func.func @main` is the model as calls on tensors:
    `kernel.call`, `kernel.constant` and `kernel.view`.
  }];
  let useDefaultAttributePrinterParser = 1;
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
    "::mlir::memref::MemRefDialect", "::mlir::func::FuncDialect"
  ];
}

class Kernel_Op<string mnemonic, list<Trait> traits = []>
    : Op<Kernel_Dialect, mnemonic, traits>;

def Kernel_ReduceAdd : I32EnumAttrCase<"Add", 0, "add">;
def Kernel_ReduceMul : I32EnumAttrCase<"Mul", 1, "mul">;
def Kernel_ReduceMax : I32EnumAttrCase<"Max", 2, "max">;
def Kernel_ReduceMin : I32EnumAttrCase<"Min", 3, "min">;
def Kernel_ReduceGreatest : I32EnumAttrCase<"Greatest", 4, "greatest">;
def Kernel_ReduceKind
    : I32EnumAttr<"ReduceKind", "how a reduction combines two values",
                  [Kernel_ReduceAdd, Kernel_ReduceMul, Kernel_ReduceMax,
                   Kernel_ReduceMin, Kernel_ReduceGreatest]> {
  let cppNamespace = "::dlc::kernel";
  let genSpecializedAttr = 0;
}
def Kernel_ReduceKindAttr
    : EnumAttr<Kernel_Dialect, Kernel_ReduceKind, "reduce_kind"> {
  let assemblyFormat = "$value";
}

def Kernel_ScheduleAttr : AttrDef<Kernel_Dialect, "Schedule"> {
  let mnemonic = "schedule";
  let summary = "how to tile a contraction on one CPU";
  let description = [{
    Takes the place of what the cost model would choose where a contraction is
    lowered for `cpu`, LLVM's name of it. Values stay the same but for the order
    in which products are summed, which `depth` decides.

    - `rows`, `columns`: the register tile.
    - `depth`: steps of k that are summed in registers at a time.
    - `task_columns`: columns of a task.
    - `strip_rows`: rows that all columns of a task meet in turn.
    - `percent`: how much faster it was than the cost model's choice when it was
      measured, for reports.

    Those after `columns` that are 0 or left out are the cost model's. All are
    upper bounds: blocks split what there is evenly.

    C1. `rows` is 1 to 32, `columns` a multiple of 16 up to 128; the others
    aren't negative.

    ```mlir
    #fast = #kernel.schedule<"znver3", rows = 4, columns = 32, depth = 288>
    ```
  }];
  let parameters = (ins "::mlir::StringAttr":$cpu, "int64_t":$rows,
    "int64_t":$columns, DefaultValuedParameter<"int64_t", "0">:$depth,
    DefaultValuedParameter<"int64_t", "0">:$task_columns,
    DefaultValuedParameter<"int64_t", "0">:$strip_rows,
    DefaultValuedParameter<"int64_t", "0">:$percent);
  let assemblyFormat = [{
    `<` $cpu `,` struct($rows, $columns, $depth, $task_columns, $strip_rows,
                         $percent) `>`
  }];
  let genVerifyDecl = 1;
}

#endif // DLC_DIALECTS_KERNEL_KERNELDIALECT_TD

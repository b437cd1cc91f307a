// SPDX-License-Identifier: Apache-2.0
// The attributes and types of the device dialect.
#ifndef DLC_DIALECTS_DEVICE_DEVICEATTRS_TD
#define DLC_DIALECTS_DEVICE_DEVICEATTRS_TD

include "dialects/device/DeviceDialect.td"

def Device_TargetAttr : AttrDef<Device_Dialect, "Target"> {
  let mnemonic = "target";
  let summary = "the facts of a target that lowering and code generation use";
  let description = [{
    Everything that a pass may ask about the machine it compiles for. Passes
    read the facts and never compare names, so that each can be tested in text
    for any machine. The tables of known targets are in codegen/.

    - `triple`, `cpu`, `features`: as LLVM spells them.
    - `dispatch`: what a CPU must have to run the code, as bits of
      `enum dlc_abi_cpu_feature` (dlc/abi.h).
    - `vector_bytes`, `vector_registers`: the widest vectors worth using.
    - `masks`: loads and stores of part of a vector cost no more than whole
      ones.
    - `l1_bytes`, `l2_bytes`: data caches of one core.
    - `l1_ways`: lines that the addresses of one set of L1 have room for.
    - `l3_bytes`: one core's share of the last cache that it has with others;
      0 where there is none.
    - `fmas`, `loads`, `stores`: vectors of `vector_bytes` that a core
      multiplies and adds, loads or stores in a cycle, at most. A core that
      splits its widest vectors in two has half as many of them.
    - `fma_latency`: cycles from a multiply-add to one that needs its result.
    - `mhz`, `memory_mbps`: clock, and bytes that one core reads from memory,
      in millions a second. Estimates, to weigh arithmetic against memory.
    - `l2_rate`, `l3_rate`: bytes that one core reads from L2 and from L3 in a
      cycle, in the long run.

    Those after `l2_bytes` have values of a common core where they are left
    out.

    C1. `vector_bytes` is a power of two; `l3_bytes` isn't negative; all other
    numbers but `dispatch` are positive.

    ```mlir
    #v3 = #device.target<"x86-64-v3", triple = "x86_64-unknown-linux-gnu",
      cpu = "x86-64-v3", features = "", dispatch = 2, vector_bytes = 32,
      vector_registers = 16, masks = false, l1_bytes = 32768,
      l2_bytes = 524288, l3_bytes = 2097152>
    ```
  }];
  let parameters = (ins
    "::mlir::StringAttr":$name, "::mlir::StringAttr":$triple,
    "::mlir::StringAttr":$cpu, "::mlir::StringAttr":$features,
    "uint64_t":$dispatch, "int64_t":$vector_bytes,
    "int64_t":$vector_registers, "bool":$masks, "int64_t":$l1_bytes,
    "int64_t":$l2_bytes, DefaultValuedParameter<"int64_t", "8">:$l1_ways,
    DefaultValuedParameter<"int64_t", "0">:$l3_bytes,
    DefaultValuedParameter<"int64_t", "2">:$fmas,
    DefaultValuedParameter<"int64_t", "4">:$fma_latency,
    DefaultValuedParameter<"int64_t", "2">:$loads,
    DefaultValuedParameter<"int64_t", "1">:$stores,
    DefaultValuedParameter<"int64_t", "3000">:$mhz,
    DefaultValuedParameter<"int64_t", "16000">:$memory_mbps,
    DefaultValuedParameter<"int64_t", "28">:$l2_rate,
    DefaultValuedParameter<"int64_t", "10">:$l3_rate);
  let assemblyFormat = [{
    `<` $name `,` struct($triple, $cpu, $features, $dispatch, $vector_bytes,
                         $vector_registers, $masks, $l1_bytes, $l2_bytes,
                         $l1_ways, $l3_bytes, $fmas, $fma_latency, $loads,
                         $stores, $mhz, $memory_mbps, $l2_rate, $l3_rate) `>`
  }];
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Elements of \p bits bits that one vector holds; at least 1.
    int64_t getLanes(int64_t bits) const {
      return bits > 0 && getVectorBytes() * 8 >= bits
                 ? getVectorBytes() * 8 / bits
                 : 1;
    }
  }];
}

def Device_GpuAttr : AttrDef<Device_Dialect, "Gpu"> {
  let mnemonic = "gpu";
  let summary = "the facts of a GPU that lowering and code generation use";
  let description = [{
    What `#device.target` is for CPUs. The table of known chips is in
    codegen/nvptx.

    - `sm`: the chip's compute capability, 80 for 8.0.
    - `multiprocessors`: how many there are.
    - `block_shared_bytes`: shared memory that one block may have.
    - `fma_rate`: multiply-adds of f32 that a multiprocessor does in a cycle, at
      most.
    - `mma_rate`, `tensor_rate`: the same of tf32 on its tensor cores, by
      `mma.sync` and by their fastest instruction.

    The rates are those of an A100 where they are left out.

    C1. All numbers are positive.

    ```mlir
    #a100 = #device.gpu<"sm_80", sm = 80, multiprocessors = 108,
                        block_shared_bytes = 166912>
    ```
  }];
  let parameters = (ins
    "::mlir::StringAttr":$name, "int64_t":$sm, "int64_t":$multiprocessors,
    "int64_t":$block_shared_bytes,
    DefaultValuedParameter<"int64_t", "64">:$fma_rate,
    DefaultValuedParameter<"int64_t", "512">:$mma_rate,
    DefaultValuedParameter<"int64_t", "512">:$tensor_rate);
  let assemblyFormat = [{
    `<` $name `,` struct($sm, $multiprocessors, $block_shared_bytes, $fma_rate,
                         $mma_rate, $tensor_rate) `>`
  }];
  let genVerifyDecl = 1;
}

def Device_MatrixAttr : AttrDef<Device_Dialect, "Matrix"> {
  let mnemonic = "matrix";
  let summary = "where a matrix of a product lies";
  let description = [{
    The buffer `operand` of a launch holds a matrix in the order of cuBLAS: the
    elements of a column lie side by side, and columns begin `leading` elements
    apart. `transposed`: it has the columns for rows. The matrices of a batch
    begin `stride` elements apart; with 0 all are one.

    C1. No number is negative, and `leading` is positive.

    ```mlir
    #m = #device.matrix<operand = 1, leading = 256, transposed = true>
    ```
  }];
  let parameters = (ins "int64_t":$operand, "int64_t":$leading,
                        DefaultValuedParameter<"int64_t", "0">:$stride,
                        DefaultValuedParameter<"bool", "false">:$transposed);
  let assemblyFormat = [{
    `<` struct($operand, $leading, $stride, $transposed) `>`
  }];
  let genVerifyDecl = 1;
}

def Device_GemmAttr : AttrDef<Device_Dialect, "Gemm"> {
  let mnemonic = "gemm";
  let summary = "a kernel as a product of matrices, for a library";
  let description = [{
    What a library computes in the place of a kernel, for each of `batch`
    products:

        d = activation(alpha * a b + beta * c + bias)

    `a` has `m` rows and `k` columns, `b` `k` rows and `n` columns; `c`, if there
    is one, and `d` have `m` rows and `n` columns. `bias`, the number of an operand
    or -1, has one element for each row. The activation is max(x, 0) with
    `relu`. `alpha` and `beta` are 1 where they are left out.

    `compute` says what factors are rounded to: `float32`, `tf32`, `float16` or
    `bfloat16`, where all elements are f32; with `float64` they are f64. Operands
    begin at multiples of `alignment` bytes. `required`: the library computes it
    or nobody; else the kernel's own code does where there is no library.

    A row-major matrix is a column-major one of rows and columns exchanged: a
    product x w of row-major matrices has w for `a`, x for `b`.

    C1. `m`, `n`, `k`, `batch` and `alignment` are positive.
    C2. `leading` of each matrix is at least the length of its columns; `c` and
        `d` aren't transposed.
    C3. `compute` is one of those above.

    ```mlir
    // y = relu(x w + bias): 128 x 768 = 128 x 256 times 256 x 768
    #g = #device.gemm<m = 768, n = 128, k = 256,
      a = <operand = 1, leading = 256, transposed = true>,
      b = <operand = 0, leading = 256>, d = <operand = 3, leading = 768>,
      bias = 2, relu = true, compute = "tf32">
    ```
  }];
  let parameters = (ins
    "int64_t":$m, "int64_t":$n, "int64_t":$k,
    DefaultValuedParameter<"int64_t", "1">:$batch,
    "::dlc::device::MatrixAttr":$a, "::dlc::device::MatrixAttr":$b,
    OptionalParameter<"::dlc::device::MatrixAttr">:$c,
    "::dlc::device::MatrixAttr":$d,
    DefaultValuedParameter<"int64_t", "-1">:$bias,
    DefaultValuedParameter<"bool", "false">:$relu,
    OptionalParameter<"::mlir::FloatAttr">:$alpha,
    OptionalParameter<"::mlir::FloatAttr">:$beta,
    "::mlir::StringAttr":$compute,
    DefaultValuedParameter<"int64_t", "16">:$alignment,
    DefaultValuedParameter<"bool", "false">:$required);
  let assemblyFormat = [{
    `<` struct($m, $n, $k, $batch, $a, $b, $c, $d, $bias, $relu, $alpha,
               $beta, $compute, $alignment, $required) `>`
  }];
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Bytes of an element.
    int64_t getElementBytes() const { return getCompute() == "float64" ? 8 : 4; }
    /// The values of `alpha` and `beta`.
    double getProductScale() const { return getScale(getAlpha()); }
    double getAddedScale() const { return getScale(getBeta()); }
    static double getScale(::mlir::FloatAttr scale) {
      return scale ? scale.getValueAsDouble() : 1;
    }
    /// The same with other `alignment` and `required`.
    GemmAttr with(int64_t alignment, bool required) const;
  }];
}

def Device_GridAttr : AttrDef<Device_Dialect, "Grid"> {
  let mnemonic = "grid";
  let summary = "the code of a kernel for GPUs and how it is launched";
  let description = [{
    `function` is the symbol of the entry point, in a `gpu.module` of the
    module. Its parameters are a pointer for each operand of the launch, in a
    program with dims one to their sizes, one to `scratch_bytes` of global
    memory, and the number of the phase. Each of the `phases` is a launch of
    `blocks` blocks of `threads` threads with `shared_bytes` of dynamic shared
    memory. A grid of no blocks isn't launched.

    In a program with dims, `dynamic_blocks`, `dynamic_scratch` and
    `dynamic_phases` say what the numbers beside them are at other sizes, as those
    of `#device.variant` do.

    C1. There are 1 to 1024 threads, and one phase or more; no number is
        negative.

    ```mlir
    #g = #device.grid<@relu, blocks = 8, threads = 128>
    #h = #device.grid<@sum, blocks = 8, threads = 128,
      dynamic_blocks = affine_map<()[s0] -> (s0)>>
    ```
  }];
  let parameters = (ins "::mlir::FlatSymbolRefAttr":$function,
                        "int64_t":$blocks, "int64_t":$threads,
                        DefaultValuedParameter<"int64_t", "0">:$shared_bytes,
                        DefaultValuedParameter<"int64_t", "0">:$scratch_bytes,
                        DefaultValuedParameter<"int64_t", "1">:$phases,
                        OptionalParameter<"::mlir::ArrayAttr">:$schedule,
                        OptionalParameter<"::mlir::AffineMapAttr">:$dynamic_blocks,
                        OptionalParameter<"::mlir::AffineMapAttr">:$dynamic_scratch,
                        OptionalParameter<"::mlir::AffineMapAttr">:$dynamic_phases);
  let assemblyFormat = [{
    `<` $function `,` struct($blocks, $threads, $shared_bytes, $scratch_bytes,
                             $phases, $schedule, $dynamic_blocks,
                             $dynamic_scratch, $dynamic_phases) `>`
  }];
  let genVerifyDecl = 1;
}

def Device_VariantAttr : AttrDef<Device_Dialect, "Variant"> {
  let mnemonic = "variant";
  let summary = "the code of a kernel for one target";
  let description = [{
    `function` is the symbol of the code, whose calling convention is
    `dlc_abi_kernel_fn` of dlc/abi.h. A launch covers `phases` times `tasks`
    tasks, those of a phase after those of the one before, and every thread that
    runs some has `scratch_bytes` of its own. `schedule` tells people how the
    kernel was lowered and why: a dictionary for each contraction, with its
    register tile and the estimate behind it. `work` is what
    `kernel-estimate-work` says of its instructions.

    In a program with dims, `dynamic_tasks`, `dynamic_scratch` and
    `dynamic_phases` say what the numbers beside them are at other sizes: maps
    with one result and a symbol for each dim of the program. The numbers
    themselves hold at the typical sizes. What has no map doesn't change.

    ```mlir
    #v = #device.variant<@"relu.x86-64-v3", tasks = 8, scratch_bytes = 0>
    #w = #device.variant<@"sum.x86-64-v3", tasks = 8, scratch_bytes = 64,
      dynamic_tasks = affine_map<()[s0] -> (s0)>>
    ```
  }];
  let parameters = (ins "::mlir::FlatSymbolRefAttr":$function,
                        "int64_t":$tasks, "int64_t":$scratch_bytes,
                        DefaultValuedParameter<"int64_t", "1">:$phases,
                        OptionalParameter<"::mlir::ArrayAttr">:$schedule,
                        OptionalParameter<"::mlir::DictionaryAttr">:$work,
                        OptionalParameter<"::mlir::AffineMapAttr">:$dynamic_tasks,
                        OptionalParameter<"::mlir::AffineMapAttr">:$dynamic_scratch,
                        OptionalParameter<"::mlir::AffineMapAttr">:$dynamic_phases);
  let assemblyFormat = [{
    `<` $function `,` struct($tasks, $scratch_bytes, $phases, $schedule, $work,
                             $dynamic_tasks, $dynamic_scratch, $dynamic_phases)
    `>`
  }];
  let genVerifyDecl = 1;
}

def Device_DimAttr : AttrDef<Device_Dialect, "Dim"> {
  let mnemonic = "dim";
  let summary = "a size that callers choose when they run a program";
  let description = [{
    A program with dims is planned for the `typical` size of each, and runs at
    every size from `min` to `max` that is a multiple of `multiple`. Without
    `max` there is no bound. Integers of the program that depend on its dims
    have a map beside them, whose symbols are the dims in their order.

    A dim with `most` is counted: callers don't choose it, `device.count` reads it
    while the program runs. It is at most what `most` says, a map of the dims with
    one result; a run that counts less than `min` fails. Counted dims come after
    the others.

    C1. `min` and `multiple` are positive, but `min` of a counted dim may be 0;
        `typical` is a size that is allowed.

    ```mlir
    #n = #device.dim<"N", min = 1, max = 64, multiple = 1, typical = 8>
    #h = #device.dim<"H", typical = 224>
    #k = #device.dim<"count(mask)", min = 0, typical = 5,
                     most = affine_map<()[s0, s1, s2] -> (s0 * 100)>>
    ```
  }];
  let parameters = (ins "::mlir::StringAttr":$name,
    DefaultValuedParameter<"int64_t", "1">:$min,
    DefaultValuedParameter<"int64_t",
                           "::std::numeric_limits<int64_t>::max()">:$max,
    DefaultValuedParameter<"int64_t", "1">:$multiple, "int64_t":$typical,
    OptionalParameter<"::mlir::AffineMapAttr">:$most);
  let assemblyFormat = [{
    `<` $name `,` struct($min, $max, $multiple, $typical, $most) `>`
  }];
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Whether the program itself finds out the size.
    bool isCounted() const { return bool(getMost()); }
  }];
}

def Device_Event : TypeDef<Device_Dialect, "Event"> {
  let mnemonic = "event";
  let summary = "a point of a queue that others can wait for";
}

#endif // DLC_DIALECTS_DEVICE_DEVICEATTRS_TD

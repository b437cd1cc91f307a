// SPDX-License-Identifier: Apache-2.0
// The operations of the device dialect: programs, places, launches.
#ifndef DLC_DIALECTS_DEVICE_DEVICEOPS_TD
#define DLC_DIALECTS_DEVICE_DEVICEOPS_TD

include "dialects/device/DeviceAttrs.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/ViewLikeInterface.td"

// Attributes that both programs and launches use.
def Device_Bytes : OptionalAttr<ConfinedAttr<I64Attr, [IntNonNegative]>>;
def Device_DeviceIndex
    : DefaultValuedAttr<ConfinedAttr<I64Attr, [IntNonNegative]>, "0">;
// The queue of a device that runs a step. Each is a stream of the session.
def Device_QueueIndex
    : DefaultValuedAttr<ConfinedAttr<I64Attr, [IntNonNegative, IntMaxValue<63>]>,
                        "0">;
def Device_Pairs
    : OptionalAttr<TypedArrayAttrBase<DenseI64ArrayAttr, "pairs">>;
// What an integer beside it is at other sizes: one result, the dims as symbols.
def Device_Dynamic : OptionalAttr<AffineMapAttr>;

//===----------------------------------------------------------------------===//
// Programs and kernels
//===----------------------------------------------------------------------===//

def Device_ProgramOp
    : Device_Op<"program", [IsolatedFromAbove, Symbol, SingleBlock,
                            NoTerminator,
                            DeclareOpInterfaceMethods<OpAsmOpInterface,
                              ["getAsmBlockArgumentNames"]>]> {
  let summary = "a model as launches in order";
  let description = [{
    The arguments are the tensors that a caller binds: inputs and then, after
    `outputs`, outputs; `input_names` and `output_names` are the model's names
    for them. Inputs are never written. The body's launches run in order; where
    they are on several queues, each queue's do, and `device.record` and
    `device.wait` say what more there is to wait for.
    `input_types` and `output_types` are the tensors that a caller knows them
    as, where that isn't what the buffers say: booleans are bytes there,
    unsigned integers have no sign, and a scalar has one element.

    Planning fills in the sizes: `arena` bytes with their alignment, the lower
    bound of any plan for this order of launches, and the size of the weights
    image.

    C1. There is a name for each input and output.
    C2. Arguments are buffers of static shape with the identity layout.
    C3. The arena's alignment is a power of two.
    C4. Each slot of the arena and each range of weights has room in it.
    With `dims` the program runs at many sizes. Types and integers are those of
    the typical sizes; an integer that depends on the dims has a map beside it,
    named `dynamic_...`, whose symbols are the dims in order (products of symbols
    are allowed). `dynamic_input_shapes` and `dynamic_output_shapes` have one map
    for each tensor, with its extents as the caller knows it. The place of a slot
    is then not `at` but what follows from the slots it is `above`. The kernels
    get the sizes as a last operand behind their buffers, an array of int64.

    C5. The types for callers are tensors of as many bytes as the buffers.
    C6. `dims` have different names, and come with a map for each input and
        output.
    C7. Each map has the dims as its only symbols, and gives at the typical
        sizes what stands beside it.
    C8. A slot is at least as high as those that it is above.
    C9. The launches of a program that counts are on one queue, number 0.

    ```mlir
    kernel.func @twice(%x: memref<8xf32>) outputs(%y: memref<8xf32>) {
      kernel.parallel () to () {
        kernel.vector_loop %i to 8 {
          %0 = kernel.load %x[%i] : memref<8xf32>
          %1 = arith.addf %0, %0 : f32
          kernel.store %1, %y[%i] : memref<8xf32>
        }
      }
    }
    device.program @main(%data: memref<8xf32>) outputs(%out: memref<8xf32>)
        arena 64 align 64 lower_bound 32 weights 0
        attributes {input_names = ["data"], output_names = ["out"]} {
      %0 = device.slot at 0 : memref<8xf32>
      device.launch @twice(%data) outputs(%0) {nodes = ["a"], flops = 8 : i64}
        : (memref<8xf32>) -> memref<8xf32>
      device.launch @twice(%0) outputs(%out) {nodes = ["b"], flops = 8 : i64}
        : (memref<8xf32>) -> memref<8xf32>
    }
    ```

    ```mlir
    device.kernel @relu : (memref<8x4xf32>) -> memref<8x4xf32>
      variants [#device.variant<@"relu.x86-64-v3", tasks = 8, scratch_bytes = 0,
                                dynamic_tasks = affine_map<()[s0] -> (s0)>>]
    device.program @main(%data: memref<8x4xf32>) outputs(%out: memref<8x4xf32>)
        arena 128 align 64 lower_bound 128 weights 0
        attributes {input_names = ["data"], output_names = ["out"],
          dims = [#device.dim<"N", max = 64, typical = 8>],
          dynamic_input_shapes = [affine_map<()[s0] -> (s0, 4)>],
          dynamic_output_shapes = [affine_map<()[s0] -> (s0, 4)>]} {
      %0 = device.slot at 0 {dynamic_bytes = affine_map<()[s0] -> (s0 * 16)>}
        : memref<8x4xf32>
      device.launch @relu(%data) outputs(%0)
        : (memref<8x4xf32>) -> memref<8x4xf32>
      device.launch @relu(%0) outputs(%out)
        : (memref<8x4xf32>) -> memref<8x4xf32>
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, I64Attr:$num_outputs,
    StrArrayAttr:$input_names, StrArrayAttr:$output_names,
    OptionalAttr<TypeArrayAttr>:$input_types,
    OptionalAttr<TypeArrayAttr>:$output_types,
    Device_Bytes:$arena_bytes, Device_Bytes:$arena_alignment,
    Device_Bytes:$arena_lower_bound, Device_Bytes:$weights_bytes,
    OptionalAttr<TypedArrayAttrBase<Device_DimAttr, "dims">>:$dims,
    OptionalAttr<AffineMapArrayAttr>:$dynamic_input_shapes,
    OptionalAttr<AffineMapArrayAttr>:$dynamic_output_shapes);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let skipDefaultBuilders = 1;
  let builders = [OpBuilder<(ins "::llvm::StringRef":$name,
    "::mlir::TypeRange":$inputs, "::mlir::TypeRange":$outputs,
    "::mlir::ArrayAttr":$inputNames, "::mlir::ArrayAttr":$outputNames)>];
  let extraClassDeclaration = [{
    unsigned getNumInputs() {
      return getBody().getNumArguments() - getNumOutputs();
    }
    ::mlir::Block::BlockArgListType getInputs() {
      return getBody().getArguments().take_front(getNumInputs());
    }
    ::mlir::Block::BlockArgListType getOutputs() {
      return getBody().getArguments().drop_front(getNumInputs());
    }
    /// Whether sizes depend on dims.
    bool isDynamic() { return getDims() && !getDims()->empty(); }
    /// The typical sizes of the dims.
    ::llvm::SmallVector<int64_t> getTypicalSizes();
    /// How many of the dims callers choose; those that follow are counted.
    unsigned getNumChosenDims();
  }];
}

def Device_KernelOp : Device_Op<"kernel", [Symbol]> {
  let summary = "a kernel whose code exists";
  let description = [{
    Takes the place of the `kernel.func` of this name when that has been
    lowered: one variant of the code for each target of the module, from the
    least to the most demanding one, and `grid` the code for GPUs, in whose place a
    library computes `gemm`. The function type has the inputs as operands and the
    outputs as results.

    C1. The function type has buffers of static shape only.
    C2. `gemm` comes with `grid`; its matrices and bias lie in buffers of the
        function type, and what it writes in an output.

    ```mlir
    device.kernel @relu : (memref<8xf32>) -> memref<8xf32>
      variants [#device.variant<@"relu.x86-64-v3", tasks = 1, scratch_bytes = 0>]
    device.kernel @dot : (memref<32x64xf32>, memref<64x16xf32>) -> memref<32x16xf32>
      variants [] grid <@dot, blocks = 4, threads = 64>
      gemm <m = 16, n = 32, k = 64, a = <operand = 1, leading = 16>,
            b = <operand = 0, leading = 64>, d = <operand = 2, leading = 16>,
            compute = "float32">
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name,
    TypeAttrOf<FunctionType>:$function_type,
    TypedArrayAttrBase<Device_VariantAttr, "variants">:$variants,
    OptionalAttr<Device_GridAttr>:$grid, OptionalAttr<Device_GemmAttr>:$gemm);
  let assemblyFormat = [{
    $sym_name `:` $function_type `variants` $variants (`grid` $grid^)?
    (`gemm` $gemm^)? attr-dict
  }];
  let extraClassDeclaration = [{
    /// The types of its inputs and outputs, in the order of a launch's operands.
    ::llvm::SmallVector<::mlir::Type> getBufferTypes();
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Places
//===----------------------------------------------------------------------===//

def Device_SlotOp : Device_Op<"slot"> {
  let summary = "a buffer in the arena";
  let description = [{
    Memory of one session. Without `at` the buffer still has to be placed; then
    it is that many bytes from the start of the arena of `device`. Undefined
    until a launch writes it, and again after the last one that reads it.

    In a program with dims the slot has `dynamic_bytes` where its size depends
    on them, and its place is the aligned end of the highest of the slots that
    it is `above`, 0 where there is none. `at` is this place at the typical
    sizes, or higher.

    C1. The buffer has the identity layout.
    C2. It is above slots of its device.

    ```mlir
    device.program @main() outputs()
        attributes {input_names = [], output_names = []} {
      %0 = device.slot : memref<1x4x58x58x16xf32>
      %1 = device.slot on device 1 : memref<8xf32>
    }
    device.program @places() outputs() arena 96 align 64
        attributes {input_names = [], output_names = []} {
      %0 = device.slot at 0 : memref<8xf32>
      %1 = device.slot at 64 above(%0 : memref<8xf32>) : memref<8xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<AnyStaticShapeMemRef>:$above,
    Device_Bytes:$offset, Device_DeviceIndex:$device,
    Device_Dynamic:$dynamic_bytes);
  let results = (outs Res<AnyStaticShapeMemRef, "", [MemAlloc]>:$result);
  let assemblyFormat = [{
    (`on` `device` $device^)? (`at` $offset^)?
    (`above` `(` $above^ `:` type($above) `)`)? attr-dict `:` type($result)
  }];
  let builders = [OpBuilder<(ins "::mlir::Type":$result,
    CArg<"::mlir::IntegerAttr", "{}">:$offset), [{
      $_state.addTypes(result);
      if (offset)
        $_state.addAttribute(getOffsetAttrName($_state.name), offset);
    }]>];
  let hasVerifier = 1;
}

def Device_WeightsOp
    : Device_Op<"weights", [Pure, InferTypeOpAdaptor]> {
  let summary = "a constant in the weights image";
  let description = [{
    The bytes of `value`, `at` a number of bytes from the start of the image
    once that is laid out. Read-only, and the same for all sessions.

    C1. The value is a tensor of static shape.

    ```mlir
    device.program @main() outputs() weights 256
        attributes {input_names = [], output_names = []} {
      %w = device.weights at 0 dense<0.5> : tensor<4x16xf32>
    }
    ```
  }];
  let arguments = (ins Device_Bytes:$offset, ElementsAttr:$value);
  let results = (outs AnyStaticShapeMemRef:$result);
  let assemblyFormat = "(`at` $offset^)? attr-dict $value";
}

def Device_ViewOp
    : Device_Op<"view", [Pure, ViewLikeOpInterface]> {
  let summary = "a buffer under another shape, or a part of it";
  let description = [{
    With `at`, a part that starts that many bytes from the source's start; in a
    program with dims `dynamic_offset` beside it tells this number of bytes at
    other sizes.

    C1. The result has the source's number of bytes or, with `at`, lies within
        the source. Of a source that a `device.count` reads, it may go on beyond
        the end: its size is only known at run time.
    C2. `dynamic_offset` comes with `at`.

    ```mlir
    device.program @main(%x: memref<2x6xf32>) outputs()
        attributes {input_names = ["x"], output_names = []} {
      %0 = device.view %x : memref<2x6xf32> to memref<3x4xf32>
      %1 = device.view %x at 24 : memref<2x6xf32> to memref<6xf32>
    }
    ```
  }];
  let arguments = (ins AnyStaticShapeMemRef:$source, Device_Bytes:$offset,
    Device_Dynamic:$dynamic_offset);
  let results = (outs AnyStaticShapeMemRef:$result);
  let assemblyFormat = [{
    $source (`at` $offset^)? attr-dict `:` type($source) `to` type($result)
  }];
  let builders = [OpBuilder<(ins "::mlir::Type":$result,
    "::mlir::Value":$source, CArg<"::mlir::IntegerAttr", "{}">:$offset), [{
      build($_builder, $_state, result, source, offset,
            ::mlir::AffineMapAttr());
    }]>];
  let extraClassDeclaration = [{
    ::mlir::Value getViewSource() { return getSource(); }
  }];
  let hasFolder = 1;
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

def Device_CountOp : Device_Op<"count"> {
  let summary = "reads the size of a counted dim";
  let description = [{
    From here on counted dim number `count` of the program, not counting those
    that callers choose, has the size that is the first element of the buffer:
    the launches before it have written that. Launches whose sizes depend on the
    dim come after it. The dim is at most the buffer's number of elements less 2.

    C1. The buffer has one dimension, of elements of i64.
    C2. A program with dims has the dim, and nothing else counts it.

    ```mlir
    kernel.func @compact(%x: memref<8xi8>) outputs(%y: memref<10xi64>) {
      %zero = arith.constant 0 : i64
      kernel.parallel () to () {
        kernel.vector_loop %i to 10 {
          kernel.store %zero, %y[%i] : memref<10xi64>
        }
      }
    }
    device.program @main(%mask: memref<8xi8>) outputs(%out: memref<10xi64>)
        arena 128 align 64 lower_bound 80 weights 0
        attributes {input_names = ["mask"], output_names = ["out"],
          dims = [#device.dim<"count(bm)", min = 0, typical = 5,
                              most = affine_map<()[s0] -> (8)>>],
          dynamic_input_shapes = [affine_map<()[s0] -> (8)>],
          dynamic_output_shapes = [affine_map<()[s0] -> (10)>]} {
      %0 = device.slot at 0 : memref<10xi64>
      device.launch @compact(%mask) outputs(%0) : (memref<8xi8>) -> memref<10xi64>
      device.count %0 count 0 : memref<10xi64>
      device.launch @compact(%mask) outputs(%out) : (memref<8xi8>) -> memref<10xi64>
    }
    ```
  }];
  let arguments = (ins Arg<AnyStaticShapeMemRef, "", [MemRead]>:$buffer,
                       Device_DeviceIndex:$count);
  let assemblyFormat = "$buffer `count` $count attr-dict `:` type($buffer)";
  let extraClassDeclaration = [{
    /// The most that the dim can be: what the buffer has room for.
    int64_t getMost();
  }];
  let hasVerifier = 1;
}

def Device_LaunchOp
    : Device_Op<"launch", [AttrSizedOperandSegments,
                           DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "runs a kernel on buffers";
  let description = [{
    One step of the program: all tasks of the kernel, on a queue of a device. It
    begins when the launches before it on this queue have ended, and those that
    the queue waits for. Devices that have one queue run all launches in order.
    `nodes` and `flops` are as for `kernel.call`, `dynamic_flops` the latter at
    other sizes. `cost_ns` estimates the time on one thread; it is known once
    the kernel has code.

    An output occupies the memory of an input only where `inplace` lists the
    pair (input, output).

    C1. The callee is a `kernel.func` or `device.kernel` of the module.
    C2. The types are those of its inputs and outputs.
    C3. `inplace` names existing inputs and outputs of the same size.
    C4. Maps of the kernel's variants are as those of the program.

    See `device.program` for an example.
  }];
  let arguments = (ins FlatSymbolRefAttr:$callee,
    Arg<Variadic<AnyStaticShapeMemRef>, "", [MemRead]>:$inputs,
    Arg<Variadic<AnyStaticShapeMemRef>, "", [MemWrite]>:$outputs,
    Device_DeviceIndex:$device, Device_QueueIndex:$queue,
    OptionalAttr<StrArrayAttr>:$nodes,
    DefaultValuedAttr<I64Attr, "0">:$flops,
    DefaultValuedAttr<I64Attr, "0">:$cost_ns, Device_Pairs:$inplace,
    Device_Dynamic:$dynamic_flops);
  let assemblyFormat = [{
    $callee `(` $inputs `)` `outputs` `(` $outputs `)`
    (`on` `device` $device^)? (`queue` $queue^)? attr-dict
    `:` functional-type($inputs, $outputs)
  }];
  let builders = [OpBuilder<(ins "::llvm::StringRef":$callee,
    "::mlir::ValueRange":$inputs, "::mlir::ValueRange":$outputs,
    CArg<"::mlir::ArrayAttr", "{}">:$nodes, CArg<"uint64_t", "0">:$flops,
    CArg<"::mlir::ArrayAttr", "{}">:$inplace), [{
      build($_builder, $_state, callee, inputs, outputs, /*device=*/0,
            /*queue=*/0, nodes, flops, /*cost_ns=*/0, inplace,
            ::mlir::AffineMapAttr());
    }]>];
  let extraClassDeclaration = [{
    /// True where output \p output may occupy the memory of \p input.
    bool isInplace(unsigned input, unsigned output);
  }];
}

def Device_RecordOp : Device_Op<"record"> {
  let summary = "marks a point of a queue";
  let description = [{
    The event is reached when all launches have ended that are before it on
    `queue`, and what that queue waits for by then has been reached.

    ```mlir
    kernel.func @relu(%x: memref<8xf32>) outputs(%y: memref<8xf32>) {
      %zero = arith.constant 0.0 : f32
      kernel.parallel () to () {
        kernel.vector_loop %i to 8 {
          %0 = kernel.load %x[%i] : memref<8xf32>
          %1 = arith.maximumf %0, %zero : f32
          kernel.store %1, %y[%i] : memref<8xf32>
        }
      }
    }
    device.program @main(%x: memref<8xf32>) outputs(%y: memref<8xf32>, %z: memref<8xf32>)
        attributes {input_names = ["x"], output_names = ["y", "z"]} {
      %0 = device.slot : memref<8xf32>
      device.launch @relu(%x) outputs(%0) : (memref<8xf32>) -> memref<8xf32>
      %ready = device.record queue 0
      device.launch @relu(%0) outputs(%y) : (memref<8xf32>) -> memref<8xf32>
      device.wait %ready queue 1
      device.launch @relu(%0) outputs(%z) queue 1 : (memref<8xf32>) -> memref<8xf32>
    }
    ```
  }];
  let arguments = (ins Device_QueueIndex:$queue);
  let results = (outs Device_Event:$event);
  let assemblyFormat = "`queue` $queue attr-dict";
}

def Device_WaitOp : Device_Op<"wait"> {
  let summary = "lets a queue wait for an event";
  let description = [{
    Launches that come after it on `queue` begin when the event is reached.

    C1. The event is one of another queue.

    See `device.record` for an example.
  }];
  let arguments = (ins Device_Event:$event, Device_QueueIndex:$queue);
  let assemblyFormat = "$event `queue` $queue attr-dict";
  let hasVerifier = 1;
}

#endif // DLC_DIALECTS_DEVICE_DEVICEOPS_TD

// SPDX-License-Identifier: Apache-2.0
// The operations of the kernel dialect: functions and calls, loops, accesses,
// contractions.
#ifndef DLC_DIALECTS_KERNEL_KERNELOPS_TD
#define DLC_DIALECTS_KERNEL_KERNELOPS_TD

include "dialects/kernel/KernelContract.td"
include "dialects/kernel/KernelDialect.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

//===----------------------------------------------------------------------===//
// The model: calls on tensors
//===----------------------------------------------------------------------===//

def Kernel_ConstantOp
    : Kernel_Op<"constant", [Pure, ConstantLike, AllTypesMatch<["value", "result"]>]> {
  let summary = "a weight or another constant tensor";
  let description = [{
    The bytes as the kernels read them: packed, padded, folded. Becomes a range
    of the artifact's weights section.

    ```mlir
    %w = kernel.constant dense<0.5> : tensor<4x16xf32>
    ```
  }];
  let arguments = (ins TypedAttrInterface:$value);
  let results = (outs AnyStaticShapeTensor:$result);
  let assemblyFormat = "attr-dict $value";
  let hasFolder = 1;
}

def Kernel_ViewOp : Kernel_Op<"view", [Pure]> {
  let summary = "the same bytes under another shape";
  let description = [{
    Costs nothing: the planner gives result and operand one buffer. With `at`,
    the result is a part of the operand, which starts at that element.

    C1. Operand and result have the same element type.
    C2. The result has the operand's number of elements or, with `at`, lies
        within the operand.

    ```mlir
    func.func @reshape(%x: tensor<2x6xf32>) -> (tensor<3x4xf32>, tensor<6xf32>) {
      %0 = kernel.view %x : tensor<2x6xf32> to tensor<3x4xf32>
      %1 = kernel.view %x at 6 : tensor<2x6xf32> to tensor<6xf32>
      return %0, %1 : tensor<3x4xf32>, tensor<6xf32>
    }
    ```
  }];
  let arguments = (ins AnyStaticShapeTensor:$source,
    OptionalAttr<ConfinedAttr<I64Attr, [IntNonNegative]>>:$offset);
  let results = (outs AnyStaticShapeTensor:$result);
  let assemblyFormat = [{
    $source (`at` $offset^)? attr-dict `:` type($source) `to` type($result)
  }];
  let builders = [OpBuilder<(ins "::mlir::Type":$result,
    "::mlir::Value":$source), [{
      build($_builder, $_state, result, source, ::mlir::IntegerAttr());
    }]>];
  let hasFolder = 1;
  let hasVerifier = 1;
}

def Kernel_CountedOp : Kernel_Op<"counted"> {
  let summary = "as many elements as a tensor says itself";
  let description = [{
    Costs nothing: the result is a part of the operand, from element `start` on.
    How many elements it has is the operand's first one, which the runtime reads
    as soon as it is there; the type has the number that this instance of the
    model is looked at for, as that of `graph.counted`.

    C1. Operand and result have one dimension of elements of i64.

    ```mlir
    func.func @part(%x: tensor<10xi64>) -> tensor<5xi64> {
      %0 = kernel.counted %x start 1 count 0 : tensor<10xi64> to tensor<5xi64>
      return %0 : tensor<5xi64>
    }
    ```
  }];
  let arguments = (ins AnyStaticShapeTensor:$packed,
    ConfinedAttr<I64Attr, [IntNonNegative]>:$start,
    ConfinedAttr<I64Attr, [IntNonNegative]>:$count);
  let results = (outs AnyStaticShapeTensor:$result);
  let assemblyFormat = [{
    $packed `start` $start `count` $count attr-dict
    `:` type($packed) `to` type($result)
  }];
  let hasVerifier = 1;
}

def Kernel_JoinOp : Kernel_Op<"join", [Pure]> {
  let summary = "the bytes of several tensors one after the other";
  let description = [{
    Costs nothing where the planner can let the operands be computed right in
    their parts of the result's buffer; it copies the others.

    C1. Operands and result have the same element type, and the operands
        together the result's number of elements.

    ```mlir
    func.func @concat(%x: tensor<1x4xf32>, %y: tensor<2x4xf32>) -> tensor<3x4xf32> {
      %0 = kernel.join %x, %y : (tensor<1x4xf32>, tensor<2x4xf32>) -> tensor<3x4xf32>
      return %0 : tensor<3x4xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<AnyStaticShapeTensor>:$sources);
  let results = (outs AnyStaticShapeTensor:$result);
  let assemblyFormat = "$sources attr-dict `:` functional-type($sources, $result)";
  let hasVerifier = 1;
}

def Kernel_CallOp
    : Kernel_Op<"call", [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "launch of a kernel, on tensors";
  let description = [{
    Operands are the kernel's inputs, results its outputs, in order; each
    tensor has the shape and element type of the kernel's buffer.

    `nodes` names the model's operators that the call computes, `flops` counts
    their floating-point operations. `inplace` is a list of (operand, result)
    pairs: the result may be written over the operand where that is not needed
    any more.

    C1. The callee is a `kernel.func` of the module.
    C2. The types agree with the callee's inputs and outputs.
    C3. `inplace` names existing operands and results of the same size.

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
    func.func @main(%x: tensor<8xf32>) -> tensor<8xf32> {
      %0 = kernel.call @twice(%x) {nodes = ["a", "b"], inplace = [array<i64: 0, 0>]}
        : (tensor<8xf32>) -> tensor<8xf32>
      return %0 : tensor<8xf32>
    }
    ```
  }];
  let arguments = (ins
    FlatSymbolRefAttr:$callee, Variadic<AnyStaticShapeTensor>:$inputs,
    OptionalAttr<StrArrayAttr>:$nodes,
    DefaultValuedAttr<I64Attr, "0">:$flops,
    OptionalAttr<TypedArrayAttrBase<DenseI64ArrayAttr, "pairs">>:$inplace);
  let results = (outs Variadic<AnyStaticShapeTensor>:$outputs);
  let assemblyFormat = [{
    $callee `(` $inputs `)` attr-dict `:` functional-type($inputs, $outputs)
  }];
}

//===----------------------------------------------------------------------===//
// Functions and loops
//===----------------------------------------------------------------------===//

def Kernel_FuncOp
    : Kernel_Op<"func", [IsolatedFromAbove, Symbol, SingleBlock, NoTerminator,
                         DeclareOpInterfaceMethods<OpAsmOpInterface,
                           ["getDefaultDialect"]>]> {
  let summary = "one kernel: a fused group of operators on buffers";
  let description = [{
    The arguments are the inputs and then, after `outputs`, the outputs. No
    output overlaps an input except where `inplace` lists the pair (input,
    output): there the kernel reads each element before it writes it and never
    reads it again.

    The body holds sections, `kernel.parallel`, `kernel.contract` or
    `kernel.attend`, whose iterations are the tasks that the runtime spreads over threads, and
    operations that don't touch memory. Tasks, those of different sections too,
    are independent of each other. A `kernel.phases` orders the tasks.

    C1. There is at least one section; nothing else touches memory.
    C2. Arguments are buffers of static shape with the identity layout.
    C3. A `kernel.phases` holds all sections.

    ```mlir
    kernel.func @relu(%x: memref<4x128xf32>) outputs(%y: memref<4x128xf32>) {
      %zero = arith.constant 0.0 : f32
      kernel.parallel (%i) to (4) {
        kernel.vector_loop %j to 128 {
          %0 = kernel.load %x[%i, %j] : memref<4x128xf32>
          %1 = arith.maximumf %0, %zero : f32
          kernel.store %1, %y[%i, %j] : memref<4x128xf32>
        }
      }
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, I64Attr:$num_outputs,
    OptionalAttr<TypedArrayAttrBase<DenseI64ArrayAttr, "pairs">>:$inplace);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let skipDefaultBuilders = 1;
  let builders = [OpBuilder<(ins "::llvm::StringRef":$name,
    "::mlir::TypeRange":$inputs, "::mlir::TypeRange":$outputs)>];
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
  }];
}

class Kernel_LoopBaseOp<string mnemonic, list<Trait> traits = []>
    : Kernel_Op<mnemonic, [SingleBlock, RecursiveMemoryEffects,
                           DeclareOpInterfaceMethods<OpAsmOpInterface,
                             ["getDefaultDialect"]>] # traits> {
  let regions = (region SizedRegion<1>:$body);
  let hasVerifier = 1;
}

def Kernel_ParallelOp : Kernel_LoopBaseOp<"parallel", [NoTerminator]> {
  let summary = "the tasks of a kernel";
  let description = [{
    Runs the body for every index tuple, in any order, on any thread. The last
    index varies fastest, and neighbouring tasks tend to share a thread.

    C1. One region argument of type `index` for each extent.
    C2. Extents are not negative.
    C3. Its parent is a `kernel.func`, `kernel.phases`, `kernel.attend` or
        `kernel.alternatives`.

    ```mlir
    kernel.func @fill() outputs(%y: memref<4x8x16xf32>) {
      %v = arith.constant 1.0 : f32
      kernel.parallel (%n, %c) to (4, 8) {
        kernel.vector_loop %i to 16 {
          kernel.store %v, %y[%n, %c, %i] : memref<4x8x16xf32>
        }
      }
    }
    ```
  }];
  let arguments = (ins DenseI64ArrayAttr:$extents);
  let hasCustomAssemblyFormat = 1;
  let skipDefaultBuilders = 1;
  let builders = [OpBuilder<(ins "::llvm::ArrayRef<int64_t>":$extents)>];
}

def Kernel_PhasesOp : Kernel_LoopBaseOp<"phases", [NoTerminator]> {
  let summary = "tasks in rounds, one after the other";
  let description = [{
    Runs its sections for 0 <= i < extent. All tasks of one index are done
    before the first one of the next begins, on whatever thread: they may read
    what any task of an earlier index wrote. This is how a recurrent layer's
    steps share threads.

    C1. The region has one argument of type `index`.
    C2. The extent is positive.
    C3. Its parent is a `kernel.func`.
    C4. There is at least one section in it; nothing else touches memory.

    ```mlir
    kernel.func @powers(%x: memref<8x16xf32>) outputs(%y: memref<4x8x16xf32>) {
      kernel.phases %t to 4 {
        kernel.parallel (%i) to (8) {
          %previous = kernel.slice %y[(%t + 3) mod 4] : memref<4x8x16xf32>
          %zero = arith.constant 0 : index
          %is_first = arith.cmpi eq, %t, %zero : index
          %from = arith.select %is_first, %x, %previous : memref<8x16xf32>
          kernel.vector_loop %j to 16 {
            %0 = kernel.load %from[%i, %j] : memref<8x16xf32>
            %1 = kernel.load %x[%i, %j] : memref<8x16xf32>
            %2 = arith.mulf %0, %1 : f32
            kernel.store %2, %y[%t, %i, %j] : memref<4x8x16xf32>
          }
        }
      }
    }
    ```
  }];
  let arguments = (ins I64Attr:$extent);
  let hasCustomAssemblyFormat = 1;
  let skipDefaultBuilders = 1;
  let builders = [OpBuilder<(ins "int64_t":$extent)>];
}

def Kernel_LoopOp : Kernel_LoopBaseOp<"loop", [NoTerminator]> {
  let summary = "nested loops run in order by one thread";
  let description = [{
    Runs the body for every index tuple in lexicographic order. With `unroll`,
    that many iterations of the last index may be interleaved ("unroll and
    jam"): they must be independent of each other.

    C1. One region argument of type `index` for each extent.
    C2. Extents are not negative, `unroll` is positive.

    ```mlir
    kernel.func @scale(%x: memref<4x8x16xf32>) outputs(%y: memref<4x8x16xf32>) {
      kernel.parallel (%n) to (4) {
        kernel.vector_loop %i to 16 {
          kernel.loop (%c) to (8) unroll 4 {
            %0 = kernel.load %x[%n, %c, %i] : memref<4x8x16xf32>
            %1 = arith.addf %0, %0 : f32
            kernel.store %1, %y[%n, %c, %i] : memref<4x8x16xf32>
          }
        }
      }
    }
    ```
  }];
  let arguments = (ins DenseI64ArrayAttr:$extents,
                       DefaultValuedAttr<I64Attr, "1">:$unroll);
  let hasCustomAssemblyFormat = 1;
  let skipDefaultBuilders = 1;
  let builders = [OpBuilder<(ins "::llvm::ArrayRef<int64_t>":$extents,
                                 CArg<"int64_t", "1">:$unroll)>];
}

def Kernel_VectorLoopOp : Kernel_LoopBaseOp<"vector_loop", [NoTerminator]> {
  let summary = "independent iterations that become the lanes of vectors";
  let description = [{
    Runs the body for 0 <= i < extent. The iterations are independent, so a
    target runs as many at once as its vectors have lanes. Loops and
    reductions inside keep their order, on whole vectors.

    C1. The region has one argument of type `index`.
    C2. It is not inside another `kernel.vector_loop`.
    C3. The extent is not negative.

    See `kernel.func` for an example.
  }];
  let arguments = (ins I64Attr:$extent);
  let hasCustomAssemblyFormat = 1;
  let skipDefaultBuilders = 1;
  let builders = [OpBuilder<(ins "int64_t":$extent)>];
}

def Kernel_ReduceOp : Kernel_LoopBaseOp<"reduce"> {
  let summary = "combines the values of all iterations";
  let description = [{
    The sum, product, maximum, minimum or greatest of what the body yields over all index
    tuples; the kind's neutral element where there are none. The order of
    combination is unspecified. Outside a `kernel.vector_loop` the last
    index becomes the lanes of vectors; inside one, every lane has a reduction
    of its own. The maximum and minimum propagate NaN; `greatest` is the maximum
    of what is a number, and a fraction of the maximum's instructions.

    C1. One region argument of type `index` for each extent; at least one.
    C2. Extents are not negative.
    C3. The body yields one scalar of the result's type.

    ```mlir
    kernel.func @row_sum(%x: memref<4x100xf32>) outputs(%y: memref<4xf32>) {
      kernel.parallel (%i) to (4) {
        %sum = kernel.reduce add (%j) to (100) : f32 {
          %0 = kernel.load %x[%i, %j] : memref<4x100xf32>
          kernel.yield %0 : f32
        }
        kernel.store %sum, %y[%i] : memref<4xf32>
      }
    }
    ```
  }];
  let arguments = (ins Kernel_ReduceKindAttr:$kind, DenseI64ArrayAttr:$extents);
  let results = (outs AnyTypeOf<[AnyFloat, AnySignlessInteger, Index]>:$result);
  let hasCustomAssemblyFormat = 1;
  let skipDefaultBuilders = 1;
  let builders = [OpBuilder<(ins "ReduceKind":$kind,
    "::llvm::ArrayRef<int64_t>":$extents, "::mlir::Type":$type)>];
}

def Kernel_AlternativesOp
    : Kernel_Op<"alternatives", [SingleBlock, NoTerminator, RecursiveMemoryEffects,
                                 DeclareOpInterfaceMethods<OpAsmOpInterface,
                                   ["getDefaultDialect"]>]> {
  let summary = "the same work for one thread and for several";
  let description = [{
    Two regions that leave the same in memory. The first is the fastest for a
    thread on its own; the second does more in all, but most of it in loops
    whose iterations the threads of a GPU's block share. A target's lowering
    takes one and forgets the other. In the place of a section each region holds
    sections: the two may have other tasks.

    C1. It is inside a `kernel.parallel` and outside of a `kernel.vector_loop`,
        or a section of a `kernel.func`.
    C2. As a section, it holds sections, and nothing else touches memory.

    ```mlir
    // Whether each element is the largest one up to it.
    kernel.func @records(%x: memref<100xi32>) outputs(%y: memref<100xi1>) {
      kernel.parallel () to () {
        kernel.alternatives {
          %first = arith.constant 0 : index
          %end = arith.constant 100 : index
          %one = arith.constant 1 : index
          %least = arith.constant -2147483648 : i32
          %0 = scf.for %i = %first to %end step %one iter_args(%most = %least) -> i32 {
            %1 = kernel.load %x[%i] : memref<100xi32>
            %2 = arith.cmpi sge, %1, %most : i32
            kernel.store %2, %y[%i] : memref<100xi1>
            %3 = arith.maxsi %1, %most : i32
            scf.yield %3 : i32
          }
        } shared {
          kernel.vector_loop %i to 100 {
            %0 = kernel.load %x[%i] : memref<100xi32>
            %most = kernel.reduce max (%j) to (100) : i32 {
              %2 = arith.minui %i, %j : index
              %3 = kernel.load %x[%2] : memref<100xi32>
              kernel.yield %3 : i32
            }
            %1 = arith.cmpi sge, %0, %most : i32
            kernel.store %1, %y[%i] : memref<100xi1>
          }
        }
      }
    }
    ```
  }];
  let regions = (region SizedRegion<1>:$serial, SizedRegion<1>:$shared);
  let assemblyFormat = "$serial `shared` $shared attr-dict";
  let hasVerifier = 1;
  let skipDefaultBuilders = 1;
  let builders = [OpBuilder<(ins)>];
  let extraClassDeclaration = [{
    /// Puts what is in \p region, one of its own, in the place of the operation.
    void replaceBy(::mlir::Region &region);
  }];
}

def Kernel_YieldOp
    : Kernel_Op<"yield", [Pure, Terminator, ReturnLike,
                          ParentOneOf<["ReduceOp", "ContractOp", "AttendOp"]>]> {
  let summary = "the value of one iteration";
  let description = [{
    Ends the body of `kernel.reduce`, the epilogue of `kernel.contract`, and the
    score, the weight and the epilogue of `kernel.attend`.
  }];
  let arguments = (ins AnyType:$value);
  let assemblyFormat = "$value attr-dict `:` type($value)";
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

def Kernel_LoadOp
    : Kernel_Op<"load", [TypesMatchWith<"result is an element", "memref",
        "result", "::llvm::cast<::mlir::MemRefType>($_self).getElementType()">]> {
  let summary = "an element of a buffer";
  let description = [{
    Each subscript is an affine expression of index values: sums, products with
    constants, `floordiv` and `mod` by constants. Indices are in bounds.

    C1. One subscript for each dimension of the buffer.

    ```mlir
    kernel.func @even(%x: memref<16xf32>) outputs(%y: memref<8xf32>) {
      kernel.parallel () to () {
        kernel.vector_loop %i to 8 {
          %0 = kernel.load %x[%i * 2] : memref<16xf32>
          kernel.store %0, %y[%i] : memref<8xf32>
        }
      }
    }
    ```
  }];
  let arguments = (ins Arg<AnyStaticShapeMemRef, "", [MemRead]>:$memref,
                       Variadic<Index>:$indices, AffineMapAttr:$map);
  let results = (outs AnyType:$result);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
}

def Kernel_StoreOp
    : Kernel_Op<"store", [TypesMatchWith<"value is an element", "memref",
        "value", "::llvm::cast<::mlir::MemRefType>($_self).getElementType()">]> {
  let summary = "writes an element of a buffer";
  let description = [{
    C1. One subscript for each dimension of the buffer.

    See `kernel.load` for the subscripts and an example.
  }];
  let arguments = (ins AnyType:$value,
                       Arg<AnyStaticShapeMemRef, "", [MemWrite]>:$memref,
                       Variadic<Index>:$indices, AffineMapAttr:$map);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
}

def Kernel_SliceOp : Kernel_Op<"slice", [Pure]> {
  let summary = "part of a buffer, by its first subscripts";
  let description = [{
    What lies under the given subscripts of the first dimensions, as a buffer of
    the others. Subscripts are as for `kernel.load`. An `arith.select` chooses
    between buffers or slices of one type.

    C1. There are at most as many subscripts as dimensions.

    See `kernel.phases` for an example.
  }];
  let arguments = (ins AnyStaticShapeMemRef:$memref, Variadic<Index>:$indices,
                       AffineMapAttr:$map);
  let results = (outs AnyStaticShapeMemRef:$result);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let skipDefaultBuilders = 1;
  let builders = [OpBuilder<(ins "::mlir::Value":$memref,
    "::mlir::ValueRange":$indices, "::mlir::AffineMap":$map)>];
}

def Kernel_ScratchOp : Kernel_Op<"scratch", [Pure]> {
  let summary = "memory of the running thread";
  let description = [{
    Undefined at the start of each task; never shared between threads. All
    scratch buffers of a kernel live as long as the task.

    ```mlir
    kernel.func @copy(%x: memref<8xf32>) outputs(%y: memref<8xf32>) {
      %s = kernel.scratch : memref<8xf32>
      kernel.parallel () to () {
        kernel.vector_loop %i to 8 {
          %0 = kernel.load %x[%i] : memref<8xf32>
          kernel.store %0, %s[%i] : memref<8xf32>
        }
        kernel.vector_loop %i to 8 {
          %0 = kernel.load %s[%i] : memref<8xf32>
          kernel.store %0, %y[%i] : memref<8xf32>
        }
      }
    }
    ```
  }];
  let results = (outs AnyStaticShapeMemRef:$result);
  let assemblyFormat = "attr-dict `:` type($result)";
}

#endif // DLC_DIALECTS_KERNEL_KERNELOPS_TD

// SPDX-License-Identifier: Apache-2.0
// The operations of the kernel dialect that multiply matrices.
#ifndef DLC_DIALECTS_KERNEL_KERNELCONTRACT_TD
#define DLC_DIALECTS_KERNEL_KERNELCONTRACT_TD

include "dialects/kernel/KernelDialect.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Kernel_ContractOp
    : Kernel_Op<"contract", [SingleBlock, RecursiveMemoryEffects,
                             DeclareOpInterfaceMethods<OpAsmOpInterface,
                               ["getDefaultDialect"]>]> {
  let summary = "a tiled contraction with a fused epilogue";
  let description = [{
    For every batch index b, row m and column n:

        acc = sum over k of lhs[lhs_map(b, m, k)] * rhs[...]
        out[out_map(b, m, p, l)] = epilogue(b, m, p, l, acc)

    where the columns come in panels of 16: n = 16 p + l. Matrix products,
    convolutions and attention are instances of it; they differ only in the
    maps. The lowering chooses register tiles for the target.

    `k` has one or more extents. With `k_tail`, the last block of the first
    extent counts only that many of the last one: k = [3, 3, 3, 16] and
    k_tail = 8 is a convolution over 40 channels in blocks of 16.

    Factors of i8 may have sums of i32: they are extended, with zeros those of
    an `unsigned` operand. With `quads` they are read four at once: then an
    index of the last extent of k stands for four steps, and so does one of the
    last dimension of the two buffers, whose elements lie side by side:

        acc = sum over k, i < 4 of lhs[.., 4 s + i] * rhs[.., 4 t + i]

    where (.., s) and (.., t) are what the maps say.

    A *packed* `rhs` has `rhs_map` (b, p, kk, l) -> subscripts, where kk counts
    the k tuples in order, and holds whole panels. Otherwise `rhs_map` is
    (b, k, p, l); columns that are not contiguous are packed at run time.

    The epilogue's arguments are b, m, p and l and the accumulator. With
    `whole_panels`, `out` and what the epilogue reads have room for the
    columns up to a multiple of 16, so no store needs a mask.

    `symbols` are indices from around the contraction, such as those of the
    task that it is in: the symbols of all three maps.

    As a section of a kernel its iterations are tasks; inside
    a `kernel.parallel` it belongs to the task.

    `schedules` overrule, CPU by CPU, what the lowering would choose.

    C1. The maps have as many dimensions and results as said above, and a symbol
        for each of `symbols`.
    C2. Extents are positive; `k_tail` is less than the last extent of `k`, which
        has two or more.
    C3. The epilogue has the arguments said above and yields an element of
        `out`.
    C4. There is at most one schedule for a CPU.
    C5. Both operands and the accumulator have one element type, or the operands
        i8 and the accumulator i32. `unsigned` and `quads` are for the latter.
    C6. With `quads`, the last extents of both operands are multiples of four.

    ```mlir
    // y = relu(x w + bias): 128 x 64 = 128 x 256 times 256 x 64
    kernel.func @dense(%x: memref<128x256xf32>, %w: memref<4x256x16xf32>,
                       %bias: memref<64xf32>) outputs(%y: memref<128x64xf32>) {
      %zero = arith.constant 0.0 : f32
      kernel.contract batch [] m 128 n 64 k [256]
          lhs %x at affine_map<(m, k) -> (m, k)>
          rhs %w packed at affine_map<(p, k, l) -> (p, k, l)>
          out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
          : memref<128x256xf32>, memref<4x256x16xf32>, memref<128x64xf32>
      epilogue (%m, %p, %l, %acc: f32) {
        %b = kernel.load %bias[%p * 16 + %l] : memref<64xf32>
        %0 = arith.addf %acc, %b : f32
        %1 = arith.maximumf %0, %zero : f32
        kernel.yield %1 : f32
      }
    }
    // The same of integers of 8 bits, those of x without sign.
    kernel.func @bytes(%x: memref<128x256xi8>, %w: memref<4x64x16x4xi8>) outputs(%y: memref<128x64xi32>) {
      kernel.contract batch [] m 128 n 64 k [64] quads
          lhs %x unsigned at affine_map<(m, k) -> (m, k)>
          rhs %w packed at affine_map<(p, k, l) -> (p, k, l, 0)>
          out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
          : memref<128x256xi8>, memref<4x64x16x4xi8>, memref<128x64xi32>
      epilogue (%m, %p, %l, %acc: i32) {
        kernel.yield %acc : i32
      }
    }
    ```
  }];
  let arguments = (ins
    Arg<AnyStaticShapeMemRef, "", [MemRead]>:$lhs,
    Arg<AnyStaticShapeMemRef, "", [MemRead]>:$rhs,
    Arg<AnyStaticShapeMemRef, "", [MemWrite]>:$out,
    DenseI64ArrayAttr:$batch, I64Attr:$m, I64Attr:$n, DenseI64ArrayAttr:$k,
    OptionalAttr<I64Attr>:$k_tail,
    AffineMapAttr:$lhs_map, AffineMapAttr:$rhs_map, AffineMapAttr:$out_map,
    UnitAttr:$packed, UnitAttr:$whole_panels, Variadic<Index>:$symbols,
    OptionalAttr<TypedArrayAttrBase<Kernel_ScheduleAttr, "schedules">>:$schedules,
    UnitAttr:$quads, UnitAttr:$lhs_unsigned, UnitAttr:$rhs_unsigned);
  let regions = (region SizedRegion<1>:$epilogue);
  // Without symbols.
  let builders = [OpBuilder<(ins "::mlir::Value":$lhs, "::mlir::Value":$rhs,
    "::mlir::Value":$out, "::llvm::ArrayRef<int64_t>":$batch, "int64_t":$m,
    "int64_t":$n, "::llvm::ArrayRef<int64_t>":$k, "::mlir::IntegerAttr":$k_tail,
    "::mlir::AffineMap":$lhs_map, "::mlir::AffineMap":$rhs_map,
    "::mlir::AffineMap":$out_map, "bool":$packed, "bool":$whole_panels), [{
      build($_builder, $_state, lhs, rhs, out, batch, m, n, k, k_tail, lhs_map,
            rhs_map, out_map, packed, whole_panels, ::mlir::ValueRange(),
            /*schedules=*/{}, /*quads=*/false, /*lhs_unsigned=*/false,
            /*rhs_unsigned=*/false);
    }]>];
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Columns of a panel: the granularity of packed weights.
    static constexpr int64_t kPanel = 16;
    /// Factors that are read at once with `quads`.
    static constexpr int64_t kQuad = 4;
    int64_t getNumPanels() { return (getN() + kPanel - 1) / kPanel; }
    /// The number of products that are summed for one element.
    int64_t getKTotal();
    /// The type of lhs or rhs that its map leads to: with `quads`, of words of
    /// i32 that hold four factors, the first in the lowest bits.
    ::mlir::MemRefType getFactorType(bool isLhs);
    /// The type of the accumulator.
    ::mlir::Type getSumType();
    /// Whether factors are extended.
    bool isWidening();
    /// What `schedules` says for \p cpu; null where it says nothing.
    ScheduleAttr getScheduleFor(::llvm::StringRef cpu);
  }];
}

def Kernel_AttendOp
    : Kernel_Op<"attend", [SingleBlock, NoTerminator, RecursiveMemoryEffects,
                           DeclareOpInterfaceMethods<OpAsmOpInterface,
                             ["getDefaultDialect"]>]> {
  let summary = "attention, whole and as tasks";
  let description = [{
    For every batch index b, row m and column e:

        s(n)   = score(b, m, n, sum over d of queries[b, m, d] * keys[b, n, d])
        result = sum over n of weight(b, m, n, exp(s(n))) * values[b, n, e]
                 / sum over n of exp(s(n))
        out[out_map(b, m, e)] = epilogue(b, m, e, result)

    Without `weight` it is the exponential itself. A row whose scores are all
    -inf is NaN then, and 0 with `weight`.

    A section of a kernel. `tasks` computes the same in sections of its own: a
    target whose registers and memory ask for other loops than these reads what
    is before them, any other expands the operation (`expandAttention`).

    The maps' dimensions are b, then m and d of queries, n and d of keys, n and
    e of values, m and e of the result.

    C1. The maps have as many dimensions and results as said above, and no
        symbols.
    C2. Extents are positive.
    C3. Score, weight and epilogue have the arguments said above. They yield
        numbers of the last one's type, the epilogue an element of `out`.
    C4. The weight is proportional to its last argument: products and choices
        between it and 0 make it.
    C5. `tasks` holds sections, and nothing else touches memory.

    ```mlir
    kernel.func @attend(%q: memref<2x32x8xf32>, %k: memref<2x16x8xf32>, %v: memref<2x16x8xf32>)
        outputs(%y: memref<2x32x8xf32>) {
      %scale = arith.constant 0.25 : f32
      kernel.attend batch [2] m 32 n 16 d 8 e 8
          queries %q at affine_map<(b, m, d) -> (b, m, d)>
          keys %k at affine_map<(b, n, d) -> (b, n, d)>
          values %v at affine_map<(b, n, e) -> (b, n, e)>
          out %y at affine_map<(b, m, e) -> (b, m, e)>
          : memref<2x32x8xf32>, memref<2x16x8xf32>, memref<2x16x8xf32>, memref<2x32x8xf32>
      score {
      ^bb0(%b: index, %m: index, %n: index, %acc: f32):
        %0 = arith.mulf %acc, %scale : f32
        kernel.yield %0 : f32
      } epilogue {
      ^bb0(%b: index, %m: index, %e: index, %acc: f32):
        kernel.yield %acc : f32
      } tasks {
        kernel.parallel (%b, %m) to (2, 32) {
          // The loops.
        }
      }
    }
    ```
  }];
  let arguments = (ins
    Arg<AnyStaticShapeMemRef, "", [MemRead]>:$queries,
    Arg<AnyStaticShapeMemRef, "", [MemRead]>:$keys,
    Arg<AnyStaticShapeMemRef, "", [MemRead]>:$values,
    Arg<AnyStaticShapeMemRef, "", [MemWrite]>:$out,
    DenseI64ArrayAttr:$batch, I64Attr:$m, I64Attr:$n, I64Attr:$d, I64Attr:$e,
    AffineMapAttr:$queries_map, AffineMapAttr:$keys_map,
    AffineMapAttr:$values_map, AffineMapAttr:$out_map);
  let regions = (region SizedRegion<1>:$score, AnyRegion:$weight,
                        SizedRegion<1>:$epilogue, SizedRegion<1>:$tasks);
  let assemblyFormat = [{
    `batch` $batch `m` $m `n` $n `d` $d `e` $e `\n`
    `queries` $queries `at` $queries_map `\n`
    `keys` $keys `at` $keys_map `\n` `values` $values `at` $values_map `\n`
    `out` $out `at` $out_map attr-dict `\n`
    `:` type($queries) `,` type($keys) `,` type($values) `,` type($out) `\n`
    `score` $score (`weight` $weight^)? `epilogue` $epilogue `tasks` $tasks
  }];
  let hasVerifier = 1;
}

#endif // DLC_DIALECTS_KERNEL_KERNELCONTRACT_TD

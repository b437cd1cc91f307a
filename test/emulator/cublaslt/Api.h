// SPDX-License-Identifier: Apache-2.0
// The part of cublasLt's interface that the stand-in has. cublasLt.h only comes
// with the library itself, half a gigabyte: these are its numbers, which a test
// compares with it where it is installed.
#ifndef EMULATOR_CUBLASLT_API_H
#define EMULATOR_CUBLASLT_API_H

#include <cstddef>
#include <cstdint>
#include <library_types.h>

namespace emulator::cublaslt {

enum Status : int {
  Success = 0,
  NotInitialised = 1,
  InvalidValue = 7,
  ExecutionFailed = 13,
  NotSupported = 15
};

enum Compute : int {
  Compute32F = 68,
  Compute32FPedantic = 69,
  Compute64F = 70,
  Compute32I = 72,
  Compute32IPedantic = 73,
  Compute32FFast16F = 74,
  Compute32FFast16BF = 75,
  Compute32FFastTF32 = 77
};

enum Order : int32_t { ColumnOrder = 0, RowOrder = 1 };
enum PointerMode : int32_t { HostPointers = 0, DevicePointers = 1 };

enum Epilogue : uint32_t {
  PlainEpilogue = 1,
  ReluEpilogue = 2,
  BiasEpilogue = 4,
  GeluEpilogue = 32
};

enum LayoutAttribute : int {
  LayoutType = 0,
  LayoutOrder = 1,
  LayoutRows = 2,
  LayoutColumns = 3,
  LayoutLeading = 4,
  LayoutBatchCount = 5,
  LayoutBatchStride = 6
};

enum MatmulAttribute : int {
  MatmulCompute = 0,
  MatmulScale = 1,
  MatmulPointerMode = 2,
  MatmulTransposeA = 3,
  MatmulTransposeB = 4,
  MatmulTransposeC = 5,
  MatmulEpilogue = 7,
  MatmulBiasPointer = 8,
  MatmulBiasBatchStride = 10,
  MatmulBiasType = 26
};

enum PreferenceAttribute : int {
  PreferWorkspaceBytes = 1,
  PreferAlignmentA = 5,
  PreferAlignmentD = 8
};

/// What the library's opaque types hold here; each fits into the library's.
struct Layout {
  int32_t type, order;
  uint64_t rows, columns;
  int64_t leading;
  int32_t batchCount, unused;
  int64_t batchStride;
};
struct Matmul {
  int32_t compute, scale, pointerMode, transposeA, transposeB, transposeC;
  uint32_t epilogue;
  int32_t biasType; ///< -1: that of the result
  const void *bias;
  int64_t biasBatchStride;
};
struct Preference {
  uint64_t workspaceBytes;
  uint32_t alignments[4]; ///< of a, b, c and d, in bytes
};
/// What an algorithm relies on when it runs.
struct Algorithm {
  uint64_t isChosen; ///< by the library: else nothing is checked
  uint64_t workspaceBytes;
  uint64_t alignments[5]; ///< of a, b, c, d and the bias, in bytes
  uint64_t unused;
};
struct HeuristicResult {
  Algorithm algorithm;
  size_t workspaceBytes;
  Status state;
  float waves;
  int reserved[4];
};

} // namespace emulator::cublaslt

#endif

// SPDX-License-Identifier: Apache-2.0
// What a product of matrices costs as generated code and in a library.
#include "passes/gpu/GemmCost.h"
#include "passes/gpu/BlockTile.h"

#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::kernel;

/// Rows and columns that a block of the library computes, of large products.
static constexpr int64_t kTile = 128;
/// The shares of a multiprocessor's peak that the library reaches: with FMAs,
/// and with tensor cores, which have to wait for memory more often.
static constexpr double kFmaShare = 0.85, kTensorShare = 0.8;
/// How many times as fast it has to be. The estimates aren't better than that,
/// and a library of half a gigabyte has to be loaded for it.
static constexpr double kGain = 1.2;
/// Cycles below which nothing is gained that one could measure in a run: 30
/// microseconds or so.
static constexpr double kWorthCycles = 50000;

/// Whole blocks at the chip's rate. In float32 the library multiplies with
/// FMAs: it never splits factors into several of tf32, as generated code does.
/// Factors of f32 that it rounds to 16 bits come at the rate of tf32.
static double estimateLibrary(device::GemmAttr gemm, device::GpuAttr gpu,
                              Precision precision) {
  int64_t tiles = gemm.getBatch() * llvm::divideCeil(gemm.getM(), kTile) *
                  llvm::divideCeil(gemm.getN(), kTile);
  int64_t rounds = llvm::divideCeil(tiles, gpu.getMultiprocessors());
  double products = double(rounds) * kTile * kTile * double(gemm.getK());
  bool isExact = precision == Precision::Float32;
  return products / (isExact ? kFmaShare * double(gpu.getFmaRate())
                             : kTensorShare * double(gpu.getTensorRate()));
}

GemmCost dlc::kernel::estimateGemm(const PlainProduct &product,
                                   device::GpuAttr gpu, Precision precision) {
  GemmCost cost;
  // The rates are of f32.
  if (product.gemm.getCompute() == "float64")
    return {0, 0, false, "no rate of float64 is known"};
  cost.generated = estimateCycles(product.contract, gpu, precision);
  cost.library = estimateLibrary(product.gemm, gpu, precision);
  bool isLarge = cost.generated >= kWorthCycles;
  cost.isLibraryBetter = isLarge && cost.generated >= kGain * cost.library;
  cost.reason = llvm::formatv(
      "generated code takes about {0:f0} cycles, the library {1:f0}{2}",
      cost.generated, cost.library, isLarge ? "" : ": too few to gain by it");
  return cost;
}

// SPDX-License-Identifier: Apache-2.0
// Products of matrices in emulated device memory.
#ifndef EMULATOR_CUBLASLT_PRODUCT_H
#define EMULATOR_CUBLASLT_PRODUCT_H

#include "cublaslt/Api.h"
#include "driver/Private.h"

namespace emulator::cublaslt {

/// One call of cublasLtMatmul: d = epilogue(alpha a b + beta c).
struct Product {
  Matmul matmul;
  Layout a, b, c, d;
  const void *left, *right, *added;
  void *result, *workspace;
  size_t workspaceBytes;
  double alpha, beta;           ///< of host pointers
  const void *alphaAt, *betaAt; ///< of device pointers
  const driver::PrivateTable *driver;
};

/// Whether the stand-in can compute it: shapes that fit, types and orders that
/// it knows.
Status check(const Product &product);

/// A number of a scale type.
double readScale(const void *from, int type);

/// Computes it now. Faulty memory gives the driver's code.
CUresult run(const Product &product);

} // namespace emulator::cublaslt

#endif

// SPDX-License-Identifier: Apache-2.0
#include "cublaslt/Product.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

namespace emulator::cublaslt {

static size_t bytesOf(int type) {
  switch (type) {
  case CUDA_R_64F:
    return 8;
  case CUDA_R_32F:
  case CUDA_R_32I:
    return 4;
  case CUDA_R_16F:
  case CUDA_R_16BF:
    return 2;
  case CUDA_R_8I:
    return 1;
  default:
    return 0;
  }
}

template <typename Element>
static Element loadAs(const char *from) {
  Element value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <typename Element, typename Value>
static void storeAs(char *to, Value value) {
  const Element element = static_cast<Element>(value);
  std::memcpy(to, &element, sizeof element);
}

static float floatOf(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

static uint32_t bitsOf(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

/// Rounds to nearest even, keeping all but the last `dropped` bits.
static uint32_t roundBits(uint32_t bits, unsigned dropped) {
  if ((bits & 0x7fffffff) > 0x7f800000)
    return bits;
  const uint32_t odd = bits >> dropped & 1;
  return (bits + (1u << (dropped - 1)) - 1 + odd) >> dropped << dropped;
}

static double load(const char *from, int type) {
  switch (type) {
  case CUDA_R_64F:
    return loadAs<double>(from);
  case CUDA_R_32F:
    return loadAs<float>(from);
  case CUDA_R_32I:
    return loadAs<int32_t>(from);
  case CUDA_R_16F:
    return static_cast<double>(loadAs<_Float16>(from));
  case CUDA_R_16BF:
    return floatOf(uint32_t(loadAs<uint16_t>(from)) << 16);
  default:
    return loadAs<int8_t>(from);
  }
}

static void store(char *to, int type, double value) {
  switch (type) {
  case CUDA_R_64F:
    return storeAs<double>(to, value);
  case CUDA_R_32F:
    return storeAs<float>(to, value);
  case CUDA_R_32I:
    // Sums of products wrap as the device's do.
    return storeAs<int32_t>(to, static_cast<int64_t>(value));
  case CUDA_R_16F:
    return storeAs<_Float16>(to, static_cast<float>(value));
  case CUDA_R_16BF:
    return storeAs<uint16_t>(
        to, roundBits(bitsOf(static_cast<float>(value)), 16) >> 16);
  default:
    return storeAs<int8_t>(to,
                           std::clamp(std::nearbyint(value), -128.0, 127.0));
  }
}

/// What the tensor cores see of an element.
static double reduce(double value, int compute) {
  switch (compute) {
  case Compute32FFastTF32:
    return floatOf(roundBits(bitsOf(static_cast<float>(value)), 13));
  case Compute32FFast16BF:
    return floatOf(roundBits(bitsOf(static_cast<float>(value)), 16));
  case Compute32FFast16F:
    return static_cast<double>(
        static_cast<_Float16>(static_cast<float>(value)));
  default:
    return value;
  }
}

double readScale(const void *from, int type) {
  return load(static_cast<const char *>(from), type);
}

static uint64_t inner(const Layout &layout) {
  return layout.order == RowOrder ? layout.columns : layout.rows;
}

static uint64_t outer(const Layout &layout) {
  return layout.order == RowOrder ? layout.rows : layout.columns;
}

static bool knownLayout(const Layout &layout) {
  return bytesOf(layout.type) &&
         (layout.order == RowOrder || layout.order == ColumnOrder);
}

static bool knownEpilogue(uint32_t epilogue) {
  const uint32_t activation = epilogue & ~uint32_t(BiasEpilogue);
  return activation == 0 || epilogue == PlainEpilogue ||
         activation == ReluEpilogue || activation == GeluEpilogue;
}

static bool knownCompute(const Matmul &matmul, int type) {
  switch (matmul.compute) {
  case Compute32I:
  case Compute32IPedantic:
    return type == CUDA_R_8I;
  case Compute64F:
    return type == CUDA_R_64F;
  case Compute32F:
  case Compute32FPedantic:
    return type == CUDA_R_32F || type == CUDA_R_16F || type == CUDA_R_16BF;
  case Compute32FFast16F:
  case Compute32FFast16BF:
  case Compute32FFastTF32:
    return type == CUDA_R_32F;
  default:
    return false;
  }
}

static uint64_t rowsOf(const Layout &layout, int transpose) {
  return transpose ? layout.columns : layout.rows;
}

static uint64_t columnsOf(const Layout &layout, int transpose) {
  return transpose ? layout.rows : layout.columns;
}

Status check(const Product &product) {
  const Matmul &matmul = product.matmul;
  for (const Layout *layout :
       {&product.a, &product.b, &product.c, &product.d}) {
    if (!knownLayout(*layout))
      return NotSupported;
    if (layout->leading < int64_t(inner(*layout)) ||
        layout->batchCount != product.d.batchCount)
      return InvalidValue;
  }
  if (!knownEpilogue(matmul.epilogue) || matmul.transposeC ||
      product.a.type != product.b.type || product.c.type != product.d.type ||
      !knownCompute(matmul, product.a.type) || !bytesOf(matmul.scale))
    return NotSupported;
  if (rowsOf(product.a, matmul.transposeA) != product.d.rows ||
      columnsOf(product.b, matmul.transposeB) != product.d.columns ||
      columnsOf(product.a, matmul.transposeA) !=
          rowsOf(product.b, matmul.transposeB) ||
      product.c.rows != product.d.rows ||
      product.c.columns != product.d.columns)
    return InvalidValue;
  return (matmul.epilogue & BiasEpilogue) && !matmul.bias ? InvalidValue
                                                          : Success;
}

static uint64_t offsetOf(const Layout &layout, uint64_t row, uint64_t column) {
  const uint64_t leading = uint64_t(layout.leading);
  return layout.order == RowOrder ? row * leading + column
                                  : column * leading + row;
}

using Access = CUresult (*)(CUdeviceptr, size_t, const char *);

/// Checks what of a matrix is touched, run by run.
static CUresult touch(const Layout &layout, const char *base, Access access) {
  const size_t bytes = bytesOf(layout.type);
  for (uint64_t i = 0; i < outer(layout); ++i)
    if (const CUresult code =
            access(reinterpret_cast<CUdeviceptr>(
                       base + i * uint64_t(layout.leading) * bytes),
                   inner(layout) * bytes, "cublasLtMatmul"))
      return code;
  return CUDA_SUCCESS;
}

static const char *batchOf(const void *base, const Layout &layout, int batch) {
  return static_cast<const char *>(base) +
         batch * layout.batchStride * int64_t(bytesOf(layout.type));
}

/// A matrix as rows of doubles; transposed if asked.
static std::vector<double> unpack(const Layout &layout, const char *base,
                                  int transpose, int compute) {
  const uint64_t rows = rowsOf(layout, transpose),
                 columns = columnsOf(layout, transpose);
  const size_t bytes = bytesOf(layout.type);
  std::vector<double> values(rows * columns);
  for (uint64_t i = 0; i < rows; ++i)
    for (uint64_t j = 0; j < columns; ++j) {
      const uint64_t at =
          transpose ? offsetOf(layout, j, i) : offsetOf(layout, i, j);
      values[i * columns + j] =
          reduce(load(base + at * bytes, layout.type), compute);
    }
  return values;
}

static double activate(uint32_t epilogue, double value) {
  if (epilogue & ReluEpilogue)
    return std::fmax(value, 0);
  if (epilogue & GeluEpilogue) { // the library's is the one by tanh
    constexpr double factor = 0.7978845608028654; // sqrt(2 / pi)
    return 0.5 * value *
           (1 + std::tanh(factor * (value + 0.044715 * value * value * value)));
  }
  return value;
}

static CUresult touchAll(const Product &product, double beta, int batch) {
  const driver::PrivateTable &driver = *product.driver;
  if (const CUresult code = touch(
          product.a, batchOf(product.left, product.a, batch), driver.read))
    return code;
  if (const CUresult code = touch(
          product.b, batchOf(product.right, product.b, batch), driver.read))
    return code;
  if (beta != 0)
    if (const CUresult code = touch(
            product.c, batchOf(product.added, product.c, batch), driver.read))
      return code;
  return touch(product.d, batchOf(product.result, product.d, batch),
               driver.write);
}

static CUresult runBatch(const Product &product, double alpha, double beta,
                         int batch) {
  const Matmul &matmul = product.matmul;
  if (const CUresult code = touchAll(product, beta, batch))
    return code;
  const std::vector<double> left =
      unpack(product.a, batchOf(product.left, product.a, batch),
             matmul.transposeA, matmul.compute);
  const std::vector<double> right =
      unpack(product.b, batchOf(product.right, product.b, batch),
             matmul.transposeB, matmul.compute);
  const uint64_t rows = product.d.rows, columns = product.d.columns,
                 depth = columnsOf(product.a, matmul.transposeA);
  const char *added = batchOf(product.added, product.c, batch);
  char *result = const_cast<char *>(batchOf(product.result, product.d, batch));
  const int type = product.d.type;
  const size_t bytes = bytesOf(type);
  const int biasType = matmul.biasType < 0 ? type : matmul.biasType;
  const char *bias = nullptr;
  if (matmul.epilogue & BiasEpilogue) {
    bias = static_cast<const char *>(matmul.bias) +
           batch * matmul.biasBatchStride * int64_t(bytesOf(biasType));
    if (const CUresult code =
            product.driver->read(reinterpret_cast<CUdeviceptr>(bias),
                                 rows * bytesOf(biasType), "cublasLtMatmul"))
      return code;
  }
  std::vector<double> sums(columns);
  for (uint64_t i = 0; i < rows; ++i) {
    std::fill(sums.begin(), sums.end(), 0.0);
    for (uint64_t k = 0; k < depth; ++k)
      for (uint64_t j = 0; j < columns; ++j)
        sums[j] += left[i * depth + k] * right[k * columns + j];
    for (uint64_t j = 0; j < columns; ++j) {
      double value = alpha * sums[j];
      if (beta != 0)
        value += beta * load(added + offsetOf(product.c, i, j) * bytes, type);
      if (bias)
        value += load(bias + i * bytesOf(biasType), biasType);
      store(result + offsetOf(product.d, i, j) * bytes, type,
            activate(matmul.epilogue, value));
    }
  }
  return CUDA_SUCCESS;
}

CUresult run(const Product &product) {
  const bool onDevice = product.matmul.pointerMode == DevicePointers;
  const int scale = product.matmul.scale;
  const double alpha =
      onDevice ? readScale(product.alphaAt, scale) : product.alpha;
  const double beta =
      onDevice ? readScale(product.betaAt, scale) : product.beta;
  if (product.workspaceBytes)
    if (const CUresult code = product.driver->write(
            reinterpret_cast<CUdeviceptr>(product.workspace),
            product.workspaceBytes, "cublasLtMatmul"))
      return code;
  for (int batch = 0; batch < product.d.batchCount; ++batch)
    if (const CUresult code = runBatch(product, alpha, beta, batch))
      return code;
  return CUDA_SUCCESS;
}

} // namespace emulator::cublaslt

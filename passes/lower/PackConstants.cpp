// SPDX-License-Identifier: Apache-2.0
// Rearranges constant tensors into the order in which kernels read them.
#include "passes/lower/PackConstants.h"

#include "dialects/kernel/KernelOps.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/BuiltinDialect.h"
#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;
using namespace dlc;

ArrayRef<char> dlc::lower::getConstantBytes(ElementsAttr value, bool &isSplat) {
  isSplat = false;
  if (auto dense = dyn_cast<DenseElementsAttr>(value)) {
    isSplat = dense.isSplat();
    return dense.getRawData();
  }
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(value))
    if (AsmResourceBlob *blob = resource.getRawHandle().getBlob())
      return blob->getData();
  return {};
}

/// Copies elements of type \p T.
template <typename T>
static void copyElements(ArrayRef<char> from, bool isSplat,
                         ArrayRef<int64_t> sources, MutableArrayRef<char> to) {
  auto *in = reinterpret_cast<const T *>(from.data());
  auto *out = reinterpret_cast<T *>(to.data());
  for (size_t i = 0; i < sources.size(); ++i)
    out[i] = sources[i] < 0 ? T() : in[isSplat ? 0 : sources[i]];
}

ElementsAttr dlc::lower::packConstant(
    ElementsAttr value, ArrayRef<int64_t> shape,
    llvm::function_ref<void(MutableArrayRef<int64_t>)> sources) {
  Type element = value.getElementType();
  unsigned size = element.getIntOrFloatBitWidth() / 8;
  bool isSplat;
  ArrayRef<char> bytes = getConstantBytes(value, isSplat);
  auto type = RankedTensorType::get(shape, element);
  if (bytes.empty() || (size != 1 && size != 2 && size != 4 && size != 8))
    return {};
  std::vector<int64_t> order(type.getNumElements());
  sources(order);
  AsmResourceBlob blob =
      HeapAsmResourceBlob::allocate(order.size() * size, /*align=*/64,
                                    /*dataIsMutable=*/true);
  MutableArrayRef<char> out = blob.getMutableData();
  if (size == 4)
    copyElements<uint32_t>(bytes, isSplat, order, out);
  else if (size == 8)
    copyElements<uint64_t>(bytes, isSplat, order, out);
  else if (size == 2)
    copyElements<uint16_t>(bytes, isSplat, order, out);
  else
    copyElements<uint8_t>(bytes, isSplat, order, out);
  return DenseResourceElementsAttr::get(type, "packed", std::move(blob));
}

ElementsAttr dlc::lower::packRows(ElementsAttr weight) {
  int64_t rows = weight.getShapedType().getDimSize(0);
  int64_t depth = weight.getShapedType().getDimSize(1);
  int64_t panels =
      (rows + kernel::ContractOp::kPanel - 1) / kernel::ContractOp::kPanel;
  return packConstant(weight, {panels, depth, kernel::ContractOp::kPanel},
                      [&](MutableArrayRef<int64_t> sources) {
                        int64_t *to = sources.data();
                        for (int64_t p = 0; p < panels; ++p)
                          for (int64_t k = 0; k < depth; ++k)
                            for (int64_t l = 0; l < kernel::ContractOp::kPanel;
                                 ++l) {
                              int64_t row = p * kernel::ContractOp::kPanel + l;
                              *to++ = row < rows ? row * depth + k : -1;
                            }
                      });
}

ElementsAttr dlc::lower::packQuads(ElementsAttr panels) {
  constexpr int64_t kPanel = kernel::ContractOp::kPanel;
  constexpr int64_t kQuad = kernel::ContractOp::kQuad;
  int64_t count = panels.getShapedType().getDimSize(0);
  int64_t quads = panels.getShapedType().getDimSize(1) / kQuad;
  return packConstant(panels, {count, quads, kPanel, kQuad},
                      [&](MutableArrayRef<int64_t> sources) {
                        int64_t *to = sources.data();
                        for (int64_t quad = 0; quad < count * quads; ++quad)
                          for (int64_t l = 0; l < kPanel; ++l)
                            for (int64_t i = 0; i < kQuad; ++i)
                              *to++ = (quad * kQuad + i) * kPanel + l;
                      });
}

ElementsAttr dlc::lower::unpackRows(ElementsAttr packed, int64_t rows) {
  int64_t depth = packed.getShapedType().getDimSize(1);
  constexpr int64_t kPanel = kernel::ContractOp::kPanel;
  return packConstant(
      packed, {rows, depth}, [&](MutableArrayRef<int64_t> sources) {
        int64_t *to = sources.data();
        for (int64_t row = 0; row < rows; ++row)
          for (int64_t k = 0; k < depth; ++k)
            *to++ = (row / kPanel * depth + k) * kPanel + row % kPanel;
      });
}

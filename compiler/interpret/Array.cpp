// SPDX-License-Identifier: Apache-2.0
// Tensors of the reference interpreter: access and conversion.
#include "compiler/interpret/Array.h"

using namespace mlir;

namespace dlc::interpret {

Array::Array(ArrayRef<int64_t> shape, double value)
    : shape(shape), values(ShapedType::getNumElements(shape), value) {}

Array::Array(const graph::ConstantData &data)
    : Array(data.getType().getShape()) {
  std::vector<graph::Scalar> elements(values.size());
  data.load(0, values.size(), elements.data());
  bool isFloat = data.getFormat().isFloat();
  for (auto [element, value] : llvm::zip(elements, values))
    value = isFloat ? element.f : double(element.i);
}

graph::ConstantData Array::toConstant(RankedTensorType type) const {
  graph::ElementFormat format =
      *graph::ElementFormat::get(type.getElementType());
  std::vector<graph::Scalar> elements(values.size());
  for (auto [element, value] : llvm::zip(elements, values)) {
    if (format.isFloat())
      element.f = value;
    else
      element.i = int64_t(value);
  }
  return graph::ConstantData::compute(type, [&](MutableArrayRef<char> bytes) {
    format.store(elements.data(), elements.size(), bytes.data());
  });
}

int64_t Array::getExtent(int64_t first, int64_t last) const {
  return ShapedType::getNumElements(ArrayRef(shape).slice(first, last - first));
}

double &Array::at(ArrayRef<int64_t> indices) {
  int64_t place = 0;
  for (auto [index, extent] : llvm::zip_equal(indices, shape))
    place = place * extent + index;
  return values[place];
}

void forEachIndex(ArrayRef<int64_t> shape,
                  llvm::function_ref<void(ArrayRef<int64_t>)> body) {
  Shape index(shape.size(), 0);
  for (int64_t i = 0, e = ShapedType::getNumElements(shape); i < e; ++i) {
    body(index);
    for (int64_t dim = shape.size() - 1; dim >= 0; --dim) {
      if (++index[dim] < shape[dim])
        break;
      index[dim] = 0;
    }
  }
}

} // namespace dlc::interpret

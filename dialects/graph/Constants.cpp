// SPDX-License-Identifier: Apache-2.0
// The bytes of constants: formats of elements, reading, making, freeing.
#include "dialects/graph/Constants.h"

#include "dialects/graph/Layout.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/SetVector.h"

#include <cstring>

using namespace mlir;
using namespace dlc::graph;

/// Constants up to this size are literals in the IR's text.
static constexpr int64_t kMaxLiteralBytes = 64;
/// Enough for vector loads of every target.
static constexpr size_t kAlignmentBytes = 64;

//===----------------------------------------------------------------------===//
// ElementFormat
//===----------------------------------------------------------------------===//

std::optional<ElementFormat> ElementFormat::get(Type elementType) {
  auto make = [](Kind kind, int64_t sizeBytes) {
    return std::optional(ElementFormat(kind, sizeBytes));
  };
  if (elementType.isF32())
    return make(Kind::F32, 4);
  if (elementType.isF64())
    return make(Kind::F64, 8);
  if (elementType.isF16())
    return make(Kind::F16, 2);
  if (elementType.isBF16())
    return make(Kind::BF16, 2);
  if (!elementType.isSignlessInteger())
    return std::nullopt;
  switch (elementType.getIntOrFloatBitWidth()) {
  case 1:
    return make(Kind::I1, 1);
  case 8:
    return make(Kind::I8, 1);
  case 16:
    return make(Kind::I16, 2);
  case 32:
    return make(Kind::I32, 4);
  case 64:
    return make(Kind::I64, 8);
  default:
    return std::nullopt;
  }
}

bool ElementFormat::isFloat() const { return kind >= Kind::F16; }

/// The value of a 16-bit float of \p semantics.
static double decodeHalf(uint16_t bits, const llvm::fltSemantics &semantics) {
  return APFloat(semantics, APInt(16, bits)).convertToDouble();
}

/// The 16-bit float of \p semantics nearest to \p value.
static uint16_t encodeHalf(double value, const llvm::fltSemantics &semantics) {
  APFloat number(value);
  bool losesInfo;
  number.convert(semantics, APFloat::rmNearestTiesToEven, &losesInfo);
  return uint16_t(number.bitcastToAPInt().getZExtValue());
}

template <typename T>
static void loadFloats(const char *bytes, int64_t count, Scalar *out) {
  for (int64_t i = 0; i < count; ++i) {
    T value;
    std::memcpy(&value, bytes + i * sizeof(T), sizeof(T));
    out[i].f = value;
  }
}

template <typename T>
static void loadIntegers(const char *bytes, int64_t count, Scalar *out) {
  for (int64_t i = 0; i < count; ++i) {
    T value;
    std::memcpy(&value, bytes + i * sizeof(T), sizeof(T));
    out[i].i = value;
  }
}

static void loadHalves(const char *bytes, int64_t count, Scalar *out,
                       const llvm::fltSemantics &semantics) {
  for (int64_t i = 0; i < count; ++i) {
    uint16_t bits;
    std::memcpy(&bits, bytes + i * 2, 2);
    out[i].f = decodeHalf(bits, semantics);
  }
}

void ElementFormat::load(const char *bytes, int64_t count, Scalar *out) const {
  switch (kind) {
  case Kind::I1:
    for (int64_t i = 0; i < count; ++i)
      out[i].i = bytes[i] != 0;
    return;
  case Kind::I8:
    return loadIntegers<int8_t>(bytes, count, out);
  case Kind::I16:
    return loadIntegers<int16_t>(bytes, count, out);
  case Kind::I32:
    return loadIntegers<int32_t>(bytes, count, out);
  case Kind::I64:
    return loadIntegers<int64_t>(bytes, count, out);
  case Kind::F16:
    return loadHalves(bytes, count, out, APFloat::IEEEhalf());
  case Kind::BF16:
    return loadHalves(bytes, count, out, APFloat::BFloat());
  case Kind::F32:
    return loadFloats<float>(bytes, count, out);
  case Kind::F64:
    return loadFloats<double>(bytes, count, out);
  }
}

template <typename T>
static void storeFloats(const Scalar *in, int64_t count, char *bytes) {
  for (int64_t i = 0; i < count; ++i) {
    T value = T(in[i].f);
    std::memcpy(bytes + i * sizeof(T), &value, sizeof(T));
  }
}

template <typename T>
static void storeIntegers(const Scalar *in, int64_t count, char *bytes) {
  for (int64_t i = 0; i < count; ++i) {
    T value = T(in[i].i);
    std::memcpy(bytes + i * sizeof(T), &value, sizeof(T));
  }
}

static void storeHalves(const Scalar *in, int64_t count, char *bytes,
                        const llvm::fltSemantics &semantics) {
  for (int64_t i = 0; i < count; ++i) {
    uint16_t bits = encodeHalf(in[i].f, semantics);
    std::memcpy(bytes + i * 2, &bits, 2);
  }
}

void ElementFormat::store(const Scalar *in, int64_t count, char *bytes) const {
  switch (kind) {
  case Kind::I1:
    for (int64_t i = 0; i < count; ++i)
      bytes[i] = char(in[i].i & 1);
    return;
  case Kind::I8:
    return storeIntegers<int8_t>(in, count, bytes);
  case Kind::I16:
    return storeIntegers<int16_t>(in, count, bytes);
  case Kind::I32:
    return storeIntegers<int32_t>(in, count, bytes);
  case Kind::I64:
    return storeIntegers<int64_t>(in, count, bytes);
  case Kind::F16:
    return storeHalves(in, count, bytes, APFloat::IEEEhalf());
  case Kind::BF16:
    return storeHalves(in, count, bytes, APFloat::BFloat());
  case Kind::F32:
    return storeFloats<float>(in, count, bytes);
  case Kind::F64:
    return storeFloats<double>(in, count, bytes);
  }
}

void ElementFormat::round(MutableArrayRef<Scalar> values) const {
  switch (kind) {
  case Kind::F64:
  case Kind::I64:
    return;
  case Kind::F32:
    for (Scalar &value : values)
      value.f = double(float(value.f));
    return;
  default:
    for (Scalar &value : values) {
      char bytes[8];
      store(&value, 1, bytes);
      load(bytes, 1, &value);
    }
  }
}

//===----------------------------------------------------------------------===//
// ConstantData
//===----------------------------------------------------------------------===//

std::optional<ConstantData> ConstantData::get(Value value) {
  auto constant = value.getDefiningOp<ConstantOp>();
  return constant ? get(Attribute(constant.getValue())) : std::nullopt;
}

std::optional<ConstantData> ConstantData::get(Attribute value) {
  auto elements = dyn_cast_or_null<ElementsAttr>(value);
  if (!elements)
    return std::nullopt;
  auto type = dyn_cast<RankedTensorType>(elements.getType());
  if (!type || type.getEncoding() || !type.hasStaticShape())
    return std::nullopt;
  std::optional<ElementFormat> format =
      ElementFormat::get(type.getElementType());
  if (!format)
    return std::nullopt;
  ConstantData data(type, *format);
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(value)) {
    // What the text refers to may be missing or of another size.
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    if (!blob || int64_t(blob->getData().size()) !=
                     type.getNumElements() * format->getSizeBytes())
      return std::nullopt;
    data.viewed = blob->getData();
    return data;
  }
  auto dense = dyn_cast<DenseElementsAttr>(value);
  if (!dense)
    return std::nullopt;
  data.splat = dense.isSplat();
  if (!type.getElementType().isInteger(1)) {
    data.viewed = dense.getRawData();
    return data;
  }
  if (data.splat)
    data.owned.push_back(dense.getSplatValue<bool>());
  else
    for (bool bit : dense.getValues<bool>())
      data.owned.push_back(bit);
  return data;
}

ConstantData
ConstantData::compute(RankedTensorType type,
                      function_ref<void(MutableArrayRef<char>)> fill) {
  ConstantData data(type, *ElementFormat::get(type.getElementType()));
  data.owned.resize(type.getNumElements() * data.format.getSizeBytes());
  fill(data.owned);
  return data;
}

void ConstantData::load(int64_t first, int64_t count, Scalar *out) const {
  if (!splat)
    return format.load(getBytes().data() + first * format.getSizeBytes(), count,
                       out);
  if (count == 0)
    return;
  format.load(getBytes().data(), 1, out);
  std::fill(out + 1, out + count, *out);
}

Scalar ConstantData::load(int64_t index) const {
  Scalar result;
  load(index, 1, &result);
  return result;
}

SmallVector<double> ConstantData::toDoubles() const {
  SmallVector<Scalar> scalars(type.getNumElements());
  load(0, scalars.size(), scalars.data());
  return llvm::map_to_vector(
      scalars, [&](Scalar x) { return format.isFloat() ? x.f : double(x.i); });
}

//===----------------------------------------------------------------------===//
// Making constants
//===----------------------------------------------------------------------===//

std::string dlc::graph::getDerivedKey(Value constant, StringRef suffix) {
  auto op = constant.getDefiningOp<ConstantOp>();
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(op.getValue()))
    return (resource.getRawHandle().getKey() + suffix).str();
  return (op.getName().value_or("constant") + suffix).str();
}

/// A literal of the elements that \p bytes has.
static DenseElementsAttr makeLiteral(RankedTensorType type,
                                     ArrayRef<char> bytes) {
  if (!type.getElementType().isInteger(1))
    return DenseElementsAttr::getFromRawBuffer(type, bytes);
  SmallVector<bool> bits(bytes.begin(), bytes.end());
  return DenseElementsAttr::get(type, bits);
}

TypedAttr
dlc::graph::makeConstantValue(RankedTensorType type, StringRef key,
                              function_ref<void(MutableArrayRef<char>)> fill) {
  int64_t size = type.getNumElements() *
                 ElementFormat::get(type.getElementType())->getSizeBytes();
  if (size > kMaxLiteralBytes) {
    AsmResourceBlob blob =
        HeapAsmResourceBlob::allocate(size, kAlignmentBytes, true);
    fill(blob.getMutableData());
    return DenseResourceElementsAttr::get(type, key, std::move(blob));
  }
  SmallVector<char, kMaxLiteralBytes> bytes(size);
  fill(bytes);
  return ::makeLiteral(type, bytes);
}

DenseElementsAttr dlc::graph::makeLiteral(RankedTensorType type,
                                          ArrayRef<Scalar> values) {
  Type element = type.getElementType();
  if (element.isUnsignedInteger())
    element =
        IntegerType::get(type.getContext(), element.getIntOrFloatBitWidth());
  auto format = *ElementFormat::get(element);
  SmallVector<char> bytes(values.size() * format.getSizeBytes());
  format.store(values.data(), values.size(), bytes.data());
  return ::makeLiteral(type, bytes);
}

TypedAttr
dlc::graph::makeSplat(RankedTensorType type,
                      function_ref<void(MutableArrayRef<char>)> fill) {
  char bytes[8];
  MutableArrayRef<char> element(
      bytes, ElementFormat::get(type.getElementType())->getSizeBytes());
  fill(element);
  return ::makeLiteral(type, element);
}

TypedAttr dlc::graph::makeConstantValue(RankedTensorType type, StringRef key,
                                        ArrayRef<double> values) {
  return makeConstantValue(type, key, [&](MutableArrayRef<char> bytes) {
    auto format = *ElementFormat::get(type.getElementType());
    SmallVector<Scalar> scalars;
    for (double value : values)
      scalars.push_back(Scalar{value});
    format.store(scalars.data(), scalars.size(), bytes.data());
  });
}

//===----------------------------------------------------------------------===//
// ConstantReaper
//===----------------------------------------------------------------------===//

/// The entry of the resource that holds \p constant's bytes, or null.
static AsmDialectResourceHandle getResource(ConstantOp constant) {
  if (auto value = dyn_cast<DenseResourceElementsAttr>(constant.getValue()))
    return value.getRawHandle();
  return {};
}

ConstantReaper::ConstantReaper(Operation *module) {
  module->walk([&](ConstantOp constant) { add(constant); });
}

void ConstantReaper::add(ConstantOp constant) {
  if (void *entry = getResource(constant).getResource())
    ++references[entry];
}

void ConstantReaper::eraseUnused(ValueRange values) {
  // A constant may be among the values several times.
  for (Value value : llvm::SetVector<Value>(values.begin(), values.end())) {
    auto constant = value.getDefiningOp<ConstantOp>();
    if (!constant || !constant->use_empty())
      continue;
    auto resource = dyn_cast<DenseResourceElementsAttr>(constant.getValue());
    constant.erase();
    if (!resource)
      continue;
    DenseResourceElementsHandle handle = resource.getRawHandle();
    if (--references[handle.getResource()] == 0)
      handle.getResource()->setBlob(AsmResourceBlob());
  }
}

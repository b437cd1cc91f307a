// SPDX-License-Identifier: Apache-2.0
// Prints and parses stages. Weights are resources: the text names them, a
// safetensors file holds their bytes.
#include "compiler/StageText.h"

#include "compiler/StageCheck.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace dlc {

std::string printStage(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  OpPrintingFlags flags;
  flags.enableDebugInfo(/*enable=*/true, /*prettyForm=*/false);
  flags.elideLargeResourceString(/*largeResourceLimit=*/0);
  module.print(stream, flags);
  // What remains of the section of resources is an empty frame.
  StringRef kept = text;
  if (kept.consume_back("{-#\n\n#-}\n"))
    text.resize(kept.size());
  return text;
}

/// Every resource attribute in \p module, in order of first use.
static SmallVector<DenseResourceElementsAttr> findResources(ModuleOp module) {
  llvm::SetVector<DenseResourceElementsAttr> found;
  AttrTypeWalker walker;
  walker.addWalk([&](DenseResourceElementsAttr attr) { found.insert(attr); });
  module.walk([&](Operation *op) { walker.walk(op->getAttrDictionary()); });
  return found.takeVector();
}

static ElementType getElementType(Type type) {
  if (isa<Float64Type>(type))
    return ElementType::F64;
  if (isa<Float16Type>(type))
    return ElementType::F16;
  if (isa<BFloat16Type>(type))
    return ElementType::BF16;
  if (isa<FloatType>(type))
    return ElementType::F32;
  switch (type.getIntOrFloatBitWidth()) {
  case 1:
    return ElementType::Bool;
  case 8:
    return ElementType::I8;
  case 16:
    return ElementType::I16;
  case 32:
    return ElementType::I32;
  default:
    return ElementType::I64;
  }
}

static Weight describe(DenseResourceElementsAttr attr) {
  Weight weight;
  weight.type = getElementType(attr.getElementType());
  weight.shape.assign(attr.getType().getShape().begin(),
                      attr.getType().getShape().end());
  if (AsmResourceBlob *blob = attr.getRawHandle().getBlob())
    weight.data = {blob->getData().data(), blob->getData().size()};
  return weight;
}

std::vector<NamedWeight> collectWeights(ModuleOp module) {
  std::vector<NamedWeight> weights;
  llvm::StringSet<> keys;
  for (DenseResourceElementsAttr attr : findResources(module))
    if (StringRef key = attr.getRawHandle().getKey(); keys.insert(key).second)
      weights.push_back({key.str(), describe(attr)});
  return weights;
}

/// Gives \p attr its bytes. \returns what is wrong, or "".
static std::string
attachWeight(DenseResourceElementsAttr attr,
             const std::shared_ptr<const WeightStore> &store) {
  auto handle = attr.getRawHandle();
  if (handle.getBlob())
    return "";
  std::string key = handle.getKey().str();
  const Weight *weight = store ? store->find(key) : nullptr;
  if (!weight)
    return "the weights file has no tensor '" + key + "'";
  std::vector<int64_t> shape(attr.getType().getShape());
  std::optional<int64_t> size =
      getByteSize(shape, getElementType(attr.getElementType()));
  if (!size || static_cast<size_t>(*size) != weight->data.size())
    return "tensor '" + key + "' of the weights file has " +
           std::to_string(weight->data.size()) + " bytes, which do not fit " +
           getShapeText(shape);
  ArrayRef<char> bytes(weight->data.data(), weight->data.size());
  handle.getResource()->setBlob(UnmanagedAsmResourceBlob::allocateWithAlign(
      bytes, getElementSize(weight->type), [store](void *, size_t, size_t) {}));
  return "";
}

OwningOpRef<ModuleOp> parseStage(MLIRContext &context, std::string_view text,
                                 const std::string &file,
                                 std::shared_ptr<const WeightStore> weights,
                                 DiagnosticList &diagnostics) {
  DiagnosticPlace place{file, "", "", -1};
  ScopedDiagnosticHandler handler(&context, [&](mlir::Diagnostic &diagnostic) {
    std::string where;
    if (auto loc = dyn_cast<FileLineColLoc>(diagnostic.getLocation()))
      where = "line " + std::to_string(loc.getLine()) + ": ";
    diagnostics.add(DiagnosticCode::MalformedStage, place,
                    where + diagnostic.str());
    return success();
  });
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(
      StringRef(text.data(), text.size()), ParserConfig(&context), file);
  if (!module) {
    if (diagnostics.empty())
      diagnostics.add(DiagnosticCode::MalformedStage, place,
                      "not the text of a stage");
    return nullptr;
  }
  for (DenseResourceElementsAttr attr : findResources(*module))
    if (std::string what = attachWeight(attr, weights); !what.empty())
      diagnostics.add(DiagnosticCode::MissingWeights, place, what);
  if (!diagnostics.empty() || !checkStage(*module, file, diagnostics))
    return nullptr;
  return module;
}

} // namespace dlc

// SPDX-License-Identifier: Apache-2.0
// Finds out which format a model has and hands it to that format's importer.
#include "compiler/import/Importer.h"

#include "compiler/import/Safetensors.h"
#include "compiler/import/mxnet/ParamsReader.h"
#include "compiler/import/mxnet/SymbolImporter.h"

using namespace mlir;

namespace dlc {

std::shared_ptr<WeightStore> readWeights(const NamedBytes &file,
                                         DiagnosticList &diagnostics) {
  auto store = std::make_shared<WeightStore>();
  store->keep(file.owner);
  bool good =
      looksLikeSafetensors(file.bytes)
          ? readSafetensors(file.bytes, file.name, *store, diagnostics)
          : mxnet::readParams(file.bytes, file.name, *store, diagnostics);
  return good ? store : nullptr;
}

OwningOpRef<ModuleOp> importModel(MLIRContext &context, const NamedBytes &model,
                                  const NamedBytes *params,
                                  const ImportOptions &options,
                                  DiagnosticList &diagnostics) {
  mxnet::Symbol symbol;
  bool good = mxnet::readSymbol(model.bytes, model.name, symbol, diagnostics);
  std::shared_ptr<WeightStore> weights;
  if (params) {
    weights = readWeights(*params, diagnostics);
    good &= weights != nullptr;
  }
  if (!good)
    return nullptr;
  return mxnet::importSymbol(context, std::move(symbol), model.name,
                             std::move(weights), options, diagnostics);
}

} // namespace dlc

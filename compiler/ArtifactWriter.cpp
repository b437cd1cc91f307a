// SPDX-License-Identifier: Apache-2.0
// Puts code, tables and weights together and hands out the result.
#include "compiler/ArtifactWriter.h"

#include "codegen/artifact/Artifact.h"
#include "codegen/artifact/Header.h"
#include "codegen/artifact/Linker.h"
#include "codegen/artifact/ProgramSpec.h"
#include "compiler/EmbedTest.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace mlir;

namespace dlc {

static void fail(CompileResult &result, const CompileOptions &options,
                 DiagnosticCode code, std::string message) {
  result.diagnostics.add(code, {options.model.name, "", "", -1},
                         std::move(message));
}

/// Completes the tables with what the program itself doesn't say.
static void addModelFacts(artifact::ArtifactSpec &spec, ModuleOp module,
                          const artifact::WeightsImage &image,
                          const CompileOptions &options) {
  spec.name = options.name;
  spec.compiler = "dlc " DLC_VERSION;
  if (auto bytes = module->getAttrOfType<IntegerAttr>("graph.params_bytes"))
    spec.paramsBytes = bytes.getInt();
  if (auto names = module->getAttrOfType<ArrayAttr>("graph.variables"))
    for (Attribute name : names)
      spec.variables.push_back(cast<StringAttr>(name).str());
  spec.digests.emplace_back("weights", image.getDigest());
}

/// Reads \p path and hands its bytes out.
static bool deliver(const std::string &path, const CompileOptions &options,
                    CompileResult &result) {
  auto file = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                          /*RequiresNullTerminator=*/false);
  if (!file) {
    fail(result, options, DiagnosticCode::InternalError,
         "the linked file can't be read: " + file.getError().message());
    return false;
  }
  StringRef bytes = (*file)->getBuffer();
  return !options.onOutput ||
         options.onOutput(std::string_view(bytes.data(), bytes.size()));
}

void writeArtifact(ModuleOp module, const std::vector<KernelCode> &code,
                   const CompileOptions &options, CompileResult &result) {
  auto program = *module.getOps<device::ProgramOp>().begin();
  FailureOr<artifact::ArtifactSpec> spec = artifact::makeSpec(program);
  FailureOr<artifact::WeightsImage> image = artifact::collectWeights(program);
  if (failed(spec) || failed(image))
    return;
  addModelFacts(*spec, module, *image, options);
  TestData test;
  if (options.embedTest &&
      !readTestData(*options.embedTest, *spec, test, result.diagnostics))
    return;

  std::vector<llvm::MemoryBufferRef> objects;
  for (const KernelCode &kernel : code)
    objects.emplace_back(StringRef(kernel.bytes.data(), kernel.bytes.size()),
                         kernel.symbol);
  artifact::ArtifactParts parts{*spec,       "x86_64-unknown-linux-gnu",
                                objects,     image->chunks,
                                test.chunks, test.bytes};
  auto directory = artifact::TemporaryDirectory::create();
  if (!directory)
    return fail(result, options, DiagnosticCode::UnwritableFile,
                llvm::toString(directory.takeError()));
  std::string path = directory->file("artifact");
  llvm::Error error = artifact::measureCode(*spec, objects);
  if (!error)
    error = options.emit == Stage::Obj
                ? artifact::writeRelocatable(
                      parts, "dlc_" + options.name + "_model_v1", path)
                : artifact::writeSharedObject(parts, path);
  if (error)
    return fail(result, options, DiagnosticCode::InternalError,
                llvm::toString(std::move(error)));
  result.header = artifact::writeHeader(*spec, options.headerName);
  deliver(path, options, result);
}

} // namespace dlc

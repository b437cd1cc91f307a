// SPDX-License-Identifier: Apache-2.0
// Puts code, tables and weights together and hands out the result.
#include "compiler/ArtifactWriter.h"

#include "codegen/artifact/Artifact.h"
#include "codegen/artifact/Assembler.h"
#include "codegen/artifact/Description.h"
#include "codegen/artifact/Header.h"
#include "codegen/artifact/Linker.h"
#include "codegen/artifact/ProgramSpec.h"
#include "codegen/cpu/Targets.h"
#include "compiler/AssemblyText.h"
#include "compiler/Backend.h"
#include "compiler/EmbedTest.h"
#include "compiler/GpuBackend.h"
#include "compiler/Report.h"
#include "compiler/StageSink.h"
#include "compiler/import/Safetensors.h"
#include "llvm/Support/MemoryBuffer.h"
#include <cstring>

using namespace mlir;

namespace dlc {

static constexpr StringLiteral kDefaultName = "model";

static void fail(CompileResult &result, const CompileOptions &options,
                 DiagnosticCode code, std::string message) {
  result.diagnostics.add(code, {options.model.name, "", "", -1},
                         std::move(message));
}

/// Completes the tables with what the program itself doesn't say.
static void addModelFacts(artifact::ArtifactSpec &spec, ModuleOp module,
                          const artifact::WeightsImage &image,
                          const CompileOptions &options) {
  auto name = module->getAttrOfType<StringAttr>("graph.model_name");
  spec.name = name ? name.str() : kDefaultName.str();
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

/// Links \p parts of the model \p name into what `options.emit` asks for and
/// hands it out.
static void link(const artifact::ArtifactParts &parts, StringRef name,
                 const CompileOptions &options, DiagnosticCode code,
                 CompileResult &result) {
  auto directory = artifact::TemporaryDirectory::create();
  if (!directory)
    return fail(result, options, DiagnosticCode::UnwritableFile,
                llvm::toString(directory.takeError()));
  std::string path = directory->file("artifact");
  llvm::Error error =
      options.emit == Stage::Obj
          ? artifact::writeRelocatable(
                parts, ("dlc_" + name + "_model_v1").str(), path)
          : artifact::writeSharedObject(parts, path);
  if (error) {
    // The linker reports a full disk as text, like everything else.
    bool isFile = error.isA<llvm::FileError>() || error.isA<llvm::ECError>();
    std::string message = llvm::toString(std::move(error));
    isFile |= StringRef(message).contains(std::strerror(ENOSPC));
    return fail(result, options, isFile ? DiagnosticCode::UnwritableFile : code,
                message);
  }
  deliver(path, options, result);
}

//===----------------------------------------------------------------------===//
// The assembly stage
//===----------------------------------------------------------------------===//

/// Bytes of an image of \p size bytes that \p chunks are in.
static std::string join(llvm::ArrayRef<artifact::DataChunk> chunks,
                        uint64_t size) {
  std::string image(size, '\0');
  for (const artifact::DataChunk &chunk : chunks)
    llvm::copy(chunk.bytes, image.begin() + chunk.offset);
  return image;
}

/// Hands the text of \p code and \p parts, and their bulk data, to \p sink.
static void emitAssembly(const artifact::ArtifactParts &parts,
                         const std::vector<KernelCode> &code,
                         const StageSink &sink) {
  AssemblyText assembly{
      parts.triple, parts.weightsBytes, parts.testBytes, parts.description, {}};
  for (const KernelCode &kernel : code)
    assembly.kernels.push_back(
        {kernel.symbol,
         StringRef(kernel.assembly.data(), kernel.assembly.size())});
  if (sink.onText && !sink.onText(printAssembly(assembly)))
    return;
  std::string weights = join(parts.weights, parts.weightsBytes);
  std::string test = join(parts.testData, parts.testBytes);
  std::vector<NamedWeight> tensors;
  auto add = [&](StringRef name, const std::string &bytes) {
    if (!bytes.empty())
      tensors.push_back(
          {name.str(),
           {ElementType::U8, {static_cast<int64_t>(bytes.size())}, bytes}});
  };
  add(kWeightsTensor, weights);
  add(kTestTensor, test);
  if (sink.onWeights)
    writeSafetensors(tensors, sink.onWeights);
}

/// The tensor \p name of \p store as one chunk, which must have \p size bytes.
static bool findData(const WeightStore *store, StringRef name, uint64_t size,
                     const CompileOptions &options, CompileResult &result,
                     SmallVectorImpl<artifact::DataChunk> &chunks) {
  if (size == 0)
    return true;
  const Weight *tensor = store ? store->find(name) : nullptr;
  if (!tensor || tensor->data.size() != size) {
    fail(result, options, DiagnosticCode::MissingWeights,
         "the weights file must have a tensor '" + name.str() + "' of " +
             std::to_string(size) + " bytes");
    return false;
  }
  chunks.push_back({0, {tensor->data.data(), tensor->data.size()}});
  return true;
}

void linkAssembly(const WeightStore *store, const CompileOptions &options,
                  CompileResult &result) {
  AssemblyText assembly;
  if (!parseAssembly(options.model.bytes, options.model.name, assembly,
                     result.diagnostics))
    return;
  SmallVector<artifact::DataChunk> weights, test;
  if (!findData(store, kWeightsTensor, assembly.weightsBytes, options, result,
                weights) ||
      !findData(store, kTestTensor, assembly.testBytes, options, result, test))
    return;
  size_t count = assembly.kernels.size();
  std::vector<SmallVector<char, 0>> code(count);
  std::vector<std::string> errors(count);
  forEachInParallel(count, options.threads, [&](size_t i) {
    auto [symbol, text] = assembly.kernels[i];
    auto object = artifact::assemble(text, assembly.triple, symbol);
    if (object)
      code[i] = std::move(*object);
    else
      errors[i] = llvm::toString(object.takeError());
  });
  std::vector<llvm::MemoryBufferRef> objects;
  for (auto [kernel, object, error] :
       llvm::zip(assembly.kernels, code, errors)) {
    if (!error.empty())
      fail(result, options, DiagnosticCode::MalformedStage, error);
    objects.emplace_back(StringRef(object.data(), object.size()),
                         kernel.symbol);
  }
  if (!result.diagnostics.empty())
    return;
  link({assembly.triple, assembly.description, objects, weights,
        assembly.weightsBytes, test, assembly.testBytes},
       options.name.empty() ? StringRef(kDefaultName) : options.name, options,
       DiagnosticCode::MalformedStage, result);
}

//===----------------------------------------------------------------------===//
// Artifacts
//===----------------------------------------------------------------------===//

/// Where the artifact's code runs: the triple of the CPUs or, without code for
/// them, of the machine whose programs load it.
static std::string getTriple(ModuleOp module) {
  auto targets = module->getAttrOfType<ArrayAttr>("device.targets");
  if (!targets.empty())
    return cast<device::TargetAttr>(targets[0]).getTriple().str();
  std::string error;
  return cpu::getTarget(module.getContext(), cpu::getDefaultTargets().front(),
                        error)
      .getTriple()
      .str();
}

void writeArtifact(ArrayRef<ModuleOp> modules, const ModelCode &code,
                   const CompileOptions &options, RemarkLog *log,
                   CompileResult &result) {
  ModuleOp module = modules.front();
  SmallVector<device::ProgramOp> programs;
  for (ModuleOp each : modules)
    programs.push_back(*each.getOps<device::ProgramOp>().begin());
  FailureOr<artifact::ArtifactSpec> spec = artifact::makeSpec(programs.front());
  FailureOr<artifact::WeightsImage> image = artifact::collectWeights(programs);
  if (failed(spec) || failed(image))
    return;
  addModelFacts(*spec, module, *image, options);
  if (spec->cuda &&
      !addImages(code.ptx, module, options, *spec->cuda, result.diagnostics))
    return;
  for (device::ProgramOp program : ArrayRef(programs).drop_front()) {
    FailureOr<artifact::ArtifactSpec> special = artifact::makeSpec(program);
    if (failed(special))
      return;
    special->name = spec->name;
    special->compiler = spec->compiler;
    special->paramsBytes = spec->paramsBytes;
    spec->specializations.push_back(std::move(*special));
  }
  TestData test;
  if (options.embedTest &&
      !readTestData(*options.embedTest, *spec, test, result.diagnostics))
    return;

  std::vector<llvm::MemoryBufferRef> objects;
  for (const KernelCode &kernel : code.kernels)
    objects.emplace_back(StringRef(kernel.object.data(), kernel.object.size()),
                         kernel.symbol);
  if (llvm::Error error = artifact::measureCode(*spec, objects))
    return fail(result, options, DiagnosticCode::InternalError,
                llvm::toString(std::move(error)));
  if (log)
    result.report = writeReport(module, *spec, log->take());
  std::string description = artifact::writeDescription(*spec);
  std::string triple = getTriple(module);
  artifact::ArtifactParts parts{triple,        description,        objects,
                                image->chunks, spec->weightsBytes, test.chunks,
                                test.bytes};
  auto emit = [&](const StageSink &sink) {
    emitAssembly(parts, code.kernels, sink);
  };
  if (!dumpStage(Stage::Asm, options, emit, result.diagnostics))
    return;
  if (options.emit == Stage::Asm)
    return emit({options.onOutput, options.onWeights});
  result.header = artifact::writeHeader(*spec, options.headerName);
  link(parts, spec->name, options, DiagnosticCode::InternalError, result);
}

} // namespace dlc

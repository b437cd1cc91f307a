// SPDX-License-Identifier: Apache-2.0
// Writes the parts of an artifact as objects and links them.
#include "codegen/artifact/Artifact.h"

#include "codegen/artifact/Assembler.h"
#include "codegen/artifact/Description.h"
#include "codegen/artifact/Linker.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Object/ELFObjectFile.h"

using namespace llvm;
using namespace dlc::artifact;

/// What a shared object exports: defined by the runtime's core.
static constexpr StringRef kExports[] = {"dlc_model_v1", "dlc_self_test"};

Error dlc::artifact::measureCode(ArtifactSpec &spec,
                                 ArrayRef<MemoryBufferRef> kernels) {
  StringMap<uint64_t> sizes;
  for (MemoryBufferRef buffer : kernels) {
    Expected<std::unique_ptr<object::ObjectFile>> object =
        object::ObjectFile::createELFObjectFile(buffer);
    if (!object)
      return object.takeError();
    for (object::ELFSymbolRef symbol : (*object)->symbols()) {
      Expected<StringRef> name = symbol.getName();
      if (!name)
        return name.takeError();
      if (symbol.getELFType() != ELF::STT_FUNC)
        continue;
      // The entry point and what it calls.
      sizes[*name] += symbol.getSize();
      if (name->consume_back(".body"))
        sizes[*name] += symbol.getSize();
    }
  }
  auto measure = [&](ArtifactSpec &model) {
    for (KernelSpec &kernel : model.kernels) {
      kernel.codeBytes = 0;
      for (const VariantSpec &variant : kernel.variants)
        kernel.codeBytes += sizes.lookup(variant.symbol);
    }
  };
  measure(spec);
  for_each(spec.specializations, measure);
  return Error::success();
}

/// Assembles \p text and adds the object \p name to \p objects.
static Error addAssembly(const TemporaryDirectory &directory, StringRef name,
                         StringRef text, StringRef triple,
                         std::vector<std::string> &objects) {
  Expected<SmallVector<char, 0>> object = assemble(text, triple, name);
  if (!object)
    return object.takeError();
  Expected<std::string> path =
      directory.write(name, StringRef(object->data(), object->size()));
  if (!path)
    return path.takeError();
  objects.push_back(*path);
  return Error::success();
}

static Error addData(const TemporaryDirectory &directory, StringRef name,
                     StringRef triple, const DataSection &section,
                     std::vector<std::string> &objects) {
  if (section.size == 0)
    return Error::success();
  objects.push_back(directory.file(name));
  return writeDataObject(objects.back(), triple, section);
}

/// Writes every part of \p parts as an object into \p directory.
static Expected<std::vector<std::string>>
writeObjects(const ArtifactParts &parts, const TemporaryDirectory &directory) {
  std::vector<std::string> objects;
  if (Error error = addAssembly(directory, "description.o", parts.description,
                                parts.triple, objects))
    return error;
  for (auto [i, kernel] : enumerate(parts.kernels)) {
    Expected<std::string> path = directory.write(
        "kernel" + std::to_string(i) + ".o", kernel.getBuffer());
    if (!path)
      return path.takeError();
    objects.push_back(*path);
  }
  DataSection weights = {kWeightsSection, kWeightsSymbol, parts.weightsBytes,
                         /*alignment=*/4096, parts.weights};
  if (Error error =
          addData(directory, "weights.o", parts.triple, weights, objects))
    return error;
  DataSection test = {kTestSection, kTestSymbol, parts.testBytes,
                      /*alignment=*/64, parts.testData};
  if (Error error = addData(directory, "test.o", parts.triple, test, objects))
    return error;
  return objects;
}

Error dlc::artifact::writeSharedObject(const ArtifactParts &parts,
                                       StringRef output) {
  Expected<TemporaryDirectory> directory = TemporaryDirectory::create();
  if (!directory)
    return directory.takeError();
  Expected<std::vector<std::string>> objects = writeObjects(parts, *directory);
  if (!objects)
    return objects.takeError();
  return linkSharedLibrary(parts.triple, *objects, kExports, output);
}

/// Code of the function \p entry: a tail call of the runtime with the address
/// of the model's tables.
static std::string makeEntry(StringRef entry, StringRef triple) {
  std::string text = "\t.text\n\t.globl " + entry.str() + "\n\t.type " +
                     entry.str() + ",%function\n" + entry.str() + ":\n";
  std::string model = kModelSymbol.str();
  if (StringRef(triple).starts_with("x86_64"))
    text += "\tleaq " + model + "(%rip), %rdi\n\tjmp dlc_core_model@PLT\n";
  else
    text += "\tadrp x0, " + model + "\n\tadd x0, x0, :lo12:" + model +
            "\n\tb dlc_core_model\n";
  return text + "\t.hidden " + model +
         "\n\t.section .note.GNU-stack,\"\",%progbits\n";
}

Error dlc::artifact::writeRelocatable(const ArtifactParts &parts,
                                      StringRef entry, StringRef output) {
  Expected<TemporaryDirectory> directory = TemporaryDirectory::create();
  if (!directory)
    return directory.takeError();
  Expected<std::vector<std::string>> objects = writeObjects(parts, *directory);
  if (!objects)
    return objects.takeError();
  if (Error error =
          addAssembly(*directory, "entry.o", makeEntry(entry, parts.triple),
                      parts.triple, *objects))
    return error;
  return linkRelocatable(*objects, {entry}, output);
}

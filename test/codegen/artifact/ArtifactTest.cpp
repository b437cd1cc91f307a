// SPDX-License-Identifier: Apache-2.0
// Assembling, bulk data and linking: hand-made models are linked, loaded and
// looked into.
#include "codegen/artifact/Artifact.h"
#include "codegen/artifact/Assembler.h"
#include "codegen/artifact/Description.h"
#include "codegen/artifact/Linker.h"
#include "dlc/abi.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "gtest/gtest.h"
#include <dlfcn.h>

using namespace llvm;
using namespace dlc::artifact;

static constexpr StringRef kTriple = "x86_64-unknown-linux-gnu";

/// A kernel that does nothing, and an entry that returns the model's tables.
static constexpr StringRef kCode = R"(
  .text
  .globl "k0.x86-64-v3"
"k0.x86-64-v3":
  vfmadd231ps %zmm1, %zmm2, %zmm3
  ret
  .globl test_entry
  .hidden dlc_abi_model_v1
test_entry:
  leaq dlc_abi_model_v1(%rip), %rax
  ret
  .section .note.GNU-stack,"",@progbits
)";

class ArtifactTest : public testing::Test {
protected:
  void SetUp() override {
    Expected<TemporaryDirectory> created = TemporaryDirectory::create();
    ASSERT_TRUE(bool(created));
    directory.emplace(std::move(*created));

    spec.name = "hand-made";
    spec.compiler = "dlc test";
    spec.inputs = {{"data", 2, 32, {2, 3}, 24}};
    spec.outputs = {{"out", 2, 32, {}, 4}};
    spec.targets = {{"x86-64-v3", DLC_CPU_X86_64_V3}};
    spec.kernels = {{"k0", {{"k0.x86-64-v3", 7}}, {"conv0", "relu0"}, 10, 5}};
    spec.steps = {{0,
                   0,
                   0,
                   {{DLC_SPACE_INPUT, 0, 0}, {DLC_SPACE_ARENA, 0, 64}},
                   10,
                   28,
                   100,
                   {"conv0", "relu0"}}};
    spec.weightsBytes = 10000;
    spec.arenaBytes = 4096;
  }

  std::string assembleTo(StringRef name, StringRef text) {
    Expected<SmallVector<char, 0>> object = assemble(text, kTriple, name);
    EXPECT_TRUE(bool(object)) << toString(object.takeError());
    return cantFail(
        directory->write(name, StringRef(object->data(), object->size())));
  }

  std::string read(StringRef path) {
    auto buffer = MemoryBuffer::getFile(path);
    EXPECT_TRUE(bool(buffer)) << path.str();
    return buffer ? (*buffer)->getBuffer().str() : "";
  }

  /// Links the model of `spec` with kCode; exports test_entry.
  std::string link(StringRef name) {
    std::vector<DataChunk> chunks = {{64, weights}};
    std::string weightsPath = directory->file("weights.o");
    cantFail(writeDataObject(
        weightsPath, kTriple,
        {kWeightsSection, kWeightsSymbol, spec.weightsBytes, 4096, chunks}));
    std::string output = directory->file(name);
    Error error =
        linkSharedLibrary(kTriple,
                          {assembleTo("description.o", writeDescription(spec)),
                           assembleTo("code.o", kCode), weightsPath},
                          {"test_entry"}, output);
    EXPECT_FALSE(bool(error)) << toString(std::move(error));
    return output;
  }

  std::optional<TemporaryDirectory> directory;
  ArtifactSpec spec;
  std::vector<char> weights = std::vector<char>(100, 'w');
};

TEST_F(ArtifactTest, LoadedTablesSayWhatTheSpecSays) {
  std::string path = link("model.so");
  void *library = dlopen(path.c_str(), RTLD_NOW);
  ASSERT_NE(library, nullptr) << dlerror();
  auto entry = reinterpret_cast<const dlc_abi_model *(*)()>(
      dlsym(library, "test_entry"));
  ASSERT_NE(entry, nullptr);
  const dlc_abi_model &model = *entry();

  EXPECT_EQ(model.magic, DLC_ABI_MAGIC);
  EXPECT_EQ(model.abi_version, DLC_ABI_VERSION);
  EXPECT_EQ(model.struct_size, offsetof(dlc_abi_model, num_dims));
  EXPECT_STREQ(model.name, "hand-made");
  ASSERT_EQ(model.num_inputs, 1u);
  EXPECT_STREQ(model.inputs[0].name, "data");
  EXPECT_EQ(model.inputs[0].shape[1], 3);
  EXPECT_EQ(model.inputs[0].size_bytes, 24u);
  EXPECT_EQ(model.outputs[0].rank, 0u);
  EXPECT_EQ(model.outputs[0].shape, nullptr);
  EXPECT_EQ(model.targets[0].features, uint64_t(DLC_CPU_X86_64_V3));
  EXPECT_STREQ(model.kernels[0].name, "k0");
  EXPECT_EQ(model.kernels[0].variants[0].num_tasks, 7);
  EXPECT_NE(model.kernels[0].variants[0].function, nullptr);
  ASSERT_EQ(model.num_steps, 1u);
  EXPECT_STREQ(model.steps[0].nodes, "conv0, relu0");
  EXPECT_EQ(model.steps[0].cost_ns, 100u);
  EXPECT_EQ(model.refs[model.steps[0].first_ref + 1].offset, 64u);
  EXPECT_EQ(model.test_inputs, nullptr);
  EXPECT_EQ(model.kernel_phases, nullptr);

  const char *bytes = static_cast<const char *>(model.weights);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(bytes) % 4096, 0u);
  EXPECT_EQ(bytes[63], 0);
  EXPECT_EQ(bytes[64], 'w');
  EXPECT_EQ(bytes[163], 'w');
  EXPECT_EQ(bytes[9999], 0);
  EXPECT_EQ(dlsym(library, "dlc_abi_model_v1"), nullptr);
  EXPECT_EQ(dlsym(library, "k0.x86-64-v3"), nullptr);
  dlclose(library);
}

/// Loads the artifact \p path. \returns its tables, null on failure.
static const dlc_abi_model *load(const std::string &path, void *&library) {
  library = dlopen(path.c_str(), RTLD_NOW);
  EXPECT_NE(library, nullptr) << dlerror();
  void *entry = library ? dlsym(library, "test_entry") : nullptr;
  return entry ? reinterpret_cast<const dlc_abi_model *(*)()>(entry)()
               : nullptr;
}

/// Of one kernel; the cubin has bytes of every kind.
static CudaSpec makeCudaSpec() {
  CudaSpec cuda;
  std::string cubin = "\x7f"
                      "ELF\"\\";
  for (int byte = 0; byte < 256; ++byte)
    cubin += char(byte);
  cuda.images = {{DLC_CUDA_CUBIN, 90, cubin},
                 {DLC_CUDA_PTX, 80, ".version 8.0\n// \"\\\n"}};
  CudaKernelSpec kernel;
  kernel.name = "k0_entry";
  kernel.threads = 256;
  kernel.sharedBytes = 65536;
  kernel.blocks = uint64_t(1) << 33;
  kernel.scratchBytes = 1024;
  cuda.kernels = {kernel};
  CudaGemmSpec gemm;
  gemm.compute = DLC_GEMM_TF32;
  gemm.hasRelu = gemm.isRequired = true;
  gemm.alignment = 8;
  gemm.batch = 2;
  gemm.bias = 3;
  gemm.m = 5;
  gemm.n = 6;
  gemm.k = 7;
  gemm.a = {1, /*isTransposed=*/true, 7, 35};
  gemm.b = {0, /*isTransposed=*/false, 8, 0};
  gemm.d = {4, /*isTransposed=*/false, 5, 30};
  gemm.alpha = 0.5;
  gemm.beta = -1;
  gemm.workspaceBytes = 1 << 20;
  cuda.gemms = {gemm};
  return cuda;
}

/// Whether \p model has what makeCudaSpec says.
static void checkCuda(const dlc_abi_model &model) {
  CudaSpec want = makeCudaSpec();
  ASSERT_EQ(model.struct_size, offsetof(dlc_abi_model, num_counts));
  ASSERT_NE(model.cuda, nullptr);
  const dlc_abi_cuda &cuda = *model.cuda;
  EXPECT_EQ(cuda.struct_size, offsetof(dlc_abi_cuda, kernel_phases));
  ASSERT_EQ(cuda.num_images, 2u);
  EXPECT_EQ(cuda.images[0].kind, uint32_t(DLC_CUDA_CUBIN));
  EXPECT_EQ(cuda.images[0].sm, 90u);
  ASSERT_EQ(cuda.images[0].bytes, want.images[0].bytes.size());
  EXPECT_EQ(std::string(static_cast<const char *>(cuda.images[0].data),
                        cuda.images[0].bytes),
            want.images[0].bytes);
  EXPECT_EQ(cuda.images[1].kind, uint32_t(DLC_CUDA_PTX));
  EXPECT_EQ(cuda.images[1].bytes, want.images[1].bytes.size() + 1);
  EXPECT_STREQ(static_cast<const char *>(cuda.images[1].data),
               want.images[1].bytes.c_str());
  const dlc_abi_cuda_kernel &kernel = cuda.kernels[0];
  EXPECT_STREQ(kernel.name, "k0_entry");
  EXPECT_EQ(kernel.threads, 256u);
  EXPECT_EQ(kernel.shared_bytes, 65536u);
  EXPECT_EQ(kernel.blocks, uint64_t(1) << 33);
  EXPECT_EQ(kernel.scratch_bytes, 1024u);
}

static void checkMatrix(const dlc_abi_cuda_matrix &matrix, uint32_t operand,
                        uint32_t transposed, int64_t leading, int64_t stride) {
  EXPECT_EQ(matrix.operand, operand);
  EXPECT_EQ(matrix.transposed, transposed);
  EXPECT_EQ(matrix.leading, leading);
  EXPECT_EQ(matrix.stride, stride);
}

/// The same of the product.
static void checkGemm(const dlc_abi_cuda &cuda) {
  ASSERT_EQ(cuda.num_gemms, 1u);
  const dlc_abi_cuda_gemm &gemm = cuda.gemms[0];
  EXPECT_EQ(gemm.kernel, 0u);
  EXPECT_EQ(gemm.compute, uint32_t(DLC_GEMM_TF32));
  EXPECT_EQ(gemm.flags, uint32_t(DLC_GEMM_RELU | DLC_GEMM_REQUIRED));
  EXPECT_EQ(gemm.alignment, 8u);
  EXPECT_EQ(gemm.batch, 2u);
  EXPECT_EQ(gemm.bias, 3u);
  EXPECT_EQ(gemm.m, 5u);
  EXPECT_EQ(gemm.n, 6u);
  EXPECT_EQ(gemm.k, 7u);
  checkMatrix(gemm.a, 1, 1, 7, 35);
  checkMatrix(gemm.b, 0, 0, 8, 0);
  checkMatrix(gemm.c, DLC_GEMM_NONE, 0, 0, 0);
  checkMatrix(gemm.d, 4, 0, 5, 30);
  EXPECT_EQ(gemm.alpha, 0.5);
  EXPECT_EQ(gemm.beta, -1);
  EXPECT_EQ(gemm.workspace_bytes, uint64_t(1) << 20);
}

TEST_F(ArtifactTest, TablesForCudaAreWritten) {
  spec.cuda = makeCudaSpec();
  void *library = nullptr;
  const dlc_abi_model *model = load(link("model.so"), library);
  ASSERT_NE(model, nullptr);
  checkCuda(*model);
  checkGemm(*model->cuda);
  EXPECT_EQ(model->abi_version, DLC_ABI_VERSION);
  EXPECT_EQ(model->num_dims, 0u);
  EXPECT_EQ(model->core_dims, nullptr);
  EXPECT_NE(model->kernels[0].variants, nullptr);
  EXPECT_EQ(model->cuda->kernel_blocks, nullptr);
  EXPECT_EQ(model->cuda->kernel_scratch, nullptr);
  dlclose(library);
}

TEST_F(ArtifactTest, TablesWithoutProductsEndBeforeThem) {
  spec.cuda = makeCudaSpec();
  spec.cuda->gemms.clear();
  void *library = nullptr;
  const dlc_abi_model *model = load(link("model.so"), library);
  ASSERT_NE(model, nullptr);
  EXPECT_EQ(model->cuda->struct_size, offsetof(dlc_abi_cuda, num_gemms));
  dlclose(library);
}

TEST_F(ArtifactTest, WaitsAreAtTheEnd) {
  for (bool hasPhases : {false, true}) {
    spec.cuda = makeCudaSpec();
    spec.cuda->waits = {{3, 1}, {7, 6}};
    spec.cuda->kernels.front().ownPhases = hasPhases ? 2 : 0;
    void *library = nullptr;
    const dlc_abi_model *model = load(link("model.so"), library);
    ASSERT_NE(model, nullptr);
    const dlc_abi_cuda &cuda = *model->cuda;
    ASSERT_EQ(cuda.struct_size, sizeof(dlc_abi_cuda));
    checkGemm(cuda);
    EXPECT_EQ(cuda.kernel_phases != nullptr, hasPhases);
    ASSERT_EQ(cuda.num_waits, 2u);
    EXPECT_EQ(cuda.waits[0].step, 3u);
    EXPECT_EQ(cuda.waits[0].after, 1u);
    EXPECT_EQ(cuda.waits[1].step, 7u);
    EXPECT_EQ(cuda.waits[1].after, 6u);
    // Runtimes that don't know them run all steps in order.
    if (!hasPhases)
      EXPECT_EQ(model->abi_version, DLC_ABI_VERSION);
    dlclose(library);
  }
}

TEST_F(ArtifactTest, PhasesForCudaStandInForTheModels) {
  spec.cuda = makeCudaSpec();
  spec.cuda->gemms.clear();
  spec.cuda->kernels.front().ownPhases = 2;
  void *library = nullptr;
  const dlc_abi_model *model = load(link("model.so"), library);
  ASSERT_NE(model, nullptr);
  const dlc_abi_cuda &cuda = *model->cuda;
  ASSERT_EQ(cuda.struct_size, offsetof(dlc_abi_cuda, num_waits));
  EXPECT_EQ(cuda.num_gemms, 0u);
  EXPECT_EQ(cuda.gemms, nullptr);
  ASSERT_NE(cuda.kernel_phases, nullptr);
  EXPECT_EQ(cuda.kernel_phases[0], 2);
  EXPECT_EQ(model->kernel_phases, nullptr);
  // Older runtimes would run the first phase only.
  EXPECT_EQ(model->abi_version, DLC_ABI_VERSION_PHASES);
  dlclose(library);
}

TEST_F(ArtifactTest, ModelsForCudaOnlyHaveNoVariants) {
  spec.cuda = makeCudaSpec();
  spec.targets.clear();
  spec.kernels[0].variants.clear();
  void *library = nullptr;
  const dlc_abi_model *model = load(link("model.so"), library);
  ASSERT_NE(model, nullptr);
  checkCuda(*model);
  EXPECT_EQ(model->num_targets, 0u);
  EXPECT_EQ(model->targets, nullptr);
  EXPECT_STREQ(model->kernels[0].name, "k0");
  EXPECT_EQ(model->kernels[0].variants, nullptr);
  dlclose(library);
}

TEST_F(ArtifactTest, LaunchesOfModelsWithDimsHaveNumbers) {
  spec.dims = {{"N", 1, 8, 1, 4}};
  spec.sizes = {{DLC_SIZE_DIM, 0, 0}};
  spec.inputs[0].extents = {1, 0};
  spec.inputs[0].extentTexts = {"N", ""};
  spec.cuda = makeCudaSpec();
  spec.cuda->kernels[0].blocksNumber = 1;
  ArtifactSpec special = spec;
  special.dims.clear();
  special.sizes.clear();
  special.inputs[0].extents.clear();
  special.cuda->images.clear();
  special.cuda->kernels[0].blocksNumber = 0;
  special.cuda->kernels[0].name = "k1_entry";
  spec.specializations = {special};
  void *library = nullptr;
  const dlc_abi_model *model = load(link("model.so"), library);
  ASSERT_NE(model, nullptr);
  checkCuda(*model);
  EXPECT_EQ(model->abi_version, DLC_ABI_VERSION_DIMS);
  EXPECT_EQ(model->num_dims, 1u);
  EXPECT_NE(model->core_dims, nullptr);
  ASSERT_NE(model->cuda->kernel_blocks, nullptr);
  EXPECT_EQ(model->cuda->kernel_blocks[0], 1u);
  EXPECT_EQ(model->cuda->kernel_scratch, nullptr);
  ASSERT_EQ(model->num_specializations, 1u);
  const dlc_abi_cuda &cuda = *model->specializations[0]->cuda;
  EXPECT_EQ(cuda.num_images, 0u);
  EXPECT_EQ(cuda.images, nullptr);
  EXPECT_STREQ(cuda.kernels[0].name, "k1_entry");

  // Without code for CUDA the tables end where older runtimes expect it.
  spec.cuda.reset();
  spec.specializations.clear();
  dlclose(library);
  model = load(link("older.so"), library);
  ASSERT_NE(model, nullptr);
  EXPECT_EQ(model->struct_size, offsetof(dlc_abi_model, cuda));
  dlclose(library);
}

TEST_F(ArtifactTest, PhasesAreWrittenWhereThereAreSome) {
  spec.kernels[0].numPhases = 35;
  std::string path = link("model.so");
  void *library = dlopen(path.c_str(), RTLD_NOW);
  ASSERT_NE(library, nullptr) << dlerror();
  auto entry = reinterpret_cast<const dlc_abi_model *(*)()>(
      dlsym(library, "test_entry"));
  ASSERT_NE(entry, nullptr);
  ASSERT_NE(entry()->kernel_phases, nullptr);
  EXPECT_EQ(entry()->kernel_phases[0], 35);
  dlclose(library);
}

TEST_F(ArtifactTest, EqualInputGivesEqualBytes) {
  std::string first = read(link("a.so"));
  directory.emplace(cantFail(TemporaryDirectory::create()));
  EXPECT_EQ(first, read(link("another-name.so")));
}

TEST_F(ArtifactTest, SectionsHaveTheirPlaces) {
  std::string path = link("model.so");
  auto object = cantFail(object::ObjectFile::createObjectFile(path));
  auto &elf = *cast<object::ELFObjectFileBase>(object.getBinary());
  bool foundWeights = false, foundMeta = false;
  for (object::ELFSectionRef section : elf.sections()) {
    StringRef name = cantFail(section.getName());
    if (name == kWeightsSection) {
      foundWeights = true;
      EXPECT_EQ(section.getOffset() % 4096, 0u);
      EXPECT_EQ(section.getSize(), spec.weightsBytes);
      EXPECT_FALSE(section.getFlags() & ELF::SHF_WRITE);
    }
    if (name == kMetaSection) {
      foundMeta = true;
      EXPECT_FALSE(section.getFlags() & ELF::SHF_ALLOC);
      EXPECT_EQ(cantFail(section.getContents()), writeMetadata(spec));
    }
    EXPECT_NE(name, ".gnu.version_r");
    EXPECT_NE(name, ".symtab");
  }
  EXPECT_TRUE(foundWeights);
  EXPECT_TRUE(foundMeta);
}

TEST_F(ArtifactTest, SharedObjectLinksWithTheCore) {
  std::string code = assembleTo("k.o", "\t.globl \"k0.x86-64-v3\"\n"
                                       "\"k0.x86-64-v3\":\n\tret\n");
  std::string bytes = read(code);
  MemoryBufferRef kernels[] = {{bytes, "k.o"}};
  std::vector<DataChunk> chunks = {{0, weights}};
  std::string output = directory->file("model.so");
  Error error = writeSharedObject({kTriple,
                                   writeDescription(spec),
                                   kernels,
                                   chunks,
                                   spec.weightsBytes,
                                   {},
                                   0},
                                  output);
  EXPECT_FALSE(bool(error)) << toString(std::move(error));
  EXPECT_TRUE(sys::fs::exists(output));
}

TEST_F(ArtifactTest, RelocatableShowsOneSymbol) {
  std::string code = assembleTo("k.o", "\t.globl \"k0.x86-64-v3\"\n"
                                       "\"k0.x86-64-v3\":\n\tret\n");
  std::string bytes = read(code);
  MemoryBufferRef kernels[] = {{bytes, "k.o"}};
  std::vector<DataChunk> chunks = {{0, weights}};
  std::string output = directory->file("model.o");
  Error error = writeRelocatable({kTriple,
                                  writeDescription(spec),
                                  kernels,
                                  chunks,
                                  spec.weightsBytes,
                                  {},
                                  0},
                                 "dlc_resnet_model_v1", output);
  ASSERT_FALSE(bool(error)) << toString(std::move(error));
  auto object = cantFail(object::ObjectFile::createObjectFile(output));
  std::vector<std::string> defined, undefined;
  for (object::SymbolRef symbol : object.getBinary()->symbols()) {
    uint32_t flags = cantFail(symbol.getFlags());
    if (flags & object::SymbolRef::SF_Global)
      (flags & object::SymbolRef::SF_Undefined ? undefined : defined)
          .push_back(cantFail(symbol.getName()).str());
  }
  EXPECT_EQ(defined, std::vector<std::string>{"dlc_resnet_model_v1"});
  EXPECT_EQ(undefined, std::vector<std::string>{"dlc_core_model"});
}

TEST_F(ArtifactTest, SeveralModelsLinkIntoOneProgram) {
  // Same kernel names in both; the library stands for a program.
  std::string bytes = read(assembleTo("k.o", "\t.globl \"k0.x86-64-v3\"\n"
                                             "\"k0.x86-64-v3\":\n\tret\n"));
  MemoryBufferRef kernels[] = {{bytes, "k.o"}};
  std::vector<DataChunk> chunks = {{0, weights}};
  std::vector<std::string> objects;
  for (StringRef name : {"a", "b"}) {
    spec.name = name.str();
    objects.push_back(directory->file((name + ".o").str()));
    cantFail(writeRelocatable({kTriple,
                               writeDescription(spec),
                               kernels,
                               chunks,
                               spec.weightsBytes,
                               {},
                               0},
                              ("dlc_" + name + "_model_v1").str(),
                              objects.back()));
  }
  std::string output = directory->file("program.so");
  Error error = linkSharedLibrary(kTriple, objects,
                                  {"dlc_a_model_v1", "dlc_b_model_v1"}, output);
  ASSERT_FALSE(bool(error)) << toString(std::move(error));
  void *library = dlopen(output.c_str(), RTLD_NOW);
  ASSERT_NE(library, nullptr) << dlerror();
  for (const char *name : {"a", "b"}) {
    auto entry = reinterpret_cast<const dlc_abi_model *(*)()>(
        dlsym(library, ("dlc_" + Twine(name) + "_model_v1").str().c_str()));
    ASSERT_NE(entry, nullptr);
    EXPECT_STREQ(entry()->name, name);
  }
  dlclose(library);
}

TEST_F(ArtifactTest, TestTensorsAreEmbedded) {
  spec.test = TestSpec{{uint64_t(0)}, {std::nullopt}, 1e-3, 1e-5};
  std::string text = writeDescription(spec);
  EXPECT_NE(text.find("dlc_test_data + 0"), std::string::npos);
  EXPECT_NE(text.find("0x3f50624dd2f1a9fc\t// test_rtol"), std::string::npos)
      << text;
}

TEST_F(ArtifactTest, MissingSymbolIsAnError) {
  Error error = linkSharedLibrary(
      kTriple,
      {assembleTo("a.o", "\t.globl f\nf:\n\tjmp no_such_function@PLT\n")},
      {"f"}, directory->file("model.so"));
  std::string message = toString(std::move(error));
  EXPECT_NE(message.find("no_such_function"), std::string::npos) << message;
}

TEST_F(ArtifactTest, UnwritableOutputIsAnError) {
  Error error =
      linkSharedLibrary(kTriple, {assembleTo("a.o", "\t.globl f\nf:\n\tret\n")},
                        {"f"}, "/no/such/directory/model.so");
  std::string message = toString(std::move(error));
  EXPECT_NE(message.find("/no/such/directory"), std::string::npos) << message;
  // The linker goes on working after an error.
  link("model.so");
}

TEST_F(ArtifactTest, AssemblerReportsNameAndLine) {
  Expected<SmallVector<char, 0>> object =
      assemble("\t.text\n\tno_such_instruction\n", kTriple, "bad.s");
  ASSERT_FALSE(bool(object));
  std::string message = toString(object.takeError());
  EXPECT_NE(message.find("bad.s:2:"), std::string::npos) << message;
}

TEST_F(ArtifactTest, OverlappingDataIsAnError) {
  std::vector<DataChunk> chunks = {{0, weights}, {50, weights}};
  Error error =
      writeDataObject(directory->file("w.o"), kTriple,
                      {kWeightsSection, kWeightsSymbol, 4096, 64, chunks});
  std::string message = toString(std::move(error));
  EXPECT_NE(message.find("offset 50"), std::string::npos) << message;
}

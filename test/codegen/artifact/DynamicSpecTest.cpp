// SPDX-License-Identifier: Apache-2.0
// Programs with dims: their sizes as a table, and artifacts that run at any of
// them.
#include "codegen/artifact/Artifact.h"
#include "codegen/artifact/Assembler.h"
#include "codegen/artifact/Description.h"
#include "codegen/artifact/Header.h"
#include "codegen/artifact/Linker.h"
#include "codegen/artifact/ProgramSpec.h"
#include "codegen/artifact/SizeTable.h"
#include "dlc/model.h"
#include "mlir/AsmParser/AsmParser.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/JSON.h"
#include "gtest/gtest.h"
#include <dlfcn.h>

using namespace mlir;
using namespace dlc::artifact;
using dlc::device::ProgramOp;

static constexpr StringRef kTargets =
    R"(module attributes {device.targets = [
      #device.target<"any", triple = "x86_64-unknown-linux-gnu",
        cpu = "x86-64", features = "", dispatch = 0, vector_bytes = 16,
        vector_registers = 16, masks = false, l1_bytes = 32768,
        l2_bytes = 524288>]} {
)";

/// Each row goes through @f twice: by way of slot %b, which is above %a. Rows
/// past the first W of those are left out.
static constexpr StringRef kProgram = R"(
  device.kernel @f : (memref<8x4xf32>) -> memref<8x4xf32>
    variants [#device.variant<@f.any, tasks = 8, scratch_bytes = 32, phases = 2,
      dynamic_tasks = affine_map<()[s0, s1] -> (s0)>,
      dynamic_scratch = affine_map<()[s0, s1] -> (s0 * 4)>,
      dynamic_phases = affine_map<()[s0, s1] -> (s0 ceildiv 4)>>]
  device.kernel @g : (memref<8x4xf32>) -> memref<8x4xf32>
    variants [#device.variant<@g.any, tasks = 8, scratch_bytes = 64,
      dynamic_tasks = affine_map<()[s0, s1] -> (s0)>>]
  device.program @main(%x: memref<8x4xf32>, %l: memref<6xi8>)
      outputs(%y: memref<8x4xf32>)
      arena 640 align 64 lower_bound 320 weights 16
      attributes {input_names = ["x", "l"], output_names = ["y"],
        dims = [#device.dim<"N", max = 100, typical = 8>,
                #device.dim<"W", max = 9, multiple = 2, typical = 6>],
        dynamic_input_shapes = [affine_map<()[s0, s1] -> (s0, 4)>,
                                affine_map<()[s0, s1] -> (s1)>],
        dynamic_output_shapes = [affine_map<()[s0, s1] -> (s0, 4)>]} {
    %w = device.weights at 0 dense<1.0> : tensor<4xf32>
    %a = device.slot at 0 {dynamic_bytes = affine_map<()[s0, s1] -> (s0 * 16)>}
      : memref<8x4xf32>
    %c = device.slot at 0 : memref<48xf32>
    %b = device.slot at 256 above(%a, %c : memref<8x4xf32>, memref<48xf32>)
      {dynamic_bytes = affine_map<()[s0, s1] -> (s0 * 32)>} : memref<8x8xf32>
    %d = device.view %b at 128 {dynamic_offset = affine_map<()[s0, s1] -> (s0 * 16)>}
      : memref<8x8xf32> to memref<8x4xf32>
    device.launch @g(%x) outputs(%a) {flops = 10,
        dynamic_flops = affine_map<()[s0, s1] -> (s0 + 2)>, cost_ns = 5}
      : (memref<8x4xf32>) -> memref<8x4xf32>
    device.launch @g(%a) outputs(%d) {flops = 1}
      : (memref<8x4xf32>) -> memref<8x4xf32>
    device.launch @g(%d) outputs(%y) : (memref<8x4xf32>) -> memref<8x4xf32>
    FLAUNCH
  }
)";

/// g: out = 2 in + N, the first of the dims, for rows of four numbers.
static constexpr StringRef kCode = R"(
    .globl g.any
    .type g.any,@function
g.any:
    movq (%rdi), %rax
    movq 8(%rdi), %rcx
    movq 16(%rdi), %r8
    cvtsi2ssq (%r8), %xmm1
    shufps $0, %xmm1, %xmm1
1:  cmpq %rdx, %rsi
    jge 2f
    movq %rsi, %r9
    shlq $4, %r9
    movups (%rax,%r9), %xmm0
    addps %xmm0, %xmm0
    addps %xmm1, %xmm0
    movups %xmm0, (%rcx,%r9)
    incq %rsi
    jmp 1b
2:  ret
    .size g.any, .-g.any
)";

/// Another launch, of a kernel with phases that isn't assembled.
static constexpr StringRef kPhased =
    "device.launch @f(%x) outputs(%a) {flops = 0} "
    ": (memref<8x4xf32>) -> memref<8x4xf32>";

class DynamicSpecTest : public testing::Test {
protected:
  DynamicSpecTest() {
    context.loadDialect<dlc::device::DeviceDialect>();
    context.getDiagEngine().registerHandler(
        [this](Diagnostic &diagnostic) { message = diagnostic.str(); });
  }

  ProgramOp parse(StringRef launch) {
    std::string text = (kTargets + kProgram + "}").str();
    text.replace(text.find("FLAUNCH"), 7, launch.str());
    module = parseSourceString<ModuleOp>(text, &context);
    EXPECT_TRUE(module) << message << text;
    return module ? *module->getOps<ProgramOp>().begin() : ProgramOp();
  }

  ArtifactSpec makeSpec(StringRef launch) {
    FailureOr<ArtifactSpec> spec = dlc::artifact::makeSpec(parse(launch));
    EXPECT_TRUE(succeeded(spec)) << message;
    return succeeded(spec) ? *spec : ArtifactSpec();
  }

  /// The size with the number \p number of \p spec at the sizes \p dims.
  int64_t at(const ArtifactSpec &spec, SizeNumber number,
             std::vector<int64_t> dims) {
    EXPECT_NE(number, 0u);
    auto values = computeSizes(spec, dims);
    EXPECT_TRUE(values.has_value());
    return values && number ? (*values)[number - 1] : -1;
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  std::string message;
};

TEST_F(DynamicSpecTest, GridsFollowTheMaps) {
  ProgramOp program = parse(kPhased);
  (*module)->setAttr(
      "device.gpus",
      parseAttribute("[#device.gpu<\"sm_80\", sm = 80, multiprocessors = 1, "
                     "block_shared_bytes = 1024>]",
                     &context));
  for (auto kernel : module->getOps<dlc::device::KernelOp>())
    kernel->setAttr(
        "grid",
        parseAttribute(
            kernel.getSymName() == "f"
                ? "#device.grid<@f, blocks = 2, threads = 32, scratch_bytes = "
                  "128, phases = 2, dynamic_blocks = affine_map<()[s0, s1] -> "
                  "(s0 ceildiv 4)>, dynamic_scratch = affine_map<()[s0, s1] -> "
                  "(s0 * 16)>, dynamic_phases = affine_map<()[s0, s1] -> (s0 "
                  "ceildiv 4)>>"
                : "#device.grid<@g, blocks = 8, threads = 64>",
            &context));
  FailureOr<ArtifactSpec> spec = dlc::artifact::makeSpec(program);
  ASSERT_TRUE(succeeded(spec)) << message;
  const CudaKernelSpec &fixed = spec->cuda->kernels[0];
  EXPECT_EQ(fixed.blocks, 8u);
  EXPECT_EQ(fixed.blocksNumber, 0u);
  EXPECT_EQ(fixed.scratchNumber, 0u);
  const CudaKernelSpec &phased = spec->cuda->kernels[1];
  EXPECT_EQ(at(*spec, phased.blocksNumber, {9, 6}), 3);
  EXPECT_EQ(at(*spec, phased.scratchNumber, {9, 6}), 144);
  EXPECT_EQ(at(*spec, spec->kernels[1].phasesNumber, {17, 6}), 5);
}

TEST_F(DynamicSpecTest, SizesFollowTheMaps) {
  ArtifactSpec spec = makeSpec(kPhased);
  ASSERT_EQ(spec.dims.size(), 2u);
  EXPECT_EQ(spec.dims[1].name, "W");
  EXPECT_EQ(spec.dims[1].multiple, 2);
  EXPECT_EQ(spec.inputs[0].shape, (std::vector<int64_t>{8, 4}));
  EXPECT_EQ(spec.inputs[0].extents[1], 0u);
  EXPECT_EQ(spec.inputs[0].extentTexts, (std::vector<std::string>{"N", ""}));
  EXPECT_EQ(at(spec, spec.outputs[0].extents[0], {33, 2}), 33);

  const KernelSpec &phased = spec.kernels[1];
  EXPECT_EQ(phased.name, "f");
  EXPECT_EQ(at(spec, phased.variants[0].tasksNumber, {9, 6}), 9);
  EXPECT_EQ(at(spec, phased.phasesNumber, {9, 6}), 3);
  EXPECT_EQ(spec.kernels[0].phasesNumber, 0u);
  // The larger of two kernels.
  EXPECT_EQ(spec.scratchBytesPerThread, 64u);
  EXPECT_EQ(at(spec, spec.scratchNumber, {9, 6}), 64);
  EXPECT_EQ(at(spec, spec.scratchNumber, {100, 6}), 400);

  // %b is at the end of %c or of %a, and the view is in its second half.
  const RefSpec &ref = spec.steps[1].refs[1];
  EXPECT_EQ(ref.space, uint32_t(DLC_SPACE_ARENA));
  EXPECT_EQ(ref.offset, 192u + 128u);
  EXPECT_EQ(at(spec, ref.offsetNumber, {8, 6}), 192 + 128);
  EXPECT_EQ(at(spec, ref.offsetNumber, {13, 6}), 256 + 208);
  EXPECT_EQ(spec.steps[0].refs[1].offsetNumber, 0u);
  EXPECT_EQ(spec.arenaBytes, 192u + 256u);
  EXPECT_EQ(at(spec, spec.arenaNumber, {1, 6}), 192 + 32);
  EXPECT_EQ(at(spec, spec.arenaNumber, {13, 6}), 256 + 416);

  EXPECT_EQ(at(spec, spec.steps[0].flopsNumber, {9, 6}), 11);
  EXPECT_EQ(spec.steps[1].flopsNumber, 0u);
  EXPECT_EQ(spec.flops, 11u);
  EXPECT_EQ(at(spec, spec.flopsNumber, {9, 6}), 12);
  for (const StepSpec &step : spec.steps)
    EXPECT_EQ(step.refs.back().space, uint32_t(DLC_SPACE_DIMS));
}

TEST_F(DynamicSpecTest, EqualSizesAreOne) {
  SizeTable table;
  AffineExpr n = getAffineSymbolExpr(0, &context);
  auto four = table.getConstant(4);
  auto size = table.get(n * 4 + 4);
  EXPECT_EQ(table.get(DLC_SIZE_ADD,
                      table.get(DLC_SIZE_MUL, four, table.getDim(0)), four),
            size);
  EXPECT_EQ(table.getValue(table.get(DLC_SIZE_ALIGN, table.getConstant(65),
                                     table.getConstant(64))),
            128);
  EXPECT_EQ(table.getNumber(four), 0u);
  EXPECT_TRUE(table.getSizes().empty());
  SizeNumber number = table.getNumber(size);
  EXPECT_EQ(table.getNumber(size), number);
  EXPECT_EQ(table.getSizes().size(), 4u); // 4, N, N * 4, N * 4 + 4
}

TEST_F(DynamicSpecTest, TextsOfSizesAreForPeople) {
  std::vector<DimSpec> dims = {{"N"}, {"H"}};
  AffineExpr n = getAffineSymbolExpr(0, &context),
             h = getAffineSymbolExpr(1, &context);
  EXPECT_EQ(formatSize(n, dims), "N");
  EXPECT_EQ(formatSize((h - 3).floorDiv(2) + 1, dims),
            "floor((H - 3) / 2) + 1");
  EXPECT_EQ(formatSize(n * (h.ceilDiv(2)), dims), "N * (ceil(H / 2))");
  EXPECT_EQ(formatSize((n + 1) * 4, dims), "(N + 1) * 4");
  EXPECT_EQ(formatSize(n % 8, dims), "N mod 8");
}

TEST_F(DynamicSpecTest, DimsThatNoInputHasAreAnError) {
  ProgramOp program = parse("");
  Builder builder(&context);
  AffineExpr w = builder.getAffineSymbolExpr(1);
  program.setDynamicInputShapesAttr(builder.getArrayAttr(
      {program.getDynamicInputShapes()->getValue()[0],
       AffineMapAttr::get(AffineMap::get(0, 2, w * 2 - 6))}));
  EXPECT_TRUE(failed(dlc::artifact::makeSpec(program)));
  EXPECT_NE(
      message.find("has the dim 'W', which is not an extent of any input"),
      std::string::npos)
      << message;
}

TEST_F(DynamicSpecTest, MetadataTellsDims) {
  ArtifactSpec spec = makeSpec("");
  spec.dims[1].max = std::numeric_limits<int64_t>::max();
  auto meta = llvm::json::parse(writeMetadata(spec));
  ASSERT_TRUE(bool(meta));
  const llvm::json::Object &object = *meta->getAsObject();
  const llvm::json::Array &dims = *object.getArray("dims");
  EXPECT_EQ(dims[0].getAsObject()->getInteger("max"), 100);
  EXPECT_EQ(dims[1].getAsObject()->getInteger("max"), std::nullopt);
  EXPECT_EQ(dims[1].getAsObject()->getInteger("multiple"), 2);
  const llvm::json::Array &shape =
      *(*object.getArray("inputs"))[0].getAsObject()->getArray("shape");
  EXPECT_EQ(shape[0].getAsString(), "N");
  EXPECT_EQ(shape[1].getAsInteger(), 4);
  EXPECT_EQ(object.getInteger("arena_bytes"), 448);
  EXPECT_EQ(object.getInteger("arena_bytes_min"), 224);
  EXPECT_EQ(object.getInteger("arena_bytes_max"), std::nullopt);
  spec.dims[1].max = 9;
  EXPECT_NE(writeMetadata(spec).find("\"arena_bytes_max\":4800"),
            std::string::npos);
}

TEST_F(DynamicSpecTest, HeaderIsForTheLargestSizes) {
  ArtifactSpec spec = makeSpec("");
  std::string text = writeHeader(spec, "m");
  for (const char *line :
       {"#define DLC_M_N_MIN 1ll\n#define DLC_M_N_MAX 100ll\n"
        "#define DLC_M_N_MULTIPLE 1ll\n",
        "#define DLC_M_W_MAX 9ll\n#define DLC_M_W_MULTIPLE 2ll\n",
        "#define DLC_M_ARENA_BYTES 4800ull\n",
        "#define DLC_M_INPUT0_SHAPE {100, 4}\n",
        "#define DLC_M_INPUT1_SHAPE {8}\n", "#define DLC_M_INPUT1_BYTES 8ull\n",
        "#define DLC_M_FLOPS 103ull\n"})
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  spec.dims[0].max = std::numeric_limits<int64_t>::max();
  text = writeHeader(spec, "m");
  EXPECT_EQ(text.find("N_MAX"), std::string::npos);
  EXPECT_EQ(text.find("ARENA_BYTES"), std::string::npos);
  EXPECT_EQ(text.find("SHAPE"), std::string::npos);
  EXPECT_NE(text.find("#define DLC_M_SCRATCH_BYTES_PER_THREAD 64ull\n"),
            std::string::npos);
}

//===----------------------------------------------------------------------===//
// Artifacts
//===----------------------------------------------------------------------===//

namespace {
/// An artifact that is loaded, and a session of its own core.
struct Loaded {
  ~Loaded() {
    if (session)
      api->session_destroy(session);
    if (library)
      dlclose(library);
  }

  void load(const std::string &path) {
    library = dlopen(path.c_str(), RTLD_NOW);
    ASSERT_NE(library, nullptr) << dlerror();
    api = reinterpret_cast<dlc_model_v1_fn>(
        dlsym(library, DLC_MODEL_V1_SYMBOL))();
    ASSERT_EQ(api->session_create(api->model, nullptr, &session), DLC_OK)
        << api->last_error();
  }

  /// The output for \p rows rows of ones.
  std::vector<float> run(int64_t rows) {
    std::vector<float> x(rows * 4, 1.0f), y(rows * 4);
    std::vector<char> l(2);
    int64_t shape[] = {rows, 4}, length[] = {2};
    DLTensor inputs[2] = {}, output = {};
    inputs[0].data = x.data();
    inputs[1].data = l.data();
    output.data = y.data();
    for (DLTensor *tensor : {&inputs[0], &inputs[1], &output}) {
      tensor->device.device_type = kDLCPU;
      tensor->ndim = 2;
      tensor->dtype = {kDLFloat, 32, 1};
      tensor->shape = shape;
    }
    inputs[1].ndim = 1;
    inputs[1].dtype = {kDLInt, 8, 1};
    inputs[1].shape = length;
    EXPECT_EQ(api->session_run_tensors(session, inputs, 2, &output, 1, nullptr),
              DLC_OK)
        << api->last_error();
    return y;
  }

  void *library = nullptr;
  const dlc_api *api = nullptr;
  dlc_session *session = nullptr;
};
} // namespace

/// Links \p spec with kCode to \p path.
static void link(ArtifactSpec &spec, const WeightsImage &image,
                 const std::string &path) {
  auto code = llvm::cantFail(assemble(kCode, "x86_64-unknown-linux-gnu"));
  llvm::MemoryBufferRef objects[] = {
      {StringRef(code.data(), code.size()), "code.o"}};
  ASSERT_FALSE(bool(measureCode(spec, objects)));
  llvm::Error error = writeSharedObject({"x86_64-unknown-linux-gnu",
                                         writeDescription(spec),
                                         objects,
                                         image.chunks,
                                         spec.weightsBytes,
                                         {},
                                         0},
                                        path);
  ASSERT_FALSE(bool(error)) << toString(std::move(error));
}

TEST_F(DynamicSpecTest, ArtifactRunsAtAllSizes) {
  ProgramOp program = parse("");
  FailureOr<ArtifactSpec> spec = dlc::artifact::makeSpec(program);
  FailureOr<WeightsImage> image = collectWeights(program);
  ASSERT_TRUE(succeeded(spec) && succeeded(image)) << message;
  spec->name = "rows";
  TemporaryDirectory directory = llvm::cantFail(TemporaryDirectory::create());
  std::string path = directory.file("model.so");
  link(*spec, *image, path);
  Loaded loaded;
  loaded.load(path);
  ASSERT_NE(loaded.session, nullptr);
  for (int64_t rows : {8, 1, 100, 13, 64}) {
    // 2 (2 (2 x + N) + N) + N
    std::vector<float> want(rows * 4, 8.0f + 7 * float(rows));
    EXPECT_EQ(loaded.run(rows), want) << rows;
    uint64_t bytes = 0;
    const int64_t dims[] = {rows, 2};
    EXPECT_EQ(
        loaded.api->model_arena_bytes_for(loaded.api->model, dims, 2, &bytes),
        DLC_OK);
    EXPECT_EQ(int64_t(bytes), at(*spec, spec->arenaNumber, {rows, 2}));
  }
  dlc_dim_info dim = {};
  dim.struct_size = sizeof dim;
  EXPECT_EQ(loaded.api->model_get_dim(loaded.api->model, 0, &dim), DLC_OK);
  EXPECT_STREQ(dim.name, "N");
  EXPECT_EQ(dim.max, 100);
  dlc_tensor_info input = {};
  input.struct_size = sizeof input;
  EXPECT_EQ(loaded.api->model_get_input(loaded.api->model, 0, &input), DLC_OK);
  EXPECT_EQ(input.shape[0], -1);
  EXPECT_STREQ(input.extents[0], "N");
  EXPECT_EQ(input.extents[1], nullptr);
}

/// A static program for two rows: once through a kernel that ignores the dims,
/// of which it gets the weights in their place (1.0 twice: a large integer).
static constexpr StringRef kSpecial = R"(
  device.kernel @special : (memref<2x4xf32>, memref<4xf32>) -> memref<2x4xf32>
    variants [#device.variant<@special.any, tasks = 2, scratch_bytes = 0>]
  device.program @two(%x: memref<2x4xf32>, %l: memref<2xi8>)
      outputs(%y: memref<2x4xf32>) arena 0 align 64 lower_bound 0 weights 16
      attributes {input_names = ["x", "l"], output_names = ["y"]} {
    %w = device.weights at 0 dense<1.0> : tensor<4xf32>
    device.launch @special(%x, %w) outputs(%y)
      : (memref<2x4xf32>, memref<4xf32>) -> memref<2x4xf32>
  }
}
)";

TEST_F(DynamicSpecTest, ArtifactHoldsSpecialisations) {
  ProgramOp program = parse("");
  OwningOpRef<ModuleOp> special =
      parseSourceString<ModuleOp>((kTargets + kSpecial).str(), &context);
  ASSERT_TRUE(special) << message;
  ProgramOp two = *special->getOps<ProgramOp>().begin();
  FailureOr<ArtifactSpec> spec = dlc::artifact::makeSpec(program);
  FailureOr<ArtifactSpec> other = dlc::artifact::makeSpec(two);
  FailureOr<WeightsImage> image = collectWeights({program, two});
  ASSERT_TRUE(succeeded(spec) && succeeded(other) && succeeded(image))
      << message;
  EXPECT_EQ(image->chunks.size(), 1u);
  // g with two inputs: it writes where its second operand is. Operand 1 is the
  // output here.
  other->kernels[0].variants[0].symbol = "g.any";
  std::swap(other->steps[0].refs[1], other->steps[0].refs[2]);
  spec->name = other->name = "rows";
  spec->specializations.push_back(*other);

  TemporaryDirectory directory = llvm::cantFail(TemporaryDirectory::create());
  std::string path = directory.file("model.so");
  link(*spec, *image, path);
  EXPECT_GT(spec->specializations[0].kernels[0].codeBytes, 0u);
  Loaded loaded;
  loaded.load(path);
  ASSERT_NE(loaded.session, nullptr);
  EXPECT_EQ(loaded.run(3), std::vector<float>(12, 8 + 7 * 3));
  // Two ones, read as an integer.
  float ones = float(int64_t(0x3f8000003f800000));
  EXPECT_EQ(loaded.run(2), std::vector<float>(8, 2 + ones));
  EXPECT_EQ(loaded.run(5), std::vector<float>(20, 8 + 7 * 5));
  auto meta = llvm::json::parse(writeMetadata(*spec));
  ASSERT_TRUE(bool(meta));
  EXPECT_EQ(meta->getAsObject()->getArray("specializations")->size(), 1u);
}

// SPDX-License-Identifier: Apache-2.0
// Passes that are broken on purpose are found, with the node that they break
// and a small model that shows it.
#include "compiler/bisect/Bisect.h"

#include "compiler/Registration.h"
#include "dialects/device/DeviceOps.h"
#include "dialects/graph/GraphOps.h"
#include "dialects/kernel/KernelOps.h"
#include "tools/dlc/Inputs.h"
#include "tools/npz/Npz.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "gtest/gtest.h"
#include <filesystem>
#include <fstream>

using namespace mlir;
using namespace dlc;

namespace {

/// Takes x + y for negative where relu is applied to it.
struct BreakRelu : PassWrapper<BreakRelu, OperationPass<func::FuncOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(BreakRelu)
  StringRef getArgument() const override { return "test-break-relu"; }
  void runOnOperation() override {
    getOperation().walk([](graph::ReluOp op) {
      if (!op.getInput().getDefiningOp<graph::AddOp>())
        return;
      OpBuilder builder(op);
      op.replaceAllUsesWith(
          graph::AbsOp::create(builder, op.getLoc(), op.getInput())
              .getResult());
      op.erase();
    });
  }
};

/// Makes kernels compute exp(-x) for exp(x).
struct BreakExp : PassWrapper<BreakExp, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(BreakExp)
  StringRef getArgument() const override { return "test-break-exp"; }
  void runOnOperation() override {
    getOperation().walk([](math::ExpOp op) {
      OpBuilder builder(op);
      op->setOperand(
          0, arith::NegFOp::create(builder, op.getLoc(), op.getOperand()));
    });
  }
};

/// Makes the last launch read what the first one read.
struct BreakPlan : PassWrapper<BreakPlan, OperationPass<device::ProgramOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(BreakPlan)
  StringRef getArgument() const override { return "test-break-plan"; }
  void runOnOperation() override {
    SmallVector<device::LaunchOp> launches(
        getOperation().getBody().getOps<device::LaunchOp>());
    if (launches.size() > 1)
      launches.back()->setOperand(0, launches.front()->getOperand(0));
  }
};

/// tanh(x), then exp, relu of the sum with y, and a softmax.
constexpr const char *kModel = R"({"nodes": [
  {"op": "null", "name": "x", "inputs": []},
  {"op": "null", "name": "y", "inputs": []},
  {"op": "tanh", "name": "first", "inputs": [[0, 0, 0]]},
  {"op": "softmax", "name": "weights", "inputs": [[2, 0, 0]]},
  {"op": "exp", "name": "grown", "inputs": [[3, 0, 0]]},
  {"op": "softmax", "name": "shares", "inputs": [[4, 0, 0]]},
  {"op": "elemwise_add", "name": "sum", "inputs": [[5, 0, 0], [1, 0, 0]]},
  {"op": "relu", "name": "kept", "inputs": [[6, 0, 0]]},
  {"op": "softmax", "name": "last", "inputs": [[7, 0, 0]]}],
  "arg_nodes": [0, 1], "heads": [[8, 0, 0]],
  "attrs": {"mxnet_version": ["int", 10901]}})";

class BisectTest : public testing::Test {
protected:
  void SetUp() override {
    static bool isRegistered = [] {
      registerAllPasses();
      PassRegistration<BreakRelu>();
      PassRegistration<BreakExp>();
      PassRegistration<BreakPlan>();
      return true;
    }();
    (void)isRegistered;
    std::string name = testing::TempDir() + "/bisect-XXXXXX";
    folder = mkdtemp(name.data());
    options.compile.model = {"model-symbol.json", kModel, nullptr};
    options.compile.cpus = {"native"};
    for (const char *input : {"x", "y"})
      options.compile.import.inputs.push_back(
          {input, {{3, ""}, {5, ""}}, std::nullopt});
    options.io = folder + "/io.npz";
    options.folder = folder;
    options.run = tool::runOnArchive;
    passes = bisect::listPasses(options.compile);
    npz::Writer writer(options.io);
    for (float sign : {1.0f, -1.0f}) {
      npz::Array array = npz::Array::zeros({npz::kFloat, 32}, {3, 5});
      auto values = reinterpret_cast<float *>(array.bytes.data());
      for (int i = 0; i < 15; ++i)
        values[i] = sign * static_cast<float>(i - 4) / 4;
      writer.add(sign > 0 ? "in:x" : "in:y", array);
    }
    std::string error;
    ASSERT_TRUE(writer.commit(error)) << error;
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  BisectResult run() { return bisect::run(options, {{3, passes}}); }

  /// Whether \p text passes graph-check-values behind \p pipeline.
  static bool check(const std::string &text, const std::string &pipeline) {
    DialectRegistry registry;
    registerAllDialects(registry);
    MLIRContext context(registry);
    ScopedDiagnosticHandler silent(
        &context, [](mlir::Diagnostic &) { return success(); });
    OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, &context);
    EXPECT_TRUE(module);
    PassManager manager(&context);
    EXPECT_TRUE(succeeded(parsePassPipeline(pipeline, manager)));
    return module && succeeded(manager.run(*module));
  }

  std::string folder;
  BisectOptions options;
  bisect::PassList passes;
};

TEST_F(BisectTest, FindsNothingInASoundCompiler) {
  BisectResult result = bisectModel(options);
  EXPECT_TRUE(result.diagnostics.empty());
  EXPECT_EQ(result.pass, "");
  ASSERT_EQ(result.rows.size(), 2u);
  EXPECT_EQ(result.rows[0].what, "-O0");
  EXPECT_EQ(result.rows[1].what, "-O3");
  EXPECT_TRUE(result.rows[0].isRight && result.rows[1].isRight);
}

TEST_F(BisectTest, FindsAWrongArchive) {
  npz::Reader reader;
  std::string error;
  ASSERT_TRUE(reader.open(options.io, error));
  npz::Writer writer(folder + "/wrong.npz");
  for (const char *key : {"in:x", "in:y"})
    writer.add(key, *reader.read(key, error));
  writer.add("out:last_output", npz::Array::zeros({npz::kFloat, 32}, {3, 5}));
  ASSERT_TRUE(writer.commit(error));
  options.io = folder + "/wrong.npz";
  BisectResult result = run();
  EXPECT_EQ(result.pass, "the import, or the archive");
}

TEST_F(BisectTest, FindsAGraphPassAndItsNode) {
  passes.graph.insert(passes.graph.begin() + 3, "func.func(test-break-relu)");
  BisectResult result = run();
  EXPECT_TRUE(result.diagnostics.empty());
  EXPECT_EQ(result.pass, "test-break-relu");
  EXPECT_EQ(result.node, "kept");
  EXPECT_EQ(result.op, "graph.relu");
  // The sum and what is wrong with its relu.
  EXPECT_EQ(result.summary, "2 operators, 2 inputs");
  EXPECT_NE(result.model.find("// RUN: dlc-opt %s --pass-pipeline="
                              "'builtin.module(func.func(test-break-relu),"
                              "graph-check-values)'"),
            std::string::npos)
      << result.model;
  EXPECT_FALSE(check(result.model, "func.func(test-break-relu,"
                                   "graph-check-values)"));
  EXPECT_TRUE(check(result.model, "func.func(graph-check-values)"));
}

TEST_F(BisectTest, FindsAKernel) {
  passes.lowering.push_back("test-break-exp");
  BisectResult result = run();
  EXPECT_TRUE(result.diagnostics.empty());
  EXPECT_EQ(result.pass, "the lowering of the group to a kernel");
  // A softmax is computed with exp, too: the first one is wrong already, with
  // the exp that follows it in its kernel.
  EXPECT_EQ(result.node, "grown");
  EXPECT_TRUE(std::filesystem::exists(result.modelIo));
  EXPECT_TRUE(check(result.model, "func.func(graph-form-groups)"));
}

TEST_F(BisectTest, FindsAPassOfThePlan) {
  // Where buffers have no place yet and may still be mixed up.
  passes.plan.insert(passes.plan.begin() + 2,
                     "device.program(test-break-plan)");
  BisectResult result = run();
  EXPECT_TRUE(result.diagnostics.empty());
  EXPECT_EQ(result.pass, "test-break-plan");
}

} // namespace

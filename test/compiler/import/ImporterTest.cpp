// SPDX-License-Identifier: Apache-2.0
// Small models through the importer: what is built, and every kind of problem
// with its place and text.
#include "compiler/import/Importer.h"
#include "compiler/Registration.h"
#include "compiler/StageText.h"
#include "mlir/IR/MLIRContext.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

using namespace dlc;
using Json = nlohmann::json;

namespace {

/// Writes symbol files node by node.
class Model {
public:
  int variable(const std::string &name, Json attributes = Json::object()) {
    return node("null", name, {}, std::move(attributes));
  }
  int node(const std::string &op, const std::string &name,
           std::vector<int> inputs, Json attributes = Json::object()) {
    Json entries = Json::array();
    for (int input : inputs)
      entries.push_back({input, 0, 0});
    nodes.push_back({{"op", op},
                     {"name", name},
                     {"attrs", std::move(attributes)},
                     {"inputs", entries}});
    return nodes.size() - 1;
  }
  std::string text(std::vector<std::vector<int>> heads = {},
                   int version = 10901) const {
    Json arguments = Json::array(), outputs = Json::array();
    for (size_t i = 0; i < nodes.size(); ++i)
      if (nodes[i]["op"] == "null")
        arguments.push_back(i);
    for (const std::vector<int> &head : heads)
      outputs.push_back(head);
    if (heads.empty())
      outputs.push_back({nodes.size() - 1, 0, 0});
    Json json = {{"nodes", nodes},
                 {"arg_nodes", arguments},
                 {"heads", outputs},
                 {"attrs", {{"mxnet_version", {"int", version}}}}};
    return json.dump();
  }

private:
  Json nodes = Json::array();
};

class ImporterTest : public testing::Test {
protected:
  ImporterTest() : context(makeRegistry()) {
    context.loadAllAvailableDialects();
  }
  static mlir::DialectRegistry makeRegistry() {
    mlir::DialectRegistry registry;
    registerAllDialects(registry);
    return registry;
  }

  /// Imports; the module's text without locations is in `text`.
  bool import(const std::string &symbol, bool withParams = false) {
    diagnostics = DiagnosticList();
    NamedBytes params{"m.params", paramsBytes, nullptr};
    auto module =
        importModel(context, {"m.json", symbol, nullptr},
                    withParams ? &params : nullptr, options, diagnostics);
    EXPECT_EQ(!module, !diagnostics.empty());
    text.clear();
    if (module)
      llvm::raw_string_ostream(text) << *module;
    return static_cast<bool>(module);
  }
  void input(const std::string &name, std::vector<int64_t> shape) {
    InputOption option{name, {}, std::nullopt};
    for (int64_t size : shape)
      option.shape.push_back({size, ""});
    options.inputs.push_back(option);
  }
  bool has(const std::string &part) const {
    return text.find(part) != std::string::npos;
  }
  /// The texts of all problems, one a line.
  std::string problems() const {
    std::string all;
    for (const Diagnostic &diagnostic : diagnostics.get())
      all += diagnostic.getText() + "\n";
    return all;
  }

  mlir::MLIRContext context;
  ImportOptions options;
  DiagnosticList diagnostics;
  std::string text;
  /// A .params file without arrays.
  std::string paramsBytes = std::string("\x12\x01", 2) + std::string(30, '\0');
};

} // namespace

TEST_F(ImporterTest, KeepsNamesAndOrder) {
  Model m;
  int a = m.variable("a"), b = m.variable("b");
  int sum = m.node("elemwise_add", "sum", {b, a});
  m.node("relu", "act", {sum});
  input("b", {2, 3});
  input("a", {2, 3});
  ASSERT_TRUE(import(m.text())) << problems();
  EXPECT_TRUE(has("%arg0: tensor<2x3xf32> {graph.name = \"a\"}"));
  EXPECT_TRUE(has("%arg1: tensor<2x3xf32> {graph.name = \"b\"}"));
  EXPECT_TRUE(has("{graph.name = \"act_output\"}"));
  EXPECT_TRUE(has("graph.add %arg1, %arg0"));
}

TEST_F(ImporterTest, ReturnsInternalsAfterTheOutputs) {
  Model m;
  int data = m.variable("data");
  int norm = m.node("BatchNorm", "bn",
                    {data, m.variable("g"), m.variable("b"), m.variable("mean"),
                     m.variable("var")});
  int act = m.node("relu", "act", {norm});
  m.node("sigmoid", "unused", {act});
  m.node("negative", "minus", {act});
  input("data", {2, 4, 5, 5});
  options.withInternals = true;
  ASSERT_TRUE(import(m.text({{4 + 4, 0, 0}}))) << problems();
  std::vector<std::string> names;
  for (size_t at = text.find("->");
       (at = text.find("graph.name = \"", at)) != std::string::npos;) {
    at += 14;
    names.push_back(text.substr(at, text.find('"', at) - at));
  }
  EXPECT_EQ(names,
            (std::vector<std::string>{"minus_output", "bn_output", "bn_mean",
                                      "bn_var", "act_output", "minus_output"}));
}

TEST_F(ImporterTest, InfersParametersFromTheirUser) {
  Model m;
  int data = m.variable("data"), weight = m.variable("w"),
      bias = m.variable("b");
  m.node("FullyConnected", "fc", {data, weight, bias}, {{"num_hidden", "4"}});
  input("data", {2, 3, 5});
  ASSERT_TRUE(import(m.text())) << problems();
  EXPECT_TRUE(has("tensor<4x15xf32> {graph.name = \"w\"}"));
  EXPECT_TRUE(has("tensor<4xf32> {graph.name = \"b\"}"));
}

TEST_F(ImporterTest, TakesDeclaredShapesAndTypes) {
  Model m;
  int data = m.variable("data", {{"__shape__", "(2, 3)"}, {"__dtype__", "2"}});
  m.node("relu", "act", {data});
  ASSERT_TRUE(import(m.text())) << problems();
  EXPECT_TRUE(has("%arg0: tensor<2x3xf16>"));
}

TEST_F(ImporterTest, DropsLabelsUnlessTheyAreInputs) {
  Model m;
  int data = m.variable("data"), label = m.variable("label");
  m.node("SoftmaxOutput", "softmax", {data, label});
  input("data", {2, 3});
  ASSERT_TRUE(import(m.text())) << problems();
  EXPECT_FALSE(has("graph.name = \"label\""));
  input("label", {2});
  ASSERT_TRUE(import(m.text())) << problems();
  EXPECT_TRUE(has("%arg1: tensor<2xf32> {graph.name = \"label\"}"));
  EXPECT_TRUE(has("graph.variables = [\"data\", \"label\"]"));
}

TEST_F(ImporterTest, ComputesInternalOutputs) {
  Model m;
  int data = m.variable("data");
  int act = m.node("relu", "act", {data});
  m.node("NoSuchOperator", "rest", {act});
  input("data", {2, 3});
  options.outputs = {"act_output", "data"};
  ASSERT_TRUE(import(m.text())) << problems();
  EXPECT_TRUE(has("{graph.name = \"act_output\"}"));
  EXPECT_TRUE(has("{graph.name = \"data\"})"));
}

TEST_F(ImporterTest, NamesOutputsAsMXNetDoes) {
  Model m;
  int data = m.variable("data");
  int split = m.node("SliceChannel", "split", {data}, {{"num_outputs", "2"}});
  input("data", {2, 4});
  ASSERT_TRUE(import(m.text({{split, 0}, {split, 1}}))) << problems();
  EXPECT_TRUE(has("\"split_output0\"") && has("\"split_output1\""));
}

TEST_F(ImporterTest, AddsVariablesThatOldFilesLeaveOut) {
  Model m;
  int data = m.variable("data"), gamma = m.variable("bn_gamma"),
      beta = m.variable("bn_beta");
  m.node("BatchNorm", "bn", {data, gamma, beta});
  input("data", {2, 4, 5, 5});
  ASSERT_TRUE(import(m.text({}, 800))) << problems();
  EXPECT_TRUE(has("tensor<4xf32> {graph.name = \"bn_moving_var\"}"));
  EXPECT_FALSE(import(m.text()));
  EXPECT_EQ(problems(), "error: m.json: node 'bn' (BatchNorm): has 3 inputs, "
                        "but needs 5 [DLC0306]\n");
}

TEST_F(ImporterTest, ReadsAxesOfOldFilesAsTheirWriterMeantThem) {
  // Before 0.9.5 the axis was -1 by default and meant all dimensions.
  for (const char *op : {"argmax", "argmin"})
    for (int version : {800, 904, 905, 10901}) {
      Model absent, minusOne;
      absent.node(op, "arg", {absent.variable("data")});
      minusOne.node(op, "arg", {minusOne.variable("data")}, {{"axis", "-1"}});
      input("data", {2, 3});
      ASSERT_TRUE(import(absent.text({}, version))) << problems();
      EXPECT_TRUE(has("-> (tensor<1xf32> {graph.name = \"arg_output\"})"))
          << text;
      ASSERT_TRUE(import(minusOne.text({}, version))) << problems();
      EXPECT_EQ(has("-> (tensor<1xf32> {graph.name"), version < 905) << text;
      EXPECT_EQ(has("-> (tensor<2xf32> {graph.name"), version >= 905) << text;
      options.inputs.clear();
    }
}

TEST_F(ImporterTest, IgnoresWhatOldFilesSayOfTraining) {
  // Keys without underscores, on a layer also for one of its inputs.
  Model m;
  Json hidden = {{"ctx_group", "stage1"}, {"lr_mult", "2.0"},
                 {"wd_mult", "0.5"},      {"force_mirroring", "True"},
                 {"mirror_stage", "1"},   {"__lr_mult__", "2.0"},
                 {"__ctx_group__", "a"},  {"__mood__", "angry"}};
  int data = m.variable("data", hidden), weight = m.variable("fc_weight"),
      bias = m.variable("fc_bias");
  hidden["weight_lr_mult"] = "0.1";
  hidden["bias_wd_mult"] = "0.0";
  hidden["num_hidden"] = "4";
  m.node("FullyConnected", "fc", {data, weight, bias}, hidden);
  for (int version : {800, 901, 10000, 10901}) {
    input("data", {2, 3});
    ASSERT_TRUE(import(m.text({}, version))) << problems();
    EXPECT_TRUE(has("-> (tensor<2x4xf32> {graph.name = \"fc_output\"})"));
    options.inputs.clear();
  }
}

TEST_F(ImporterTest, GivesZerosOfUnknownBatchTheirShape) {
  Model m;
  int data = m.variable("data");
  int zeros = m.node("_zeros", "begin", {}, {{"shape", "(0, 3)"}});
  m.node("elemwise_add", "sum", {data, zeros});
  input("data", {7, 3});
  ASSERT_TRUE(import(m.text())) << problems();
  EXPECT_TRUE(has("dense<0.000000e+00> : tensor<7x3xf32>"));
}

TEST_F(ImporterTest, FindsTheBatchOfARecurrentCell) {
  // h = relu(data * Wx + 0 * Wh), with zeros of an unknown batch.
  Model m;
  int data = m.variable("data"), wx = m.variable("wx"), wh = m.variable("wh");
  int zeros = m.node("_zeros", "begin", {}, {{"shape", "(0, 3)"}});
  Json attributes = {{"num_hidden", "4"}, {"no_bias", "True"}};
  int h2h = m.node("FullyConnected", "h2h", {zeros, wh}, attributes);
  int i2h = m.node("FullyConnected", "i2h", {data, wx}, attributes);
  m.node("elemwise_add", "sum", {i2h, h2h});
  input("data", {7, 5});
  ASSERT_TRUE(import(m.text())) << problems();
  EXPECT_TRUE(has("dense<0.000000e+00> : tensor<7x3xf32>"));
  EXPECT_TRUE(has("tensor<4x3xf32> {graph.name = \"wh\"}"));
}

TEST_F(ImporterTest, ReportsZerosThatNobodyShapes) {
  Model m;
  int zeros = m.node("_zeros", "begin", {}, {{"shape", "(0, 3)"}});
  m.node("relu", "act", {m.node("relu", "inner", {zeros})});
  EXPECT_FALSE(import(m.text()));
  EXPECT_EQ(problems(),
            "error: m.json: node 'begin' (_zeros): its shape has unknown "
            "dimensions that no user determines [DLC0403]\n");
}

TEST_F(ImporterTest, ListsAllProblemsInOrder) {
  Model m;
  int data = m.variable("data");
  int conv = m.node("Convolutoin", "conv0", {data});
  int fc = m.node("FullyConnected", "fc0", {conv, data, data},
                  {{"num_hidden", "many"}});
  m.node("relu", "act", {fc, fc});
  input("data", {2, 3});
  EXPECT_FALSE(import(m.text()));
  EXPECT_EQ(
      problems(),
      "error: m.json: node 'conv0' (Convolutoin): the operator 'Convolutoin' "
      "is not known; did you mean 'Convolution'? [DLC0301]\n"
      "error: m.json: node 'fc0' (FullyConnected): attribute 'num_hidden' is "
      "'many', but must be an integer of at least 1 [DLC0304]\n"
      "error: m.json: node 'act' (relu): has 2 inputs, but needs 1 "
      "[DLC0306]\n");
}

TEST_F(ImporterTest, ReportsBothShapes) {
  Model m;
  int a = m.variable("a"), b = m.variable("b");
  m.node("elemwise_add", "sum", {a, b});
  input("a", {2, 3});
  input("b", {2, 4});
  EXPECT_FALSE(import(m.text()));
  EXPECT_NE(
      problems().find("node 'sum' (elemwise_add): the shapes 2x3 and 2x4"),
      std::string::npos);
}

TEST_F(ImporterTest, RefusesElementsThatHaveNoMeaning) {
  Model m;
  int data = m.variable("data", {{"__shape__", "(2, 3)"}, {"__dtype__", "4"}});
  m.node("softmax", "s", {m.node("floor", "whole", {data})});
  EXPECT_FALSE(import(m.text()));
  EXPECT_EQ(problems(),
            "error: m.json: node 's' (softmax): can't compute on integers; "
            "cast them to a floating-point type first [DLC0402]\n");
}

TEST_F(ImporterTest, RefusesJoinsOfNothing) {
  for (const char *op : {"add_n", "Concat", "_npi_concatenate"}) {
    Model m;
    m.node(op, "join", {}, {{"num_args", "1"}});
    EXPECT_FALSE(import(m.text())) << op;
    EXPECT_NE(problems().find("has no inputs, but needs at least one"),
              std::string::npos)
        << problems();
  }
}

TEST_F(ImporterTest, SaysWhyAnOperatorIsRefused) {
  Model m;
  m.node("Custom", "mine", {m.variable("data")}, {{"op_type", "mine"}});
  EXPECT_FALSE(import(m.text()));
  EXPECT_EQ(problems(),
            "error: m.json: node 'mine' (Custom): can't be compiled: it runs "
            "Python code, which an artifact does not have; replace it by "
            "operators, or cut the model there with --outputs [DLC0307]\n");
}

TEST_F(ImporterTest, ReportsUnknownShapesOnce) {
  Model m;
  int data = m.variable("data");
  int act = m.node("relu", "act", {data});
  m.node("elemwise_add", "sum", {act, data});
  EXPECT_FALSE(import(m.text()));
  EXPECT_EQ(problems(),
            "error: m.json: node 'data' (variable): its shape is not known; "
            "give it with --input data=1x2x... [DLC0403]\n");
}

TEST_F(ImporterTest, ListsMissingParameters) {
  Model m;
  int data = m.variable("data"), weight = m.variable("w"),
      bias = m.variable("b");
  m.node("FullyConnected", "fc", {data, weight, bias}, {{"num_hidden", "4"}});
  input("data", {2, 3});
  EXPECT_FALSE(import(m.text(), /*withParams=*/true));
  ASSERT_EQ(diagnostics.size(), 2u);
  for (const Diagnostic &diagnostic : diagnostics.get())
    EXPECT_EQ(diagnostic.code, DiagnosticCode::MissingParameter);
}

TEST_F(ImporterTest, ListsMissingParametersWithoutShapes) {
  Model m;
  int data = m.variable("data"), weight = m.variable("w"),
      bias = m.variable("b");
  m.node("FullyConnected", "fc", {data, weight, bias}, {{"num_hidden", "4"}});
  EXPECT_FALSE(import(m.text(), /*withParams=*/true));
  ASSERT_EQ(diagnostics.size(), 3u) << problems();
  EXPECT_EQ(diagnostics.get()[0].code, DiagnosticCode::UnknownShape);
  EXPECT_EQ(diagnostics.get()[1].code, DiagnosticCode::MissingParameter);
  EXPECT_EQ(diagnostics.get()[2].code, DiagnosticCode::MissingParameter);
}

TEST_F(ImporterTest, BlamesTheInputNotItsConsequences) {
  Model m;
  int data = m.variable("data"), weight = m.variable("w"),
      bias = m.variable("b");
  m.node("FullyConnected", "fc", {data, weight, bias}, {{"num_hidden", "4"}});
  EXPECT_FALSE(import(m.text()));
  EXPECT_EQ(diagnostics.size(), 1u) << problems();
}

TEST_F(ImporterTest, ChecksSizes) {
  Model m;
  int data = m.variable("data");
  m.node("tile", "big", {data}, {{"reps", "(100000, 100000, 1000000, 1000)"}});
  input("data", {1, 1, 1, 1000});
  EXPECT_FALSE(import(m.text()));
  EXPECT_NE(problems().find("[DLC0406]"), std::string::npos) << problems();

  options.inputs.clear();
  input("data", {int64_t(1) << 40, int64_t(1) << 40});
  EXPECT_FALSE(import(m.text()));
  EXPECT_NE(problems().find("[DLC0406]"), std::string::npos) << problems();
}

TEST_F(ImporterTest, RefusesSizesThatOverflow) {
  // Computed in 64 bits, each of these would wrap to a small number or zero.
  Model m;
  int x = m.variable("x");
  m.node("depth_to_space", "d", {x}, {{"block_size", "2147483647"}});
  m.node("tile", "t", {x}, {{"reps", "(2147483647,2147483647,2147483647,4)"}});
  m.node("UpSampling", "u", {x},
         {{"scale", "2147483647"}, {"sample_type", "nearest"}});
  m.node("repeat", "r", {x}, {{"repeats", "2147483647"}, {"axis", "0"}});
  input("x", {1 << 20, 1 << 20, 4, 4});
  for (int node = 1; node < 5; ++node) {
    EXPECT_FALSE(import(m.text({{node, 0, 0}})));
    EXPECT_EQ(diagnostics.size(), 1u) << problems();
    EXPECT_FALSE(diagnostics.hasInternalError()) << problems();
  }
  options.inputs.clear();
  input("x", std::vector<int64_t>(65, 1));
  EXPECT_FALSE(import(m.text({{0, 0, 0}})));
  EXPECT_EQ(problems(), "error: m.json: node 'x' (variable): the shape of the "
                        "input has 65 dimensions, more than 64 [DLC0406]\n");
}

TEST_F(ImporterTest, LimitsOperations) {
  Model m;
  int last = m.variable("x");
  for (int i = 0; i < 3; ++i)
    last = m.node("relu", "r" + std::to_string(i), {last});
  input("x", {2});
  options.maxOperations = 3;
  EXPECT_TRUE(import(m.text()));
  options.maxOperations = 2;
  EXPECT_FALSE(import(m.text()));
  EXPECT_EQ(problems(), "error: m.json: node 'r2' (relu): becomes so many "
                        "operations that the model has more than can be "
                        "compiled [DLC0305]\n");
}

TEST_F(ImporterTest, HonoursTheMemoryLimit) {
  Model m;
  int data = m.variable("data");
  m.node("relu", "act", {data});
  input("data", {1000, 1000});
  options.memoryLimit = 1 << 20;
  EXPECT_FALSE(import(m.text()));
  EXPECT_EQ(diagnostics.get().at(0).code, DiagnosticCode::MemoryLimit);
  EXPECT_NE(problems().find("'data', 1000x1000"), std::string::npos);
}

TEST_F(ImporterTest, RefusesNamesThatTheModelLacks) {
  Model m;
  int data = m.variable("data");
  m.node("relu", "act", {data});
  input("data", {2});
  input("dta", {2});
  options.outputs = {"act_outptu"};
  EXPECT_FALSE(import(m.text()));
  EXPECT_NE(problems().find("no input 'dta'; did you mean 'data'?"),
            std::string::npos);
  EXPECT_NE(
      problems().find("no output 'act_outptu'; did you mean 'act_output'?"),
      std::string::npos);
}

TEST_F(ImporterTest, RefusesDynamicDimensionsForNow) {
  Model m;
  int data = m.variable("data");
  m.node("relu", "act", {data});
  options.inputs.push_back({"data", {{0, "N"}, {3, ""}}, std::nullopt});
  EXPECT_FALSE(import(m.text()));
  EXPECT_EQ(diagnostics.get().at(0).code, DiagnosticCode::DynamicDimension);
}

TEST_F(ImporterTest, StagesSurviveTheirText) {
  Model m;
  int data = m.variable("data");
  m.node("relu", "act", {data});
  input("data", {2});
  std::string symbol = m.text();
  auto module = importModel(context, {"m.json", symbol, nullptr}, nullptr,
                            options, diagnostics);
  ASSERT_TRUE(module);
  std::string first = printStage(*module);
  auto again = parseStage(context, first, "m.mlir", nullptr, diagnostics);
  ASSERT_TRUE(again) << problems();
  EXPECT_EQ(printStage(*again), first);
}

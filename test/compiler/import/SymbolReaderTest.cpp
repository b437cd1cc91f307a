// SPDX-License-Identifier: Apache-2.0
// Symbol files of all ages, and what is wrong with files.
#include "compiler/import/mxnet/SymbolReader.h"

#include <gtest/gtest.h>

using namespace dlc;
using namespace dlc::mxnet;

namespace {
class SymbolReaderTest : public testing::Test {
protected:
  bool read(const std::string &text) {
    symbol = Symbol();
    diagnostics = DiagnosticList();
    return readSymbol(text, "m.json", symbol, diagnostics);
  }
  /// A model of `data` and one operator with these entries.
  static std::string model(const std::string &inputs,
                           const std::string &heads = "[[1, 0, 0]]",
                           const std::string &attributes = "") {
    return R"({"nodes": [{"op": "null", "name": "data", "inputs": []},
      {"op": "relu", "name": "act")" +
           attributes + R"(, "inputs": )" + inputs +
           R"(}], "arg_nodes": [0], "heads": )" + heads + "}";
  }
  DiagnosticCode code() const { return diagnostics.get().at(0).code; }

  Symbol symbol;
  DiagnosticList diagnostics;
};
} // namespace

TEST_F(SymbolReaderTest, ReadsNodesAndHeads) {
  ASSERT_TRUE(read(model("[[0, 0, 0]]")));
  ASSERT_EQ(symbol.nodes.size(), 2u);
  EXPECT_TRUE(symbol.nodes[0].isVariable());
  EXPECT_EQ(symbol.nodes[1].op, "relu");
  ASSERT_EQ(symbol.nodes[1].inputs.size(), 1u);
  ASSERT_EQ(symbol.heads.size(), 1u);
  EXPECT_EQ(symbol.heads[0].node, 1u);
  EXPECT_EQ(symbol.version, 800);
}

TEST_F(SymbolReaderTest, ReadsTheFormsOfAllAges) {
  EXPECT_TRUE(read(model("[[0, 0]]", "[[1, 0]]")));
  for (const char *key : {"attrs", "attr", "param"}) {
    ASSERT_TRUE(read(model("[[0, 0]]", "[[1, 0]]",
                           std::string(", \"") + key + R"(": {"k": "v"})")));
    EXPECT_EQ(symbol.nodes[1].attributes.at("k"), "v");
  }
  // "param" never replaces what a newer key says.
  ASSERT_TRUE(read(model("[[0, 0]]", "[[1, 0]]",
                         R"(, "param": {"k": "old"}, "attr": {"k": "new"})")));
  EXPECT_EQ(symbol.nodes[1].attributes.at("k"), "new");
}

TEST_F(SymbolReaderTest, ReadsTheVersion) {
  std::string text = model("[[0, 0, 0]]");
  text.insert(
      text.size() - 1,
      R"(, "attrs": {"mxnet_version": ["int", 10901], "is_np_shape": ["int", 1]})");
  ASSERT_TRUE(read(text));
  EXPECT_EQ(symbol.version, 10901);
  EXPECT_TRUE(symbol.usesNumpyShapes);
}

TEST_F(SymbolReaderTest, RefusesBrokenReferences) {
  EXPECT_FALSE(read(model("[[1, 0, 0]]")));
  EXPECT_EQ(code(), DiagnosticCode::CyclicGraph);
  EXPECT_FALSE(read(model("[[9, 0, 0]]")));
  EXPECT_EQ(code(), DiagnosticCode::MissingNode);
  EXPECT_FALSE(read(model("[[0, 0, 0]]", "[[2, 0, 0]]")));
  EXPECT_EQ(code(), DiagnosticCode::MissingNode);
  EXPECT_FALSE(read(model("[[0, 0, 0]]", "[]")));
}

TEST_F(SymbolReaderTest, RefusesWrongTypes) {
  for (
      const char *text :
      {"[]", "null", "3", "{}", R"({"nodes": 3, "arg_nodes": [], "heads": []})",
       R"({"nodes": [7], "arg_nodes": [], "heads": [[0, 0]]})",
       R"({"nodes": [{"op": 1, "name": 2, "inputs": []}], "arg_nodes": [], "heads": [[0, 0]]})",
       R"({"nodes": [{"op": "null", "name": "a"}], "arg_nodes": [], "heads": [[0, 0]]})",
       R"({"nodes": [{"op": "relu", "name": "a", "inputs": []}], "arg_nodes": [0], "heads": [[0, 0]]})"}) {
    EXPECT_FALSE(read(text)) << text;
    EXPECT_EQ(code(), DiagnosticCode::MalformedSymbol) << text;
  }
  for (const char *inputs :
       {"3", "[3]", "[[0]]", "[[0, 0, 0, 0]]", "[[-1, 0]]", "[[0.5, 0]]",
        "[[\"a\", 0]]", "[[0, 99999999999999]]"})
    EXPECT_FALSE(read(model(inputs))) << inputs;
  EXPECT_FALSE(read(model("[[0, 0]]", "[[1, 0]]", R"(, "attrs": {"k": 3})")));
}

TEST_F(SymbolReaderTest, RefusesEveryTruncation) {
  std::string whole = model("[[0, 0, 0]]");
  for (size_t length = 0; length < whole.size(); ++length)
    EXPECT_FALSE(read(whole.substr(0, length))) << length;
}

TEST_F(SymbolReaderTest, RefusesDeepNesting) {
  EXPECT_FALSE(read(std::string(1000000, '[')));
  EXPECT_EQ(code(), DiagnosticCode::MalformedJson);
}

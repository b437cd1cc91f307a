// SPDX-License-Identifier: Apache-2.0
// The operator table: rows are well-formed, and every reference case of
// test/data/ops is imported with the shapes and types of MXNet's own results.
#include "compiler/import/mxnet/Operators.h"
#include "compiler/Registration.h"
#include "compiler/import/Importer.h"
#include "compiler/import/MappedFile.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"
#include "tools/npz/Npz.h"
#include "llvm/ADT/StringExtras.h"

#include <filesystem>
#include <gtest/gtest.h>
#include <set>

namespace fs = std::filesystem;
using namespace dlc;

TEST(OperatorTable, NamesAreUnique) {
  std::set<std::string> names;
  for (auto family : mxnet::getOperatorFamilies())
    for (const mxnet::OperatorRow &row : family)
      for (llvm::StringRef name : llvm::split(row.names, ' '))
        EXPECT_TRUE(names.insert(name.str()).second) << name.str();
  EXPECT_GE(names.size(), 200u);
}

TEST(OperatorTable, RefusesNothingThatItKnows) {
  for (const mxnet::UnsupportedRow &row : mxnet::getUnsupportedOperators())
    for (llvm::StringRef name : llvm::split(row.names, ' ')) {
      EXPECT_EQ(mxnet::findOperator(name), nullptr) << name.str();
      EXPECT_EQ(mxnet::findUnsupportedReason(name), row.reason) << name.str();
    }
  EXPECT_EQ(mxnet::findUnsupportedReason("Convolution"), "");
}

TEST(OperatorTable, DefaultsAreLegalValues) {
  for (auto family : mxnet::getOperatorFamilies())
    for (const mxnet::OperatorRow &row : family)
      for (const auto &spec :
           mxnet::parseAttributeSpecs(std::string_view(row.attributes))) {
        mxnet::AttributeValue value;
        if (!spec.isRequired)
          EXPECT_EQ(mxnet::parseAttributeValue(spec, spec.defaultText, value),
                    "")
              << row.getName().str();
      }
}

TEST(OperatorTable, FindsAliasesAndSparseForms) {
  const mxnet::OperatorRow *concat = mxnet::findOperator("Concat");
  ASSERT_NE(concat, nullptr);
  EXPECT_EQ(mxnet::findOperator("concat"), concat);
  EXPECT_EQ(mxnet::findOperator("_sparse_dot"), mxnet::findOperator("dot"));
  EXPECT_EQ(mxnet::findOperator("nothing"), nullptr);
}

//===----------------------------------------------------------------------===//
// Reference cases
//===----------------------------------------------------------------------===//

namespace {
class ReferenceCase : public testing::TestWithParam<std::string> {};
} // namespace

static std::vector<std::string> findCases() {
  std::vector<std::string> names;
  for (const auto &entry : fs::directory_iterator(DLC_TEST_DATA_DIR "/ops"))
    if (fs::exists(entry.path() / "io.npz"))
      names.push_back(entry.path().filename().string());
  llvm::sort(names);
  return names;
}

static mlir::Type getType(mlir::MLIRContext *context, const npz::Array &array) {
  auto element = parseElementType(npz::dtypeName(array.dtype));
  return mlir::RankedTensorType::get(array.shape,
                                     mxnet::getMLIRType(context, *element));
}

TEST_P(ReferenceCase, HasTheShapesOfMXNet) {
  std::string folder = DLC_TEST_DATA_DIR "/ops/" + GetParam();
  std::string error;
  npz::Reader io;
  ASSERT_TRUE(io.open(folder + "/io.npz", error)) << error;
  mlir::DialectRegistry registry;
  registerAllDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();

  ImportOptions options;
  std::map<std::string, mlir::Type> wanted;
  for (const std::string &key : io.names()) {
    auto [kind, name] = llvm::StringRef(key).split(':');
    std::optional<npz::Array> array = io.read(key, error);
    ASSERT_TRUE(array) << error;
    if (kind == "out")
      wanted[name.str()] = getType(&context, *array);
    if (kind != "in" && kind != "aux")
      continue;
    InputOption input{
        name.str(), {}, parseElementType(npz::dtypeName(array->dtype))};
    for (int64_t size : array->shape)
      input.shape.push_back({size, ""});
    options.inputs.push_back(input);
  }

  DiagnosticList diagnostics;
  auto file = MappedFile::open(folder + "/model-symbol.json", diagnostics);
  ASSERT_TRUE(file);
  auto module = importModel(context, {"model-symbol.json", file->bytes(), file},
                            nullptr, options, diagnostics);
  for (const Diagnostic &diagnostic : diagnostics.get())
    ADD_FAILURE() << diagnostic.getText();
  ASSERT_TRUE(module);
  auto function = module->lookupSymbol<mlir::func::FuncOp>("main");
  ASSERT_EQ(function.getNumResults(), wanted.size());
  for (unsigned i = 0; i < function.getNumResults(); ++i) {
    auto name = function.getResultAttrOfType<mlir::StringAttr>(i, "graph.name");
    EXPECT_TRUE(function.getResultTypes()[i] == wanted[name.str()])
        << name.str();
  }
}

INSTANTIATE_TEST_SUITE_P(MXNet, ReferenceCase, testing::ValuesIn(findCases()),
                         [](const auto &info) { return info.param; });

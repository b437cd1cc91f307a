// SPDX-License-Identifier: Apache-2.0
// Index maps of movements, compared element by element with what the
// operators mean.
#include "dialects/graph/GraphOps.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/AffineMap.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include <gtest/gtest.h>

using namespace mlir;
using namespace dlc::graph;

using Indices = SmallVector<int64_t>;

namespace {
class MovementTest : public ::testing::Test {
protected:
  MovementTest() : builder(&context), loc(builder.getUnknownLoc()) {
    context.loadDialect<GraphDialect, func::FuncDialect>();
    module = ModuleOp::create(loc);
    builder.setInsertionPointToStart(module->getBody());
  }

  RankedTensorType getType(ArrayRef<int64_t> shape) {
    return RankedTensorType::get(shape, builder.getF32Type());
  }

  /// A tensor of \p shape to move.
  Value makeInput(ArrayRef<int64_t> shape) {
    auto function = func::FuncOp::create(
        builder, loc, "f", builder.getFunctionType(getType(shape), {}));
    builder.setInsertionPointToStart(function.addEntryBlock());
    return function.getArgument(0);
  }

  /// Checks that each element of the result of \p op comes from where \p
  /// expected says.
  void check(MovementOpInterface op,
             function_ref<Indices(ArrayRef<int64_t>)> expected);

  MLIRContext context;
  OpBuilder builder;
  Location loc;
  OwningOpRef<ModuleOp> module;
};
} // namespace

/// The next index tuple of \p shape in row-major order, if any.
static bool advance(MutableArrayRef<int64_t> indices, ArrayRef<int64_t> shape) {
  for (int64_t i = shape.size() - 1; i >= 0; --i) {
    if (++indices[i] < shape[i])
      return true;
    indices[i] = 0;
  }
  return false;
}

static int64_t linearize(ArrayRef<int64_t> indices, ArrayRef<int64_t> shape) {
  int64_t linear = 0;
  for (auto [index, extent] : llvm::zip_equal(indices, shape))
    linear = linear * extent + index;
  return linear;
}

void MovementTest::check(MovementOpInterface op,
                         function_ref<Indices(ArrayRef<int64_t>)> expected) {
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  SmallVector<AffineExpr> dims;
  for (int64_t i = 0; i < type.getRank(); ++i)
    dims.push_back(builder.getAffineDimExpr(i));
  AffineMap map =
      AffineMap::get(type.getRank(), 0, op.mapIndices(dims), &context);
  Indices indices(type.getRank());
  do {
    SmallVector<Attribute> operands, results;
    for (int64_t index : indices)
      operands.push_back(builder.getIndexAttr(index));
    // A map without results folds to nothing, which counts as failure.
    ASSERT_TRUE(map.getNumResults() == 0 ||
                succeeded(map.constantFold(operands, results)));
    Indices source;
    for (Attribute result : results)
      source.push_back(cast<IntegerAttr>(result).getInt());
    EXPECT_EQ(source, expected(indices));
  } while (advance(indices, type.getShape()));
}

TEST_F(MovementTest, ReshapeKeepsRowMajorOrder) {
  const std::pair<Indices, Indices> cases[] = {
      {{6}, {2, 3}},       {{2, 3}, {6}},          {{2, 6}, {3, 4}},
      {{2, 3, 4}, {6, 4}}, {{2, 3, 4}, {2, 12}},   {{4, 6}, {2, 2, 3, 2}},
      {{6, 4}, {4, 6}},    {{2, 3, 4}, {4, 3, 2}}, {{1, 6}, {6}},
      {{1, 1, 6}, {2, 3}}, {{6}, {1, 6}},          {{6}, {1, 1, 2, 3}},
      {{6, 1}, {6}},       {{6}, {6, 1, 1}},       {{2, 1, 3}, {2, 3}},
      {{2, 3}, {2, 1, 3}}, {{2, 1, 3}, {6}},       {{1}, {}},
      {{}, {1, 1}},        {{1, 1}, {}},           {{1, 2, 1}, {2, 1}},
      {{3, 1}, {1, 3}},    {{1, 3}, {3, 1}},       {{5, 2, 1, 3}, {5, 3, 2}},
  };
  for (const auto &[from, to] : cases) {
    auto op = ReshapeOp::create(builder, loc, getType(to), makeInput(from));
    SCOPED_TRACE(testing::Message() << testing::PrintToString(from) << " to "
                                    << testing::PrintToString(to));
    check(op, [&, &shape = from, &result = to](ArrayRef<int64_t> indices) {
      int64_t linear = linearize(indices, result);
      Indices source(shape.size());
      for (int64_t i = shape.size() - 1; i >= 0; --i) {
        source[i] = linear % shape[i];
        linear /= shape[i];
      }
      return source;
    });
  }
}

TEST_F(MovementTest, Transpose) {
  auto op = TransposeOp::create(builder, loc, makeInput({2, 3, 4}),
                                ArrayRef<int64_t>{2, 0, 1});
  check(op, [](ArrayRef<int64_t> indices) {
    return Indices{indices[1], indices[2], indices[0]};
  });
}

TEST_F(MovementTest, Broadcast) {
  auto op = BroadcastOp::create(builder, loc, getType({2, 3, 4}),
                                makeInput({3, 1}), ArrayRef<int64_t>{1, 2});
  check(op, [](ArrayRef<int64_t> indices) { return Indices{indices[1], 0}; });
}

TEST_F(MovementTest, Slice) {
  auto op =
      SliceOp::create(builder, loc, makeInput({4, 8}), ArrayRef<int64_t>{1, 7},
                      ArrayRef<int64_t>{4, -1}, ArrayRef<int64_t>{2, -3});
  check(op, [](ArrayRef<int64_t> indices) {
    return Indices{1 + 2 * indices[0], 7 - 3 * indices[1]};
  });
}

TEST_F(MovementTest, Reverse) {
  Value input = makeInput({4, 8});
  auto op = ReverseOp::create(builder, loc, input.getType(), input,
                              ArrayRef<int64_t>{1});
  check(op, [](ArrayRef<int64_t> indices) {
    return Indices{indices[0], 7 - indices[1]};
  });
}

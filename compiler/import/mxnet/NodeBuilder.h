// SPDX-License-Identifier: Apache-2.0
// What an operator's row uses to turn one node into graph operations. Values
// may be null: a null operand gives a null result, so that a problem is
// reported once, where it is found.
#ifndef DLC_COMPILER_IMPORT_MXNET_NODEBUILDER_H
#define DLC_COMPILER_IMPORT_MXNET_NODEBUILDER_H

#include "compiler/Diagnostics.h"
#include "compiler/import/mxnet/Attributes.h"
#include "dialects/graph/GraphOps.h"
#include "dialects/graph/Sizes.h"
#include "mlir/IR/Builders.h"
#include <functional>

namespace dlc::mxnet {

using Shape = llvm::SmallVector<int64_t, 6>;
using Values = llvm::SmallVector<mlir::Value, 2>;

/// An attribute of an operation to create; a null value leaves it out.
struct OpAttribute {
  llvm::StringRef name;
  mlir::Attribute value;
};

/// The most dimensions of a tensor.
constexpr int64_t maxRank = 64;

/// Says what is wrong with the size of \p what, a tensor of this shape, "" if
/// nothing is. It has at most 2^48 elements, if sizes of 0 count as 1: no
/// machine holds more, and sums of sizes and products of a few small ones don't
/// overflow. A dimension, as in MXNet, fits into 31 bits.
std::string checkSize(llvm::StringRef what, llvm::ArrayRef<int64_t> dims);

/// Returns the MLIR type of \p type.
mlir::Type getMLIRType(mlir::MLIRContext *context, ElementType type);

/// Returns begin, begin + 1, ... end - 1.
inline Shape dimRange(int64_t begin, int64_t end) {
  return llvm::to_vector<6>(llvm::seq<int64_t>(begin, end));
}

/// How many elements of a mask are true: an extent of the model that is known
/// only while it runs.
struct Count {
  mlir::Value packed; ///< of graph.compact
  mlir::Value places; ///< the indices of what is true, ascending, as int64
  int64_t number = 0; ///< of the counts of the model
};
class MaskCounts;

/// Builds the operations of one node.
class NodeBuilder {
public:
  /// What a node knows of the model around it.
  struct Surroundings {
    std::function<mlir::Value()> getSeed;
    std::function<Values(size_t, llvm::ArrayRef<mlir::Value>)> importSubgraph;
    MaskCounts *counts = nullptr;
    size_t subgraphCount = 0;
    int64_t number = 0;
    /// How many operations the model may still get; negative once that was
    /// not enough.
    int64_t &operationsLeft;
  };

  NodeBuilder(mlir::OpBuilder &builder, mlir::Location loc,
              const Attributes &attributes, llvm::ArrayRef<mlir::Value> inputs,
              llvm::ArrayRef<std::string> inputNames,
              const DiagnosticPlace &place, DiagnosticList &diagnostics,
              bool usesNumpyShapes, Surroundings surroundings)
      : attributes(attributes), usesNumpyShapes(usesNumpyShapes),
        builder(builder), loc(loc), inputs(inputs), inputNames(inputNames),
        place(place), diagnostics(diagnostics),
        surroundings(std::move(surroundings)) {}

  const Attributes &attributes;
  /// Whether tensors may have no dimension, as numpy's do; MXNet's older ones
  /// have at least one.
  const bool usesNumpyShapes;

  //===--------------------------------------------------------------------===//
  // Inputs
  //===--------------------------------------------------------------------===//

  size_t getInputCount() const { return inputs.size(); }
  mlir::Value input(size_t index) const {
    return index < inputs.size() ? inputs[index] : mlir::Value();
  }
  /// The input of this name in the operator's row; null if it has none.
  mlir::Value input(llvm::StringRef name) const;
  llvm::ArrayRef<mlir::Value> getInputs() const { return inputs; }

  /// The model's input `random_seed`, one int64, which it has from now on.
  mlir::Value getSeed() { return surroundings.getSeed(); }
  /// A number that no other node has, nor this one in another turn of a loop.
  int64_t getNumber() const { return surroundings.number; }

  /// The count of \p mask, [N] of booleans; equal masks have the same one. Null
  /// values for a null mask.
  Count getCount(mlir::Value mask);
  /// For each of the places of \p count the next one; N for the last.
  mlir::Value getNextPlaces(const Count &count);

  size_t getSubgraphCount() const { return surroundings.subgraphCount; }
  /// Builds subgraph \p index, whose arguments get the given values. \returns
  /// its results; null ones, or too few, if there was a problem.
  Values importSubgraph(size_t index, llvm::ArrayRef<mlir::Value> arguments) {
    return surroundings.importSubgraph(index, arguments);
  }

  /// An attribute that is a tuple of integers.
  Shape getShape(llvm::StringRef name) const {
    return Shape(llvm::ArrayRef(attributes.getShape(name)));
  }

  /// While inputs are inferred: the shape that a user needs of this node's
  /// outputs, if it waits for that; dimensions that are not known are -1.
  const std::optional<Shape> &getResultShape() const { return resultShape; }
  void setResultShape(llvm::ArrayRef<int64_t> shape) {
    resultShape = Shape(shape);
  }

  /// A null value stands for one that could not be built, which was reported.
  /// It has more dimensions than any other, all of size 1, so that formulas
  /// need not look for it: every operation on it is null again.
  mlir::RankedTensorType type(mlir::Value value) const;
  llvm::ArrayRef<int64_t> shape(mlir::Value value) const {
    return type(value).getShape();
  }
  int64_t rank(mlir::Value value) const { return type(value).getRank(); }
  mlir::Type element(mlir::Value value) const {
    return type(value).getElementType();
  }
  mlir::Type element(ElementType type);

  //===--------------------------------------------------------------------===//
  // Problems
  //===--------------------------------------------------------------------===//

  /// Reports a problem of this node; others may be its consequences and are not
  /// reported. \returns a null value.
  mlir::Value fail(DiagnosticCode code, const llvm::Twine &what);
  /// A value of an attribute that is legal but not supported.
  mlir::Value unsupported(llvm::StringRef attribute, const llvm::Twine &what);

  /// Normalises an axis that may be negative; reports one out of range of
  /// \p rank. \returns nothing then.
  std::optional<int64_t> axis(int64_t value, int64_t rank);
  std::optional<int64_t> axis(llvm::StringRef attribute, mlir::Value of);
  /// The same for several, sorted, without repetition.
  std::optional<Shape> axes(llvm::ArrayRef<int64_t> values, int64_t rank);

  //===--------------------------------------------------------------------===//
  // Operations
  //===--------------------------------------------------------------------===//

  OpAttribute attr(llvm::StringRef name, int64_t value);
  OpAttribute attr(llvm::StringRef name, double value);
  OpAttribute attr(llvm::StringRef name, llvm::ArrayRef<int64_t> values);
  /// A unit attribute, there if \p value.
  OpAttribute flag(llvm::StringRef name, bool value);
  /// An enumerator by its text, which is known to be one.
  template <typename AttrTy>
  OpAttribute word(llvm::StringRef name, llvm::StringRef text) {
    using Enum = decltype(std::declval<AttrTy>().getValue());
    return {name, AttrTy::get(builder.getContext(),
                              *graph::symbolizeEnum<Enum>(text))};
  }

  /// Creates an operation, verified. \p result is needed where the operation
  /// does not follow from operands and attributes.
  Values emitAll(llvm::StringRef operation, mlir::ValueRange operands,
                 llvm::ArrayRef<OpAttribute> attrs, mlir::Type result = {});
  template <typename OpTy>
  mlir::Value emit(mlir::ValueRange operands,
                   llvm::ArrayRef<OpAttribute> attrs = {},
                   mlir::Type result = {}) {
    return emitAll(OpTy::getOperationName(), operands, attrs, result).front();
  }

  /// An elementwise operation with numpy's broadcasting of both operands.
  template <typename OpTy>
  mlir::Value binary(mlir::Value lhs, mlir::Value rhs) {
    if (!broadcastPair(lhs, rhs))
      return {};
    return emit<OpTy>({lhs, rhs});
  }
  /// An elementwise operation with a scalar on the right.
  template <typename OpTy>
  mlir::Value scalar(mlir::Value lhs, double rhs) {
    return lhs ? emit<OpTy>({lhs, splatLike(lhs, rhs)}) : lhs;
  }

  /// A tensor of \p shape whose elements are all \p value.
  mlir::Value splat(llvm::ArrayRef<int64_t> shape, mlir::Type element,
                    double value);
  mlir::Value splatLike(mlir::Value like, double value);
  /// A small float tensor with the given values.
  mlir::Value constant(llvm::ArrayRef<int64_t> shape, mlir::Type element,
                       llvm::ArrayRef<double> values);
  /// 0, 1, 2, ... along \p dim of a tensor of \p shape.
  mlir::Value iota(llvm::ArrayRef<int64_t> shape, mlir::Type element,
                   int64_t dim, double start = 0, double step = 1);

  mlir::Value cast(mlir::Value value, mlir::Type element);
  /// One dimension of \p shape may be -1.
  mlir::Value reshape(mlir::Value value, llvm::ArrayRef<int64_t> shape);
  mlir::Value transpose(mlir::Value value, llvm::ArrayRef<int64_t> permutation);
  /// Numpy's rule: \p value's dimensions are the last ones of \p shape.
  mlir::Value broadcast(mlir::Value value, llvm::ArrayRef<int64_t> shape);
  /// Broadcasts along everything but \p dims, where value's dimensions go.
  mlir::Value broadcastInDims(mlir::Value value, llvm::ArrayRef<int64_t> shape,
                              llvm::ArrayRef<int64_t> dims);
  /// Broadcasts both to the shape that they have in common by numpy's rule;
  /// reports shapes or element types that don't fit. \returns false then.
  bool broadcastPair(mlir::Value &lhs, mlir::Value &rhs);
  /// [begin, end) along \p axis.
  mlir::Value sliceAxis(mlir::Value value, int64_t axis, int64_t begin,
                        int64_t end);
  mlir::Value concat(mlir::ValueRange values, int64_t axis);
  template <typename OpTy>
  mlir::Value reduce(mlir::Value value, llvm::ArrayRef<int64_t> axes,
                     bool keepdims) {
    return emit<OpTy>({value},
                      {attr("axes", axes), flag("keepdims", keepdims)});
  }
  mlir::Value dot(mlir::Value lhs, mlir::Value rhs,
                  llvm::ArrayRef<int64_t> lhsBatch,
                  llvm::ArrayRef<int64_t> rhsBatch,
                  llvm::ArrayRef<int64_t> lhsContract,
                  llvm::ArrayRef<int64_t> rhsContract);

  /// A scalar as a vector of one element, unless the model uses numpy's shapes.
  mlir::Value atLeastOneDim(mlir::Value value);

  /// Moves the channels of a channels-last tensor to dimension 1, and back.
  mlir::Value channelsFirst(mlir::Value value);
  mlir::Value channelsLast(mlir::Value value);

private:
  Values emitWidened(llvm::StringRef operation, mlir::ValueRange operands,
                     llvm::ArrayRef<OpAttribute> attrs);
  bool checkElements(llvm::StringRef operation, mlir::ValueRange operands);
  bool checkResults(mlir::Operation *op);
  bool countOperation();
  bool hasChannels(mlir::Value value);

  mlir::OpBuilder &builder;
  mlir::Location loc;
  llvm::ArrayRef<mlir::Value> inputs;
  llvm::ArrayRef<std::string> inputNames;
  const DiagnosticPlace &place;
  DiagnosticList &diagnostics;
  Surroundings surroundings;
  std::optional<Shape> resultShape;
  bool isBroken = false;
};

/// Returns MLIR's text of the dimensions, for example "2x3".
std::string dimsText(llvm::ArrayRef<int64_t> shape);

} // namespace dlc::mxnet

#endif // DLC_COMPILER_IMPORT_MXNET_NODEBUILDER_H

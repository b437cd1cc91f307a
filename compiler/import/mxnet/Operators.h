// SPDX-License-Identifier: Apache-2.0
// The table of MXNet's operators: one row each, by family. A row says how the
// operator is called, which attributes, inputs and outputs it has, and how it
// becomes graph operations.
#ifndef DLC_COMPILER_IMPORT_MXNET_OPERATORS_H
#define DLC_COMPILER_IMPORT_MXNET_OPERATORS_H

#include "compiler/import/mxnet/NodeBuilder.h"

namespace dlc::mxnet {

/// Builds a node; returns one value for each output that inference has (later
/// ones may be left out). A null value means: reported.
using BuildFn = Values (*)(NodeBuilder &node);

/// Returns the shape of input \p index where the other inputs, the attributes
/// or the result's shape determine it, as MXNet's inference does. Inputs whose
/// shape is not known yet are null; dimensions that stay unknown are -1.
using InferFn = std::optional<Shape> (*)(NodeBuilder &node, size_t index);

/// One operator.
struct OperatorRow {
  /// The canonical name, then aliases, separated by spaces.
  llvm::StringRef names;
  /// See Attributes.h.
  llvm::StringRef attributes;
  /// Separated by spaces. "bias[!no_bias]" is there under a condition;
  /// "data*" stands for any number; "label~" has no effect on inference.
  llvm::StringRef inputs;
  BuildFn build;
  InferFn infer = nullptr;
  /// Names of the outputs where there are others than "output"; conditions as
  /// for inputs. "output#num_outputs" stands for output0, output1, ...;
  /// "output#sections|indices" counts the list where the number is 0.
  llvm::StringRef outputs = "output";
  /// What users should know of it, for the reference.
  llvm::StringRef notes = "";

  llvm::StringRef getName() const { return names.split(' ').first; }
};

/// The rows of each family.
llvm::ArrayRef<OperatorRow> getElementwiseOperators();
llvm::ArrayRef<OperatorRow> getScalarOperators();
llvm::ArrayRef<OperatorRow> getReductionOperators();
llvm::ArrayRef<OperatorRow> getMovementOperators();
llvm::ArrayRef<OperatorRow> getIndexingOperators();
llvm::ArrayRef<OperatorRow> getConvolutionOperators();
llvm::ArrayRef<OperatorRow> getContractionOperators();
llvm::ArrayRef<OperatorRow> getNormalizationOperators();
llvm::ArrayRef<OperatorRow> getSequenceOperators();
llvm::ArrayRef<OperatorRow> getLossOperators();
llvm::ArrayRef<OperatorRow> getOrderingOperators();
llvm::ArrayRef<OperatorRow> getSamplingOperators();
llvm::ArrayRef<OperatorRow> getRegionOperators();
llvm::ArrayRef<OperatorRow> getBoxOperators();
llvm::ArrayRef<OperatorRow> getDetectionOperators();
llvm::ArrayRef<OperatorRow> getProposalOperators();
llvm::ArrayRef<OperatorRow> getNumpyElementwiseOperators();
llvm::ArrayRef<OperatorRow> getNumpyReductionOperators();
llvm::ArrayRef<OperatorRow> getNumpyMovementOperators();
llvm::ArrayRef<OperatorRow> getNumpyEditingOperators();
llvm::ArrayRef<OperatorRow> getNumpyCreationOperators();
llvm::ArrayRef<OperatorRow> getNumpyContractionOperators();
llvm::ArrayRef<OperatorRow> getScatterOperators();
llvm::ArrayRef<OperatorRow> getCountingOperators();
llvm::ArrayRef<OperatorRow> getLinalgOperators();
llvm::ArrayRef<OperatorRow> getContribOperators();
llvm::ArrayRef<OperatorRow> getDistributionOperators();
llvm::ArrayRef<OperatorRow> getImageOperators();
llvm::ArrayRef<OperatorRow> getQuantizedOperators();
llvm::ArrayRef<OperatorRow> getRandomOperators();
llvm::ArrayRef<OperatorRow> getControlFlowOperators();
llvm::ArrayRef<OperatorRow> getTrianglesOperators();

/// The operators of one kind, under the title that the reference has for them.
struct OperatorFamily {
  llvm::StringRef title;
  llvm::ArrayRef<OperatorRow> rows;

  const OperatorRow *begin() const { return rows.begin(); }
  const OperatorRow *end() const { return rows.end(); }
};

/// All families.
llvm::SmallVector<OperatorFamily> getOperatorFamilies();

/// Operators of MXNet that can't be compiled, and why.
struct UnsupportedRow {
  /// Separated by spaces.
  llvm::StringRef names;
  llvm::StringRef reason;
};
llvm::ArrayRef<UnsupportedRow> getUnsupportedOperators();

/// \returns why \p name can't be compiled, or "" if nothing is known of it.
llvm::StringRef findUnsupportedReason(llvm::StringRef name);

/// \returns the row of the operator called \p name (canonical or an alias), or
/// null.
const OperatorRow *findOperator(llvm::StringRef name);

/// Returns the known name that is nearest to \p name, or "".
llvm::StringRef findNearestOperator(llvm::StringRef name);

/// An input or output of a row whose conditions hold.
struct OperandSpec {
  std::string name;
  /// Inference does not need it.
  bool isIgnored = false;
};

/// The inputs of \p row for \p attributes; \p count is how many the node has.
llvm::SmallVector<OperandSpec> getInputSpecs(const OperatorRow &row,
                                             const Attributes &attributes,
                                             size_t count);

/// More outputs than a node of any model has.
constexpr size_t maxOutputs = 1 << 16;

/// The names of the outputs of \p row for \p attributes; where there are more
/// than `maxOutputs`, the first ones and one more.
llvm::SmallVector<std::string> getOutputNames(const OperatorRow &row,
                                              const Attributes &attributes);

} // namespace dlc::mxnet

#endif // DLC_COMPILER_IMPORT_MXNET_OPERATORS_H

// SPDX-License-Identifier: Apache-2.0
// The operators of MXNet that have no row, with the reason, which the
// diagnostic and the reference give.
#include "compiler/import/mxnet/Operators.h"

#include "llvm/ADT/StringMap.h"

using namespace mlir;

namespace dlc::mxnet {

ArrayRef<UnsupportedRow> getUnsupportedOperators() {
  static const UnsupportedRow rows[] = {
      {"Custom _npi_Custom _CustomFunction _NDArray _Native",
       "it runs Python code, which an artifact does not have; replace it by "
       "operators, or cut the model there with --outputs"},
      {"_CachedOp _CachedOpThreadSafe",
       "it holds a graph of its own, as hybridised blocks do while they run; "
       "export the model, which writes that graph out"},
      {"_sg_mkldnn_conv _sg_mkldnn_fully_connected _sg_mkldnn_selfatt_qk "
       "_sg_mkldnn_selfatt_valatt",
       "it is what oneDNN's backend fuses layers into; export the model before "
       "that backend rewrites it"},
      {"_npi_bincount",
       "the size of its result follows from the largest value, so that it has "
       "no bound; compare the values with a range, and sum"},
      {"_contrib_dgl_adjacency _contrib_dgl_csr_neighbor_non_uniform_sample "
       "_contrib_dgl_csr_neighbor_uniform_sample _contrib_dgl_graph_compact "
       "_contrib_dgl_subgraph _contrib_edge_id _contrib_getnnz",
       "it works on sparse matrices of graphs; tensors are dense here"},
      {"_cvimdecode _npi_cvimdecode _cvimread _npi_cvimread _imdecode",
       "it reads image files; decode them before the model runs"},
      {"_set_value _onehot_encode fill_element_0index _NoGradient",
       "it is a function of arrays, not of symbols; MXNet can't run it in a "
       "model either"},
      {"_npx_constraint_check",
       "it raises an error at run time, which an artifact can't do"},
      {"_npi_share_memory",
       "it asks where tensors lie in memory, which compiling decides"},
      {"_contrib_calibrate_entropy _contrib_quantize_asym "
       "_contrib_quantized_rnn",
       "it belongs to calibration or to recurrent layers with oneDNN's own "
       "number format"},
      {"_image_random_hue _npx__image_random_hue _image_random_color_jitter "
       "_npx__image_random_color_jitter",
       "changing hues at random, which only training needs, is not "
       "implemented"},
      {"_sample_unique_zipfian",
       "it draws until no number repeats, so that its time has no bound"},
      {"_contrib_quantized_batch_norm",
       "oneDNN rounds it in a way of its own; fold the normalisation into the "
       "convolution before the model is quantised"},
      {"_contrib_hawkesll",
       "the likelihood of a point process, which only training needs, is not "
       "implemented"},
      {"_linalg_syevd _npi_eigh _npi_eigvalsh _npi_eig _npi_eigvals _npi_svd "
       "_npi_pinv _npi_pinv_scalar_rcond",
       "eigenvalues and singular values take as many steps as the values need; "
       "compute them outside of the model"},
      {"_cvcopyMakeBorder",
       "it works on decoded images outside of a model; use Pad"},
      {"_contrib_RROIAlign _cvimresize _npi_cvimresize _image_resize "
       "_npx__image_resize",
       "rotated regions and OpenCV's resizing can't be compiled yet; use "
       "_contrib_BilinearResize2D"},
  };
  return rows;
}

StringRef findUnsupportedReason(StringRef name) {
  static const llvm::StringMap<StringRef> table = [] {
    llvm::StringMap<StringRef> map;
    for (const UnsupportedRow &row : getUnsupportedOperators())
      for (StringRef one : llvm::split(row.names, ' '))
        map[one] = row.reason;
    return map;
  }();
  return table.lookup(name);
}

} // namespace dlc::mxnet

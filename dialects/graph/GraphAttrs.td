// SPDX-License-Identifier: Apache-2.0
// Attributes and enumerations of the graph dialect.
#ifndef DLC_DIALECTS_GRAPH_GRAPHATTRS_TD
#define DLC_DIALECTS_GRAPH_GRAPHATTRS_TD

include "dialects/graph/GraphDialect.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/TensorEncoding.td"

class Graph_EnumAttr<I32EnumAttr info, string mnemonic>
    : EnumAttr<Graph_Dialect, info, mnemonic> {
  let assemblyFormat = "$value";
}

class Graph_Enum<string name, string summary, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::dlc::graph";
  let genSpecializedAttr = 0;
}

def Graph_PadMode : Graph_Enum<"PadMode", "what padding holds", [
  I32EnumAttrCase<"Constant", 0, "constant">,
  I32EnumAttrCase<"Edge", 1, "edge">,
  I32EnumAttrCase<"Reflect", 2, "reflect">]>;
def Graph_PadModeAttr : Graph_EnumAttr<Graph_PadMode, "pad_mode">;

def Graph_IndexMode : Graph_Enum<"IndexMode", "what an index out of range means", [
  I32EnumAttrCase<"Clip", 0, "clip">,
  I32EnumAttrCase<"Wrap", 1, "wrap">]>;
def Graph_IndexModeAttr : Graph_EnumAttr<Graph_IndexMode, "index_mode">;

def Graph_PoolKind : Graph_Enum<"PoolKind", "how a window is combined", [
  I32EnumAttrCase<"Max", 0, "max">, I32EnumAttrCase<"Avg", 1, "avg">,
  I32EnumAttrCase<"Sum", 2, "sum">, I32EnumAttrCase<"Lp", 3, "lp">]>;
def Graph_PoolKindAttr : Graph_EnumAttr<Graph_PoolKind, "pool_kind">;

def Graph_ResizeMode : Graph_Enum<"ResizeMode", "how an image is sampled", [
  I32EnumAttrCase<"Nearest", 0, "nearest">,
  I32EnumAttrCase<"Bilinear", 1, "bilinear">]>;
def Graph_ResizeModeAttr : Graph_EnumAttr<Graph_ResizeMode, "resize_mode">;

def Graph_Coordinates
    : Graph_Enum<"Coordinates", "how coordinates of two images correspond", [
  I32EnumAttrCase<"AlignCorners", 0, "align_corners">,
  I32EnumAttrCase<"HalfPixel", 1, "half_pixel">,
  I32EnumAttrCase<"Asymmetric", 2, "asymmetric">]>;
def Graph_CoordinatesAttr : Graph_EnumAttr<Graph_Coordinates, "coordinates">;

def Graph_Border : Graph_Enum<"Border", "what is read beyond an image", [
  I32EnumAttrCase<"Zero", 0, "zero">, I32EnumAttrCase<"Edge", 1, "edge">]>;
def Graph_BorderAttr : Graph_EnumAttr<Graph_Border, "border">;

def Graph_RnnMode : Graph_Enum<"RnnMode", "the cell of a recurrent network", [
  I32EnumAttrCase<"Lstm", 0, "lstm">, I32EnumAttrCase<"Gru", 1, "gru">,
  I32EnumAttrCase<"Tanh", 2, "rnn_tanh">,
  I32EnumAttrCase<"Relu", 3, "rnn_relu">]>;
def Graph_RnnModeAttr : Graph_EnumAttr<Graph_RnnMode, "rnn_mode">;

def Graph_BlockedLayoutAttr : AttrDef<Graph_Dialect, "BlockedLayout",
    [DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let mnemonic = "blocked";
  let summary = "a channel-blocked layout with a zeroed halo";
  let description = [{
    The encoding of a tensor [N, C, spatial...] that is stored as
    [N, ceil(C / block), spatial + halo..., block]. The halo, `halo_low` and
    `halo_high` elements on either side of each spatial dimension, holds zeros,
    so that a padded convolution reads it like any other element. With
    block = 1 the storage is [N, C, spatial + halo...].

    C1. `block` is positive, halos are not negative and equally many.
    C2. The tensor has a spatial dimension for each halo.

    ```mlir
    tensor<1x64x56x56xf32, #graph.blocked<16, halo_low = [1, 1], halo_high = [1, 1]>>
    ```
  }];
  let parameters = (ins "int64_t":$block,
                        ArrayRefParameter<"int64_t">:$halo_low,
                        ArrayRefParameter<"int64_t">:$halo_high);
  let assemblyFormat = [{
    `<` $block `,` `halo_low` `=` `[` $halo_low `]` `,`
    `halo_high` `=` `[` $halo_high `]` `>`
  }];
  let genVerifyDecl = 1;
}

#endif // DLC_DIALECTS_GRAPH_GRAPHATTRS_TD

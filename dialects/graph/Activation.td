// SPDX-License-Identifier: Apache-2.0
// Activation functions of neural networks.
#ifndef DLC_DIALECTS_GRAPH_ACTIVATION_TD
#define DLC_DIALECTS_GRAPH_ACTIVATION_TD

include "dialects/graph/ElementwiseBase.td"

def Graph_ReluOp : Graph_UnaryOp<"relu", "max(x, 0)", [{
    return scalar::relu(b, loc, args[0]);
  }], "NaN stays NaN.", traits = [Idempotent]>;

def Graph_LeakyReluOp : Graph_RealUnaryOp<"leaky_relu",
    "x for x > 0, else slope x", [{
    return scalar::leakyRelu(b, loc, args[0], getSlope().convertToDouble());
  }], options = "slope 0.25"> {
  let arguments = (ins AnyRankedTensor:$input, F64Attr:$slope);
  let assemblyFormat = [{
    $input `slope` $slope attr-dict `:` type($result)
  }];
}

def Graph_EluOp : Graph_RealUnaryOp<"elu",
    "x for x > 0, else alpha (exp(x) - 1)", [{
    return scalar::elu(b, loc, args[0], getAlpha().convertToDouble());
  }], options = "alpha 1.0"> {
  let arguments = (ins AnyRankedTensor:$input, F64Attr:$alpha);
  let assemblyFormat = [{
    $input `alpha` $alpha attr-dict `:` type($result)
  }];
}

def Graph_SeluOp : Graph_RealUnaryOp<"selu",
    "1.0507 (x for x > 0, else 1.67326 (exp(x) - 1))", [{
    return scalar::selu(b, loc, args[0]);
  }], "The constants are those of the paper, to double precision.">;

def Graph_GeluOp : Graph_RealUnaryOp<"gelu", "x / 2 (1 + erf(x / sqrt(2)))", [{
    return scalar::gelu(b, loc, args[0]);
  }]>;

def Graph_GeluTanhOp : Graph_RealUnaryOp<"gelu_tanh",
    "x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))", [{
    return scalar::geluTanh(b, loc, args[0]);
  }]>;

def Graph_SigmoidOp : Graph_RealUnaryOp<"sigmoid", "1 / (1 + exp(-x))", [{
    return scalar::sigmoid(b, loc, args[0]);
  }]>;

def Graph_HardSigmoidOp : Graph_RealUnaryOp<"hard_sigmoid",
    "min(max(alpha x + beta, 0), 1)", [{
    return scalar::hardSigmoid(b, loc, args[0], getAlpha().convertToDouble(),
                               getBeta().convertToDouble());
  }], options = "alpha 0.2 beta 0.5"> {
  let arguments = (ins AnyRankedTensor:$input, F64Attr:$alpha, F64Attr:$beta);
  let assemblyFormat = [{
    $input `alpha` $alpha `beta` $beta attr-dict `:` type($result)
  }];
}

def Graph_SoftsignOp : Graph_UnaryOp<"softsign", "x / (1 + |x|)", [{
    return scalar::softsign(b, loc, args[0]);
  }]>;

def Graph_SoftplusOp : Graph_RealUnaryOp<"softplus", "log(1 + exp(x))", [{
    return scalar::softplus(b, loc, args[0]);
  }], "Does not overflow for large x.">;

def Graph_ClipOp : Graph_UnaryOp<"clip", "min(max(x, min), max)", [{
    return scalar::clip(b, loc, args[0], getMin().convertToDouble(),
                        getMax().convertToDouble());
  }], "NaN stays NaN.", options = "min 0.0 max 6.0"> {
  let arguments = (ins AnyRankedTensor:$input, F64Attr:$min, F64Attr:$max);
  let assemblyFormat = [{
    $input `min` $min `max` $max attr-dict `:` type($result)
  }];
}

#endif // DLC_DIALECTS_GRAPH_ACTIVATION_TD

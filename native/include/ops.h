// The op list: one line an op. Included several times with a different OP macro; it has no include guard on purpose.
//
// Argument codes (a kernel's C++ signature follows from them, see core/kernel.h):
//   T  input tensor, contiguous; on the CPU always float32 or an integer type (the executor casts other float types)
//   N  optional T (null pointer when absent)
//   S  optional T of any strides along all axes but the last; of a type other than float32 it is contiguous
//   W  input tensor, contiguous, in its storage type (weights: float32, float16, bfloat16, float8)
//   M  optional W
//   X  input tensor, any storage type, any strides
//   V  list of contiguous tensors of one storage type
//   O  output tensor; on the CPU always float32 or an integer type (the executor casts to what was asked for)
//   R  output tensor in its storage type
//   P  optional O
//   F  double      I  int64      B  bool      L  list of int64
// Outputs come last. They share no memory with inputs, but for ops that say "over" which of them the first output may be
// written: then both are the same elements of one type.
// Shapes: S tokens, H heads, D head width, C channels; row-major, last axis contiguous.

// Layout and type
OP(cast, X, R)                       // any type -> any float type, round to nearest even (float8 saturates)
OP(copy, X, R)                       // any strides -> contiguous, same type
OP(cat, V, I, R)                     // join along an axis
OP(embedding, W, T, O)               // table [N, C], ids int32 [...] -> [..., C]
OP(dequantize, T, I, O)              // bytes of whole blocks, number of their GGUF format -> any shape

// Element-wise; two-operand ops broadcast as NumPy does, add, sub and mul over an operand of the result's shape
OP(add, T, T, O)
OP(sub, T, T, O)
OP(mul, T, T, O)
OP(lincomb, T, T, F, F, O)           // a x + b y, same shape
OP(affine, T, F, F, O)               // a x + b
OP(clamp, T, F, F, O)
OP(silu, T, O)
OP(tanh, T, O)
OP(cos_sin, T, O)                    // x [...] -> [..., 2]: cosine and sine
OP(gelu, T, B, O)                    // true: tanh form, false: erf form

// Norms, over the last axis
OP(layer_norm, T, N, N, F, O)        // x, weight, bias, eps
OP(layer_norm_modulate, T, T, T, F, O)  // LN(x) (1 + scale) + shift: x [S, C], shift [C] or [S, C], scale likewise
OP(rms_norm, T, N, F, O)             // x / sqrt(mean(x^2) + eps) * weight; over x
OP(rms_norm_rope, T, T, T, F, I, O)  // x [S, H*D], weight [H*D] or [D], cos_sin [S, D/2, 2], eps, heads: norm over H*D, or over each head, then rotate pairs (2i, 2i+1); over x
OP(channel_rms_norm, T, T, B, O)     // x / max(|x|, 1e-12) * sqrt(C) * gamma [C]; then SiLU when true (VAE)
OP(group_norm, T, T, T, I, F, B, O)  // x [N, P, C], weight and bias [C], groups, eps: norm over P and the C / groups channels of a group; then SiLU when true
OP(gated_residual, T, T, T, O)       // x + y * gate: x, y [S, C], gate [C] or [S, C]

// Matrix products
OP(linear, T, W, M, I, O)            // x [..., K], weight [N, K], bias [N]; activation 0 none, 1 GELU tanh, 2 SiLU, 3 GELU erf
OP(linear_gated_residual, T, W, M, T, T, O)  // residual + gate * (x W^T + b): x, weight, bias, residual [S, N], gate [N] or [S, N]; over the residual
OP(quantize_rows, W, R, O)           // x [M, K] -> float8 e4m3 [M, K] and scales [M]: x = values * scale, the largest of a row 448
OP(linear_scaled, T, W, T, M, I, O)  // as linear, weight float8 e4m3 [N, K] times scales [N]; x is rounded as quantize_rows does it where float8 is multiplied
OP(linear_scaled_gated_residual, T, W, T, M, T, T, O)  // as linear_gated_residual, of linear_scaled; over the residual
OP(lora_merge, W, W, W, F, R)        // w [N, K] + scale * up [N, r] down [r, K]

// Attention: q [B?, Sq, H, D], k and v [B?, Sk, H, D]
OP(attention, T, T, T, S, F, I, O, P)  // bias [H or 1, Sq or 1, Sk], scale, valid keys (-1: all); out, log-sum-exp [B?, H, Sq]; over q
OP(block_sparse_attention, T, T, T, T, T, I, F, I, O, P)  // q, k, v [S, H, D], row_ptr int32 [G, rows+1], col int32 [G, nnz] (G: 1 or H), block, scale, valid keys; out, log-sum-exp [H, Sq]; over q

// Convolution, channels last: x [T, H, W, Cin], weight [Cout, kT, kH, kW, Cin]
OP(conv3d, T, N, N, W, M, L, L, N, B, O)  // x, frames before x (causal cache, [Tc, H, W, Cin]), frames before those, weight, bias, stride [3], padding [t0, t1, h0, h1, w0, w1], residual added to the output, true: the input's H and W are doubled first by repeating pixels
OP(upsample2x, T, O)                 // nearest, H and W

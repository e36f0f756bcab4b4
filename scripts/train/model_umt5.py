"""The UMT5 encoder (T5 v1.1 with a relative position bias in every layer), names as in transformers' checkpoints."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F


class RMSNorm(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x):
        y = x.float()
        y = y * torch.rsqrt(y.square().mean(-1, keepdim=True) + 1e-6)
        return (y * self.weight).to(x.dtype)


def buckets(length, count, max_distance, device):
    """Bidirectional T5 buckets: half for each sign, the first half of those exact, the rest logarithmic."""
    position = torch.arange(length, device=device)
    relative = position[None, :] - position[:, None]           # key minus query
    half = count // 2
    result = (relative > 0).long() * half
    distance = relative.abs()
    exact = half // 2
    far = exact + (torch.log(distance.clamp_min(1).float() / exact) / math.log(max_distance / exact)
                   * (half - exact)).long()
    return result + torch.where(distance < exact, distance, far.clamp_max(half - 1))


class Attention(nn.Module):
    def __init__(self, dim, heads, d_kv, bucket_count, max_distance):
        super().__init__()
        self.heads, self.d_kv, self.bucket_count, self.max_distance = heads, d_kv, bucket_count, max_distance
        self.q = nn.Linear(dim, heads * d_kv, bias=False)
        self.k = nn.Linear(dim, heads * d_kv, bias=False)
        self.v = nn.Linear(dim, heads * d_kv, bias=False)
        self.o = nn.Linear(heads * d_kv, dim, bias=False)
        self.relative_attention_bias = nn.Embedding(bucket_count, heads)

    def forward(self, x, key_bias):
        b, n, _ = x.shape
        q, k, v = (f(x).reshape(b, n, self.heads, self.d_kv).transpose(1, 2) for f in (self.q, self.k, self.v))
        index = buckets(n, self.bucket_count, self.max_distance, x.device)
        bias = self.relative_attention_bias(index).permute(2, 0, 1)[None] + key_bias
        scores = (q @ k.transpose(2, 3)).float() + bias.float()     # T5 does not scale by sqrt(d)
        y = torch.softmax(scores, -1).to(v.dtype) @ v
        return self.o(y.transpose(1, 2).reshape(b, n, -1))


class SelfAttentionLayer(nn.Module):
    def __init__(self, dim, heads, d_kv, bucket_count, max_distance):
        super().__init__()
        self.SelfAttention = Attention(dim, heads, d_kv, bucket_count, max_distance)
        self.layer_norm = RMSNorm(dim)

    def forward(self, x, key_bias):
        return x + self.SelfAttention(self.layer_norm(x), key_bias)


class GatedFeedForward(nn.Module):
    def __init__(self, dim, d_ff):
        super().__init__()
        self.wi_0 = nn.Linear(dim, d_ff, bias=False)
        self.wi_1 = nn.Linear(dim, d_ff, bias=False)
        self.wo = nn.Linear(d_ff, dim, bias=False)

    def forward(self, x):
        return self.wo(F.gelu(self.wi_0(x), approximate="tanh") * self.wi_1(x))


class FeedForwardLayer(nn.Module):
    def __init__(self, dim, d_ff):
        super().__init__()
        self.DenseReluDense = GatedFeedForward(dim, d_ff)
        self.layer_norm = RMSNorm(dim)

    def forward(self, x):
        return x + self.DenseReluDense(self.layer_norm(x))


class Block(nn.Module):
    def __init__(self, dim, heads, d_kv, d_ff, bucket_count, max_distance):
        super().__init__()
        self.layer = nn.ModuleList([SelfAttentionLayer(dim, heads, d_kv, bucket_count, max_distance),
                                    FeedForwardLayer(dim, d_ff)])

    def forward(self, x, key_bias):
        return self.layer[1](self.layer[0](x, key_bias))


class Stack(nn.Module):
    def __init__(self, layers, dim, heads, d_kv, d_ff, bucket_count, max_distance):
        super().__init__()
        self.block = nn.ModuleList(Block(dim, heads, d_kv, d_ff, bucket_count, max_distance) for _ in range(layers))
        self.final_layer_norm = RMSNorm(dim)


class UMT5(nn.Module):
    def __init__(self, vocab_size=1024, d_model=256, d_kv=64, d_ff=512, num_layers=2, num_heads=4,
                 relative_attention_num_buckets=32, relative_attention_max_distance=128):
        super().__init__()
        self.config = dict(vocab_size=vocab_size, d_model=d_model, d_kv=d_kv, d_ff=d_ff, num_layers=num_layers,
                           num_heads=num_heads, relative_attention_num_buckets=relative_attention_num_buckets,
                           relative_attention_max_distance=relative_attention_max_distance)
        self.shared = nn.Embedding(vocab_size, d_model)
        self.encoder = Stack(num_layers, d_model, num_heads, d_kv, d_ff, relative_attention_num_buckets,
                             relative_attention_max_distance)
        self.initialise()

    @torch.no_grad()
    def initialise(self):
        c = self.config
        nn.init.normal_(self.shared.weight, std=1.0)
        for name, p in self.named_parameters():
            if name.endswith(("wi_0.weight", "wi_1.weight")):
                nn.init.normal_(p, std=c["d_model"] ** -0.5)
            elif name.endswith("wo.weight"):
                nn.init.normal_(p, std=c["d_ff"] ** -0.5)
            elif name.endswith("SelfAttention.q.weight"):
                nn.init.normal_(p, std=(c["d_model"] * c["d_kv"]) ** -0.5)
            elif name.endswith(("SelfAttention.k.weight", "SelfAttention.v.weight")):
                nn.init.normal_(p, std=c["d_model"] ** -0.5)
            elif name.endswith("SelfAttention.o.weight"):
                nn.init.normal_(p, std=(c["num_heads"] * c["d_kv"]) ** -0.5)
            elif name.endswith("relative_attention_bias.weight"):
                nn.init.normal_(p, std=0.1)

    def forward(self, ids, mask):
        """ids, mask: b n (mask 1 = real token). Rows with mask 0 are returned as zeros."""
        x = self.shared(ids)
        key_bias = torch.zeros(mask.shape, device=ids.device).masked_fill(mask == 0, -1e9)[:, None, None, :]
        for block in self.encoder.block:
            x = block(x, key_bias)
        return self.encoder.final_layer_norm(x) * mask[..., None].to(x.dtype)

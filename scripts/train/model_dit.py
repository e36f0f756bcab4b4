"""The Wan 2.1 text-to-video transformer, names as in the published checkpoints.

Text is the encoder's output for n tokens followed by zero rows up to 512, and all 512 rows are attended. The zero rows
all give the same key and value, so one such row with log(512 - n) added to its logit is the same thing and much
cheaper; `context` is (rows, n) here, and the padding row is made inside.
"""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

TEXT_LENGTH = 512


def attention(q, k, v, bias=None):
    """b h n d each; bias is added to the logits."""
    if hasattr(F, "scaled_dot_product_attention"):
        if bias is not None:
            bias = bias.to(q.dtype).expand(-1, q.shape[1], q.shape[2], -1)
        return F.scaled_dot_product_attention(q, k, v, attn_mask=bias)
    scores = q @ k.transpose(2, 3) / math.sqrt(q.shape[-1])
    if bias is not None:
        scores = scores + bias
    return torch.softmax(scores, -1) @ v


class RMSNorm(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x):
        y = x.float()
        y = y * torch.rsqrt(y.square().mean(-1, keepdim=True) + 1e-6)
        return (y * self.weight).to(x.dtype)


def layer_norm(x, weight=None, bias=None):
    return F.layer_norm(x.float(), (x.shape[-1],), weight, bias, 1e-6)


def rope_table(frames, height, width, head_dim, device="cpu"):
    """cos and sin, (frames*height*width) x head_dim/2; the axes t, h, w own successive parts of the pairs."""
    sixth = head_dim // 6
    parts = []
    for axis, dim in enumerate((head_dim - 4 * sixth, 2 * sixth, 2 * sixth)):
        frequency = 1.0 / torch.pow(10000.0, torch.arange(0, dim, 2, dtype=torch.float64) / dim)
        angle = torch.outer(torch.arange((frames, height, width)[axis], dtype=torch.float64), frequency)
        shape = [1, 1, 1, dim // 2]
        shape[axis] = -1
        parts.append(angle.reshape(shape).expand(frames, height, width, dim // 2))
    angle = torch.cat(parts, -1).reshape(frames * height * width, head_dim // 2)
    return angle.cos().float().to(device), angle.sin().float().to(device)


def apply_rope(x, cos, sin):
    """x: b n h d; neighbouring numbers are the pairs."""
    even, odd = x.float().reshape(*x.shape[:-1], -1, 2).unbind(-1)
    cos, sin = cos[None, :, None], sin[None, :, None]
    return torch.stack([even * cos - odd * sin, even * sin + odd * cos], -1).flatten(-2).to(x.dtype)


class Attention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.q = nn.Linear(dim, dim)
        self.k = nn.Linear(dim, dim)
        self.v = nn.Linear(dim, dim)
        self.o = nn.Linear(dim, dim)
        self.norm_q = RMSNorm(dim)
        self.norm_k = RMSNorm(dim)


class SelfAttention(Attention):
    #: set from outside to try another attention (radial): f(q, k, v) on b h n d
    override = None

    def forward(self, x, cos, sin):
        b, n, c = x.shape
        split = lambda y: y.reshape(b, n, self.heads, -1)
        q = apply_rope(split(self.norm_q(self.q(x))), cos, sin).transpose(1, 2)
        k = apply_rope(split(self.norm_k(self.k(x))), cos, sin).transpose(1, 2)
        v = split(self.v(x)).transpose(1, 2)
        y = self.override(q, k, v) if self.override is not None else attention(q, k, v)
        return self.o(y.transpose(1, 2).reshape(b, n, c))


class CrossAttention(Attention):
    def forward(self, x, context, bias):
        b, n, c = x.shape
        m = context.shape[1]
        q = self.norm_q(self.q(x)).reshape(b, n, self.heads, -1).transpose(1, 2)
        k = self.norm_k(self.k(context)).reshape(b, m, self.heads, -1).transpose(1, 2)
        v = self.v(context).reshape(b, m, self.heads, -1).transpose(1, 2)
        y = attention(q, k, v, bias)
        return self.o(y.transpose(1, 2).reshape(b, n, c))


class Block(nn.Module):
    def __init__(self, dim, ffn_dim, heads):
        super().__init__()
        self.modulation = nn.Parameter(torch.randn(1, 6, dim) / dim ** 0.5)
        self.self_attn = SelfAttention(dim, heads)
        self.norm3 = nn.LayerNorm(dim, eps=1e-6)
        self.cross_attn = CrossAttention(dim, heads)
        self.ffn = nn.Sequential(nn.Linear(dim, ffn_dim), nn.GELU(approximate="tanh"), nn.Linear(ffn_dim, dim))

    def forward(self, x, e0, cos, sin, context, bias):
        """x stays in float32; e0: b 6 dim."""
        shift1, scale1, gate1, shift2, scale2, gate2 = (self.modulation + e0).float().unsqueeze(2).unbind(1)
        low = context.dtype
        y = self.self_attn((layer_norm(x) * (1 + scale1) + shift1).to(low), cos, sin)
        x = x + y.float() * gate1
        x = x + self.cross_attn(layer_norm(x, self.norm3.weight, self.norm3.bias).to(low), context, bias).float()
        y = self.ffn((layer_norm(x) * (1 + scale2) + shift2).to(low))
        return x + y.float() * gate2


class Head(nn.Module):
    def __init__(self, dim, out):
        super().__init__()
        self.head = nn.Linear(dim, out)
        self.modulation = nn.Parameter(torch.randn(1, 2, dim) / dim ** 0.5)

    def forward(self, x, e):
        shift, scale = (self.modulation + e[:, None]).float().unsqueeze(2).unbind(1)
        return self.head(layer_norm(x) * (1 + scale) + shift)


class DiT(nn.Module):
    def __init__(self, dim=256, ffn_dim=1024, num_heads=2, num_layers=8, text_dim=256, freq_dim=256,
                 in_dim=16, out_dim=16, patch_size=(1, 2, 2), eps=1e-6):
        super().__init__()
        self.config = dict(num_heads=num_heads, num_layers=num_layers, dim=dim, ffn_dim=ffn_dim, text_dim=text_dim,
                           freq_dim=freq_dim, in_dim=in_dim, out_dim=out_dim, patch_size=list(patch_size), eps=eps)
        self.dim, self.heads, self.freq_dim, self.patch, self.out_dim = dim, num_heads, freq_dim, patch_size, out_dim
        self.patch_embedding = nn.Conv3d(in_dim, dim, patch_size, stride=patch_size)
        self.text_embedding = nn.Sequential(nn.Linear(text_dim, dim), nn.GELU(approximate="tanh"), nn.Linear(dim, dim))
        self.time_embedding = nn.Sequential(nn.Linear(freq_dim, dim), nn.SiLU(), nn.Linear(dim, dim))
        self.time_projection = nn.Sequential(nn.SiLU(), nn.Linear(dim, dim * 6))
        self.blocks = nn.ModuleList(Block(dim, ffn_dim, num_heads) for _ in range(num_layers))
        self.head = Head(dim, out_dim * math.prod(patch_size))
        self._rope = {}
        self.initialise()

    @torch.no_grad()
    def initialise(self):
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)
        nn.init.xavier_uniform_(self.patch_embedding.weight.flatten(1))
        for layer in self.time_embedding:
            if isinstance(layer, nn.Linear):
                nn.init.normal_(layer.weight, std=0.02)
        nn.init.zeros_(self.head.head.weight)
        nn.init.zeros_(self.head.head.bias)

    def rope(self, frames, height, width, device):
        key = (frames, height, width, str(device))
        if key not in self._rope:
            self._rope[key] = rope_table(frames, height, width, self.dim // self.heads, device)
        return self._rope[key]

    def time(self, t):
        """t: b, 0..1000 -> e (b dim), e0 (b 6 dim), in float32"""
        half = self.freq_dim // 2
        frequency = torch.pow(10000.0, -torch.arange(half, device=t.device, dtype=torch.float64) / half)
        angle = torch.outer(t.double(), frequency)
        e = self.time_embedding(torch.cat([angle.cos(), angle.sin()], 1).float())
        return e, self.time_projection(e).unflatten(1, (6, self.dim))

    def text(self, context, lengths):
        """context: b m text_dim, rows past lengths are zero -> embedded rows with the padding row last, logit bias"""
        b, m, _ = context.shape
        rows = torch.cat([context, torch.zeros_like(context[:, :1])], 1)
        position = torch.arange(m + 1, device=context.device)[None]
        keep = position < lengths[:, None]
        padding = torch.log((TEXT_LENGTH - lengths).float().clamp_min(1e-9))[:, None]
        bias = torch.where(keep, torch.zeros_like(padding), torch.full_like(padding, -1e4))
        bias = torch.where(position == m, padding, bias)
        return self.text_embedding(rows), bias[:, None, None, :]

    def forward(self, x, t, context, lengths):
        """x: b c f h w (normalised latents); returns the velocity, same shape, float32.

        Run under autocast for bf16: the residual stream, norms, and time embedding stay in float32.
        """
        b, c, f, h, w = x.shape
        h, w = h // 2, w // 2
        device = x.device.type
        # A 1x2x2 convolution with stride 2 is a linear map of each patch.
        patches = x.reshape(b, c, f, h, 2, w, 2).permute(0, 2, 3, 5, 1, 4, 6).reshape(b, f * h * w, c * 4)
        x = F.linear(patches, self.patch_embedding.weight.flatten(1), self.patch_embedding.bias).float()
        with torch.autocast(device, enabled=False):
            e, e0 = self.time(t)
        context, bias = self.text(context, lengths)
        cos, sin = self.rope(f, h, w, x.device)
        for block in self.blocks:
            x = block(x, e0, cos, sin, context, bias)
        x = self.head(x, e).float()
        return x.reshape(b, f, h, w, 2, 2, self.out_dim).permute(0, 6, 1, 2, 4, 3, 5) \
            .reshape(b, self.out_dim, f, h * 2, w * 2)

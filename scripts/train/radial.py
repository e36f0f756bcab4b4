"""The published radial block mask (arXiv 2506.19852, the rule written anew), and attention with it.

Of frames at distance d, tokens at most max(block, 2^bits(tokens) / 2^bits(d) * decay) apart see each other; equal and
neighbouring frames and frame 0 are seen whole; where that reach is under 128 only every (128 / reach)-th diagonal of
frames remains. A block stays if more than 60 % of its touched columns are over a third full.
"""
import contextlib
import json

import torch
import torch.nn.functional as F

import safetensors_io as st
from model_dit import SelfAttention


def block_mask(tokens, frames, decay, block, kind="wan"):
    """blocks x blocks, bool; tokens: of one frame"""
    count = -(-tokens * frames // block)
    mask = torch.zeros(count, count, dtype=torch.bool)
    box = -(-tokens // block)
    place = torch.arange(box * block)
    for i in range(frames):
        for j in range(frames):
            distance = abs(i - j)
            reach = 2.0 ** (tokens.bit_length() - distance.bit_length())
            if j == 0 and kind == "wan":
                window = tokens
            elif reach < 128 and distance % int(128 // reach) != 0:
                continue
            else:
                window = tokens if distance <= 1 else max(block, reach * decay)
            first_row, first_column = i * tokens // block, j * tokens // block
            row = place + first_row * block - i * tokens
            column = place + first_column * block - j * tokens
            near = (row[:, None] - column[None]).abs() <= window
            near &= ((row >= 0) & (row < tokens))[:, None] & ((column >= 0) & (column < tokens))[None]
            filled = near.reshape(box, block, box, block).sum(1)                    # box, box, column
            touched, full = (filled > 0).sum(-1), (filled > block / 3).sum(-1)
            keep = full.float() > 0.6 * touched.float()
            rows, columns = min(box, count - first_row), min(box, count - first_column)
            mask[first_row:first_row + rows, first_column:first_column + columns] |= keep[:rows, :columns]
    border = tokens * frames // block                      # a ragged last block sees and is seen by all
    mask[border:] = True
    mask[:, border:] = True
    return mask


def masked_attention(mask, block):
    """Attention in which every block that the mask lacks is hidden: exact, not fast."""
    allowed = mask.repeat_interleave(block, 0).repeat_interleave(block, 1)
    return lambda q, k, v: F.scaled_dot_product_attention(q, k, v, attn_mask=allowed.to(q.device)) \
        if hasattr(F, "scaled_dot_product_attention") else _plain(q, k, v, allowed)


def _plain(q, k, v, allowed):
    scores = (q @ k.transpose(2, 3) / q.shape[-1] ** 0.5).masked_fill(~allowed, float("-inf"))
    return torch.softmax(scores, -1) @ v


@contextlib.contextmanager
def use(dit, mask, block, dense_layers):
    """Inside, all but the first dense_layers blocks attend by the mask."""
    attend = masked_attention(mask, block)
    for layer in dit.blocks[dense_layers:]:
        layer.self_attn.override = attend
    try:
        yield
    finally:
        for layer in dit.blocks:
            layer.self_attn.override = SelfAttention.override


def check(folder, largest=110):
    """Bit for bit against the published masks of up to so many blocks."""
    tensors, _ = st.load(f"{folder}/masks.safetensors")
    good = True
    for name, info in json.load(open(f"{folder}/index.json")).items():
        if info["blocks"] > largest or info["text_tokens"]:
            continue
        bits = torch.stack([(tensors[name] >> i) & 1 for i in range(8)], 1).reshape(-1)
        want = bits[:info["blocks"] ** 2].reshape(info["blocks"], -1).bool()
        got = block_mask(info["tokens_per_frame"], info["frames"], info["decay_factor"], info["block_size"],
                         info["model"])
        equal = torch.equal(got, want)
        good &= equal
        print(f"{name:44s} {'ok' if equal else 'DIFFERS'}", flush=True)
    return good

"""Dense attention by cuDNN and FlashAttention-2, and radial attention by FlexAttention over the lists of attention-masks.js."""

from array import array
from pathlib import Path

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.attention.flex_attention import BlockMask, flex_attention
from torch.nn.functional import scaled_dot_product_attention

from measure import DEVICE

BLOCK = 128
DENSE = {
    "cudnn": SDPBackend.CUDNN_ATTENTION,
    "flash2": SDPBackend.FLASH_ATTENTION,
    "math": SDPBackend.MATH,
}
compiled_flex = torch.compile(flex_attention, dynamic=False)


def dense(q, k, v, backend):
    with sdpa_kernel(DENSE[backend]):
        return scaled_dot_product_attention(q, k, v)


class RadialMask:
    """A file of int32: rows, entries, row starts (rows + 1), columns."""

    def __init__(self, folder, name, tokens):
        numbers = array("i", Path(folder, f"{name}.bin").read_bytes())
        rows, entries = numbers[:2]
        starts = torch.tensor(numbers[2 : rows + 3], dtype=torch.int64)
        columns = torch.tensor(numbers[rows + 3 :], dtype=torch.int32)
        counts = starts.diff()
        lists = torch.zeros(rows, rows, dtype=torch.int32)
        row_of = torch.repeat_interleave(torch.arange(rows), counts)
        place_of = torch.arange(entries) - starts[row_of]
        lists[row_of, place_of] = columns
        lists = lists.to(DEVICE)[None, None]
        whole = counts.to(DEVICE, torch.int32)[None, None]
        self.tokens = tokens
        self.density = entries / rows**2
        self.blocks = BlockMask.from_kv_blocks(
            torch.zeros_like(whole),
            torch.zeros_like(lists),
            whole,
            lists,
            BLOCK_SIZE=BLOCK,
            seq_lengths=(tokens, tokens),
        )

    def attend(self, q, k, v):
        return compiled_flex(q, k, v, block_mask=self.blocks)


class Attention:
    """What takes the place of diffusers' attention: radial where all tokens attend to each other, dense elsewhere."""

    def __init__(self, mask=None):
        self.mask = mask
        self.kind = "cudnn"

    def heads_first(self, q, k, v):
        joint = self.mask is not None and q.shape[2] == k.shape[2] == self.mask.tokens
        if self.kind == "flex" and joint:
            return self.mask.attend(q, k, v)
        backend = "cudnn" if self.kind == "flex" else self.kind
        return dense(q, k, v, backend if DEVICE == "cuda" else "math")

    def tokens_first(self, query, key, value, *_args, **_options):
        """In the layout of diffusers' dispatcher. Its padding masks are all ones here."""
        heads_first = (x.transpose(1, 2) for x in (query, key, value))
        return self.heads_first(*heads_first).transpose(1, 2)

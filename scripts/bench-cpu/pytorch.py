"""The PyTorch side of bench:cpu: a line "SECONDS OP SIZES..." is answered with the seconds of one run."""

import importlib
import os
import sys
import time

import torch
import torch.nn.functional as F


def linear(rows, width, depth, dtype=torch.float32):
    x, w = torch.randn(rows, depth, dtype=dtype), torch.randn(width, depth, dtype=dtype)
    return lambda: F.linear(x, w)


def linear_bf16(rows, width, depth):
    return linear(rows, width, depth, torch.bfloat16)


def attention(queries, keys, heads, width):
    q, k, v = (torch.randn(1, heads, n, width) for n in (queries, keys, keys))
    if hasattr(F, "scaled_dot_product_attention"):
        return lambda: F.scaled_dot_product_attention(q, k, v)
    return lambda: torch.softmax(q @ k.transpose(-1, -2) / width**0.5, -1) @ v


def conv3d(channels, frames, side):
    x = torch.randn(1, channels, frames + 2, side, side)
    w = torch.randn(channels, channels, 3, 3, 3)
    return lambda: F.conv3d(x, w, padding=(0, 1, 1))


def bundled(module):
    """The bundled model as its training code writes it in PyTorch."""
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "train"))
    return importlib.import_module(module)


def dit(frames, side, tokens):
    model = bundled("model_dit").DiT()
    x, context = torch.randn(1, 16, frames, side, side), torch.randn(1, tokens, 256)
    return lambda: model(x, torch.tensor([500.0]), context, torch.tensor([tokens]))


def vae(frames, side):
    model = bundled("model_vae").VAE()
    z = torch.randn(1, 16, frames, side, side)
    return lambda: model.decode(z)


OPS = {
    "linear": linear,
    "linear-bf16": linear_bf16,
    "attention": attention,
    "conv3d": conv3d,
    "dit": dit,
    "vae": vae,
}


def seconds_of(run, runs):
    begin = time.perf_counter()
    for _ in range(runs):
        run()
    return (time.perf_counter() - begin) / runs


@torch.inference_mode()
def main():
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
    print(torch.__version__, flush=True)
    prepared = {}
    for line in sys.stdin:
        seconds, op, *sizes = line.split()
        words = (op, *sizes)
        if words not in prepared:
            prepared = {words: OPS[op](*map(int, sizes))}
            prepared[words]()
        run = prepared[words]
        once = seconds_of(run, 1)
        print(f"{seconds_of(run, max(1, round(float(seconds) / once))):.9f}", flush=True)


main()

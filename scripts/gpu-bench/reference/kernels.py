"""Single ops: products and attention."""

import torch
from torch.nn.functional import linear

from attention import RadialMask, dense
from measure import DEVICE, random

# Mask, heads, tokens, whether dense attention takes no more than seconds.
SHAPES = (
    ("wan-radial-b128", 40, 69_120, True),
    ("hunyuan-radial-b128", 24, 115_456, True),
    ("hunyuan-long-radial-b128", 24, 460_800, False),
)


def products(report, _arguments):
    for rows, depth, width in ((69_120, 5120, 5120), (69_120, 5120, 13_824), (69_120, 13_824, 5120)):
        x, w = random(rows, depth), random(width, depth)
        work = 2 * rows * depth * width / 1e9
        ms = report.milliseconds(lambda: linear(x, w))
        report.line("gemm_bf16", m=rows, k=depth, n=width, ms=ms, tflops=work / ms)
        x8, w8 = (one.to(torch.float8_e4m3fn) for one in (x, w))
        by_row = torch.ones(rows, 1, device=DEVICE)
        by_column = torch.ones(1, width, device=DEVICE)
        ms = report.milliseconds(
            lambda: torch._scaled_mm(x8, w8.t(), by_row, by_column, out_dtype=torch.bfloat16)
        )
        report.line("gemm_fp8", m=rows, k=depth, n=width, ms=ms, tflops=work / ms)


def attentions(report, arguments):
    for name, heads, tokens, is_short in SHAPES:
        q, k, v = (random(1, heads, tokens, 128) for _ in range(3))
        work = 4 * heads * tokens**2 * 128 / 1e9
        for backend in ("cudnn", "flash2") if is_short else ():
            ms = report.milliseconds(lambda: dense(q, k, v, backend))
            report.line("attention_dense", impl=backend, tokens=tokens, heads=heads, ms=ms, tflops=work / ms)
        mask = RadialMask(arguments.masks, name, tokens)
        ms = report.milliseconds(lambda: mask.attend(q, k, v))
        figures = {"density": mask.density, "tflops": mask.density * work / ms}
        report.line("attention_radial", impl="flex", tokens=tokens, heads=heads, ms=ms, **figures)

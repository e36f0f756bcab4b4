"""python3 scripts/gpu-bench/reference/main.py --masks FOLDER [--diffusers FOLDER] [--only PART,...] [--rounds N] [--json FILE]

The work of gpu/bench.sh in PyTorch. FOLDER of the masks is filled by scripts/attention-masks.js; the one of diffusers holds
that package, where it is not installed. Without it models are left out. A part that fails is named and the others go on.
"""

import argparse
import gc
import sys
from importlib.util import find_spec

import torch

import kernels
from measure import DEVICE, Report

NEEDS_DIFFUSERS = ("wan", "hunyuan", "mochi", "wan22", "wan-vae", "hunyuan-vae", "mochi-vae", "wan22-vae")
PARTS = ("gemm", "attention", "text", *NEEDS_DIFFUSERS)


def part_of(name):
    if name == "gemm":
        return kernels.products
    if name == "attention":
        return kernels.attentions
    import models

    return getattr(models, name.replace("-", "_"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--masks", required=True)
    parser.add_argument("--diffusers")
    parser.add_argument("--only")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json")
    arguments = parser.parse_args()
    if arguments.diffusers:
        sys.path.insert(0, arguments.diffusers)
    known = PARTS if find_spec("diffusers") else [part for part in PARTS if part not in NEEDS_DIFFUSERS]
    wanted = arguments.only.split(",") if arguments.only else known
    unknown = [part for part in wanted if part not in PARTS]
    if unknown:
        parser.error(f"Expected parts of {', '.join(PARTS)}, got {', '.join(unknown)}.")
    report = Report(arguments.json, arguments.rounds)
    gpu = torch.cuda.get_device_name() if DEVICE == "cuda" else "CPU"
    report.line("device", gpu=gpu, torch=torch.__version__, cudnn=torch.backends.cudnn.version())
    failed = False
    for part in wanted:
        try:
            with torch.no_grad():
                part_of(part)(report, arguments)
        except Exception as error:
            failed = True
            report.line("error", part=part, error=repr(error)[:400])
        gc.collect()
        if DEVICE == "cuda":
            torch.cuda.empty_cache()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

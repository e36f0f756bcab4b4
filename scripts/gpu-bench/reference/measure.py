"""Times on the GPU by events, peaks of PyTorch's allocator, and lines of JSON in the form that bounds.ts reads."""

import gc
import json
from statistics import median
from time import perf_counter

import torch

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
HALF = torch.bfloat16


class Report:
    def __init__(self, path, rounds):
        self.path = path
        self.rounds = rounds

    def line(self, name, **figures):
        text = json.dumps({"name": name, **figures})
        print(text, flush=True)
        if self.path:
            with open(self.path, "a") as file:
                file.write(text + "\n")

    def milliseconds(self, run):
        """Median of the rounds, behind one that compiles and warms up."""
        run()
        return median(once(run) for _ in range(self.rounds))

    def model(self, name, run, **figures):
        """Seconds and peak bytes of a whole model."""
        fresh_peak()
        seconds = self.milliseconds(run) / 1000
        self.line(name, seconds=seconds, peakBytes=peak_bytes(), **figures)


def once(run):
    if DEVICE == "cpu":
        start = perf_counter()
        run()
        return (perf_counter() - start) * 1000
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    run()
    end.record()
    end.synchronize()
    return start.elapsed_time(end)


def fresh_peak():
    gc.collect()
    if DEVICE == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def peak_bytes():
    return torch.cuda.max_memory_allocated() if DEVICE == "cuda" else 0


def random(*shape):
    return torch.randn(*shape, device=DEVICE, dtype=HALF)

"""Specs, tracks and captions of random clips, made by other processes ahead of time: drawing them takes longer than
rendering them on a GPU."""
import collections
import multiprocessing
import random

import torch

import captions
import clips
from tokenizer import Tokenizer

VARIANTS = 4                       # captions for each clip

_TOKENIZER = None


def _start(proto):
    global _TOKENIZER
    torch.set_num_threads(1)
    _TOKENIZER = Tokenizer(proto=proto)


def _make(seed, count, two):
    rng = random.Random(seed)
    specs, p = clips.random_batch(rng, count, two=two)
    ids, lengths = _TOKENIZER.batch([captions.caption(rng, spec) for spec in specs for _ in range(VARIANTS)])
    arrays = {k: v.numpy() for k, v in p.items()}
    return arrays, ids.reshape(count, VARIANTS, -1).numpy(), lengths.reshape(count, VARIANTS).numpy()


class Feeder:
    """next(feeder): the clips' parameters, token ids (count, VARIANTS, tokens), lengths (count, VARIANTS). What comes
    depends on the seed alone; no two batches of it are the same clips."""

    def __init__(self, seed, proto, count=16, two=0.1, workers=0):
        self.seed, self.count, self.two, self.made = seed, count, two, 0
        self.pool = self.waiting = None
        if workers:
            self.pool = multiprocessing.get_context("spawn").Pool(workers, _start, (proto,))
            self.waiting = collections.deque(self._ask() for _ in range(4 * workers))
        else:
            _start(proto)

    def _task(self):
        self.made += 1
        return f"{self.seed}/{self.made}", self.count, self.two

    def _ask(self):
        return self.pool.apply_async(_make, self._task())

    def __next__(self):
        if self.pool:
            made = self.waiting.popleft().get()
            self.waiting.append(self._ask())
        else:
            made = _make(*self._task())
        p, ids, lengths = made
        return {k: torch.from_numpy(v) for k, v in p.items()}, torch.from_numpy(ids), torch.from_numpy(lengths)

    def close(self):
        if self.pool:
            self.pool.terminate()

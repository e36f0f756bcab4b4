"""Judges clips by measuring them: colour, shape and motion of the one shape in each, without any learnt model.

The background is fitted by a polynomial that ignores what stands out; the shape is what stands out most. Colour is the
nearest palette entry to the shape's median colour, shape the best overlap with templates at all angles and the measured
size, motion comes from the path of the centre, the ratio of the areas and the turning of the n-fold moment.
`python3 judge.py` judges true renders of the held-out captions: what it gets wrong there is the judge's own error.
"""
import math
import multiprocessing
import os
import random
from collections import Counter

import numpy as np
import torch
import torch.nn.functional as F
from scipy import ndimage

import captions
import clips
import sampling
from model_vae import latent_stats

WORK = 128                                     # frames are judged at this size
FOLD = {"square": 4, "triangle": 3, "star": 5, "cross": 4, "diamond": 2, "heart": 3, "hexagon": 6, "circle": 0, "ring": 0}
TEMPLATE = 56


def _fit_background(frames):
    """frames: t 3 n n -> the background of each, by a robust polynomial fit of degree 4."""
    small = F.interpolate(frames, size=(64, 64), mode="area")
    line = (torch.arange(64) + 0.5) / 32 - 1
    y, x = torch.meshgrid(line, line, indexing="ij")
    terms = lambda x, y, degree: torch.stack([x ** i * y ** j for i in range(degree + 1)
                                              for j in range(degree + 1 - i)], -1)
    t = small.shape[0]
    pixels = small.permute(0, 2, 3, 1).reshape(t, 4096, 3).double()
    border = torch.maximum(x.abs(), y.abs()).reshape(-1) > 0.86
    fit = None
    for degree, limit in ((0, None), (2, 0.30), (4, 0.26), (4, 0.22), (4, 0.20)):
        basis = terms(x, y, degree).reshape(4096, -1).double()
        if fit is None:
            fit = pixels[:, border].median(1, keepdim=True)[0].expand(-1, 4096, -1)
            continue
        weight = ((pixels - fit).square().sum(-1).sqrt() < limit).double() + 1e-6
        weight = weight * torch.where(border, 2.0, 1.0)
        a = torch.einsum("tp,pi,pj->tij", weight, basis, basis) + 1e-4 * torch.eye(basis.shape[1]).double()
        b = torch.einsum("tp,pi,tpc->tic", weight, basis, pixels)
        fit = torch.einsum("pi,tic->tpc", basis, torch.linalg.solve(a, b))
    line = (torch.arange(WORK) + 0.5) / (WORK / 2) - 1
    y, x = torch.meshgrid(line, line, indexing="ij")
    return torch.einsum("yxi,tic->tcyx", terms(x, y, 4).double(), torch.linalg.solve(a, b)).float()


def masks(video):
    """video 3 t h w in -1..1 -> frames (t 3 n n in 0..1), masks (t n n, bool): the component that stands out most"""
    frames = ((video.float().cpu().clamp(-1, 1) + 1) / 2).permute(1, 0, 2, 3)
    frames = F.interpolate(frames, size=(WORK, WORK), mode="area")
    distance = (frames - _fit_background(frames)).square().sum(1).sqrt().numpy()
    result = np.zeros(distance.shape, bool)
    for i, d in enumerate(distance):
        labels, count = ndimage.label(d > 0.22)
        if count:
            score = ndimage.sum(d, labels, range(1, count + 1))
            best = labels == 1 + int(np.argmax(score))
            # Half way to the shape's own distance is where its edge is.
            level = 0.5 * np.percentile(d[best], 70)
            labels, count = ndimage.label(d > max(0.16, level))
            if count:
                score = ndimage.sum(d, labels, range(1, count + 1))
                result[i] = labels == 1 + int(np.argmax(score))
    return frames, result


def _templates():
    """shape, angle -> TEMPLATE x TEMPLATE, centred on the centroid, scaled to one area."""
    tables = clips.distance_tables()
    result = []
    for name, table in zip(captions.SHAPES, tables):
        fold = FOLD[name]
        fold = 1 if name == "heart" else fold
        angles = [0.0] if fold == 0 else [2 * math.pi / fold * i / max(4, 48 // fold) for i in range(max(4, 48 // fold))]
        line = (torch.arange(256) + 0.5) / 64 - 2
        y, x = torch.meshgrid(line, line, indexing="ij")
        for angle in angles:
            c, s = math.cos(angle) / 2, math.sin(angle) / 2
            grid = torch.stack([x * c + y * s, y * c - x * s], -1)[None]
            d = F.grid_sample(table[None, None], grid, align_corners=False, padding_mode="border")[0, 0]
            result.append((name, _normalise((d < 0).numpy())))
    return result


def _normalise(mask):
    """Moves a mask's centroid to the middle and scales its area to a fifth of the picture."""
    ys, xs = np.nonzero(mask)
    area = len(ys)
    scale = math.sqrt(area / (0.2 * TEMPLATE * TEMPLATE))
    line = (torch.arange(TEMPLATE) + 0.5 - TEMPLATE / 2) * scale
    gy, gx = torch.meshgrid(line + ys.mean() + 0.5, line + xs.mean() + 0.5, indexing="ij")
    h, w = mask.shape
    grid = torch.stack([gx / w * 2 - 1, gy / h * 2 - 1], -1)[None].float()
    return (F.grid_sample(torch.tensor(mask)[None, None].float(), grid, align_corners=False)[0, 0] > 0.5).numpy()


_CACHE = {}


def shape_of(some):
    """The shape with the best mean overlap over some masks, and that overlap."""
    if "templates" not in _CACHE:
        _CACHE["templates"] = _templates()
        _CACHE["stack"] = np.stack([t.reshape(-1) for _, t in _CACHE["templates"]]).astype(np.float32)
    names, stack = [n for n, _ in _CACHE["templates"]], _CACHE["stack"]
    votes = {}
    for mask in some:
        m = _normalise(mask).reshape(-1).astype(np.float32)
        both = stack @ m
        iou = both / (stack.sum(1) + m.sum() - both)
        for name in captions.SHAPES:
            votes.setdefault(name, []).append(max(v for n, v in zip(names, iou) if n == name))
    best = max(votes, key=lambda n: np.mean(votes[n]))
    return best, float(np.mean(votes[best]))


def color_of(frames, result, picks):
    """The nearest palette colour to the median over the shape's inside."""
    pixels = []
    for i in picks:
        inside = ndimage.binary_erosion(result[i], iterations=2)
        inside = inside if inside.sum() > 12 else result[i]
        pixels.append(frames[i].numpy()[:, inside].T)
    value = np.median(np.concatenate(pixels), 0)
    white, black = value.min() > 0.78, value.max() < 0.24
    if white:
        return "white"
    if black:
        return "black"
    named = {k: np.array(v) for k, v in captions.COLORS.items() if k not in ("white", "black")}
    # Compare hue and saturation more than brightness, which the shading changes.
    def feature(c):
        c = np.clip(c, 0, 1)
        return np.concatenate([c - c.mean(), [0.3 * c.mean()]])
    return min(named, key=lambda k: np.square(feature(named[k]) - feature(value)).sum())


def motion_of(result, shape):
    good = [i for i in range(len(result)) if result[i].sum() > 20]
    centers, areas, moments = [], [], []
    fold = FOLD[shape]
    for i in good:
        ys, xs = np.nonzero(result[i])
        centers.append((xs.mean() / (WORK / 2) - 1, ys.mean() / (WORK / 2) - 1))
        areas.append(len(ys))
        if fold:
            z = (xs - xs.mean()) + 1j * (ys - ys.mean())
            moments.append((np.abs(z) ** 2 * np.exp(1j * fold * np.angle(z))).sum())
    c = np.array(centers)
    ratio = np.mean(areas[-3:]) / np.mean(areas[:3])
    d = c[-2:].mean(0) - c[:2].mean(0)
    path = np.abs(np.diff(ndimage.gaussian_filter1d(c[:, 1], 1.0))).sum()
    spread = c.max(0) - c.min(0)
    if (ratio > 1.7 or ratio < 1 / 1.7) and np.hypot(*d) < 0.3:
        return "grow" if ratio > 1 else "shrink"
    if spread[1] > 0.25 and path > 1.6 * abs(d[1]) + 0.1 and spread[0] < 0.25:
        return "bounce"
    if np.hypot(*d) > 0.2:
        sector = int(round(math.atan2(d[1], d[0]) / (math.pi / 4))) % 8
        return ["right", "down-right", "down", "down-left", "left", "up-left", "up", "up-right"][sector]
    if fold:
        turn = np.unwrap(np.angle(np.array(moments))) / fold
        total = turn[-1] - turn[0]
        if abs(total) > math.radians(25):
            return "clockwise" if total > 0 else "counterclockwise"
    return "still"


def judge(video, spec=None):
    """(colour, shape, motion, overlap) of one clip 3 t h w; None where nothing stands out"""
    frames, result = masks(video)
    good = [i for i in range(len(result)) if result[i].sum() > 20]
    if len(good) < len(result) // 2:
        return None, None, None, 0.0
    picks = good[:: max(1, len(good) // 6)]
    color = color_of(frames, result, picks)
    shape, overlap = shape_of([result[i] for i in picks])
    return color, shape, motion_of(result, shape), overlap


def score(videos, specs):
    """per cent right, and the mistakes"""
    right = {"color": 0, "shape": 0, "motion": 0, "all": 0}
    overlaps, mistakes = [], []
    for video, spec in zip(videos, specs):
        color, shape, motion, overlap = judge(video)
        overlaps.append(overlap)
        wrong = [f"{key}:{spec[key]}->{got}" for key, got in (("color", color), ("shape", shape), ("motion", motion))
                 if spec[key] != got]
        for key, got in (("color", color), ("shape", shape), ("motion", motion)):
            right[key] += spec[key] == got
        right["all"] += not wrong
        mistakes += wrong
    result = {k: round(100 * v / len(specs), 1) for k, v in right.items()}
    result["overlap"] = round(float(np.mean(overlaps)), 3)
    return result, mistakes


@torch.no_grad()
def generate(dit, text, tokenizer, device, texts, seed, steps, shift, cfg, side=32, frames=9, batch=24, on_step=None,
             negative=""):
    """normalised latents for texts; the noise depends on the seed and each text's place alone"""
    schedule = sampling.sigmas(steps, shift)
    out = []
    for i in range(0, len(texts), batch):
        part = texts[i:i + batch]
        part = part + [part[-1]] * (batch - len(part))             # one batch size, so that nothing is compiled anew
        noise = torch.stack([torch.randn(16, frames, side, side, generator=torch.Generator().manual_seed(seed + i + j))
                             for j in range(len(part))]).to(device)
        positive = sampling.encode_text(text, tokenizer, part, device)
        negatives = sampling.encode_text(text, tokenizer, [negative] * len(part), device)
        out.append(sampling.euler(dit, noise, schedule, positive, negatives, cfg, on_step))
    return torch.cat(out)[:len(texts)]


@torch.no_grad()
def decode(vae, z, keep=None, batch=8):
    """Videos -1..1 on the CPU, in half precision: the first `keep` (default: all) whole, and all at the judge's size."""
    mean, std = latent_stats(z.device)
    whole, small = [], []
    for i, part in enumerate((z * std + mean).split(batch)):
        part = part.to(torch.bfloat16 if z.is_cuda else torch.float32)
        video = vae.decode(part.contiguous(memory_format=torch.channels_last_3d)).float().clamp(-1, 1)
        if keep is None or i * batch < keep:
            whole.append(video.half().cpu())
        frames = F.interpolate(video.transpose(1, 2).flatten(0, 1), size=(WORK, WORK), mode="area")
        small.append(frames.unflatten(0, (video.shape[0], -1)).transpose(1, 2).half().cpu())
    return torch.cat(whole)[:keep], torch.cat(small)


def test_pairs(count=200, held_out=True, seed=77):
    """(spec, caption)s: of triples never trained on, always the same 200; or any others, by the seed"""
    if held_out:
        return captions.held_out_specs(200)[:count]
    rng = random.Random(seed)
    specs = [captions.random_spec(rng, two=0.0) for _ in range(count)]
    return [(spec, captions.caption(rng, spec)) for spec in specs]


def run(dit, text, vae, tokenizer, device, count=200, steps=30, shift=5.0, cfg=4.0, seed=0, held_out=True, **more):
    pairs = test_pairs(count, held_out)
    z = generate(dit, text, tokenizer, device, [t for _, t in pairs], seed, steps, shift, cfg, **more)
    videos, small = decode(vae, z, 24)
    return Scorer().start(small, [s for s, _ in pairs])(), videos


def _one(pair):
    torch.set_num_threads(1)
    return score([torch.from_numpy(pair[0]).float()], [pair[1]])


class Scorer:
    """Scores on several processors, in the background."""

    def __init__(self, workers=None):
        workers = min(12, (os.cpu_count() or 2) // 2) if workers is None else workers
        self.pool = multiprocessing.get_context("spawn").Pool(workers) if workers >= 4 else None

    def start(self, videos, specs):
        """Returns a function that waits for the result."""
        """videos: at the judge's size"""
        pairs = [(v.numpy(), s) for v, s in zip(videos, specs)]
        job = self.pool.map_async(_one, pairs, chunksize=3) if self.pool else None

        def wait():
            parts = job.get() if job else [_one(pair) for pair in pairs]
            keys = ("color", "shape", "motion", "all", "overlap")
            result = {k: round(float(np.mean([p[0][k] for p in parts])), 3 if k == "overlap" else 1) for k in keys}
            result["mistakes"] = Counter(m for p in parts for m in p[1]).most_common(14)
            return result
        return wait


if __name__ == "__main__":
    import sys
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    renderer, rng = clips.Renderer(size=128), random.Random(4)
    specs = [s for s, _ in captions.held_out_specs(count)]
    total, mistakes = [], []
    for i in range(0, count, 10):
        videos = renderer.render(clips.parameters(rng, specs[i:i + 10]))
        result, wrong = score(videos, specs[i:i + 10])
        total.append(result)
        mistakes += wrong
    print({k: round(sum(t[k] for t in total) / len(total), 3) for k in total[0]}, mistakes)

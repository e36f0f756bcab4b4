"""Renders the synthetic clips, on any torch device, in batches: a spec (captions.py) -> video in -1..1.

Shapes are signed distance fields sampled from small tables, so that edges are anti-aliased, shadows are soft and a
neon outline is one more function of the same distance. Coordinates run over -1..1, y down.
"""
import math
import random

import torch
import torch.nn.functional as F

import captions

SIZE, FRAMES = 256, 33
EXTENT, TABLE = 2.0, 256           # a table covers -EXTENT..EXTENT in units of the shape's radius


def _polygon(points):
    return torch.tensor(points, dtype=torch.float32)


def _star(points, inner, turn=-math.pi / 2):
    return _polygon([(math.cos(turn + math.pi * i / points) * (1.0 if i % 2 == 0 else inner),
                      math.sin(turn + math.pi * i / points) * (1.0 if i % 2 == 0 else inner))
                     for i in range(points * 2)])


def _regular(n, turn):
    return _polygon([(math.cos(turn + 2 * math.pi * i / n), math.sin(turn + 2 * math.pi * i / n)) for i in range(n)])


def _heart(n=96):
    t = [2 * math.pi * i / n for i in range(n)]
    return _polygon([(math.sin(a) ** 3 * 1.0, -(13 * math.cos(a) - 5 * math.cos(2 * a) - 2 * math.cos(3 * a)
                                                 - math.cos(4 * a)) / 16 * 1.0 - 0.1) for a in t])


def _distance_to_polygon(p, x, y):
    a, b = p, p.roll(-1, 0)
    d = (b - a)[:, None, None]
    vx, vy = x[None] - a[:, 0, None, None], y[None] - a[:, 1, None, None]
    t = ((vx * d[..., 0] + vy * d[..., 1]) / d.square().sum(-1)).clamp(0, 1)
    distance = ((vx - t * d[..., 0]).square() + (vy - t * d[..., 1]).square()).sqrt().amin(0)
    ay, by = a[:, 1, None, None], b[:, 1, None, None]
    crosses = ((ay > y) != (by > y)) & (vx < d[..., 0] * vy / torch.where(d[..., 1] == 0, torch.ones_like(d[..., 1]),
                                                                         d[..., 1]))
    inside = crosses.sum(0) % 2 == 1
    return torch.where(inside, -distance, distance)


def distance_tables():
    """SHAPES x TABLE x TABLE, in units of the radius."""
    line = (torch.arange(TABLE) + 0.5) / TABLE * 2 * EXTENT - EXTENT
    y, x = torch.meshgrid(line, line, indexing="ij")
    r = (x * x + y * y).sqrt()
    w = 0.34
    cross = _polygon([(-w, -1), (w, -1), (w, -w), (1, -w), (1, w), (w, w), (w, 1), (-w, 1), (-w, w), (-1, w), (-1, -w),
                      (-w, -w)])
    s = 0.84
    tables = {
        "circle": r - 0.95,
        "square": _distance_to_polygon(_polygon([(-s, -s), (s, -s), (s, s), (-s, s)]), x, y),
        "triangle": _distance_to_polygon(_regular(3, -math.pi / 2), x, y) ,
        "star": _distance_to_polygon(_star(5, 0.45), x, y),
        "ring": (r - 0.72).abs() - 0.25,
        "cross": _distance_to_polygon(cross, x, y),
        "diamond": _distance_to_polygon(_polygon([(0, -1.05), (0.66, 0), (0, 1.05), (-0.66, 0)]), x, y),
        "heart": _distance_to_polygon(_heart(), x, y),
        "hexagon": _distance_to_polygon(_regular(6, 0.0), x, y),
    }
    round_off = {"star": 0.03, "square": 0.06, "triangle": 0.05, "cross": 0.05, "diamond": 0.04, "hexagon": 0.03}
    return torch.stack([tables[name] - round_off.get(name, 0.0) for name in captions.SHAPES])


def track(rng, motion, size, speed, frames=FRAMES, box=(-1.0, 1.0)):
    """Positions, radii and angles of one shape over time; box bounds x."""
    t = [i / (frames - 1) for i in range(frames)]
    low, high = {"small": (0.17, 0.22), "large": (0.36, 0.44), None: (0.24, 0.34)}[size]
    if box != (-1.0, 1.0):
        low, high = 0.22, 0.30
    radius = rng.uniform(low, high)
    tilt = rng.uniform(-0.15, 0.15)
    left, right = box[0] + 0.04, box[1] - 0.04
    pick = lambda room, a, b: rng.uniform(a + room, b - room) if b - a > 2 * room else (a + b) / 2
    scale = {"slow": (0.45, 0.65), "fast": (1.0, 1.25), None: (0.65, 1.0)}[speed]
    radii, angles = [radius] * frames, [tilt] * frames
    dx = {"left": -1, "right": 1}.get(motion.split("-")[-1], 0)
    dy = {"up": -1, "down": 1}.get(motion.split("-")[0], 0)
    if dx or dy:
        length = rng.uniform(*scale) * (0.8 if dx and dy else 1.0)
        room = radius + 0.02
        lx = min(length, right - left - 2 * room) if dx else 0.0
        ly = min(length, 1.92 - 2 * room) if dy else 0.0
        cx = pick(lx / 2 + room, left, right)
        cy = pick(ly / 2 + room, -0.96, 0.96)
        xs = [cx + dx * lx * (s - 0.5) for s in t]
        ys = [cy + dy * ly * (s - 0.5) for s in t]
    else:
        big = radius
        if motion in ("grow", "shrink"):
            big = rng.uniform(0.40, 0.50) if box == (-1.0, 1.0) else rng.uniform(0.32, 0.38)
            ratio = {"slow": rng.uniform(0.55, 0.65), "fast": rng.uniform(0.25, 0.32),
                     None: rng.uniform(0.35, 0.5)}[speed]
            radii = [big * (ratio + (1 - ratio) * (s if motion == "grow" else 1 - s)) for s in t]
        cx, cy = pick(big + 0.1, left, right), pick(big + 0.2, -0.96, 0.96)
        xs, ys = [cx] * frames, [cy] * frames
        if motion.endswith("clockwise"):
            turn = math.radians({"slow": rng.uniform(80, 110), "fast": rng.uniform(220, 280),
                                 None: rng.uniform(130, 190)}[speed])
            sign = 1 if motion == "clockwise" else -1              # y points down, so positive is clockwise
            start = rng.uniform(-0.4, 0.4)
            angles = [start + sign * turn * s for s in t]
        elif motion == "bounce":
            floor = 0.92 - radius - rng.uniform(0.0, 0.25)
            height = min(rng.uniform(0.5, 0.75), floor + 0.94 - radius)
            hops = {"slow": 1.0, "fast": 2.0, None: 1.5}[speed]
            phase = rng.choice([0.0, 0.5])
            ys = [floor - height * (1 - (2 * ((s * hops + phase) % 1.0) - 1) ** 2) for s in t]
            cx = pick(radius + 0.1, left, right)
            xs = [cx] * frames
    return xs, ys, radii, angles


def parameters(rng, specs, frames=FRAMES):
    """Everything random about the specs' clips, as tensors: rendering itself is deterministic."""
    n = len(specs)
    out = {
        "track": torch.zeros(n, 2, 4, frames), "shape": torch.zeros(n, 2, dtype=torch.long),
        "color": torch.zeros(n, 2, 3), "two": torch.zeros(n, dtype=torch.bool),
        "kind": torch.zeros(n, dtype=torch.long), "a": torch.zeros(n, 3), "b": torch.zeros(n, 3),
        "random": torch.tensor([[rng.random() for _ in range(8)] for _ in range(n)]).reshape(n, 8),
    }
    for i, spec in enumerate(specs):
        parts = [spec] + ([spec["second"]] if "second" in spec else [])
        for j, part in enumerate(parts):
            box = (-1.0, 1.0) if len(parts) == 1 else ((-1.0, 0.0), (0.0, 1.0))[j]
            out["track"][i, j] = torch.tensor(track(rng, part["motion"], spec.get("size") if j == 0 else None,
                                                    spec.get("speed") if j == 0 else None, frames, box))
            out["shape"][i, j] = captions.SHAPES.index(part["shape"])
            color = captions.COLORS[part["color"]]
            out["color"][i, j] = torch.tensor([min(1.0, max(0.0, c + rng.uniform(-0.025, 0.025))) for c in color])
        out["two"][i] = len(parts) == 2
        kind, a, b = spec["background"]
        out["kind"][i] = captions.KINDS.index(kind)
        out["a"][i] = torch.tensor(captions.BACKGROUNDS[a])
        out["b"][i] = torch.tensor(captions.BACKGROUNDS[b])
    return out


def step(x, low, high):
    t = ((x - low) / (high - low)).clamp(0, 1)
    return t * t * (3 - 2 * t)


class Renderer:
    def __init__(self, device="cpu", size=SIZE):
        self.device, self.size = device, size
        self.tables = distance_tables().to(device)
        line = (torch.arange(size, device=device) + 0.5) / size * 2 - 1
        self.y, self.x = torch.meshgrid(line, line, indexing="ij")
        # One field of smooth noise; every cloudy background is a window of it.
        g = torch.Generator().manual_seed(5)
        field = 0
        for cells, weight in ((4, 1.0), (8, 0.5), (16, 0.25)):
            noise = torch.randn(1, 1, cells, cells, generator=g)
            noise = torch.cat([noise, noise[..., :3]], -1)
            noise = torch.cat([noise, noise[..., :3, :]], -2)
            field = field + weight * F.interpolate(noise, scale_factor=1024 / cells, mode="bicubic",
                                                   align_corners=False)[..., :1024, :1024]
        self.noise = (field[0, 0] / field.std()).clamp(-2, 2).to(device)

    def background(self, p, clouded, style):
        """n 3 h w; clouded: (number, corner x, corner y) of the clips with clouds"""
        x, y, r = self.x[None], self.y[None], p["random"][:, :, None, None]
        a, b = p["a"][:, :, None, None], p["b"][:, :, None, None]
        kind = p["kind"][:, None, None]
        light = p["a"].mean(1)[:, None, None]
        amount = torch.where(light < 0.45, torch.full_like(light, 0.075), torch.full_like(light, -0.065))
        soft = 8.0 / self.size
        period = 0.22 + 0.12 * r[:, 0]
        u = x * torch.cos(r[:, 1] * 3.1416) + y * torch.sin(r[:, 1] * 3.1416)
        wave = lambda v: ((v / period) % 1.0 - 0.5).abs() * period           # distance to the middle of a band
        stripes = step(wave(u), period * 0.25 - soft, period * 0.25 + soft)
        cell = period * 1.1
        cx, cy = ((x + r[:, 2]) / cell) % 1.0 - 0.5, ((y + r[:, 3]) / cell) % 1.0 - 0.5
        dots = step((cx * cx + cy * cy).sqrt() * cell, cell * 0.27 + soft / 2, cell * 0.27 - soft / 2)
        square = lambda v: (((v / (period * 2)) % 1.0 - 0.5).abs() - 0.25) * period * 2
        sx, sy = square(x + r[:, 2]), square(y + r[:, 3])
        checks = 0.5 + 0.5 * (sx / soft).clamp(-1, 1) * (sy / soft).clamp(-1, 1)
        texture = torch.where(kind == 3, stripes, torch.where(kind == 4, dots, checks))
        out = a + torch.where((kind >= 3) & (kind <= 5), texture * amount, torch.zeros_like(texture))[:, None]
        clouds = []
        for i, ox, oy in clouded:
            window = self.noise[oy:oy + 300, ox:ox + 300][None, None]
            clouds.append((i, F.interpolate(window, size=(self.size, self.size), mode="bilinear",
                                            align_corners=False)[0, 0]))
        for i, field in clouds:
            out[i] = out[i] + field * 0.05
        mix = step(y * 0.5 + 0.5, -0.05, 1.05)[:, None]
        out = torch.where((kind == 1)[:, None], a + (b - a) * mix, out)
        gx, gy = x - (r[:, 4] - 0.5) * 0.8, y - (r[:, 5] - 0.5) * 0.8
        glow = torch.exp(-(gx * gx + gy * gy) * 1.4)
        out = torch.where((kind == 2)[:, None], a * (0.84 + 0.0 * glow[:, None]) + 0.20 * glow[:, None], out)
        out = out - 0.05 * (x * x + y * y)[:, None]                            # a slight vignette
        if style == "neon":
            grid = torch.minimum(((x / 0.25) % 1.0 - 0.5).abs(), ((y / 0.25) % 1.0 - 0.5).abs()) * 0.25
            grid = step(grid, 0.012, 0.002)[:, None]
            tint = torch.tensor([0.16, 0.10, 0.34], device=self.device)[:, None, None]
            out = torch.tensor([0.035, 0.03, 0.09], device=self.device)[:, None, None] + 0.06 * (a - 0.5) \
                + grid * tint * 0.55 - 0.03 * (x * x + y * y)[:, None]
        return out.clamp(0, 1)

    def distance(self, shape, x, y, radius, angle):
        """Distance in screen units; all are n t ..., pixels last."""
        n, t = radius.shape
        c, s = torch.cos(angle) / radius / EXTENT, torch.sin(angle) / radius / EXTENT
        lx, ly = self.x[None, None] - x[..., None, None], self.y[None, None] - y[..., None, None]
        c, s = c[..., None, None], s[..., None, None]
        grid = torch.stack([lx * c + ly * s, ly * c - lx * s], -1)
        table = self.tables[shape][:, None]
        size = self.size
        d = F.grid_sample(table, grid.reshape(n, t * size, size, 2), mode="bilinear", padding_mode="border",
                          align_corners=False).reshape(n, t, size, size)
        outside = (grid.abs().amax(-1) - 1).clamp_min(0) * EXTENT               # beyond the table
        return (d + outside) * radius[..., None, None], lx, ly

    @torch.no_grad()
    def render(self, p, style=None, frames=None):
        """n 3 t h w in -1..1; frames: a slice or list of frame numbers to render"""
        clouded = [(i, int(p["random"][i, 4] * 700), int(p["random"][i, 5] * 700))
                   for i in (p["kind"] == 6).nonzero()[:, 0].tolist()]
        second = p["two"].nonzero()[:, 0].to(self.device)
        p = {k: v.to(self.device) for k, v in p.items()}
        tracks = p["track"] if frames is None else p["track"][..., frames]
        n, t = tracks.shape[0], tracks.shape[-1]
        size = self.size
        out = self.background(p, clouded, style)[:, None].expand(n, t, 3, size, size).contiguous()
        for j in range(2):
            index = torch.arange(n, device=self.device) if j == 0 else second
            if len(index) == 0:
                continue
            x, y, radius, angle = tracks[index, j].unbind(1)
            shape, color = p["shape"][index, j], p["color"][index, j][:, None, :, None, None]
            d, lx, ly = self.distance(shape, x, y, radius, angle)
            pixel = 2.0 / size
            inside = step(d, pixel, -pixel)[:, :, None]
            rr = radius[..., None, None]
            target = out if j == 0 else out[index]
            if style == "neon":
                core = torch.exp(-(d / 0.016) ** 2)[:, :, None]
                halo = torch.exp(-d.abs() / 0.09)[:, :, None]
                fill = inside * 0.10
                bright = color * 0.85 + 0.15
                target = target + bright * (halo * 0.55 + fill)
                target = target + (bright * 0.35 + 0.65 - target) * core * 0.95
            else:
                shadow, _, _ = self.distance(shape, x + 0.035, y + 0.055, radius, angle)
                shade = 0.30 * step(shadow, 0.10, -0.10)[:, :, None]
                target = target * (1 - shade)
                lit = (-(lx + ly) / (rr * 2.0)).clamp(-1, 1)[:, :, None]       # 1 at the upper left
                edge = step(d, -0.16 * rr, 0.0)[:, :, None]                    # towards the rim
                body = color * (1.0 + 0.10 * lit - 0.10 * edge * (1 - lit) * 0.5)
                body = body + 0.10 * edge * lit.clamp_min(0) + 0.02
                gx, gy = lx + 0.38 * rr, ly + 0.42 * rr
                shine = torch.exp(-(gx * gx + gy * gy) / (0.10 * rr * rr))[:, :, None]
                body = body + 0.13 * shine
                target = target + (body - target) * inside
            if j == 0:
                out = target
            else:
                out[index] = target
        return (out.clamp(0, 1) * 2 - 1).permute(0, 2, 1, 3, 4)


def random_batch(rng, count, frames=FRAMES, two=0.1):
    """specs and their parameters"""
    specs = [captions.random_spec(rng, two=two) for _ in range(count)]
    return specs, parameters(rng, specs, frames)


def sheet(videos, columns, picks=(0, 8, 16, 24, 32)):
    """A contact sheet (h w 3, uint8) of videos n 3 t h w in -1..1: each video is a row of frames, `columns` rows wide."""
    tiles = []
    for video in videos:
        tiles.append(torch.cat([video[:, min(i, video.shape[1] - 1)] for i in picks], -1))
    while len(tiles) % columns:
        tiles.append(torch.full_like(tiles[0], 1.0))
    rows = [torch.cat(tiles[i:i + columns], -1) for i in range(0, len(tiles), columns)]
    image = torch.cat(rows, -2).float().cpu()
    return ((image.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).permute(1, 2, 0)


if __name__ == "__main__":
    import sys
    from PIL import Image
    rng = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    specs, p = random_batch(rng, 20)
    renderer = Renderer(size=128)
    videos = torch.cat([renderer.render(p, frames=[0, 8, 16, 24, 32]), renderer.render(
        {k: v[:6] for k, v in p.items()}, style="neon", frames=[0, 8, 16, 24, 32])])
    Image.fromarray(sheet(videos, 2, range(5)).numpy()).save(sys.argv[1])
    for spec in specs:
        print(captions.caption(rng, spec))

"""Latents of rendered clips, made while the training goes on."""
import torch

from feeder import VARIANTS
from model_vae import latent_stats
from tokenizer import MAX_TOKENS


class Latents:
    """Normalised latents of rendered clips on the GPU, with token ids of some captions for each."""

    def __init__(self, vae, renderer, feeder, count, frames, style=None):
        self.vae, self.renderer, self.feeder = vae, renderer, feeder
        self.frames, self.style = frames, style
        device = renderer.device
        t = (frames - 1) // 4 + 1
        side = renderer.size // 8
        self.z = torch.empty(count, 16, t, side, side, dtype=torch.bfloat16, device=device)
        self.ids = torch.zeros(count, VARIANTS, MAX_TOKENS, dtype=torch.long, device=device)
        self.lengths = torch.ones(count, VARIANTS, dtype=torch.long, device=device)
        self.near = torch.zeros(count, t, side, side, dtype=torch.bool, device=device)
        self.mean, self.std = latent_stats(device)
        self.at = self.rendered = 0
        while self.rendered < count:
            self.refresh()

    @torch.no_grad()
    def refresh(self):
        """A batch of new clips in the place of the oldest."""
        p, ids, lengths = next(self.feeder)
        at = self.at % self.z.shape[0]
        n = min(len(ids), self.z.shape[0] - at)
        p, ids, lengths = {k: v[:n] for k, v in p.items()}, ids[:n], lengths[:n]
        video = self.renderer.render(p, self.style, slice(0, self.frames))
        video = video.to(torch.bfloat16 if video.is_cuda else torch.float32)
        z = self.vae.encode(video.contiguous(memory_format=torch.channels_last_3d)).float()
        self.z[at:at + n] = ((z - self.mean) / self.std).to(self.z.dtype)
        self.near[at:at + n] = self.near_shapes(p)
        self.ids[at:at + n] = ids.to(self.ids.device)
        self.lengths[at:at + n] = lengths.to(self.ids.device)
        self.at = at + n
        self.rendered += n

    def near_shapes(self, p):
        """Which latent cells have a shape in them or beside them (n t h w), from the tracks."""
        device, side = self.near.device, self.near.shape[-1]
        x, y, radius, _ = p["track"].to(device)[..., :self.frames].permute(2, 0, 1, 3)     # each n, 2, frames
        line = (torch.arange(side, device=device) + 0.5) / side * 2 - 1
        dx, dy = line[None, None, None, None] - x[..., None, None], line[:, None] - y[..., None, None]
        inside = (dx.square() + dy.square()).sqrt() < 1.2 * radius[..., None, None] + 0.08
        inside[:, 1] &= p["two"].to(device)[:, None, None, None]
        inside = inside.any(1)
        if self.frames == 1:
            return inside
        n, _, h, w = inside.shape
        rest = inside[:, 1:].reshape(n, -1, 4, h, w).any(2)
        return torch.cat([inside[:, :1], rest], 1)

    def sample(self, n, frames):
        """x0 (n 16 frames h w, float32), ids, lengths, near (n frames h w)"""
        device = self.z.device
        i = torch.randint(self.z.shape[0], (n,), device=device)
        j = torch.randint(VARIANTS, (n,), device=device)
        return self.z[i, :, :frames].float(), self.ids[i, j], self.lengths[i, j], self.near[i, :frames]

"""Muon: momentum whose update is made orthogonal by a few Newton-Schulz steps (Keller Jordan et al., 2024), for the
hidden matrices; matrices of one shape are done together."""
import torch


def orthogonal(g, steps=5):
    """The nearest (semi-)orthogonal matrix to each of a batch of matrices, roughly."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = g.bfloat16() if g.is_cuda else g
    tall = x.shape[-2] > x.shape[-1]
    if tall:
        x = x.transpose(-2, -1)
    x = x / (x.flatten(-2).norm(dim=-1)[..., None, None] + 1e-7)
    for _ in range(steps):
        s = x @ x.transpose(-2, -1)
        x = a * x + (b * s + c * (s @ s)) @ x
    return (x.transpose(-2, -1) if tall else x).to(g.dtype)


class Muon:
    def __init__(self, parameters, lr=2e-3, momentum=0.95, weight_decay=0.02):
        self.lr, self.momentum, self.weight_decay = lr, momentum, weight_decay
        groups = {}
        for p in parameters:
            groups.setdefault(tuple(p.shape), []).append(p)
        self.groups = [(ps, torch.zeros(len(ps), *shape, device=ps[0].device)) for shape, ps in groups.items()]

    @torch.no_grad()
    def step(self):
        for ps, buffer in self.groups:
            g = torch.stack([p.grad for p in ps])
            buffer.lerp_(g, 1 - self.momentum)
            update = orthogonal(g.lerp(buffer, self.momentum))
            update *= -self.lr * 0.2 * max(update.shape[-2:]) ** 0.5
            torch._foreach_mul_(ps, 1 - self.lr * self.weight_decay)
            torch._foreach_add_(ps, list(update.unbind(0)))

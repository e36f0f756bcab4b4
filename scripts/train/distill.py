"""The 4-step LoRA: a student that takes, in one Euler step without guidance, what the guided teacher takes in many.

Teacher trajectories (Euler, guidance) are cut at the four sigmas of the student's schedule. The student's velocity at a
cut is fitted to the straight line to the teacher's next cut, from the teacher's own states and, later in the
trajectory, from the states that the student reached by itself.
"""
import torch

import captions
import sampling
from common import elapsed, log
from lora import Lora

STEPS, SHIFT, SUBSTEPS = 4, 5.0, 4


class Trajectories:
    """A growing store of cut trajectories, with their texts."""

    def __init__(self, dit, text, tokenizer, rng, device, cfg, size, batch, capacity):
        self.dit, self.text, self.tokenizer, self.rng, self.device = dit, text, tokenizer, rng, device
        self.cfg, self.batch, self.capacity = cfg, batch, capacity
        self.shape = (16, 9, size // 8, size // 8)
        low = torch.bfloat16 if device.type == "cuda" else torch.float32
        self.teacher = torch.empty(capacity, STEPS + 1, *self.shape, dtype=low, device=device)
        self.student = torch.empty(capacity, STEPS, *self.shape, dtype=low, device=device)
        self.context = self.lengths = None
        self.count = 0

    @torch.no_grad()
    def add(self, lora):
        n, device = self.batch, self.device
        texts = [captions.caption(self.rng, captions.random_spec(self.rng)) for _ in range(n)]
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            positive = sampling.encode_text(self.text, self.tokenizer, texts, device)
            negative = sampling.encode_text(self.text, self.tokenizer, [""] * n, device)
        if self.context is None:
            self.context = torch.empty(self.capacity, *positive[0].shape[1:], dtype=positive[0].dtype, device=device)
            self.lengths = torch.zeros(self.capacity, dtype=torch.long, device=device)
        noise = torch.randn(n, *self.shape, device=device)
        at = self.count % self.capacity
        at = min(at, self.capacity - n)
        fine = sampling.sigmas(STEPS * SUBSTEPS, SHIFT, "exact")
        lora.write(0)
        x = noise
        self.teacher[at:at + n, 0] = x
        for k in range(STEPS):
            x = sampling.euler(self.dit, x, fine[k * SUBSTEPS:(k + 1) * SUBSTEPS + 1], positive, negative, self.cfg)
            self.teacher[at:at + n, k + 1] = x
        lora.write()
        x = torch.cat([noise, noise])                               # twice, for the batch size of the rest
        double = (torch.cat([positive[0]] * 2), torch.cat([positive[1]] * 2))
        coarse = sampling.sigmas(STEPS, SHIFT)
        for k in range(STEPS):
            self.student[at:at + n, k] = x[:n]
            if k + 1 < STEPS:
                x = sampling.euler(self.dit, x, coarse[k:k + 2], double, None, 1)
        self.context[at:at + n], self.lengths[at:at + n] = positive
        self.count += n


def train(dit, text, tokenizer, rng, device, until, cfg=5.0, rank=32, size=256, batch=24, lr=1e-3, capacity=3600):
    lora = Lora(dit, rank)
    store = Trajectories(dit, text, tokenizer, rng, device, cfg, size, batch, capacity)
    optimizer = torch.optim.AdamW(lora.parameters(), lr=lr, betas=(0.9, 0.99), weight_decay=0.0)
    coarse = torch.tensor(sampling.sigmas(STEPS, SHIFT), device=device)
    for _ in range(4):
        store.add(lora)
    log(f"first {store.count} trajectories")
    begin, steps, losses = elapsed(), 0, []
    while steps == 0 or elapsed() < until:
        part = (elapsed() - begin) / max(1e-6, until - begin)
        for group in optimizer.param_groups:
            group["lr"] = lr * min(1.0, (steps + 1) / 30) * max(0.05, 1 - part)
        if steps % 5 == 4 and part < 0.85:
            store.add(lora)
        n = 2 * batch
        have = min(store.count, store.capacity)
        i = torch.randint(have, (n,), device=device)
        k = torch.randint(STEPS, (n,), device=device)
        own = (torch.rand(n, device=device) < 0.5) & (k >= 2)
        x = torch.where(own[:, None, None, None, None], store.student[i, k], store.teacher[i, k]).float()
        length = (coarse[k] - coarse[k + 1]).reshape(-1, 1, 1, 1, 1)
        target = (x - store.teacher[i, k + 1].float()) / length
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            v = dit(x, coarse[k] * 1000, store.context[i], store.lengths[i])
        error = (v.float() - target).square().mean((1, 2, 3, 4))
        loss = (error * (length.flatten() / coarse[3]).sqrt()).mean()
        loss.backward()
        lora.take_gradients()
        torch.nn.utils.clip_grad_norm_(lora.parameters(), 1.0)
        optimizer.step()
        lora.write()
        for p in dit.parameters():
            p.grad = None
        steps += 1
        losses.append(error.detach())
        if steps % 100 == 0:
            log(f"4-step LoRA: step {steps} loss {torch.cat(losses[-50:]).mean().item():.4f}, "
                f"{store.count} trajectories")
    log(f"4-step LoRA: {steps} steps, {store.count} trajectories")
    return lora

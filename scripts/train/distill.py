"""The 4-step LoRA: a student that makes in four Euler steps without guidance what the guided teacher makes in many.

1. Regression, a quick start: teacher trajectories (Euler, guidance) are cut at the four sigmas of the student's
   schedule, and the student's velocity at a cut is fitted to the straight line to the next cut. Alone it rounds corners
   off, being an average over what cannot be foreseen.
2. Distribution matching (DMD, arXiv 2311.18828 and 2405.14867, in the form for flow models): the student's finished
   samples are moved along the difference of two denoisers, the guided teacher and a copy of it that keeps learning what
   the student makes. Unlike there, gradients run through the last one, two or four of the student's steps, so that
   there is one distribution to match, that of finished samples.
"""
import torch
import torch.nn.functional as F

import sampling
import training
from feeder import VARIANTS
from flow import compile_blocks, noise_levels
from lora import Lora
from model_dit import DiT
from training import log

STEPS, SHIFT, SUBSTEPS = 4, 5.0, 3
#: through how many of the last steps the gradient runs, in turn
DEPTHS = (2, 1, 2, 4)
FAKE_UPDATES = 2


class Prompts:
    """Random captions of a store of clips, encoded."""

    def __init__(self, text, tokenizer, store, device):
        self.text, self.store, self.device = text, store, device
        with torch.no_grad(), autocast(device):
            self.empty = sampling.encode_text(text, tokenizer, [""], device)

    @torch.no_grad()
    def take(self, n):
        """(context, lengths) of n captions, and of as many empty ones"""
        i = torch.randint(self.store.ids.shape[0], (n,), device=self.device)
        j = torch.randint(VARIANTS, (n,), device=self.device)
        ids, lengths = self.store.ids[i, j], self.store.lengths[i, j]
        mask = (torch.arange(ids.shape[1], device=self.device)[None] < lengths[:, None]).long()
        with autocast(self.device):
            context = self.text(ids, mask)
        return (context, lengths), (self.empty[0].expand(n, -1, -1), self.empty[1].expand(n))


def autocast(device):
    return torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda")


def copy_of(dit, device):
    """A net of its own with the same weights, compiled as the others are."""
    twin = DiT(**dit.config).to(device)
    twin.load_state_dict(dit.state_dict())
    if device.type == "cuda":
        compile_blocks(twin)
    return twin


def emphasis(x0, amount=3.0):
    """Weights (b 1 t h w, mean 1): the cells that differ most from their frame's middle value, which are the shape's and
    its neighbours', count more."""
    x0 = x0.float()
    b, c, t, h, w = x0.shape
    middle = x0.flatten(3).median(3)[0].reshape(b, c, t, 1, 1)
    distance = (x0 - middle).square().sum(1)
    limit = distance.flatten(2).quantile(0.9, dim=2).reshape(b, t, 1, 1)
    near = F.max_pool2d((distance > limit).float(), 3, 1, 1)
    weight = 1 + amount * near[:, None]
    return weight / weight.mean()


class Trajectories:
    """A growing store of the teacher's trajectories, cut, with their texts."""

    def __init__(self, teacher, prompts, device, cfg, side, batch, capacity):
        self.teacher, self.prompts, self.device, self.cfg, self.batch = teacher, prompts, device, cfg, batch
        low = torch.bfloat16 if device.type == "cuda" else torch.float32
        self.cuts = torch.empty(capacity, STEPS + 1, 16, 9, side, side, dtype=low, device=device)
        self.context, self.lengths, self.count = [], [], 0

    @torch.no_grad()
    def add(self):
        n, at = self.batch, self.count
        if at + n > self.cuts.shape[0]:
            return
        positive, negative = self.prompts.take(n)
        fine = sampling.sigmas(STEPS * SUBSTEPS, SHIFT, "exact")
        x = torch.randn(self.cuts[at:at + n, 0].shape, device=self.device)
        self.cuts[at:at + n, 0] = x
        for k in range(STEPS):
            x = sampling.euler(self.teacher, x, fine[k * SUBSTEPS:(k + 1) * SUBSTEPS + 1], positive, negative, self.cfg)
            self.cuts[at:at + n, k + 1] = x
        self.context.append(positive[0])
        self.lengths.append(positive[1])
        self.count += n

    def sample(self, n):
        """states, their places in the schedule, the next states, (context, lengths)"""
        i = torch.randint(self.count, (n,), device=self.device)
        k = torch.randint(STEPS, (n,), device=self.device)
        context, lengths = torch.cat(self.context), torch.cat(self.lengths)
        return self.cuts[i, k].float(), k, self.cuts[i, k + 1].float(), self.cuts[i, STEPS], (context[i], lengths[i])


class Step:
    """Gradients of the merged weights -> factors, averaged over the GPUs, one AdamW step, merged anew."""

    def __init__(self, dit, lora, world, lr, betas=(0.9, 0.99)):
        self.dit, self.lora, self.lr = dit, lora, lr
        self.optimizer = torch.optim.AdamW(lora.parameters(), lr=lr, betas=betas, weight_decay=0.0)
        self.average = training.GradientAverage(lora.parameters(), world)
        self.steps = 0

    def __call__(self, part):
        """part: how much of the time is gone. Returns the clock that all processes share."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.lr * min(1.0, (self.steps + 1) / 30) * max(0.05, 1 - part)
        self.lora.take_gradients()
        clock = self.average()
        torch.nn.utils.clip_grad_norm_(self.lora.parameters(), 1.0)
        self.optimizer.step()
        self.lora.write()
        for p in self.dit.parameters():
            p.grad = None
        self.steps += 1
        return float(clock)


def regress(dit, lora, teacher, prompts, device, world, begin, until, cfg, side, batch, lr=1e-3, capacity=1800):
    store = Trajectories(teacher, prompts, device, cfg, side, batch // 2, capacity)
    step = Step(dit, lora, world, lr)
    coarse = torch.tensor(sampling.sigmas(STEPS, SHIFT), device=device)
    for _ in range(4):
        store.add()
    now, losses = begin, []
    while now < until:
        part = (now - begin) / (until - begin)
        if step.steps % 4 == 3 and part < 0.85:
            store.add()
        x, k, following, end, (context, lengths) = store.sample(batch)
        length = (coarse[k] - coarse[k + 1]).reshape(-1, 1, 1, 1, 1)
        with autocast(device):
            v = dit(x, coarse[k] * 1000, context, lengths)
        error = ((v.float() - (x - following) / length).square() * emphasis(end)).mean((1, 2, 3, 4))
        loss = (error * (length.flatten() / coarse[3]).sqrt()).mean()
        loss.backward()
        now = step(part)
        losses.append(error.detach().mean())
        if step.steps % 100 == 0:
            log(f"regression: step {step.steps} loss {torch.stack(losses[-50:]).mean().item():.4f}, "
                f"{store.count} trajectories a GPU")
    log(f"regression: {step.steps} steps, {store.count} trajectories a GPU, "
        f"loss {torch.stack(losses[-50:]).mean().item():.4f}")


def roll(dit, noise, schedule, context, lengths, depth, device):
    """The student's four Euler steps, the last `depth` of them with gradients."""
    x = noise
    for i, (a, b) in enumerate(zip(schedule[:-1], schedule[1:])):
        with torch.set_grad_enabled(i >= len(schedule) - 1 - depth), autocast(device):
            v = dit(x, torch.full((x.shape[0],), a * 1000.0, device=device), context, lengths)
        x = x + (b - a) * v.float()
    return x


def deepest(device):
    """Through how many steps the gradient can run, from the memory that one took; peaks are counted from a reset."""
    if device.type != "cuda":
        return max(DEPTHS)
    free, total = torch.cuda.mem_get_info(device)
    one = torch.cuda.max_memory_allocated(device)
    log(f"memory: {one / 2 ** 30:.1f} GiB at most with the gradient of one step, {total / 2 ** 30:.0f} in all")
    return max(1, int(0.8 * total / one))


def match(dit, lora, teacher, prompts, device, world, begin, until, cfg, side, batch, validate, lr=3e-4, fake_lr=4e-4):
    fake = copy_of(teacher, device)
    fake_parameters = list(fake.parameters())
    fused = {"fused": True} if device.type == "cuda" else {}
    fake_adam = torch.optim.AdamW(fake_parameters, lr=fake_lr, betas=(0.5, 0.99), weight_decay=0.0, **fused)
    fake_average = training.GradientAverage(fake_parameters, world)
    step = Step(dit, lora, world, lr, betas=(0.5, 0.99))
    ema = training.Ema([lora], 0.99)
    schedule = sampling.sigmas(STEPS, SHIFT)
    limit = deepest(device)
    depths = [min(d, limit) for d in DEPTHS]
    made, now, log_every = [], begin, 25
    parts, notes = [0.5, 0.8], []

    def make(depth):
        (context, lengths), negative = prompts.take(batch)
        noise = torch.randn(batch, 16, 9, side, side, device=device)
        x0 = roll(dit, noise, schedule, context, lengths, depth, device)
        made.append((x0.detach(), context, lengths))
        del made[:-4]
        return x0, context, lengths, negative

    def learn_fake():
        rows = torch.randint(len(made) * batch, (batch,), device=device)
        x0, context, lengths = (torch.cat(parts)[rows] for parts in zip(*made))
        sigma = noise_levels(batch, SHIFT, device)
        s, noise = sigma.reshape(-1, 1, 1, 1, 1), torch.randn_like(x0)
        with autocast(device):
            v = fake(x0 + s * (noise - x0), sigma * 1000, context, lengths)
        loss = (v.float() - (noise - x0)).square().mean()
        loss.backward()
        fake_average()
        torch.nn.utils.clip_grad_norm_(fake_parameters, 1.0, **({"foreach": True} if fused else {}))
        fake_adam.step()
        for p in fake_parameters:
            p.grad = None
        return loss.detach()

    def direction(x0, context, lengths, negative):
        """Where the fake's denoised picture lies from the teacher's, in units of the sample's own error"""
        u = 0.02 + 0.96 * torch.rand(batch, device=device)
        t = 3.0 * u / (1 + 2.0 * u)
        s = t.reshape(-1, 1, 1, 1, 1)
        xt = x0 + s * (torch.randn_like(x0) - x0)
        with torch.no_grad():
            velocities = []
            for net, (rows, count) in ((fake, (context, lengths)), (teacher, (context, lengths)), (teacher, negative)):
                with autocast(device):
                    velocities.append(net(xt, t * 1000, rows, count).float())
            v_fake, v_positive, v_negative = velocities
            v_teacher = v_negative + cfg * (v_positive - v_negative)
            error = (x0 - (xt - s * v_teacher)).abs().mean((1, 2, 3, 4), keepdim=True).clamp_min(0.02)
            return s * (v_teacher - v_fake) / error

    for i in range(40 if device.type == "cuda" else 1):
        if i % 10 == 0:
            with torch.no_grad():
                make(0)
        learn_fake()
    while now < until:
        part = (now - begin) / (until - begin)
        x0, context, lengths, negative = make(depths[step.steps % len(depths)])
        toward = direction(x0.detach(), context, lengths, negative)
        weight = emphasis(x0.detach())
        (x0 * (toward * weight)).mean().backward()              # the gradient of half the squared distance, at once
        now = step(part)
        ema.update()
        notes.append(torch.stack([toward.abs().mean()] + [learn_fake() for _ in range(FAKE_UPDATES)]))
        if step.steps % log_every == 0:
            size, *fakes = torch.stack(notes[-log_every:]).mean(0).tolist()
            log(f"matching: step {step.steps} difference {size:.4f} fake loss {sum(fakes) / len(fakes):.4f}")
        if parts and part >= parts[0]:
            ema.swap()
            validate(f"matching, {step.steps} steps", lora)
            ema.swap()
            lora.write()
            parts.pop(0)
    log(f"matching: {step.steps} steps")
    ema.swap()
    validate(f"matching, {step.steps} steps", lora)


def train(dit, text, tokenizer, store, device, world, ends, validate, cfg=5.0, rank=64, side=32, batch=48):
    """ends: the seconds at which regression and matching stop. validate(name, lora) judges the model with the factors
    that the LoRA has then."""
    teacher = copy_of(dit, device)
    torch.manual_seed(4242)                                      # the same factors on all GPUs
    lora = Lora(dit, rank)
    torch.manual_seed(4243 + training.rank())
    prompts = Prompts(text, tokenizer, store, device)
    more = dict(cfg=cfg, side=side, batch=batch)
    start = training.agreed_elapsed(device, world)
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)
    regress(dit, lora, teacher, prompts, device, world, start, ends[0], **more)
    validate("regression", lora)
    start = training.agreed_elapsed(device, world)
    try:
        match(dit, lora, teacher, prompts, device, world, start, ends[1], validate=validate, **more)
    except torch.OutOfMemoryError as error:
        log("matching stopped:", str(error)[:300])
    return lora

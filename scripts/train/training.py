"""What the training scripts share: processes, averaging over GPUs, weight averages, checkpoints, image files."""
import os
import time

import torch
import torch.distributed as dist

import safetensors_io as st

START = float(os.environ.get("TRAIN_START", time.time()))


def elapsed():
    """Seconds since the launcher started (TRAIN_START), so that all processes agree."""
    return time.time() - START


def setup():
    """Returns (rank, world size, device). Without torchrun: one process."""
    rank, world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    if torch.cuda.is_available():
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)))
        torch.cuda.set_device(device)
        torch.backends.cuda.matmul.allow_tf32 = True
        torch.backends.cudnn.allow_tf32 = True
        torch.backends.cudnn.benchmark = True
    else:
        device = torch.device("cpu")
    if world > 1:
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    return rank, world, device


def rank():
    return int(os.environ.get("RANK", 0))


def agreed_elapsed(device, world):
    """The mean clock of all processes."""
    now = torch.tensor(elapsed(), device=device, dtype=torch.float32)
    if world > 1:
        dist.all_reduce(now)
    return now.item() / world


def log(*parts):
    print(f"[{rank()} {elapsed():6.1f}s]", *parts, flush=True)


class GradientAverage:
    """Averages gradients over the processes in one flat buffer, and the clock with them, so all agree on the time."""

    def __init__(self, parameters, world):
        self.parameters, self.world = list(parameters), world
        self.count = sum(p.numel() for p in self.parameters)

    def __call__(self):
        now = elapsed()
        if self.world == 1:
            return now
        flat = torch.cat([p.grad.reshape(-1) if p.grad is not None else torch.zeros_like(p).reshape(-1)
                          for p in self.parameters] + [torch.tensor([now], device=self.parameters[0].device)])
        dist.all_reduce(flat)
        flat /= self.world
        offset = 0
        for p in self.parameters:
            p.grad = flat[offset:offset + p.numel()].view_as(p)
            offset += p.numel()
        return flat[-1]          # on the device: read it (float) only now and then


class Ema:
    """An exponential moving average of a model's parameters, in float32."""

    def __init__(self, models, decay):
        self.parameters = [p for m in models for p in m.parameters()]
        self.decay, self.steps = decay, 0
        self.shadow = [p.detach().clone() for p in self.parameters]

    @torch.no_grad()
    def update(self):
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        torch._foreach_mul_(self.shadow, decay)
        torch._foreach_add_(self.shadow, [p.detach() for p in self.parameters], alpha=1 - decay)

    @torch.no_grad()
    def swap(self):
        for p, s in zip(self.parameters, self.shadow):
            old = p.detach().clone()
            p.copy_(s)
            s.copy_(old)


def save_half(path, models):
    """A checkpoint to go on from: {name: model}, fp16, weights only."""
    st.save(path, {f"{name}.{k}": v.half() for name, m in models.items() for k, v in m.state_dict().items()})


def load_half(path, models):
    tensors, _ = st.load(path)
    for name, model in models.items():
        model.load_state_dict({k[len(name) + 1:]: v.float() for k, v in tensors.items() if k.startswith(name + ".")})


def save_png(path, image):
    from PIL import Image
    Image.fromarray(image.numpy()).save(path)


def psnr(a, b):
    """of videos in -1..1, clamped"""
    error = (a.float().clamp(-1, 1) - b.float().clamp(-1, 1)).square().mean() / 4
    return (-10 * torch.log10(error)).item()

"""Trains the autoencoder on rendered clips: torchrun --nproc_per_node=2 train_vae.py OUT --until SECONDS

Small crops of single frames first, whole clips at the end. The latent carries noise in proportion to its own spread
while training (a fixed noise would be as large as the signal at the start). At the end the latents' scale is folded
into the 1x1 convolutions so that the published mean and std hold.
"""
import argparse
import random

import torch
import torch.distributed as dist

import clips
import files
import model_vae
import training
from model_vae import VAE
from training import log

#: size, frames, clips a step (each GPU), share of the time
STAGES = [(64, 1, 128, 0.13), (64, 5, 48, 0.14), (96, 9, 16, 0.17), (128, 17, 8, 0.20), (192, 33, 3, 0.18),
          (256, 33, 2, 0.18)]


class Pool:
    """Rendered clips on the GPU as bytes, with where their shapes are."""

    def __init__(self, renderer, rng, count):
        self.renderer, self.rng, self.count = renderer, rng, count
        size = renderer.size
        self.video = torch.empty(count, 3, clips.FRAMES, size, size, dtype=torch.uint8, device=renderer.device)
        self.center = torch.zeros(count, clips.FRAMES, 2)
        self.next = 0
        while self.next < count:
            self.refresh(min(16, count - self.next))
        self.next = 0

    def refresh(self, n=16):
        specs, p = clips.random_batch(self.rng, n, two=0.15)
        style = "neon" if self.rng.random() < 0.15 else None
        at = self.next % self.count
        n = min(n, self.count - at)
        video = self.renderer.render(p, style)[:n]
        self.video[at:at + n] = ((video + 1) * 127.5).round().to(torch.uint8)
        self.center[at:at + n] = p["track"][:n, 0, :2].transpose(1, 2)
        self.next = at + n

    def batch(self, size, frames, n):
        full = self.renderer.size
        out = []
        for _ in range(n):
            i = self.rng.randrange(self.count)
            start = self.rng.randrange(clips.FRAMES - frames + 1)
            if size < full:
                x, y = ((self.center[i, start + frames // 2] * 0.5 + 0.5) * full).tolist()
                if self.rng.random() < 0.25:
                    x, y = self.rng.random() * full, self.rng.random() * full
                jitter = size * 0.45
                x0 = int(min(max(x + self.rng.uniform(-jitter, jitter) - size / 2, 0), full - size))
                y0 = int(min(max(y + self.rng.uniform(-jitter, jitter) - size / 2, 0), full - size))
            else:
                x0 = y0 = 0
            crop = self.video[i, :, start:start + frames, y0:y0 + size, x0:x0 + size]
            if self.rng.random() < 0.5:
                crop = crop.flip(-1)
            out.append(crop)
        return torch.stack(out).float().div_(127.5).sub_(1)


def channels_last(video):
    """bf16 on a GPU (float32 on a CPU, for tests)"""
    return video.to(torch.bfloat16 if video.is_cuda else torch.float32).contiguous(memory_format=torch.channels_last_3d)


def edges(x):
    return x[..., 1:] - x[..., :-1], x[..., 1:, :] - x[..., :-1, :]


def reconstruction_loss(out, video):
    out = out.float()
    error = out - video
    weight = moving_weight(video) if video.shape[2] > 1 else 1.0
    loss = ((error.abs() + 0.5 * error.square()) * weight).mean()
    for a, b in zip(edges(out), edges(video)):
        loss = loss + 0.5 * (a - b).abs().mean()
    if video.shape[2] > 1:
        a, b = out[:, :, 1:] - out[:, :, :-1], video[:, :, 1:] - video[:, :, :-1]
        loss = loss + 0.5 * (a - b).abs().mean()
    return loss


def noisy(z, amount):
    spread = z.detach().float().std((0, 2, 3, 4), keepdim=True)
    return z + (amount * spread).to(z.dtype) * torch.randn_like(z)


def moving_weight(video):
    """More weight where something moves: that is where the shape is, and it is a small part of the picture."""
    moving = (video - video.mean(2, keepdim=True)).abs().amax(1, keepdim=True)
    return 1 + 3 * (moving * 3).clamp_max(1)


@torch.no_grad()
def evaluate(vae, renderer, count, style=None, frames=None):
    rng = random.Random(99)
    total, videos = [], []
    for _ in range(count // 4):
        specs, p = clips.random_batch(rng, 4)
        video = renderer.render(p, style)
        out = vae.decode(vae.encode(channels_last(video))).float().clamp(-1, 1)
        total += [(training.psnr(o[:, :1], v[:, :1]), training.psnr(o, v), training.psnr(o[:, -4:], v[:, -4:]))
                  for o, v in zip(out, video)]
        videos.append(torch.stack([video, out], 1).flatten(0, 1).cpu())
    first, whole, last = (sum(x) / len(total) for x in zip(*total))
    return f"psnr first {first:.2f} whole {whole:.2f} last four {last:.2f}", torch.cat(videos)


@torch.no_grad()
def measure_latents(vae, renderer, count, rng, styled=0.1):
    """Per-channel mean and std over rendered clips."""
    s1 = s2 = n = 0
    for _ in range(count // 8):
        specs, p = clips.random_batch(rng, 8)
        video = renderer.render(p, "neon" if rng.random() < styled else None)
        z = vae.encode(channels_last(video)).float()
        s1, s2, n = s1 + z.sum((0, 2, 3, 4)), s2 + z.square().sum((0, 2, 3, 4)), n + z[:, 0].numel()
    mean = s1 / n
    return mean, (s2 / n - mean.square()).sqrt()


def choose_kernels(vae, device):
    """Times both forms of the convolution, with and without the compiled norm, and keeps the fastest."""
    if device.type != "cuda":
        return
    import time
    best = None
    plain = model_vae.norm_silu
    try:
        fast = torch.compile(plain, dynamic=True)
        fast(torch.randn(1, 16, 1, 8, 8, device=device, dtype=torch.bfloat16), torch.ones(16, 1, 1, 1, device=device), True)
    except Exception as error:                                                       # noqa: BLE001
        log("no compiled norm:", str(error)[:200])
        fast = None
    for mode in ("conv3d", "stack"):
        for norm in (plain, fast):
            if norm is None:
                continue
            model_vae.CONV_MODE, model_vae.fused_norm_silu = mode, norm
            x = channels_last(torch.randn(8, 3, 17, 128, 128, device=device))
            try:
                for i in range(4):
                    if i == 2:
                        torch.cuda.synchronize()
                        begin = time.time()
                    vae(x)[0].float().square().mean().backward()
                torch.cuda.synchronize()
                took = (time.time() - begin) / 2
            except Exception as error:                                               # noqa: BLE001
                log(mode, "failed:", str(error)[:300])
                continue
            log(f"{mode} {'compiled' if norm is fast else 'plain'} norm: {took * 1e3:.0f} ms a step of 8x17x128x128")
            if best is None or took < best[0]:
                best = (took, mode, norm)
    _, model_vae.CONV_MODE, model_vae.fused_norm_silu = best
    vae.zero_grad(set_to_none=True)
    log("kept", best[1], "compiled" if best[2] is fast else "plain")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out")
    parser.add_argument("--until", type=float, default=400, help="stop training at this many seconds")
    parser.add_argument("--resume")
    parser.add_argument("--pool", type=int, default=1024)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--dim", type=int, default=16)
    parser.add_argument("--full", action="store_true", help="whole clips only, from the start")
    parser.add_argument("--decoder", action="store_true", help="whole clips, and the encoder stays as it is")
    parser.add_argument("--divide", type=int, default=1, help="divides the batches, for tests")
    args = parser.parse_args()
    rank, world, device = training.setup()
    torch.manual_seed(1)
    vae = VAE(args.dim).to(device)
    if args.resume:
        training.load_half(args.resume, {"vae": vae})
    stages = [(256, 33, 2, 1.0)] if args.full or args.decoder else STAGES
    if args.full or args.decoder:
        if device.type == "cuda":
            torch._dynamo.config.recompile_limit = 64
            model_vae.fused_norm_silu = torch.compile(model_vae.norm_silu, dynamic=True)
    else:
        choose_kernels(vae, device)
    torch.manual_seed(100 + rank)
    rng = random.Random(100 + rank)
    renderer = clips.Renderer(device, args.size)
    begin = training.elapsed()
    pool = Pool(renderer, rng, args.pool)
    log(f"rendered {args.pool} clips in {training.elapsed() - begin:.1f} s")
    if args.decoder:
        for p in [*vae.encoder.parameters(), *vae.conv1.parameters()]:
            p.requires_grad_(False)
    parameters = [p for p in vae.parameters() if p.requires_grad]
    noise = 0.12 if args.decoder else 0.08
    if world > 1:
        for p in parameters:
            dist.broadcast(p.data, 0)
    optimizer = torch.optim.AdamW(parameters, lr=args.lr, betas=(0.9, 0.99), weight_decay=1e-4,
                                  **({"fused": True} if device.type == "cuda" else {}))
    average = training.GradientAverage(parameters, world)
    ema = training.Ema([vae], 0.998)
    begin = float(training.elapsed())
    if world > 1:
        clock = torch.tensor([begin], device=device)
        dist.broadcast(clock, 0)
        begin = clock.item()
    span = args.until - begin
    now, steps, stage, edge = begin, 0, -1, 0.0
    mark = (training.elapsed(), 0)
    losses = []
    while True:
        part = (now - begin) / span
        if part >= 1:
            break
        while stage < 0 or part >= edge and stage < len(stages) - 1:
            stage += 1
            edge += stages[stage][3]
            size, frames, count, _ = stages[stage]
            size, count = min(size, args.size), max(1, count // args.divide)
            log(f"stage {count} x {size}x{size}x{frames}")
            mark = (training.elapsed(), steps)
        lr = args.lr * min(1, (steps + 1) / 150) * (1 - 0.97 * part ** 1.5)
        for group in optimizer.param_groups:
            group["lr"] = lr
        video = pool.batch(size, frames, count)
        z = vae.encode(channels_last(video))
        loss = reconstruction_loss(vae.decode(noisy(z, noise * rng.random() * 1.5)), video)
        if not args.decoder:
            loss = loss + 1e-4 * z.float().square().mean()
        loss.backward()
        now = average()
        norm = torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        ema.update()
        losses.append(loss.detach())
        steps += 1
        if steps % 10 == 0:
            now = float(now)
            pool.refresh(4)
            if not (losses[-1] < 20):
                log("loss is", losses[-1].item(), "- giving up")
                raise SystemExit(3)
        else:
            now = part * span + begin                      # unchanged until the next look at the clock
        if steps % 200 == 0 and rank == 0:
            rate = (steps - mark[1]) / (training.elapsed() - mark[0])
            log(f"step {steps} loss {torch.stack(losses[-100:]).mean().item():.4f} norm {norm.item():.2f} "
                f"lr {lr:.1e} {rate:.1f} steps/s")
            mark = (training.elapsed(), steps)
        if steps % 1000 == 0 and rank == 0:
            ema.swap()
            log(evaluate(vae, renderer, 8)[0])
            training.save_half(f"{args.out}/vae_half.safetensors", {"vae": vae})
            ema.swap()
    ema.swap()
    log(f"trained {steps} steps")
    if rank == 0:
        if not args.decoder:
            mean, std = measure_latents(vae, renderer, 256 if device.type == "cuda" else 8, random.Random(7))
            log("latent mean", [round(v, 3) for v in mean.tolist()], "std", [round(v, 3) for v in std.tolist()])
            model_vae.fold_scale(vae, mean, std)
        files.save_vae(args.out + "/models", vae)
        training.save_half(f"{args.out}/vae_half.safetensors", {"vae": vae})
        text, videos = evaluate(vae, renderer, 48 if device.type == "cuda" else 4)
        log("final", text)
        log("neon", evaluate(vae, renderer, 8, "neon")[0])
        training.save_png(f"{args.out}/vae.png", clips.sheet(videos[:20], 2, (0, 1, 16, 32)))
    if world > 1:
        dist.barrier()


if __name__ == "__main__":
    main()

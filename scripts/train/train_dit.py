"""Trains the transformer together with its text encoder on latents of rendered clips.

python3 train_dit.py OUT --vae vae_half.safetensors --until SECONDS      (or under torchrun, for several GPUs)

Curriculum: single frames, then the first 3 latent frames, then all 9. The autoencoder is causal, so the first latent
frames of a clip are the latents of the shorter clip. New clips replace old ones all the time.
"""
import argparse
import os
import time

import torch
import torch.distributed as dist

import captions
import clips
import common
import files
import judge
import model_vae
from common import log
from feeder import VARIANTS, Feeder
from model_dit import DiT
from model_umt5 import UMT5
from model_vae import VAE, latent_stats
from muon import Muon
from tokenizer import MAX_TOKENS, Tokenizer

#: latent frames: (clips a step on each GPU, shift of the noise levels)
BATCH = {1: (512, 2.0), 3: (160, 2.5), 9: (48, 5.0)}


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


def noise_levels(n, shift, device):
    """Mostly logit-normal, some uniform, both moved towards noise by the shift."""
    s = torch.where(torch.rand(n, device=device) < 0.15, torch.rand(n, device=device),
                    torch.sigmoid(torch.randn(n, device=device)))
    return shift * s / (1 + (shift - 1) * s)


def drop_captions(ids, lengths, empty_ids, empty_lengths, chance=0.1):
    drop = torch.rand(ids.shape[0], device=ids.device) < chance
    pick = torch.randint(empty_ids.shape[0], (ids.shape[0],), device=ids.device)
    return torch.where(drop[:, None], empty_ids[pick], ids), torch.where(drop, empty_lengths[pick], lengths)


def flow_loss(dit, text, x0, ids, lengths, near, shift, emphasis=5.0):
    """The velocity's squared error. Cells near the shape, a small part of the picture, count more, but not at high
    noise: where the place is still open, such a weight would draw the shape to everywhere."""
    device = x0.device
    sigma = noise_levels(x0.shape[0], shift, device)
    noise = torch.randn_like(x0)
    s = sigma.reshape(-1, 1, 1, 1, 1)
    mask = (torch.arange(ids.shape[1], device=device)[None] < lengths[:, None]).long()
    with torch.autocast(device.type, torch.bfloat16, enabled=x0.is_cuda):
        context = text(ids, mask)
        v = dit(x0 + s * (noise - x0), sigma * 1000, context, lengths)
    weight = 1 + emphasis * ((0.93 - s) / 0.15).clamp(0, 1) * near[:, None]
    return ((v.float() - (noise - x0)).square() * weight).mean() / weight.mean()


def compile_blocks(dit):
    """Blocks are compiled one by one (quick); the plain forward stays for other uses of the model."""
    torch._dynamo.config.recompile_limit = 64
    for block in dit.blocks:
        block.forward = torch.compile(block.forward)


def load(path, models):
    """{name: model} from a checkpoint, or from a folder of bundled files"""
    if not os.path.isdir(path):
        common.load_half(path, models)
        return
    loaders = {"dit": files.load_dit, "text": lambda root: files.load_text(root)[0], "vae": files.load_vae}
    for name, model in models.items():
        model.load_state_dict(loaders[name](path).state_dict())


def parse_plan(text, until):
    """"1:60,3:90,9" -> [(frames, end)], ends in seconds of the clock of this phase"""
    plan, end = [], 0.0
    for part in text.split(","):
        frames, _, seconds = part.partition(":")
        end = end + float(seconds) if seconds else until
        plan.append((int(frames), min(end, until)))
    return plan


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out")
    parser.add_argument("--vae", required=True, help="checkpoint, or folder of bundled files")
    parser.add_argument("--resume", help="checkpoint, or folder of bundled files")
    parser.add_argument("--until", type=float, required=True)
    parser.add_argument("--plan", default="1:60,3:80,9")
    parser.add_argument("--clips", type=int, default=5000)
    parser.add_argument("--images", type=int, default=12000)
    parser.add_argument("--refresh", type=int, default=2, help="steps between two batches of 16 new clips")
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--decay-from", type=float, default=1e9, help="second at which the rate begins to fall to zero")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--divide", type=int, default=1, help="divides the batches, for tests")
    parser.add_argument("--judge", type=int, default=64)
    parser.add_argument("--layers", type=int, default=8)
    parser.add_argument("--seed", type=int, help="of the clips and the noise; another one for each phase")
    parser.add_argument("--finish", help="go on with the LoRAs and the evaluation: the seconds at which the 4-step LoRA's "
                        "regression, its matching, and everything end, as 312,455,535")
    args = parser.parse_args()
    rank, world, device = common.setup()
    cuda = device.type == "cuda"
    seed = (args.seed or (1500 if args.resume else 1000)) + rank
    tokenizer = Tokenizer("spiece.model")
    feeder = Feeder(seed, tokenizer.proto, workers=4 if cuda else 0)
    torch.manual_seed(1)
    dit, text = DiT(num_layers=args.layers).to(device), UMT5(len(tokenizer)).to(device)
    if args.resume:
        load(args.resume, {"dit": dit, "text": text})
    vae = VAE().to(device)
    load(args.vae, {"vae": vae})
    vae.requires_grad_(False)
    torch.manual_seed(seed)
    renderer = clips.Renderer(device, args.size)

    parameters = [*dit.parameters(), *text.parameters()]
    if world > 1:
        for p in parameters:
            dist.broadcast(p.data, 0)
    matrices = [p for n, p in dit.named_parameters() if p.dim() == 2 and n.startswith(("blocks.", "text_embedding"))]
    matrices += [p for n, p in text.named_parameters() if p.dim() == 2 and ".block." in n and "bias" not in n]
    chosen = {id(p) for p in matrices}
    rest = [p for p in parameters if id(p) not in chosen]
    muon = Muon(matrices)
    adam = torch.optim.AdamW(rest, lr=1e-3, betas=(0.9, 0.99), weight_decay=0.0, **({"fused": True} if cuda else {}))
    average = common.GradientAverage(parameters, world)
    ema = common.Ema([dit, text], 0.999 if not args.resume else 0.9985)
    empty_ids, empty_lengths = tokenizer.batch([""] * 12 + captions.NEGATIVES[:4])
    empty_ids, empty_lengths = empty_ids.to(device), empty_lengths.to(device)
    if cuda:
        compile_blocks(dit)
        model_vae.fused_norm_silu = torch.compile(model_vae.norm_silu, dynamic=True)

    def checkpoint():
        ema.swap()
        common.save_half(f"{args.out}/dit_half.safetensors", {"dit": dit, "text": text})
        ema.swap()

    plan = parse_plan(args.plan, args.until)
    started = common.elapsed()
    plan = [(f, args.until if end >= args.until else end + started) for f, end in plan]
    store, stage, steps, saved = None, -1, 0, common.elapsed()
    losses, mark, now = [], (0, 0), common.elapsed()
    while True:
        while stage < 0 or now >= plan[stage][1] and stage < len(plan) - 1:
            stage += 1
            frames = plan[stage][0]
            need = 1 if frames == 1 else clips.FRAMES
            if store is None or store.frames != need:
                del store
                begin = time.time()
                store = Latents(vae, renderer, feeder, args.images if need == 1 else args.clips, need)
                log(f"{store.z.shape[0]} clips of {need} frames encoded in {time.time() - begin:.1f} s")
            count, shift = BATCH[frames]
            count = max(1, count // args.divide)
            mark = (common.elapsed(), steps)
            log(f"stage of {frames} latent frames, {count} a step")
        if now >= args.until:
            break
        fall = (now - args.decay_from) / max(1e-6, args.until - args.decay_from)
        scale = min(1.0, (steps + 1) / 100) * (1.0 if fall < 0 else max(0.02, 1 - fall))
        muon.lr = args.lr * scale
        for group in adam.param_groups:
            group["lr"] = 1e-3 * scale * args.lr / 2e-3
        x0, ids, lengths, near = store.sample(count, frames)
        ids, lengths = drop_captions(ids, lengths, empty_ids, empty_lengths)
        loss = flow_loss(dit, text, x0, ids, lengths, near, shift)
        loss.backward()
        clock = average()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0, **({"foreach": True} if cuda else {}))
        muon.step()
        adam.step()
        for p in parameters:
            p.grad = None
        ema.update()
        losses.append(loss.detach())
        steps += 1
        if steps % 5 == 0 or not cuda:
            now = float(clock)
        if steps % args.refresh == 0:
            store.refresh()
        if steps % 200 == 0:
            value = torch.stack(losses[-200:]).mean().item()
            rate = (steps - mark[1]) / (common.elapsed() - mark[0])
            if rank == 0:
                log(f"step {steps} loss {value:.4f} {rate:.1f} steps/s lr {muon.lr:.1e}")
            mark = (common.elapsed(), steps)
            if not value < 5:
                log("the loss is lost, giving up")
                raise SystemExit(3)
        if rank == 0 and common.elapsed() - saved > 100:
            checkpoint()
            saved = common.elapsed()
    log(f"trained {steps} steps on {store.rendered} clips a GPU, "
        f"loss of the last 100: {torch.stack(losses[-100:]).mean().item():.4f}")
    if rank == 0:
        checkpoint()
    ema.swap()
    with torch.no_grad():
        for p in parameters:
            p.copy_(p.to(torch.bfloat16))                       # what follows works on, and measures, the files' values
    if rank == 0:
        files.save_dit(args.out + "/models", dit)
        files.save_text(args.out + "/models", text, tokenizer.proto)
    if args.finish:
        import finish
        del muon, adam, ema, average
        finish.run(args, rank, world, device, dit, text, vae, tokenizer, store)
    elif args.judge and rank == 0:
        for block in dit.blocks:
            block.__dict__.pop("forward", None)
        result, videos = judge.run(dit, text, vae, tokenizer, device, count=args.judge, steps=30, shift=5.0, cfg=5.0)
        log("judge", result)
        common.save_png(f"{args.out}/dit.png", clips.sheet(videos[:24], 2))
    feeder.close()
    if world > 1:
        dist.barrier()
        dist.destroy_process_group()


if __name__ == "__main__":
    main()

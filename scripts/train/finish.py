"""After the transformer's training, in the same processes: the 4-step LoRA on one GPU; the evaluation, the style LoRA
and radial against dense attention on the other (one after the other where there is one GPU)."""
import json
import os
import random

import torch

import clips
import common
import distill
import judge
import radial
import train_dit
from common import elapsed, log
from files import LORA_4STEP, LORA_STYLE
from lora import Lora

STYLE = "neon"


def train_style(dit, text, vae, tokenizer, renderer, rng, until, count=640, rank=16, lr=1e-3, batch=48):
    """Ordinary captions, clips drawn in the style."""
    with torch.no_grad():
        store = train_dit.Latents(vae, renderer, tokenizer, rng, count, clips.FRAMES, style=STYLE)
    log(f"{count} {STYLE} clips encoded")
    lora = Lora(dit, rank)
    optimizer = torch.optim.AdamW(lora.parameters(), lr=lr, betas=(0.9, 0.99), weight_decay=0.0)
    begin, steps, losses = elapsed(), 0, []
    while steps == 0 or elapsed() < until:
        part = (elapsed() - begin) / max(1e-6, until - begin)
        for group in optimizer.param_groups:
            group["lr"] = lr * min(1.0, (steps + 1) / 30) * max(0.05, 1 - part)
        x0, ids, lengths, near = store.sample(batch, 9)
        loss = train_dit.flow_loss(dit, text, x0, ids, lengths, near, 5.0)
        loss.backward()
        lora.take_gradients()
        torch.nn.utils.clip_grad_norm_(lora.parameters(), 1.0)
        optimizer.step()
        lora.write()
        for p in [*dit.parameters(), *text.parameters()]:
            p.grad = None
        steps += 1
        losses.append(loss.detach())
    log(f"style LoRA: {steps} steps, loss {torch.stack(losses[-50:]).mean().item():.4f}")
    return lora


def ssim(a, b):
    """Mean structural similarity of frames (n c h w, 0..1), Gaussian window of 11."""
    g = torch.exp(-((torch.arange(11.) - 5) ** 2) / (2 * 1.5 ** 2))
    g = (g / g.sum()).to(a)
    kernel = torch.outer(g, g)[None, None].expand(a.shape[1], 1, 11, 11)
    blur = lambda x: torch.nn.functional.conv2d(x, kernel, groups=a.shape[1])
    ma, mb = blur(a), blur(b)
    va, vb, cov = blur(a * a) - ma * ma, blur(b * b) - mb * mb, blur(a * b) - ma * mb
    return (((2 * ma * mb + 1e-4) * (2 * cov + 9e-4)) / ((ma * ma + mb * mb + 1e-4) * (va + vb + 9e-4))).mean().item()


def compare_radial(dit, text, vae, tokenizer, device, texts, steps, dense_steps, dense_layers, shift, cfg, reference):
    mask = radial.block_mask(256, 9, 0.2, 128)
    attend = radial.masked_attention(mask, 128)

    def on_step(i):
        for layer in dit.blocks[dense_layers:]:
            layer.self_attn.override = attend if i >= dense_steps else None
    z = judge.generate(dit, text, tokenizer, device, texts, 0, steps, shift, cfg, on_step=on_step)
    for layer in dit.blocks:
        layer.self_attn.override = None
    videos, _ = judge.decode(vae, z)
    values = [common.psnr(a, b) for a, b in zip(videos, reference)]
    frames = lambda v: (v.float().transpose(1, 2).flatten(0, 1)[::4].to(device) + 1) / 2
    return {"density": round(mask.float().mean().item(), 4), "dense_steps": dense_steps, "dense_layers": dense_layers,
            "psnr": round(sum(values) / len(values), 2), "ssim": round(ssim(frames(videos), frames(reference)), 4)}, videos


def run(args, rank, world, device, dit, text, vae, tokenizer, renderer):
    count = args.judge
    rng = random.Random(9000 + rank)
    text.requires_grad_(True)
    report = {}
    pairs = judge.test_pairs(count)
    specs, texts = [s for s, _ in pairs], [t for _, t in pairs]
    scorer = judge.Scorer() if count else None
    os.makedirs(f"{args.out}/models/loras", exist_ok=True)

    def make(some=None, **how):
        return judge.generate(dit, text, tokenizer, device, texts[:some], 0, side=args.size // 8, **how)

    def sheet(name, videos):
        from PIL import Image
        Image.fromarray(clips.sheet(videos, 2).numpy()).save(f"{args.out}/{name}.jpg", quality=88)

    def distil():
        lora = distill.train(dit, text, tokenizer, rng, device, args.finish - 28, size=args.size,
                             capacity=3600 if device.type == "cuda" else 48)
        lora.save_down_up(f"{args.out}/models/{LORA_4STEP}",
                          {"format": "pt", "steps": 4, "shift": distill.SHIFT, "cfg": 1, "license": "Apache-2.0"})
        if count:
            videos, small = judge.decode(vae, make(steps=4, shift=5.0, cfg=1, batch=48), 24)
            wait = scorer.start(small, specs)
            sheet("lora4", videos)
            report["4 steps, LoRA, shift 5, cfg 1"] = wait()
            log("4-step LoRA", report["4 steps, LoRA, shift 5, cfg 1"])
        lora.write(0)

    def evaluate():
        waits = {}
        best = None
        for steps, shift, cfg in ((30, 5.0, 5.0), (30, 8.0, 5.0), (4, 5.0, 5.0)):
            videos, small = judge.decode(vae, make(steps=steps, shift=shift, cfg=cfg), 24)
            waits[f"{steps} steps, shift {shift:g}, cfg {cfg:g}"] = scorer.start(small, specs)
            if best is None:
                best = videos
                sheet("t2v30", best)
            log(f"made {len(texts)} clips with {steps} steps, shift {shift:g}, cfg {cfg:g}")
        for name, wait in waits.items():
            report[name] = wait()
            log("judge", name, report[name])
        return best

    def style():
        lora = train_style(dit, text, vae, tokenizer, renderer, rng, args.until + (args.finish - args.until) * 0.45,
                           count=640 if device.type == "cuda" else 16, batch=48 if device.type == "cuda" else 2)
        lora.save_ab(f"{args.out}/models/{LORA_STYLE}", {"format": "pt", "style": STYLE, "license": "Apache-2.0"})
        if count:
            z = make(steps=30, shift=5.0, cfg=5.0, some=24)
            sheet("neon", judge.decode(vae, z)[0])
        lora.write(0)

    def sparse(reference):
        for block in dit.blocks:
            block.__dict__.pop("forward", None)                # the compiled forms know dense attention alone
        for dense_steps, layers in ((0, 0), (1, 1), (8, 1)):
            if elapsed() > args.finish + 12:
                break
            result, _ = compare_radial(dit, text, vae, tokenizer, device, texts[:24], 30, dense_steps, layers, 5.0, 5.0,
                                       reference)
            report[f"radial decay 0.2, dense steps {dense_steps}, dense layers {layers}"] = result
            log("radial", result)

    if rank == 0:
        distil()
    if rank == world - 1:
        style()
        if count:
            best = evaluate()
            if args.size == 256:
                sparse(best)
    with open(f"{args.out}/report{rank}.json", "w") as file:
        json.dump(report, file, indent=1)

"""After the transformer's training, in the same processes: the 4-step LoRA on all GPUs; then its evaluation and the
style LoRA on one, the model's evaluation and radial against dense attention on another (one after the other where there
is one GPU)."""
import json
import os

import torch
import torch.distributed as dist

import clips
import distill
import judge
import radial
import training
from feeder import Feeder
from files import LORA_4STEP, LORA_STYLE
from flow import flow_loss
from latents import Latents
from lora import Lora
from training import elapsed, log

STYLE = "neon"


def train_style(dit, text, vae, feeder, renderer, until, count, batch, rank=16, lr=1e-3):
    """Ordinary captions, clips drawn in the style."""
    store = Latents(vae, renderer, feeder, count, clips.FRAMES, style=STYLE)
    feeder.close()
    log(f"{count} {STYLE} clips encoded")
    lora = Lora(dit, rank)
    optimizer = torch.optim.AdamW(lora.parameters(), lr=lr, betas=(0.9, 0.99), weight_decay=0.0)
    begin, steps, losses = elapsed(), 0, []
    while steps == 0 or elapsed() < until:
        part = (elapsed() - begin) / max(1e-6, until - begin)
        for group in optimizer.param_groups:
            group["lr"] = lr * min(1.0, (steps + 1) / 30) * max(0.05, 1 - part)
        x0, ids, lengths, near = store.sample(batch, 9)
        loss = flow_loss(dit, text, x0, ids, lengths, near, 5.0)
        loss.backward()
        lora.take_gradients()
        torch.nn.utils.clip_grad_norm_(lora.parameters(), 1.0)
        optimizer.step()
        lora.write()
        for p in [*dit.parameters(), *text.parameters()]:
            p.grad = None
        steps += 1
        losses.append(loss.detach())
        if steps % 10 == 0:
            losses[-1].item()                                   # so that the clock is that of the work done
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
    values = [training.psnr(a, b) for a, b in zip(videos, reference)]
    frames = lambda v: (v.float().transpose(1, 2).flatten(0, 1)[::4].to(device) + 1) / 2
    return {"density": round(mask.float().mean().item(), 4), "dense_steps": dense_steps, "dense_layers": dense_layers,
            "psnr": round(sum(values) / len(values), 2), "ssim": round(ssim(frames(videos), frames(reference)), 4)}, videos


class Validation:
    """Judges states of the LoRA on captions that the report does not use, and remembers the states."""

    def __init__(self, make, vae, scorer, pairs, device, world):
        self.make, self.vae, self.scorer, self.device, self.world = make, vae, scorer, device, world
        self.specs, self.texts = [s for s, _ in pairs], [t for _, t in pairs]
        self.entries = []

    def __call__(self, name, lora):
        lora.write()
        _, small = judge.decode(self.vae, self.make(self.texts, seed=5000, steps=4, shift=distill.SHIFT, cfg=1), 1)
        state = [p.detach().clone() for p in lora.parameters()]
        self.entries.append((name, state, self.scorer.start(small, self.specs)))
        log(f"made the clips that judge: {name}")

    @torch.no_grad()
    def restore_best(self, lora):
        best, kept = None, None
        for name, state, wait in self.entries:
            result = wait()
            values = torch.tensor([result[k] for k in ("color", "shape", "motion", "all")], device=self.device)
            if self.world > 1:
                dist.all_reduce(values)
            values = [round(v / self.world, 1) for v in values.tolist()]
            log("validation", name, values)
            if best is None or values[1] + values[3] >= best[0]:
                best, kept = (values[1] + values[3], name), state
        for p, value in zip(lora.parameters(), kept):
            p.copy_(value)
        log("kept:", best[1])
        return best[1]


def run(args, rank, world, device, dit, text, vae, tokenizer, store):
    regressed, matched, end = (float(x) for x in args.finish.split(","))
    cuda, side = device.type == "cuda", args.size // 8
    full = 48 if cuda else 2                                     # one batch size, for which the blocks are compiled
    renderer = store.renderer
    report = {}
    held_out, familiar = judge.test_pairs(args.judge), judge.test_pairs(args.judge, held_out=False, seed=78)
    texts = [t for _, t in held_out]
    scorer = judge.Scorer()
    neon = Feeder(args.seed + 700, tokenizer.proto, workers=4 if cuda else 0) if rank == 0 else None
    os.makedirs(f"{args.out}/models/loras", exist_ok=True)

    def make(texts, seed=0, cfg=1, **how):
        return judge.generate(dit, text, tokenizer, device, texts, seed, cfg=cfg, side=side,
                              batch=full if cfg == 1 else full // 2, **how)

    def sheet(name, videos):
        from PIL import Image
        Image.fromarray(clips.sheet(videos[:24], 2).numpy()).save(f"{args.out}/{name}.jpg", quality=88)

    def note(name, result):
        report[name] = result
        log(name, result)
        with open(f"{args.out}/report{rank}.json", "w") as file:
            json.dump(report, file, indent=1)

    waits = []

    def measure(name, pairs, picture=None, **how):
        videos, small = judge.decode(vae, make([t for _, t in pairs], **how), 24)
        waits.append((name, scorer.start(small, [s for s, _ in pairs])))
        if picture:
            sheet(picture, videos)
        log(f"made: {name}")
        return videos

    def settle():
        while waits:
            name, wait = waits.pop(0)
            note(name, wait())

    def four_steps(lora):
        lora.write()
        measure("4 steps with LoRA, held-out", held_out, "lora4", steps=4, shift=5.0, cfg=1)
        measure("4 steps with LoRA, familiar triples", familiar, steps=4, shift=5.0, cfg=1)
        lora.write(0)
        measure("4 steps without LoRA, cfg 5, held-out", held_out, steps=4, shift=5.0, cfg=5.0)

    def style():
        lora = train_style(dit, text, vae, neon, renderer, end - 20, 4000 if cuda else 16, full)
        lora.save_ab(f"{args.out}/models/{LORA_STYLE}", {"format": "pt", "style": STYLE, "license": "Apache-2.0"})
        for cfg in (2.0, 5.0):
            sheet(f"neon{cfg:g}", judge.decode(vae, make(texts[:24], steps=30, shift=5.0, cfg=cfg))[0])
        lora.write(0)

    def sparse(reference):
        for block in dit.blocks:
            block.__dict__.pop("forward", None)                # the compiled forms know dense attention alone
        for dense_steps, layers in ((0, 0), (1, 1), (8, 1)):
            if elapsed() > end - 10:
                break
            result, _ = compare_radial(dit, text, vae, tokenizer, device, texts[:24], 30, dense_steps, layers, 5.0, 5.0,
                                       reference)
            note(f"radial decay 0.2, dense steps {dense_steps}, dense layers {layers}", result)

    def evaluate():
        reference = measure("30 steps, shift 5, cfg 5, held-out", held_out, "t2v30", steps=30, shift=5.0, cfg=5.0)
        measure("30 steps, shift 5, cfg 7, held-out", held_out, steps=30, shift=5.0, cfg=7.0)
        measure("30 steps, shift 5, cfg 5, familiar triples", familiar, steps=30, shift=5.0, cfg=5.0)
        settle()
        if args.size == 256:
            sparse(reference)

    # As many captions as two full batches, other ones on each GPU.
    ours = judge.test_pairs(2 * full * world, held_out=False)[2 * full * rank:2 * full * (rank + 1)]
    validation = Validation(make, vae, scorer, ours, device, world)
    lora = distill.train(dit, text, tokenizer, store, device, world, (regressed, matched), validation,
                         side=side, batch=full)
    validation.restore_best(lora)
    if rank == 0:
        lora.save_down_up(f"{args.out}/models/{LORA_4STEP}",
                          {"format": "pt", "steps": 4, "shift": distill.SHIFT, "cfg": 1, "license": "Apache-2.0"})
    if rank == world - 1:
        four_steps(lora)
        evaluate()
    if rank == 0:
        lora.write(0)
        style()

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
import files
import finish
import judge
import model_vae
import training
from feeder import Feeder
from flow import compile_blocks, flow_loss
from latents import Latents
from model_dit import DiT
from model_umt5 import UMT5
from model_vae import VAE
from muon import Muon
from tokenizer import Tokenizer
from training import log

#: latent frames: (clips a step on each GPU, shift of the noise levels)
BATCH = {1: (512, 2.0), 3: (160, 2.5), 9: (48, 5.0)}


def drop_captions(ids, lengths, empty_ids, empty_lengths, chance=0.1):
    drop = torch.rand(ids.shape[0], device=ids.device) < chance
    pick = torch.randint(empty_ids.shape[0], (ids.shape[0],), device=ids.device)
    return torch.where(drop[:, None], empty_ids[pick], ids), torch.where(drop, empty_lengths[pick], lengths)


def load(path, models):
    """{name: model} from a checkpoint, or from a folder of bundled files"""
    if not os.path.isdir(path):
        training.load_half(path, models)
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
    rank, world, device = training.setup()
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
    average = training.GradientAverage(parameters, world)
    ema = training.Ema([dit, text], 0.999 if not args.resume else 0.9985)
    empty_ids, empty_lengths = tokenizer.batch([""] * 12 + captions.NEGATIVES[:4])
    empty_ids, empty_lengths = empty_ids.to(device), empty_lengths.to(device)
    if cuda:
        compile_blocks(dit)
        model_vae.fused_norm_silu = torch.compile(model_vae.norm_silu, dynamic=True)

    def checkpoint():
        ema.swap()
        training.save_half(f"{args.out}/dit_half.safetensors", {"dit": dit, "text": text})
        ema.swap()

    plan = parse_plan(args.plan, args.until)
    started = training.elapsed()
    plan = [(f, args.until if end >= args.until else end + started) for f, end in plan]
    store, stage, steps, saved = None, -1, 0, training.elapsed()
    losses, mark, now = [], (0, 0), training.elapsed()
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
            mark = (training.elapsed(), steps)
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
            rate = (steps - mark[1]) / (training.elapsed() - mark[0])
            if rank == 0:
                log(f"step {steps} loss {value:.4f} {rate:.1f} steps/s lr {muon.lr:.1e}")
            mark = (training.elapsed(), steps)
            if not value < 5:
                log("the loss is lost, giving up")
                raise SystemExit(3)
        if rank == 0 and training.elapsed() - saved > 100:
            checkpoint()
            saved = training.elapsed()
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
        del muon, adam, ema, average
        finish.run(args, rank, world, device, dit, text, vae, tokenizer, store)
    elif args.judge and rank == 0:
        for block in dit.blocks:
            block.__dict__.pop("forward", None)
        result, videos = judge.run(dit, text, vae, tokenizer, device, count=args.judge, steps=30, shift=5.0, cfg=5.0)
        log("judge", result)
        training.save_png(f"{args.out}/dit.png", clips.sheet(videos[:24], 2))
    feeder.close()
    if world > 1:
        dist.barrier()
        dist.destroy_process_group()


if __name__ == "__main__":
    main()

"""Makes clips with the files in models/, on a CPU or a GPU, and judges those of held-out captions.

python3 sample.py OUT.png --models ../../models --count 4 --steps 4 --cfg 1 --lora umbel_tiny_4step_lora:1
"""
import argparse
import time

import torch

import clips
import files
import judge
import safetensors_io as st
import training
from tokenizer import Tokenizer


def merge_lora(dit, path, strength):
    """Adds a LoRA file (lora_down/lora_up/alpha or lora_A/lora_B) to the weights."""
    tensors, _ = st.load(path)
    weights = dict(dit.named_parameters())
    merged = 0
    for name, up in tensors.items():
        for up_name, down_name in ((".lora_up.weight", ".lora_down.weight"), (".lora_B.weight", ".lora_A.weight")):
            if not name.endswith(up_name):
                continue
            stem = name[:-len(up_name)]
            down = tensors[stem + down_name].float()
            alpha = tensors[stem + ".alpha"].item() if stem + ".alpha" in tensors else down.shape[0]
            weight = weights[stem.removeprefix("diffusion_model.") + ".weight"]
            weight.data += (strength * alpha / down.shape[0] * (up.float() @ down)).to(weight)
            merged += 1
    return merged


@torch.no_grad()
def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out")
    parser.add_argument("--models", default="../../models")
    parser.add_argument("--prompt", action="append", help="instead of the held-out captions")
    parser.add_argument("--count", type=int, default=4)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--shift", type=float, default=5.0)
    parser.add_argument("--cfg", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--frames", type=int, default=33)
    parser.add_argument("--lora", action="append", default=[], help="NAME:STRENGTH")
    args = parser.parse_args()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    dit, vae = files.load_dit(args.models).to(device), files.load_vae(args.models).to(device)
    text, proto = files.load_text(args.models)
    text, tokenizer = text.to(device), Tokenizer(proto=proto)
    for item in args.lora:
        name, _, strength = item.partition(":")
        print(name, merge_lora(dit, f"{args.models}/loras/{name}.safetensors", float(strength or 1)), "matrices")
    pairs = judge.test_pairs(200)[args.first:args.first + args.count]
    texts = args.prompt or [caption for _, caption in pairs]
    begin = time.time()
    z = judge.generate(dit, text, tokenizer, device, texts, args.seed + args.first, args.steps, args.shift, args.cfg,
                       frames=(args.frames - 1) // 4 + 1, batch=1 if device.type == "cpu" else 24)
    middle = time.time()
    videos, small = judge.decode(vae, z, batch=1)
    print(f"{middle - begin:.1f} s sampling, {time.time() - middle:.1f} s decoding")
    if not args.prompt:
        print(judge.score(small.float(), [spec for spec, _ in pairs]))
    picks = [i * (args.frames - 1) // 4 for i in range(5)]
    training.save_png(args.out, clips.sheet(videos.float(), 1 if len(texts) < 4 else 2, picks))


if __name__ == "__main__":
    main()

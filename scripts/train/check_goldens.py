"""Shows that these modules are the published architectures: python3 check_goldens.py GOLDENS/wan"""
import json
import sys

import torch

import safetensors_io as st
from model_dit import DiT
from model_umt5 import UMT5
from model_vae import VAE

ROOT = sys.argv[1]


def report(name, got, want, limit):
    error = ((got - want).norm() / want.norm()).item()
    print(f"{name:22s} {error:.2e} {'ok' if error < limit else 'FAILED'}", flush=True)
    return error < limit


@torch.no_grad()
def main():
    good = True
    weights, meta = st.load(f"{ROOT}/wan-dit/weights.safetensors")
    model = DiT(**json.loads(meta["config"]))
    model.load_state_dict({k: v.float() for k, v in weights.items()})
    io, _ = st.load(f"{ROOT}/wan-dit/io.safetensors")
    context = io["context"]
    lengths = (context.abs().sum(-1) > 0).sum(1)
    context = context[:, :int(lengths.max())]
    good &= report("dit", model(io["x"], io["timestep"], context, lengths), io["out"], 2e-4)
    try:
        import radial
    except ImportError:
        radial = None
    for name in ("radial_decay0.2_dense1", "radial_decay1.0_dense0"):
        io, meta = st.load(f"{ROOT}/wan-dit/{name}.safetensors")
        lengths = (io["context"].abs().sum(-1) > 0).sum(1)
        args = (io["x"], io["timestep"], io["context"][:, :int(lengths.max())], lengths)
        good &= report(name + " dense", model(*args), io["out_dense"], 2e-4)
        if radial:
            mask = radial.block_mask(int(meta["tokens_per_frame"]), int(meta["frames"]), float(meta["decay_factor"]),
                                     int(meta["block_size"]))
            assert torch.equal(mask.to(torch.uint8), io["block_mask"])
            with radial.use(model, mask, int(meta["block_size"]), int(meta["dense_layers"])):
                good &= report(name, model(*args), io["out"], 2e-4)
    if radial:
        good &= radial.check(f"{ROOT}/radial-masks")

    weights, meta = st.load(f"{ROOT}/wan-vae/weights.safetensors")
    config = json.loads(meta["config"])
    vae = VAE(config["dim"], config["z_dim"], config["dim_mult"], config["num_res_blocks"],
              config["temperal_downsample"])
    vae.load_state_dict({k: v.float() for k, v in weights.items()})
    io, _ = st.load(f"{ROOT}/wan-vae/io.safetensors")
    import model_vae
    for mode in ("conv3d", "stack"):
        model_vae.CONV_MODE = mode
        good &= report(f"vae decode {mode}", vae.decode(io["latent"]).clamp(-1, 1), io["video"], 1e-4)
        good &= report(f"vae encode {mode}", vae.encode(io["video_in"]), io["encoded_mean"], 1e-4)

    weights, meta = st.load(f"{ROOT}/umt5/weights.safetensors")
    model = UMT5(**json.loads(meta["config"]))
    model.load_state_dict({k: v.float() for k, v in weights.items()})
    io, _ = st.load(f"{ROOT}/umt5/io.safetensors")
    mask = io["attention_mask"]
    got = model(io["input_ids"].long(), mask)
    good &= report("umt5", got, io["out"] * mask[..., None], 1e-4)
    return good


if __name__ == "__main__":
    sys.exit(0 if main() else 1)

"""Transformers and autoencoders of diffusers, and UMT5 of transformers, with random weights at the published sizes."""

import torch

from attention import Attention, RadialMask
from measure import DEVICE, HALF, random


def on_device(make):
    """The module with normal matrices and no biases, made where it runs."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(HALF)
    try:
        with torch.device(DEVICE):
            module = make().eval()
    finally:
        torch.set_default_dtype(before)
    for name, weight in module.named_parameters():
        if weight.ndim > 1:
            weight.normal_(0, 0.02)
        else:
            weight.fill_(1 if "norm" in name and name.endswith("weight") else 0)
    return module


def mask_of(arguments, name, tokens):
    return RadialMask(arguments.masks, name, tokens)


def timed_by_kind(report, name, attention, forward, **figures):
    """Uncompiled, with cuDNN and with FlexAttention."""
    for kind in ("cudnn", "flex"):
        attention.kind = kind
        report.model(name, forward, attention=kind, compiled=False, **figures)


def wan_forward(arguments, frames, mask):
    from diffusers.models.transformers import transformer_wan as module

    latent_frames = (frames - 1) // 4 + 1
    tokens = latent_frames * 48 * 80
    attention = Attention(mask_of(arguments, mask, tokens))
    module.dispatch_attention_fn = attention.tokens_first
    make = lambda: module.WanTransformer3DModel(num_attention_heads=40, num_layers=40, ffn_dim=13_824)
    model = on_device(make)
    with torch.device(DEVICE):
        model.rope = module.WanRotaryPosEmbed(128, (1, 2, 2), 1024)
    latent, text = random(1, 16, latent_frames, 96, 160), random(1, 512, 4096)
    time = torch.tensor([900], device=DEVICE)
    return model, attention, lambda: model(latent, time, text, return_dict=False)


def wan(report, arguments):
    """Wan 2.1 14B, its blocks compiled one for all."""
    model, attention, forward = wan_forward(arguments, 69, "wan-radial-b128")
    for kind in ("cudnn", "flex"):
        attention.kind = kind
        torch._dynamo.reset()
        for block in model.blocks:
            block.compile(dynamic=False)
        report.model("wan14b_forward", forward, attention=kind, compiled=True, frames=69)


def wan22(report, arguments):
    """An expert of Wan 2.2 A14B, which has the shape of Wan 2.1 14B, at 77 frames."""
    _, attention, forward = wan_forward(arguments, 77, "wan-77-radial-b128")
    timed_by_kind(report, "wan_forward", attention, forward, frames=77)


def hunyuan(report, arguments):
    from diffusers.models.transformers import transformer_hunyuan_video as module

    attention = Attention(mask_of(arguments, "hunyuan-radial-b128", 115_456))
    module.dispatch_attention_fn = attention.tokens_first
    model = on_device(module.HunyuanVideoTransformer3DModel)
    latent, text, pooled = random(1, 16, 30, 96, 160), random(1, 256, 4096), random(1, 768)
    present = torch.ones(1, 256, device=DEVICE, dtype=torch.bool)
    time = torch.tensor([900], device=DEVICE)
    guidance = torch.tensor([6000.0], device=DEVICE, dtype=HALF)
    forward = lambda: model(latent, time, text, present, pooled, guidance=guidance, return_dict=False)
    timed_by_kind(report, "hunyuan_forward", attention, forward, frames=117)


def mochi(report, arguments):
    from diffusers.models import attention_processor
    from diffusers.models.transformers import transformer_mochi as module

    attention = Attention(mask_of(arguments, "mochi-radial-b128", 44_776))
    model = on_device(module.MochiTransformer3DModel)
    latent, text = random(1, 12, 28, 60, 106), random(1, 256, 4096)
    present = torch.ones(1, 256, device=DEVICE, dtype=torch.bool)
    time = torch.tensor([900], device=DEVICE)
    forward = lambda: model(latent, text, time, present, return_dict=False)
    functional = attention_processor.F
    own = functional.scaled_dot_product_attention

    def switched(q, k, v, **_options):
        if attention.kind == "flex" and q.shape[2] == attention.mask.tokens:
            return attention.mask.attend(q, k, v)
        return dense_by(own, q, k, v)

    functional.scaled_dot_product_attention = switched
    try:
        timed_by_kind(report, "mochi_forward", attention, forward, frames=163)
    finally:
        functional.scaled_dot_product_attention = own


def dense_by(own, q, k, v):
    """By cuDNN where there is a GPU, with the function that `switched` stands in for."""
    from torch.nn.attention import SDPBackend, sdpa_kernel

    with sdpa_kernel(SDPBackend.CUDNN_ATTENTION if DEVICE == "cuda" else SDPBackend.MATH):
        return own(q, k, v)


def decode(report, name, autoencoder, latent, frames):
    """Whole frames, as our rows decode; HunyuanVideo's takes the tiles that it was published with."""
    report.model(f"{name}_vae_decode", lambda: autoencoder.decode(latent, return_dict=False), frames=frames)


def wan_vae(report, _arguments):
    from diffusers import AutoencoderKLWan

    autoencoder = on_device(AutoencoderKLWan)
    decode(report, "wan", autoencoder, random(1, 16, 20, 96, 160), 77)
    decode(report, "wan", autoencoder, random(1, 16, 18, 96, 160), 69)
    video = random(1, 3, 69, 768, 1280)
    report.model("wan_vae_encode", lambda: autoencoder.encode(video), frames=69)


def wan22_vae(report, _arguments):
    from diffusers import AutoencoderKLWan

    shape = {"base_dim": 160, "decoder_base_dim": 256, "z_dim": 48, "is_residual": True}
    patches = {"in_channels": 12, "out_channels": 12, "patch_size": 2}
    steps = {"scale_factor_spatial": 16, "latents_mean": [0.0] * 48, "latents_std": [1.0] * 48}
    autoencoder = on_device(lambda: AutoencoderKLWan(**shape, **patches, **steps))
    decode(report, "wan22", autoencoder, random(1, 48, 31, 44, 80), 121)


def hunyuan_vae(report, _arguments):
    from diffusers import AutoencoderKLHunyuanVideo

    autoencoder = on_device(AutoencoderKLHunyuanVideo)
    autoencoder.enable_tiling()
    decode(report, "hunyuan", autoencoder, random(1, 16, 30, 96, 160), 117)


def mochi_vae(report, _arguments):
    from diffusers import AutoencoderKLMochi

    autoencoder = on_device(AutoencoderKLMochi)
    decode(report, "mochi", autoencoder, random(1, 12, 28, 60, 106), 163)


def text(report, _arguments):
    from transformers import UMT5Config, UMT5EncoderModel

    xxl = {"d_model": 4096, "d_kv": 64, "d_ff": 10_240, "num_layers": 24, "num_heads": 64}
    config = UMT5Config(vocab_size=256_384, feed_forward_proj="gated-gelu", **xxl)
    model = on_device(lambda: UMT5EncoderModel(config))
    ids = torch.randint(3, 250_000, (1, 512), device=DEVICE)
    report.model("umt5_xxl_encode", lambda: model(ids), tokens=512)

"""The runtime's sampler algebra in PyTorch: flow sigmas with a shift, Euler, classifier-free guidance."""
import torch


def sigmas(steps, shift, scheduler="simple"):
    """As ComfyUI makes them for a flow model: "simple" picks from the table of 1000 shifted sigmas; "exact" shifts an
    even grid (what the original repository's Euler does)."""
    bend = lambda s: shift * s / (1 + (shift - 1) * s)
    if scheduler == "exact":
        grid = [1 - i / steps for i in range(steps + 1)]
    else:
        grid = [(1000 - int(i * 1000 / steps)) / 1000 for i in range(steps)] + [0.0]
    return [bend(s) for s in grid]


def velocity(model, x, sigma, positive, negative, cfg):
    """positive, negative: (context, lengths); negative is not evaluated when cfg is 1."""
    context, lengths = positive
    t = torch.full((x.shape[0],), sigma * 1000.0, device=x.device)
    if cfg == 1:
        return model(x, t, context, lengths)
    other, other_lengths = negative
    both = model(torch.cat([x, x]), torch.cat([t, t]), torch.cat([context, other]), torch.cat([lengths, other_lengths]))
    cond, uncond = both.chunk(2)
    return uncond + cfg * (cond - uncond)


@torch.no_grad()
def euler(model, x, schedule, positive, negative, cfg, on_step=None):
    """x: noise. Returns the latents at the last sigma."""
    for i, (a, b) in enumerate(zip(schedule[:-1], schedule[1:])):
        if on_step:
            on_step(i)
        with torch.autocast(x.device.type, torch.bfloat16, enabled=x.is_cuda):
            v = velocity(model, x, a, positive, negative, cfg)
        x = x + (b - a) * v.float()
    return x


def encode_text(encoder, tokenizer, texts, device, length=47):
    """(context, lengths) as the transformer takes them"""
    ids, lengths = tokenizer.batch(texts, length)
    ids, lengths = ids.to(device), lengths.to(device)
    mask = (torch.arange(length, device=device)[None] < lengths[:, None]).long()
    return encoder(ids, mask), lengths

"""The loss of flow matching: from noise to the clip along a straight line."""
import torch


def noise_levels(n, shift, device):
    """Mostly logit-normal, some uniform, both moved towards noise by the shift."""
    s = torch.where(torch.rand(n, device=device) < 0.15, torch.rand(n, device=device),
                    torch.sigmoid(torch.randn(n, device=device)))
    return shift * s / (1 + (shift - 1) * s)


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

"""The Wan 2.1 video autoencoder, whole clips at once.

The published network runs in chunks (one frame, then four at a time) with a cache. Every convolution is causal in
time, so running a whole clip of 4k+1 frames gives the same numbers: only the resamplers treat frame 0 apart.
Module names equal those of the published checkpoint.
"""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

LATENT_MEAN = [-0.7571, -0.7089, -0.9113, 0.1075, -0.1745, 0.9653, -0.1517, 1.5508,
               0.4134, -0.0715, 0.5517, -0.3632, -0.1922, -0.9497, 0.2503, -0.2921]
LATENT_STD = [2.8184, 1.4541, 2.3275, 2.6558, 1.2196, 1.7708, 2.6052, 2.0743,
              3.2687, 2.1526, 2.8652, 1.5579, 1.6382, 1.1253, 2.8251, 1.9160]

#: "conv3d" uses the library's 3-D convolution; "stack" puts the three frames side by side as channels of a 2-D one.
CONV_MODE = "conv3d"


def norm_silu(x, gamma, silu):
    y = x.float()
    y = y * torch.rsqrt(y.square().sum(1, keepdim=True).clamp_min(1e-24))
    y = y * gamma
    if silu:
        y = y * torch.sigmoid(y)
    return y.to(x.dtype)


#: replaced by a compiled version where that proves faster
fused_norm_silu = norm_silu


class Norm(nn.Module):
    """Scales every pixel's channel vector to length sqrt(channels)."""

    def __init__(self, dim, image=False):
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(dim, 1, 1) if image else torch.ones(dim, 1, 1, 1))
        self.scale = math.sqrt(dim)

    def forward(self, x, silu=False):
        return fused_norm_silu(x, self.gamma.float() * self.scale, silu)


class CausalConv3d(nn.Conv3d):
    """A 3-D convolution padded in time only in front."""

    def __init__(self, cin, cout, kernel, stride=1, space=0, time=0):
        super().__init__(cin, cout, kernel, stride=stride)
        self.space, self.front = space, time

    def forward(self, x):
        weight, bias = self.weight.to(x.dtype), self.bias.to(x.dtype)
        kt, kh, _ = self.kernel_size
        if kt == 1 and kh == 1 and self.stride[0] == 1:
            return F.conv3d(x, weight, bias)
        if CONV_MODE == "stack" and kt == 3 and self.stride == (1, 1, 1) and self.front == 2:
            b, c, t, h, w = x.shape
            y = x.permute(0, 2, 3, 4, 1)                                   # b t h w c, contiguous if channels-last
            y = F.pad(y, (0, 0, 0, 0, 0, 0, 2, 0))
            y = torch.cat([y[:, 0:t], y[:, 1:t + 1], y[:, 2:t + 2]], -1)
            y = y.reshape(b * t, h, w, 3 * c).permute(0, 3, 1, 2)
            k = weight.permute(0, 2, 1, 3, 4).reshape(weight.shape[0], 3 * c, kh, kh)
            y = F.conv2d(y, k.contiguous(memory_format=torch.channels_last), bias, padding=self.space)
            return y.permute(0, 2, 3, 1).reshape(b, t, h, w, -1).permute(0, 4, 1, 2, 3)
        if self.front:
            x = F.pad(x, (0, 0, 0, 0, self.front, 0))
        return F.conv3d(x, weight, bias, self.stride, (0, self.space, self.space))


class ResidualBlock(nn.Module):
    def __init__(self, cin, cout):
        super().__init__()
        self.residual = nn.Sequential(
            Norm(cin), nn.SiLU(), CausalConv3d(cin, cout, 3, space=1, time=2),
            Norm(cout), nn.SiLU(), nn.Dropout(0.0), CausalConv3d(cout, cout, 3, space=1, time=2))
        self.shortcut = CausalConv3d(cin, cout, 1) if cin != cout else nn.Identity()

    def forward(self, x):
        norm1, _, conv1, norm2, _, _, conv2 = self.residual
        return conv2(norm2(conv1(norm1(x, silu=True)), silu=True)) + self.shortcut(x)


def frames(x):
    """b c t h w -> (b t) c h w"""
    b, c, t, h, w = x.shape
    return x.permute(0, 2, 1, 3, 4).reshape(b * t, c, h, w)


def clip(x, batch):
    """(b t) c h w -> b c t h w"""
    n, c, h, w = x.shape
    return x.reshape(batch, n // batch, c, h, w).permute(0, 2, 1, 3, 4)


class AttentionBlock(nn.Module):
    """One-head attention inside each frame."""

    def __init__(self, dim):
        super().__init__()
        self.norm = Norm(dim, image=True)
        self.to_qkv = nn.Conv2d(dim, dim * 3, 1)
        self.proj = nn.Conv2d(dim, dim, 1)

    def forward(self, x):
        y = frames(x)
        n, c, h, w = y.shape
        y = self.norm(y)
        y = F.conv2d(y, self.to_qkv.weight.to(y.dtype), self.to_qkv.bias.to(y.dtype))
        q, k, v = y.reshape(n, 3, c, h * w).transpose(2, 3).unbind(1)
        y = torch.softmax(q @ k.transpose(1, 2) / math.sqrt(c), -1) @ v
        y = y.transpose(1, 2).reshape(n, c, h, w)
        y = F.conv2d(y, self.proj.weight.to(y.dtype), self.proj.bias.to(y.dtype))
        return x + clip(y, x.shape[0])


class Resample(nn.Module):
    def __init__(self, dim, mode):
        super().__init__()
        self.mode = mode
        if mode.startswith("up"):
            self.resample = nn.Sequential(nn.Upsample(scale_factor=2.0, mode="nearest-exact"),
                                          nn.Conv2d(dim, dim // 2, 3, padding=1))
            if mode == "up3d":
                self.time_conv = CausalConv3d(dim, dim * 2, (3, 1, 1), time=2)
        else:
            self.resample = nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(dim, dim, 3, stride=2))
            if mode == "down3d":
                self.time_conv = CausalConv3d(dim, dim, (3, 1, 1), stride=(2, 1, 1))

    def forward(self, x):
        b = x.shape[0]
        if self.mode == "up3d" and x.shape[2] > 1:
            # Frame 0 is not doubled, and the others do not see it.
            rest = self.time_conv(x[:, :, 1:])
            _, c2, t, h, w = rest.shape
            rest = rest.reshape(b, 2, c2 // 2, t, h, w).permute(0, 2, 3, 1, 4, 5).reshape(b, c2 // 2, 2 * t, h, w)
            x = torch.cat([x[:, :, :1], rest], 2)
        y = frames(x)
        conv = self.resample[1]
        weight, bias = conv.weight.to(y.dtype), conv.bias.to(y.dtype)
        if self.mode.startswith("up"):
            y = F.interpolate(y, scale_factor=2.0, mode="nearest")
            y = F.conv2d(y, weight, bias, padding=1)
        else:
            y = F.conv2d(F.pad(y, (0, 1, 0, 1)), weight, bias, stride=2)
        x = clip(y, b)
        if self.mode == "down3d" and x.shape[2] > 1:
            x = torch.cat([x[:, :, :1], self.time_conv(x)], 2)
        return x


class Encoder(nn.Module):
    def __init__(self, dim, z_out, mult, blocks, time_down):
        super().__init__()
        dims = [dim] + [dim * m for m in mult]
        self.conv1 = CausalConv3d(3, dims[0], 3, space=1, time=2)
        layers = []
        for i, (cin, cout) in enumerate(zip(dims[:-1], dims[1:])):
            for _ in range(blocks):
                layers.append(ResidualBlock(cin, cout))
                cin = cout
            if i < len(mult) - 1:
                layers.append(Resample(cout, "down3d" if time_down[i] else "down2d"))
        self.downsamples = nn.Sequential(*layers)
        self.middle = nn.Sequential(ResidualBlock(cout, cout), AttentionBlock(cout), ResidualBlock(cout, cout))
        self.head = nn.Sequential(Norm(cout), nn.SiLU(), CausalConv3d(cout, z_out, 3, space=1, time=2))

    def forward(self, x):
        x = self.middle(self.downsamples(self.conv1(x)))
        return self.head[2](self.head[0](x, silu=True))


class Decoder(nn.Module):
    def __init__(self, dim, z, mult, blocks, time_up):
        super().__init__()
        dims = [dim * m for m in [mult[-1]] + list(mult[::-1])]
        self.conv1 = CausalConv3d(z, dims[0], 3, space=1, time=2)
        self.middle = nn.Sequential(ResidualBlock(dims[0], dims[0]), AttentionBlock(dims[0]),
                                    ResidualBlock(dims[0], dims[0]))
        layers = []
        for i, (cin, cout) in enumerate(zip(dims[:-1], dims[1:])):
            if i > 0:
                cin //= 2
            for _ in range(blocks + 1):
                layers.append(ResidualBlock(cin, cout))
                cin = cout
            if i < len(mult) - 1:
                layers.append(Resample(cout, "up3d" if time_up[i] else "up2d"))
        self.upsamples = nn.Sequential(*layers)
        self.head = nn.Sequential(Norm(cout), nn.SiLU(), CausalConv3d(cout, 3, 3, space=1, time=2))

    def forward(self, z):
        x = self.upsamples(self.middle(self.conv1(z)))
        return self.head[2](self.head[0](x, silu=True))


class VAE(nn.Module):
    def __init__(self, dim=16, z_dim=16, dim_mult=(1, 2, 4, 4), num_res_blocks=1,
                 temporal_downsample=(False, True, True)):
        super().__init__()
        self.config = dict(dim=dim, z_dim=z_dim, dim_mult=list(dim_mult), num_res_blocks=num_res_blocks,
                           temperal_downsample=list(temporal_downsample))
        self.z_dim = z_dim
        self.encoder = Encoder(dim, z_dim * 2, dim_mult, num_res_blocks, temporal_downsample)
        self.conv1 = CausalConv3d(z_dim * 2, z_dim * 2, 1)
        self.conv2 = CausalConv3d(z_dim, z_dim, 1)
        self.decoder = Decoder(dim, z_dim, dim_mult, num_res_blocks, temporal_downsample[::-1])

    def encode(self, video):
        """video -1..1, b 3 t h w, t = 4k+1 -> the mean, as the checkpoint defines it (not normalised)"""
        return self.conv1(self.encoder(video))[:, :self.z_dim]

    def decode(self, z):
        return self.decoder(self.conv2(z))

    def forward(self, video, noise=0.0):
        z = self.encode(video)
        noisy = z + noise * torch.randn_like(z) if noise else z
        return self.decode(noisy), z


def latent_stats(device="cpu", dtype=torch.float32):
    shape = (1, -1, 1, 1, 1)
    return (torch.tensor(LATENT_MEAN, device=device, dtype=dtype).reshape(shape),
            torch.tensor(LATENT_STD, device=device, dtype=dtype).reshape(shape))


@torch.no_grad()
def fold_scale(vae, mean, std):
    """Makes the latents' per-channel mean and std the published ones.

    mean and std are measured on data. z' = (z - mean) / std * STD + MEAN is folded into the 1x1 convolution behind the
    encoder, and its inverse into the one before the decoder, so the decoded video does not change.
    """
    z = vae.z_dim
    target_mean = torch.tensor(LATENT_MEAN).to(mean)
    gain = torch.tensor(LATENT_STD).to(std) / std
    shift = target_mean - mean * gain
    w, b = vae.conv1.weight, vae.conv1.bias
    w[:z] *= gain.reshape(-1, 1, 1, 1, 1).to(w)
    b[:z] = b[:z] * gain.to(b) + shift.to(b)
    w, b = vae.conv2.weight, vae.conv2.bias
    inverse = 1.0 / gain
    b += (w[:, :, 0, 0, 0] @ (-shift * inverse).to(w)).to(b)
    w *= inverse.reshape(1, -1, 1, 1, 1).to(w)

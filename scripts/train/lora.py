"""LoRA training on merged weights.

The model runs with W + s B A written into its ordinary weights, so nothing about it changes (nor is compiled anew);
the gradient of W gives those of the factors: dA = s B^T dW, dB = s dW A^T.
"""
import torch
import torch.nn as nn

import safetensors_io as st


class Lora:
    def __init__(self, dit, rank, alpha=None):
        self.rank, self.alpha = rank, float(alpha or rank)
        self.scale = self.alpha / rank
        groups = {}
        for name, module in dit.named_modules():
            if isinstance(module, nn.Linear) and name.startswith("blocks."):
                groups.setdefault(tuple(module.weight.shape), []).append((name, module.weight))
        self.groups = []
        for (cout, cin), members in groups.items():
            device = members[0][1].device
            a = (torch.randn(len(members), rank, cin, device=device) / cin ** 0.5).requires_grad_()
            b = torch.zeros(len(members), cout, rank, device=device).requires_grad_()
            weights = [w for _, w in members]
            self.groups.append(([n for n, _ in members], weights, torch.stack([w.detach() for w in weights]), a, b))

    def parameters(self):
        return [p for _, _, _, a, b in self.groups for p in (a, b)]

    @torch.no_grad()
    def write(self, strength=1.0):
        """Puts base + strength * update into the model; 0 restores the base."""
        for _, weights, base, a, b in self.groups:
            merged = base if strength == 0 else torch.baddbmm(base, b, a, alpha=self.scale * strength)
            torch._foreach_zero_(weights)
            torch._foreach_add_(weights, list(merged.unbind(0)))

    @torch.no_grad()
    def take_gradients(self):
        for _, weights, _, a, b in self.groups:
            g = torch.stack([w.grad for w in weights])
            a.grad = self.scale * b.transpose(1, 2) @ g
            b.grad = self.scale * g @ a.transpose(1, 2)

    def _pairs(self):
        for names, _, _, a, b in self.groups:
            for name, down, up in zip(names, a.detach(), b.detach()):
                yield f"diffusion_model.{name}", down.to(torch.bfloat16), up.to(torch.bfloat16)

    def save_down_up(self, path, metadata):
        """lora_down / lora_up / alpha"""
        tensors = {}
        for name, down, up in sorted(self._pairs(), key=lambda x: x[0]):
            tensors[f"{name}.lora_down.weight"] = down
            tensors[f"{name}.lora_up.weight"] = up
            tensors[f"{name}.alpha"] = torch.tensor(self.alpha)
        st.save(path, tensors, metadata)

    def save_ab(self, path, metadata):
        """lora_A / lora_B, whose scale is one (alpha equals the rank)"""
        assert self.scale == 1.0
        tensors = {}
        for name, down, up in sorted(self._pairs(), key=lambda x: x[0]):
            tensors[f"{name}.lora_A.weight"] = down
            tensors[f"{name}.lora_B.weight"] = up
        st.save(path, tensors, metadata)

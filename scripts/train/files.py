"""The bundled files: where each lies, and what its metadata says."""
import json
import os

import torch

import safetensors_io as st
from model_dit import DiT
from model_umt5 import UMT5
from model_vae import VAE

DIT = "diffusion_models/umbel_tiny_t2v_bf16.safetensors"
TEXT = "text_encoders/umbel_tiny_umt5_bf16.safetensors"
VAE_FILE = "vae/umbel_tiny_vae_bf16.safetensors"
LORA_4STEP = "loras/umbel_tiny_4step_lora.safetensors"
LORA_STYLE = "loras/umbel_tiny_style_neon_lora.safetensors"


def _write(path, tensors, metadata):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    st.save(path, tensors, metadata)


def _bf16(state):
    return {k: v.detach().float().to(torch.bfloat16) for k, v in state.items()}


def save_dit(root, model, state=None):
    config = model.config
    _write(f"{root}/{DIT}", _bf16(state or model.state_dict()),
           {"format": "pt", "model_type": "t2v", "num_heads": config["num_heads"], "config": json.dumps(config),
            "license": "Apache-2.0"})


def save_text(root, model, proto, state=None):
    tensors = _bf16(state or model.state_dict())
    tensors["spiece_model"] = torch.frombuffer(bytearray(proto), dtype=torch.uint8)
    _write(f"{root}/{TEXT}", tensors, {"format": "pt", "config": json.dumps(model.config),
                                       "num_heads": model.config["num_heads"], "license": "Apache-2.0"})


def save_vae(root, model, state=None):
    _write(f"{root}/{VAE_FILE}", _bf16(state or model.state_dict()),
           {"format": "pt", "config": json.dumps(model.config), "license": "Apache-2.0"})


def load_dit(root):
    tensors, meta = st.load(f"{root}/{DIT}")
    model = DiT(**json.loads(meta["config"]))
    model.load_state_dict({k: v.float() for k, v in tensors.items()})
    return model


def load_text(root):
    tensors, meta = st.load(f"{root}/{TEXT}")
    proto = bytes(tensors.pop("spiece_model").numpy().tobytes())
    model = UMT5(**json.loads(meta["config"]))
    model.load_state_dict({k: v.float() for k, v in tensors.items()})
    return model, proto


def load_vae(root):
    tensors, meta = st.load(f"{root}/{VAE_FILE}")
    config = json.loads(meta["config"])
    model = VAE(config["dim"], config["z_dim"], config["dim_mult"], config["num_res_blocks"],
                config["temperal_downsample"])
    model.load_state_dict({k: v.float() for k, v in tensors.items()})
    return model

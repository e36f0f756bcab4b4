/** Graphs and file names to work on the window with. */
import type { Json } from "#runtime/graph/json";

export const SAMPLE_FILES: Readonly<Record<string, readonly string[]>> = {
  diffusion_models: [
    "wan/t2v_14B_fp8_e4m3fn.safetensors",
    "wan/t2v_1.3B_bf16.safetensors",
    "umbel_tiny_t2v_bf16.safetensors",
  ],
  loras: [
    "wan/style/kodachrome_64_r32.safetensors",
    "wan/style/kodak_portra_r16.safetensors",
    "wan/motion/slow_dolly_in_r16.safetensors",
    "flux/kodachrome.safetensors",
  ],
  text_encoders: ["umt5_xxl_fp8_scaled.safetensors", "umbel_tiny_umt5_bf16.safetensors"],
  vae: ["wan_2.1_vae.safetensors", "umbel_tiny_vae_bf16.safetensors"],
  checkpoints: [],
  input: ["meadow.png"],
};

export const SAMPLE_GRAPHS: Readonly<Record<string, Json>> = {
  "meadow-dawn": {
    umbel: 1,
    title: "meadow-dawn",
    nodes: {
      model: {
        type: "UNETLoader",
        values: {
          unet_name: "wan/t2v_14B_fp8_e4m3fn.safetensors",
        },
        at: [24, 48],
      },
      lora: {
        type: "LoraLoaderModelOnly",
        title: "LoRA",
        values: {
          lora_name: "wan/style/kodachrome_64_r32.safetensors",
          strength_model: 0.8,
        },
        at: [280, 48],
      },
      lora_2: {
        type: "LoraLoaderModelOnly",
        title: "LoRA",
        values: {
          lora_name: "wan/motion/slow_dolly_in_r16.safetensors",
          strength_model: 0.55,
        },
        at: [280, 200],
      },
      note: {
        type: "MarkdownNote",
        values: {
          text: "**Why 8 dense steps**\n\nThe first steps set the layout. Below six the horizon drifts; above ten it only costs time. For close faces try decay 0.40.",
        },
        at: [24, 200],
        size: [208, 124],
      },
      radial: {
        type: "RadialAttention",
        values: {
          dense_layers: 1,
          dense_steps: 8,
          decay_factor: 0.2,
          block_size: 128,
        },
        at: [560, 48],
      },
      shift: {
        type: "ModelSamplingSD3",
        title: "Sampling shift",
        values: {
          shift: 8,
        },
        at: [896, 48],
      },
      sampler: {
        type: "KSampler",
        values: {
          seed: "840113577204",
          steps: 30,
          cfg: 6,
          sampler_name: "uni_pc",
          scheduler: "simple",
          denoise: 1,
        },
        at: [896, 176],
      },
      vae: {
        type: "VAELoader",
        values: {
          vae_name: "wan_2.1_vae.safetensors",
        },
        at: [1208, 48],
      },
      decode: {
        type: "VAEDecode",
        values: {},
        at: [1208, 176],
      },
      video: {
        type: "CreateVideo",
        values: {
          fps: 16,
        },
        at: [1208, 300],
      },
      save: {
        type: "SaveVideo",
        values: {
          filename_prefix: "video/meadow",
        },
        at: [1208, 430],
      },
      clip: {
        type: "CLIPLoader",
        values: {
          clip_name: "umt5_xxl_fp8_scaled.safetensors",
          type: "wan",
        },
        at: [24, 452],
      },
      positive: {
        type: "CLIPTextEncode",
        title: "Prompt",
        values: {
          text: "Slow dolly through a meadow of wild carrot at dawn, mist over the hills, low sun behind the umbels, 35 mm, shallow focus",
        },
        at: [280, 452],
      },
      negative: {
        type: "CLIPTextEncode",
        title: "Negative prompt",
        values: {
          text: "overexposed, static, subtitles, worst quality, jpeg artefacts",
        },
        at: [280, 640],
      },
      latent: {
        type: "EmptyHunyuanLatentVideo",
        values: {
          width: 832,
          height: 480,
          length: 81,
          batch_size: 1,
        },
        at: [560, 600],
      },
    },
    links: [
      {
        from: ["model", "MODEL"],
        to: ["lora", "model"],
      },
      {
        from: ["lora", "MODEL"],
        to: ["lora_2", "model"],
      },
      {
        from: ["lora_2", "MODEL"],
        to: ["radial", "model"],
      },
      {
        from: ["radial", "MODEL"],
        to: ["shift", "model"],
      },
      {
        from: ["shift", "MODEL"],
        to: ["sampler", "model"],
      },
      {
        from: ["clip", "CLIP"],
        to: ["positive", "clip"],
      },
      {
        from: ["clip", "CLIP"],
        to: ["negative", "clip"],
      },
      {
        from: ["positive", "CONDITIONING"],
        to: ["sampler", "positive"],
      },
      {
        from: ["negative", "CONDITIONING"],
        to: ["sampler", "negative"],
        via: [[860, 560]],
      },
      {
        from: ["latent", "LATENT"],
        to: ["sampler", "latent_image"],
      },
      {
        from: ["sampler", "LATENT"],
        to: ["decode", "samples"],
      },
      {
        from: ["vae", "VAE"],
        to: ["decode", "vae"],
      },
      {
        from: ["decode", "IMAGE"],
        to: ["video", "images"],
      },
      {
        from: ["video", "VIDEO"],
        to: ["save", "video"],
      },
    ],
    groups: [
      {
        title: "Model and style",
        at: [12, 10],
        size: [504, 330],
        color: "model",
      },
      {
        title: "Prompt",
        at: [12, 414],
        size: [504, 360],
        color: "text",
      },
    ],
  },
  "text-to-video": {
    umbel: 1,
    title: "Text to video",
    description:
      "The bundled model turns a sentence into a short clip. Change the prompt and run it again.",
    nodes: {
      model: {
        type: "UNETLoader",
        values: {
          unet_name: "umbel_tiny_t2v_bf16.safetensors",
        },
        at: [0, 0],
      },
      text_encoder: {
        type: "CLIPLoader",
        values: {
          clip_name: "umbel_tiny_umt5_bf16.safetensors",
          type: "wan",
        },
        at: [0, 160],
      },
      vae: {
        type: "VAELoader",
        values: {
          vae_name: "umbel_tiny_vae_bf16.safetensors",
        },
        at: [0, 320],
      },
      positive: {
        type: "CLIPTextEncode",
        title: "Prompt",
        values: {
          text: "A large red circle moves to the right on a gradient from sky blue to lavender",
        },
        at: [380, 120],
      },
      negative: {
        type: "CLIPTextEncode",
        title: "Negative prompt",
        values: {
          text: "",
        },
        at: [380, 320],
      },
      latent: {
        type: "EmptyHunyuanLatentVideo",
        title: "Size and length",
        values: {
          width: 256,
          height: 256,
          length: 33,
          batch_size: 1,
        },
        at: [380, 520],
      },
      shift: {
        type: "ModelSamplingSD3",
        values: {
          shift: 5,
        },
        at: [380, 0],
      },
      sampler: {
        type: "KSampler",
        values: {
          seed: 7,
          steps: 30,
          cfg: 5,
          sampler_name: "euler",
          scheduler: "simple",
          denoise: 1,
        },
        at: [760, 0],
      },
      decode: {
        type: "VAEDecode",
        values: {},
        at: [1140, 0],
      },
      video: {
        type: "CreateVideo",
        values: {
          fps: 16,
        },
        at: [1400, 0],
      },
      save: {
        type: "SaveVideo",
        values: {
          filename_prefix: "text-to-video",
        },
        at: [1660, 0],
      },
    },
    links: [
      {
        from: ["text_encoder", "CLIP"],
        to: ["positive", "clip"],
      },
      {
        from: ["text_encoder", "CLIP"],
        to: ["negative", "clip"],
      },
      {
        from: ["model", "MODEL"],
        to: ["shift", "model"],
      },
      {
        from: ["shift", "MODEL"],
        to: ["sampler", "model"],
      },
      {
        from: ["positive", "CONDITIONING"],
        to: ["sampler", "positive"],
      },
      {
        from: ["negative", "CONDITIONING"],
        to: ["sampler", "negative"],
      },
      {
        from: ["latent", "LATENT"],
        to: ["sampler", "latent_image"],
      },
      {
        from: ["sampler", "LATENT"],
        to: ["decode", "samples"],
      },
      {
        from: ["vae", "VAE"],
        to: ["decode", "vae"],
      },
      {
        from: ["decode", "IMAGE"],
        to: ["video", "images"],
      },
      {
        from: ["video", "VIDEO"],
        to: ["save", "video"],
      },
    ],
  },
};

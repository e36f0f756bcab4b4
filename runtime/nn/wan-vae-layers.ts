/** Layers of Wan's video autoencoders, 2.1 and 2.2. Activations are [frames, height, width, channels]. */
import type { WeightPreparation, Weights } from "#runtime/sdk/model";
import { add, channelRmsNorm, conv3d, copy, linear } from "#runtime/tensor/ops";
import { scope } from "#runtime/tensor/scope";
import type { Tensor } from "#runtime/tensor/tensor";
import { replace } from "./replace.ts";
import { causalConv, channelsLast, type Layer, type VideoStream } from "./video-stream.ts";
import { wideAttention } from "./wide-attention.ts";

// Weights as the ops want them

/** Outputs `from` to `to` of a 1x1 convolution as a matrix, and of its bias. */
function outputs(from: number, to: number): { weight: WeightPreparation; bias: WeightPreparation } {
  const key = `outputs ${from} to ${to}`;
  return {
    weight: { key, apply: (w) => w.reshape([w.shape[0] ?? 0, -1]).slice(0, from, to) },
    bias: { key, apply: (b) => b.slice(0, from, to) },
  };
}

const flat: WeightPreparation = { key: "flat", apply: (weight) => weight.reshape([-1]) };

// Layers

/** A 1x1x1 convolution, or outputs `from` to `to` of it. */
export function pointwise(
  weights: Weights,
  name: string,
  x: Tensor,
  from: number,
  to: number,
): Tensor {
  const { weight, bias } = outputs(from, to);
  return linear(x, weights.get(`${name}.weight`, weight), weights.get(`${name}.bias`, bias));
}

/** A convolution inside each frame. */
export function frameConv(weights: Weights, name: string, x: Tensor, options: FrameConv): Tensor {
  const { padding, stride, doubled = false } = options;
  return conv3d(x, weights.get(`${name}.weight`, channelsLast), weights.get(`${name}.bias`), {
    padding: [0, 0, padding[0], padding[1], padding[0], padding[1]],
    stride: [1, stride, stride],
    doubled,
  });
}
export interface FrameConv {
  readonly padding: readonly [before: number, behind: number];
  readonly stride: number;
  /** H and W are doubled first, each pixel repeated. */
  readonly doubled?: boolean;
}

function normSilu(weights: Weights, name: string, x: Tensor): Tensor {
  return channelRmsNorm(x, weights.get(`${name}.gamma`, flat), true);
}

export function residualBlock(
  stream: VideoStream,
  name: string,
  channels: number,
  out: number,
): Layer {
  const { weights } = stream;
  const parts = `${name}.residual`;
  return (x) => {
    const hidden = scope(() =>
      causalConv(stream, `${parts}.2`, normSilu(weights, `${parts}.0`, x)),
    );
    const normed = replace(hidden, (y) => normSilu(weights, `${parts}.3`, y));
    const shortcut = channels === out ? x : pointwise(weights, `${name}.shortcut`, x, 0, out);
    return causalConv(stream, `${parts}.6`, normed, shortcut);
  };
}

/** Attention with one head among the pixels of a frame. */
export function attentionBlock(weights: Weights, name: string): Layer {
  return (x) => {
    const [frames = 0, height = 0, width = 0, channels = 0] = x.shape;
    const normed = channelRmsNorm(x, weights.get(`${name}.norm.gamma`, flat), false);
    const part = (index: number) =>
      pointwise(
        weights,
        `${name}.to_qkv`,
        normed,
        index * channels,
        (index + 1) * channels,
      ).reshape([frames, height * width, 1, channels]);
    const y = wideAttention(part(0), part(1), part(2)).reshape(x.shape);
    return add(x, pointwise(weights, `${name}.proj`, y, 0, channels));
  };
}

/** Doubles the frames, except the video's first: each gives two, as the two halves of the channels. */
export function doubleFrames(stream: VideoStream, name: string): Layer {
  return (x) => {
    if (stream.starts(name)) return x;
    const [frames = 0, height = 0, width = 0, channels = 0] = x.shape;
    return causalConv(stream, name, x)
      .reshape([frames, height, width, 2, channels])
      .permute([0, 3, 1, 2, 4])
      .contiguous()
      .reshape([2 * frames, height, width, channels]);
  };
}

/** Halves the frames, except the video's first, which passes as it is. */
export function halveFrames(stream: VideoStream, name: string): Layer {
  return (x) => {
    const { weights } = stream;
    const before = stream.tail(name);
    const last = copy(x.slice(0, -1));
    const y =
      before === undefined
        ? x
        : conv3d(x, weights.get(`${name}.weight`, channelsLast), weights.get(`${name}.bias`), {
            stride: [2, 1, 1],
            before,
          });
    stream.setTail(name, last);
    return y;
  };
}

export function head(stream: VideoStream, name: string): Layer {
  return (x) => causalConv(stream, `${name}.2`, normSilu(stream.weights, `${name}.0`, x));
}

export function middle(stream: VideoStream, name: string, channels: number): Layer[] {
  return [
    residualBlock(stream, `${name}.0`, channels, channels),
    attentionBlock(stream.weights, `${name}.1`),
    residualBlock(stream, `${name}.2`, channels, channels),
  ];
}

import type { TensorSpec } from "#runtime/sdk/model";

/** Adds the tensors of the layers of Wan's video autoencoders to a list. */
export function vaeTensors(list: TensorSpec[]) {
  const gamma = (name: string, channels: number) =>
    list.push({ name: `${name}.gamma`, shape: [channels, 1, 1, 1] });
  const conv = (name: string, out: number, input: number, ...kernel: number[]) => {
    list.push({ name: `${name}.weight`, shape: [out, input, ...kernel] });
    list.push({ name: `${name}.bias`, shape: [out] });
  };
  const residual = (name: string, input: number, out: number) => {
    gamma(`${name}.residual.0`, input);
    conv(`${name}.residual.2`, out, input, 3, 3, 3);
    gamma(`${name}.residual.3`, out);
    conv(`${name}.residual.6`, out, out, 3, 3, 3);
    if (input !== out) conv(`${name}.shortcut`, out, input, 1, 1, 1);
  };
  const attention = (name: string, channels: number) => {
    list.push({ name: `${name}.norm.gamma`, shape: [channels, 1, 1] });
    conv(`${name}.to_qkv`, 3 * channels, channels, 1, 1);
    conv(`${name}.proj`, channels, channels, 1, 1);
  };
  return { gamma, conv, residual, attention };
}

import { UmbelError } from "#runtime/errors";
import type { Device } from "#runtime/tensor/device";
import type { DeviceBlockMask } from "#runtime/tensor/ops";
import type { BlockMask } from "./block-mask.ts";
import { withText } from "./text-mask.ts";

/** Masks of one forward pass on the device, each uploaded once. */
export class DeviceMasks {
  readonly #device: Device;
  readonly #tokens: { readonly video: number; readonly text: number };
  readonly #uploaded = new Map<BlockMask, DeviceBlockMask>();

  /** `text` tokens follow the video's in the same attention. */
  constructor(device: Device, tokens: { readonly video: number; readonly text: number }) {
    this.#device = device;
    this.#tokens = tokens;
  }

  /** The mask of video tokens, with the text appended; null stays null. Throws ERR_SHAPE. */
  get(mask: BlockMask | null): DeviceBlockMask | null {
    if (mask === null) return null;
    const known = this.#uploaded.get(mask);
    if (known !== undefined) return known;
    const { video, text } = this.#tokens;
    if (mask.tokens !== video) {
      throw new UmbelError(
        "ERR_SHAPE",
        `Expected an attention mask over ${video} tokens, got one over ${mask.tokens}.`,
      );
    }
    const { groups, blockSize, rowPtr, col } = text === 0 ? mask : withText(mask, text);
    const uploaded: DeviceBlockMask = {
      rowPtr: this.#device.tensor(rowPtr, [groups, rowPtr.length / groups]),
      col: this.#device.tensor(col, [groups, col.length / groups]),
      blockSize,
    };
    this.#uploaded.set(mask, uploaded);
    return uploaded;
  }
}

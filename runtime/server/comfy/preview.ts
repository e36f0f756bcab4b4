/** Binary frames of ComfyUI's WebSocket (big-endian): a picture of the clip that is being made. */
import type { PreviewFrames } from "#runtime/protocol/service-events";

const PREVIEW_IMAGE = 1;
const PREVIEW_IMAGE_WITH_METADATA = 4;
const JPEG = 1;
const LONGEST_SIDE = 512;

/** The middle frame as JPEG. */
export async function previewJpeg(preview: PreviewFrames): Promise<Buffer> {
  const { width, height, frames, data } = preview;
  const size = width * height * 3;
  const at = Math.floor((frames - 1) / 2) * size;
  const { default: sharp } = await import("sharp");
  const image = sharp(data.subarray(at, at + size), { raw: { width, height, channels: 3 } });
  return image
    .resize(LONGEST_SIDE, LONGEST_SIDE, { fit: "inside", withoutEnlargement: true })
    .jpeg({ quality: 95 })
    .toBuffer();
}

export function previewFrame(image: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(PREVIEW_IMAGE, 0);
  head.writeUInt32BE(JPEG, 4);
  return Buffer.concat([head, image]);
}

/** For clients that declared "supports_preview_metadata". */
export function previewFrameWithMetadata(image: Buffer, job: string, node: string): Buffer {
  const text = Buffer.from(
    JSON.stringify({
      node_id: node,
      prompt_id: job,
      display_node_id: node,
      parent_node_id: null,
      real_node_id: node,
      image_type: "image/jpeg",
    }),
  );
  const head = Buffer.alloc(8);
  head.writeUInt32BE(PREVIEW_IMAGE_WITH_METADATA, 0);
  head.writeUInt32BE(text.length, 4);
  return Buffer.concat([head, text, image]);
}

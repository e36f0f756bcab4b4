/** Files that are not checkpoints we read: says what they are and why they are refused. */
import type { UmbelError } from "#runtime/errors";
import { checkpointError } from "./checkpoint-error.ts";

const PICKLE =
  "a PyTorch pickle, which can run any program while it is loaded and is therefore never opened. " +
  "Convert it to safetensors with a tool that you trust, or get the safetensors file";

interface Signature {
  readonly matches: (head: Uint8Array, text: string) => boolean;
  readonly description: string;
}

const starts = (...bytes: readonly number[]) => {
  return (head: Uint8Array): boolean => bytes.every((byte, i) => head[i] === byte);
};
const says = (pattern: RegExp) => {
  return (_: Uint8Array, text: string): boolean => pattern.test(text);
};

const SIGNATURES: readonly Signature[] = [
  {
    matches: starts(0x50, 0x4b, 0x03, 0x04),
    description: `a zip archive; as a model file ${PICKLE}`,
  },
  { matches: (head) => head[0] === 0x80 && (head[1] ?? 9) <= 5, description: PICKLE },
  {
    matches: says(/^GGUF|^FUGG/),
    description: "a GGUF file. Give it a name that ends in .gguf",
  },
  {
    matches: says(/^version https:\/\/git-lfs/),
    description:
      "a Git LFS pointer, which stands for a file that was not downloaded. Run `git lfs pull`, or download the file itself",
  },
  {
    matches: says(/^\s*<(!doctype|html|\?xml|head|body)/i),
    description:
      "a web page that was saved in its place, for example an error or a login page. Download the file again",
  },
  {
    matches: says(/^\s*[{[]/),
    description: "JSON text. A sharded model is opened by its .safetensors.index.json",
  },
  { matches: starts(0x1f, 0x8b), description: "a gzip archive. Unpack it first" },
  { matches: starts(0x37, 0x7a, 0xbc, 0xaf), description: "a 7z archive. Unpack it first" },
  { matches: starts(0x52, 0x61, 0x72, 0x21), description: "a rar archive. Unpack it first" },
  { matches: starts(0x28, 0xb5, 0x2f, 0xfd), description: "a zstd archive. Unpack it first" },
  { matches: starts(0x89, 0x48, 0x44, 0x46), description: "an HDF5 file" },
  { matches: starts(0x93, 0x4e, 0x55, 0x4d), description: "a NumPy array" },
  {
    matches: (_, text) => text.slice(257, 262) === "ustar",
    description: "a tar archive. Unpack it first",
  },
  {
    matches: (head) => head.every((byte) => byte === 0),
    description: "a run of zero bytes: its download did not finish",
  },
];

/** Bytes of a file's beginning that `describeForeign` wants to see. */
export const HEAD_BYTES = 512;

/** The reason why a file that is no safetensors file is refused; null when nothing is recognised. */
export function describeForeign(head: Uint8Array): string | null {
  const text = Buffer.from(head).toString("latin1");
  return SIGNATURES.find(({ matches }) => matches(head, text))?.description ?? null;
}

/** The error for a file whose beginning is not that of the format it should have. */
export function foreignFile(
  path: string,
  head: Uint8Array,
  problem: string,
  wanted = "a safetensors file",
): UmbelError {
  const foreign = describeForeign(head);
  if (foreign !== null) return checkpointError(path, `Expected ${wanted}, got ${foreign}`);
  const pickled = /\.(ckpt|pt|pt2|pth|bin|pkl)$/i.test(path);
  return checkpointError(
    path,
    `Expected ${wanted}, got another format${pickled ? " (pickles are refused)" : ""}: ${problem}`,
  );
}

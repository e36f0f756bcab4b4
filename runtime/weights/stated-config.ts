import type { CheckpointHeader } from "#runtime/sdk/model";

/** What a checkpoint's metadata says of its configuration; senseless values are left out. */
export interface StatedConfig {
  /** A positive whole number, or null. */
  count(key: string): number | null;
  /** A positive number, or null. */
  number(key: string): number | null;
}

/**
 * Reads the JSON object that some tools write into the metadata as `config`, and where that does not say a key, the one
 * of a GGUF file that means the same.
 */
export function statedConfig(
  { metadata }: CheckpointHeader,
  ggufKeys: Readonly<Record<string, string>> = {},
): StatedConfig {
  const config = parse(metadata["config"]);
  const number = (key: string): number | null => {
    const value = config[key] ?? Number(metadata[ggufKeys[key] ?? ""] ?? Number.NaN);
    return typeof value === "number" && Number.isFinite(value) && value > 0 ? value : null;
  };
  return {
    number,
    count: (key) => {
      const value = number(key);
      return Number.isSafeInteger(value) ? value : null;
    },
  };
}

function parse(text: string | undefined): Record<string, unknown> {
  try {
    const config: unknown = JSON.parse(text ?? "{}");
    return typeof config === "object" && config !== null ? { ...config } : {};
  } catch {
    return {};
  }
}

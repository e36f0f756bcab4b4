/** Numbers as people read them. */

export function formatBytes(bytes: number): string {
  if (bytes >= 2 ** 30) return `${(bytes / 2 ** 30).toFixed(2)} GiB`;
  if (bytes >= 2 ** 20) return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  return `${Math.ceil(bytes / 1024)} KiB`;
}

export function formatSeconds(seconds: number): string {
  if (seconds >= 3600)
    return `${Math.floor(seconds / 3600)}h ${Math.round((seconds % 3600) / 60)}m`;
  if (seconds >= 100) return `${Math.floor(seconds / 60)}m ${Math.round(seconds % 60)}s`;
  return seconds >= 10 ? `${seconds.toFixed(0)} s` : `${seconds.toFixed(seconds >= 1 ? 1 : 2)} s`;
}

export function formatFlops(flops: number): string {
  for (const [unit, size] of [
    ["P", 1e15],
    ["T", 1e12],
    ["G", 1e9],
  ] as const) {
    if (flops >= size) return `${(flops / size).toFixed(2)} ${unit}FLOP`;
  }
  return `${(flops / 1e6).toFixed(1)} MFLOP`;
}

/** "2.31 s/it", or "4.5 it/s" when that reads better. */
export function formatRate(secondsPerUnit: number): string {
  if (secondsPerUnit <= 0) return "";
  return secondsPerUnit >= 1
    ? `${secondsPerUnit.toFixed(2)} s/it`
    : `${(1 / secondsPerUnit).toFixed(1)} it/s`;
}

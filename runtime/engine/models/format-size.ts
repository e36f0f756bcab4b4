/** Bytes for people, in the unit that --vram takes: "7.5 GiB", "512 MiB". Rounded up, so that what is named suffices. */
export function formatSize(bytes: number): string {
  const mebibytes = bytes / 2 ** 20;
  if (mebibytes < 1000) return `${Math.ceil(mebibytes)} MiB`;
  return `${(Math.ceil((mebibytes / 1024) * 10) / 10).toFixed(1)} GiB`;
}

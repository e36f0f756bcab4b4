/** The palettes that lie over the window: search for nodes, commands, find, keys. */
export function Palettes() {
  return null;
}

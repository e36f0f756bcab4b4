/** Which sockets fit together. */

/** ComfyUI's rule: equal, either one is "*", or comma-separated unions that share a member; case does not matter. */
export function socketsMatch(from: string, to: string): boolean {
  const a = from.toUpperCase();
  const b = to.toUpperCase();
  if (a === b || isWildcard(a) || isWildcard(b)) return true;
  const members = new Set(b.split(",").map((member) => member.trim()));
  return a.split(",").some((member) => members.has(member.trim()));
}

export function isWildcard(type: string): boolean {
  return type === "*" || type === "";
}

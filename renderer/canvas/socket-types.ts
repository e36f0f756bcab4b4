/** How a socket type looks: shape for its family, mark inside for the member, colour for the type. */
export type SocketShape = "square" | "diamond" | "circle" | "triangle" | "hexagon" | "pill" | "any";
export type SocketMark = "solid" | "hole" | "split" | "bars" | "half";

export interface SocketLook {
  readonly shape: SocketShape;
  readonly mark: SocketMark;
  readonly color: string;
}

const known = (type: string, shape: SocketShape, mark: SocketMark): [string, SocketLook] => [
  type,
  { shape, mark, color: `var(--t-${type})` },
];

const LOOKS: ReadonlyMap<string, SocketLook> = new Map([
  known("MODEL", "square", "solid"),
  known("CLIP", "square", "hole"),
  known("VAE", "square", "split"),
  known("CONDITIONING", "diamond", "solid"),
  known("GUIDER", "diamond", "hole"),
  known("LATENT", "circle", "solid"),
  known("IMAGE", "circle", "hole"),
  known("MASK", "circle", "split"),
  known("VIDEO", "triangle", "solid"),
  known("SIGMAS", "hexagon", "solid"),
  known("NOISE", "hexagon", "hole"),
  known("SAMPLER", "hexagon", "split"),
  known("INT", "pill", "solid"),
  known("FLOAT", "pill", "hole"),
  known("STRING", "pill", "bars"),
  known("BOOLEAN", "pill", "half"),
]);

const ANY: SocketLook = { shape: "any", mark: "solid", color: "var(--t-ANY)" };

/** Colour of a type that has none: its name's hash as a hue, at a lightness that reads on both grounds. */
function hashed(type: string): SocketLook {
  let hash = 0;
  for (const letter of type) hash = (hash * 31 + letter.charCodeAt(0)) >>> 0;
  return { shape: "circle", mark: "solid", color: `oklch(var(--hash-l) 0.11 ${hash % 360})` };
}

const cache = new Map<string, SocketLook>();

/** Members of a union, in upper case; one for a plain type, none for "*". */
export function membersOf(type: string): readonly string[] {
  return type
    .toUpperCase()
    .split(",")
    .map((member) => member.trim())
    .filter((member) => member !== "" && member !== "*");
}

export function socketLook(type: string): SocketLook {
  const found = cache.get(type);
  if (found !== undefined) return found;
  const members = membersOf(type);
  const name = members[0] === "COMBO" ? "STRING" : (members[0] ?? "*");
  const look = members.length !== 1 ? ANY : (LOOKS.get(name) ?? hashed(name));
  cache.set(type, look);
  return look;
}

export const socketColor = (type: string): string => socketLook(type).color;

/** The type as people read it. */
export const typeLabel = (type: string): string =>
  membersOf(type).length === 0 ? "any type" : type;

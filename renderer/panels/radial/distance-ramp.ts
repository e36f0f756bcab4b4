/** The colours of frame distance: each doubling of distance is cooler. Anchors as in design/README.md 2.1. */
export type Rgb = readonly [red: number, green: number, blue: number];
export type Theme = "dark" | "light";

const RAMPS: Record<Theme, readonly Rgb[]> = {
  dark: [
    [238, 247, 190],
    [198, 222, 104],
    [112, 186, 118],
    [58, 146, 140],
    [48, 104, 140],
  ],
  light: [
    [79, 104, 8],
    [116, 150, 24],
    [66, 150, 110],
    [40, 130, 150],
    [50, 100, 165],
  ],
};

/** Ground of a mask, and of dropped blocks. */
export const MASK_GROUND: Record<Theme, Rgb> = { dark: [16, 20, 21], light: [241, 243, 237] };

/** From 0 (near) to 1 (far). */
export function rampColor(position: number, theme: Theme): Rgb {
  const ramp = RAMPS[theme];
  const at = Math.max(0, Math.min(0.9999, position)) * (ramp.length - 1);
  const index = Math.floor(at);
  return mix(ramp[index] as Rgb, ramp[index + 1] as Rgb, at - index);
}

/** By the bit length of a distance in frames; five and more bits are the far end. */
export function distanceColor(distance: number, theme: Theme): Rgb {
  return rampColor((32 - Math.clz32(distance)) / 5, theme);
}

export function mix(a: Rgb, b: Rgb, share: number): Rgb {
  return a.map((value, i) => Math.round(value + ((b[i] ?? 0) - value) * share)) as unknown as Rgb;
}

export function cssColor(color: Rgb): string {
  return `rgb(${color.join(" ")})`;
}

/** The arcs over the frame strip: from one latent frame to every other, as wide and opaque as their share of blocks kept. */

export interface Arc {
  readonly to: number;
  readonly distance: number;
  /** 0..1. */
  readonly share: number;
  readonly path: string;
  readonly width: number;
  readonly opacity: number;
  readonly foot: { readonly x: number; readonly radius: number };
}

export interface ArcSpace {
  readonly width: number;
  readonly height: number;
  readonly frames: number;
}

/** Strong arcs last, so that they lie on top. Pairs without kept blocks have none. */
export function arcsFrom(from: number, shares: Float32Array, space: ArcSpace): Arc[] {
  const { width, height, frames } = space;
  const cell = width / frames;
  const x0 = (from + 0.5) * cell;
  const arcs: Arc[] = [];
  for (let to = 0; to < frames; to++) {
    const share = shares[from * frames + to] ?? 0;
    if (to === from || share <= 0) continue;
    const distance = Math.abs(to - from);
    const x1 = (to + 0.5) * cell;
    const rise = Math.min(height - 4, 8 + (distance / frames) ** 0.72 * height * 1.02) * 1.28;
    const top = height - rise;
    arcs.push({
      to,
      distance,
      share,
      path: `M${fixed(x0)} ${height}C${fixed(x0)} ${fixed(top)} ${fixed(x1)} ${fixed(top)} ${fixed(x1)} ${height}`,
      width: 0.8 + share * 3.2,
      opacity: 0.28 + 0.72 * Math.sqrt(share),
      foot: { x: x1, radius: 1.2 + share * 1.7 },
    });
  }
  return arcs.toSorted((a, b) => a.share - b.share);
}

function fixed(value: number): string {
  return value.toFixed(1);
}

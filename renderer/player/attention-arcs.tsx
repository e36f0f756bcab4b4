/** From the latent frame in view an arc to every other: its width is the share of blocks kept, its colour the distance. */
import { memo } from "react";
import { cssColor, distanceColor, type Theme } from "../panels/radial/distance-ramp.ts";
import { percentText } from "../panels/figures.ts";
import { arcsFrom } from "./arc-shapes.ts";

interface ArcsProps {
  readonly shares: Float32Array;
  readonly frames: number;
  readonly from: number;
  /** Frame at the other end of the pair under the pointer. */
  readonly marked: number | null;
  readonly width: number;
  readonly height: number;
  readonly theme: Theme;
}

export const AttentionArcs = memo(function AttentionArcs(props: ArcsProps) {
  const { shares, frames, from, marked, width, height, theme } = props;
  const arcs = arcsFrom(from, shares, { width, height, frames });
  const x = (from + 0.5) * (width / frames);
  return (
    <svg className="arcs" width={width} height={height} role="img" aria-label={arcWords(props)}>
      {arcs.map(({ to, distance, path, width: stroke, opacity, foot }) => (
        <g key={to} opacity={marked === null || marked === to ? 1 : 0.25}>
          <path
            d={path}
            fill="none"
            stroke={cssColor(distanceColor(distance, theme))}
            strokeWidth={stroke}
            opacity={opacity}
          />
          <circle
            cx={foot.x}
            cy={height}
            r={foot.radius}
            fill={cssColor(distanceColor(distance, theme))}
          />
        </g>
      ))}
      <circle cx={x} cy={height} r={4} fill="var(--select)" />
    </svg>
  );
});

/** The same as columns, for reading one share off against another. */
export const AttentionHeat = memo(function AttentionHeat(props: ArcsProps) {
  const { shares, frames, from, marked, width, height, theme } = props;
  const cell = width / frames;
  return (
    <svg className="arcs" width={width} height={height} role="img" aria-label={arcWords(props)}>
      {Array.from({ length: frames }, (_, to) => {
        const share = shares[from * frames + to] ?? 0;
        const bar = Math.max(share > 0 ? 2 : 0, share * (height - 16));
        return (
          <g key={to} opacity={marked === null || marked === to ? 1 : 0.4}>
            <rect
              x={to * cell + 1}
              width={Math.max(1, cell - 2)}
              y={height - bar}
              height={bar}
              rx={1.5}
              fill={cssColor(distanceColor(Math.abs(to - from), theme))}
            />
            {cell >= 26 && (
              <text x={(to + 0.5) * cell} y={height - bar - 4} textAnchor="middle">
                {Math.round(share * 100)}
              </text>
            )}
          </g>
        );
      })}
      <circle cx={(from + 0.5) * cell} cy={height} r={4} fill="var(--select)" />
    </svg>
  );
});

function arcWords({ shares, frames, from }: ArcsProps): string {
  let sum = 0;
  for (let to = 0; to < frames; to++) sum += shares[from * frames + to] ?? 0;
  return `Latent frame ${from} keeps ${percentText(sum / frames)} of its blocks`;
}

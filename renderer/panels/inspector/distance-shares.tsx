import { useTheme } from "../use-theme.ts";
import { cssColor, distanceColor } from "../radial/distance-ramp.ts";
import { sharesByDistance } from "../radial/mask-frames.ts";
import { sharesOf, type ShownMask } from "../radial/use-mask.ts";
import { Section } from "./section.tsx";

const WIDTH = 240;
const GROUND = 50;
const HIGHEST = 42;

/** Share of blocks kept between frames one, two, four, ... apart. */
export function DistanceShares({ shown }: { readonly shown: ShownMask }) {
  const theme = useTheme();
  const bars = sharesByDistance(sharesOf(shown.mask), shown.mask.report.latentFrames);
  if (bars.length === 0) return null;
  const step = Math.min(41, WIDTH / bars.length);
  return (
    <Section title="Share kept by frame distance" className={shown.current ? "" : "stale"}>
      <svg
        className="distance-bars"
        width={WIDTH}
        height={70}
        role="img"
        aria-label={bars
          .map(({ distance, share }) => `${distance} apart: ${Math.round(share * 100)} %`)
          .join(", ")}
      >
        {bars.map(({ distance, share }, i) => {
          const height = Math.max(2, share * HIGHEST);
          const middle = i * step + (step - 6) / 2;
          return (
            <g key={distance}>
              <rect
                x={i * step}
                y={GROUND - height}
                width={step - 6}
                height={height}
                rx={2}
                fill={cssColor(distanceColor(distance, theme))}
              />
              <text x={middle} y={GROUND - height - 4} className="value">
                {Math.round(share * 100)}
              </text>
              <text x={middle} y={65} className="axis">
                {distance === 0 ? "same" : `±${distance}`}
              </text>
            </g>
          );
        })}
        <path d={`M0 ${GROUND + 0.5}H${WIDTH}`} />
      </svg>
    </Section>
  );
}

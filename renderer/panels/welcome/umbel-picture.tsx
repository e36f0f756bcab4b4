import { useTheme } from "../use-theme.ts";
import { cssColor, distanceColor } from "../radial/distance-ramp.ts";

const STALKS = 13;
const WIDTH = 440;
const HEIGHT = 1050;
const FOOT = { x: WIDTH / 2, y: HEIGHT + 20 };

/** Many stalks from one point: each step from the middle thinner, each doubling of distance cooler. */
export function UmbelPicture() {
  const theme = useTheme();
  return (
    <svg
      className="umbel-picture"
      width={WIDTH}
      height={HEIGHT}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      aria-hidden="true"
    >
      {Array.from({ length: 2 * STALKS + 1 }, (_, i) => {
        const step = i - STALKS;
        const distance = Math.abs(step);
        const angle = (step * 4.3 * Math.PI) / 180;
        const length = 560 - distance * 9;
        const x = FOOT.x + Math.sin(angle) * length;
        const y = FOOT.y - Math.cos(angle) * length;
        const bend = `${FOOT.x + Math.sin(angle) * length * 0.22} ${FOOT.y - Math.cos(angle) * length * 0.62}`;
        const color = cssColor(distanceColor(distance, theme));
        return (
          <g key={step}>
            <path
              d={`M${FOOT.x} ${FOOT.y}Q${bend} ${x} ${y}`}
              fill="none"
              stroke={color}
              strokeWidth={2.6 * 0.82 ** distance + 0.5}
            />
            <circle cx={x} cy={y} r={10 * 0.82 ** distance + 1.6} fill={color} />
          </g>
        );
      })}
    </svg>
  );
}

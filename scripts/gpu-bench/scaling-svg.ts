import { UmbelError } from "#runtime/errors";

export interface ScalingPoint {
  readonly frames: number;
  readonly tokens: number;
  readonly seconds: number;
}

export interface ScalingSeries {
  readonly dense: readonly ScalingPoint[];
  readonly radial: readonly ScalingPoint[];
}

const WIDTH = 720;
const HEIGHT = 400;
const LEFT = 60;
const RIGHT = 130;
const TOP = 50;
const BOTTOM = 60;
const COLORS = { dense: "#8a8f98", radial: "#e8743b" } as const;

/** Seconds of one prediction over tokens, each series a line with its points, from zero. Throws ERR_INVALID_ARGUMENT without any. */
export function scalingPlot(series: ScalingSeries, title: string): string {
  const all = [...series.dense, ...series.radial];
  if (all.length === 0) {
    throw new UmbelError(
      "ERR_INVALID_ARGUMENT",
      "Expected figures of dense and radial predictions, got none.",
    );
  }
  const mostTokens = Math.max(...all.map(({ tokens }) => tokens));
  const step = niceStep(Math.max(...all.map(({ seconds }) => seconds)));
  const steps = Math.ceil(Math.max(...all.map(({ seconds }) => seconds)) / step);
  const x = (tokens: number) => LEFT + (tokens / mostTokens) * (WIDTH - LEFT - RIGHT);
  const y = (seconds: number) =>
    HEIGHT - BOTTOM - (seconds / (step * steps)) * (HEIGHT - TOP - BOTTOM);
  const grid = Array.from({ length: steps + 1 }, (_, i) => i * step).map(
    (seconds) =>
      `<path d="M${LEFT} ${y(seconds)}H${WIDTH - RIGHT}" stroke="#d9dce1"/>` +
      text(LEFT - 8, y(seconds) + 4, `${Number(seconds.toPrecision(6))} s`, "end"),
  );
  const lengths = new Map(all.map(({ tokens, frames }) => [tokens, frames]));
  const ticks = [...lengths].map(
    ([tokens, frames]) =>
      text(x(tokens), HEIGHT - BOTTOM + 20, `${frames} frames`, "middle") +
      text(x(tokens), HEIGHT - BOTTOM + 36, `${tokens.toLocaleString("en-US")} tokens`, "middle"),
  );
  const drawn = (["dense", "radial"] as const).map((name) =>
    line(
      series[name].toSorted((a, b) => a.tokens - b.tokens),
      name,
      x,
      y,
    ),
  );
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" ` +
    `font-family="system-ui, sans-serif" font-size="12" fill="#3d434b">` +
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>` +
    `<text x="${LEFT}" y="28" font-size="15">One prediction: ${escape(title)}</text>` +
    `${[...grid, ...ticks, ...drawn].join("\n")}</svg>\n`
  );
}

function line(
  points: readonly ScalingPoint[],
  name: keyof typeof COLORS,
  x: (tokens: number) => number,
  y: (seconds: number) => number,
): string {
  const color = COLORS[name];
  const places = points.map(({ tokens, seconds }) => [x(tokens), y(seconds)] as const);
  const path = places.map(([px, py], i) => `${i === 0 ? "M" : "L"}${px} ${py}`).join("");
  const dots = places.map(([px, py]) => `<circle cx="${px}" cy="${py}" r="4" fill="${color}"/>`);
  const end = points.at(-1);
  const label =
    end === undefined
      ? ""
      : text(
          x(end.tokens) + 10,
          y(end.seconds) + 4,
          `${name}, ${end.seconds.toFixed(1)} s`,
          "start",
        );
  return `<path d="${path}" fill="none" stroke="${color}" stroke-width="2"/>${dots.join("")}${label}`;
}

function text(x: number, y: number, content: string, anchor: "start" | "middle" | "end"): string {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}">${escape(content)}</text>`;
}

function escape(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

/** 1, 2 or 5 times a power of ten, so that there are at most eight steps. */
function niceStep(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most / 8));
  return power * ([1, 2, 5, 10].find((factor) => most / (factor * power) <= 8) ?? 10);
}

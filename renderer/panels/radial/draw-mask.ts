/** Draws a part of a mask's picture, with the row and column of a frame pair lit. */
import type { MaskReport } from "#runtime/protocol/service-values";
import type { Theme } from "./distance-ramp.ts";
import { maskPicture } from "./mask-picture.ts";

/** The part on screen, in shares of the whole mask. */
export interface MaskWindow {
  readonly x: number;
  readonly y: number;
  readonly side: number;
}

export const WHOLE: MaskWindow = { x: 0, y: 0, side: 1 };
const MOST_ZOOM = 24;

const pictures = new WeakMap<MaskReport, Partial<Record<Theme, HTMLCanvasElement>>>();

/** One pixel a block, drawn once for each theme. */
function pictureCanvas(mask: MaskReport, block: number, theme: Theme): HTMLCanvasElement {
  const drawn = pictures.get(mask) ?? {};
  const known = drawn[theme];
  if (known !== undefined) return known;
  const { side, data } = maskPicture(mask, block, theme);
  const canvas = document.createElement("canvas");
  canvas.width = side;
  canvas.height = side;
  canvas.getContext("2d")?.putImageData(new ImageData(data, side), 0, 0);
  pictures.set(mask, { ...drawn, [theme]: canvas });
  return canvas;
}

export interface MaskDrawing {
  readonly mask: MaskReport;
  readonly block: number;
  readonly theme: Theme;
  readonly window: MaskWindow;
  readonly pair: { readonly query: number; readonly key: number } | null;
}

export function drawMask(canvas: HTMLCanvasElement, drawing: MaskDrawing): void {
  const { mask, block, theme, window, pair } = drawing;
  const context = canvas.getContext("2d");
  if (context === null) return;
  const size = canvas.width;
  const source = pictureCanvas(mask, block, theme);
  const blocks = mask.blocks;
  // Blocks larger than a pixel stay sharp; smaller ones are averaged, or diagonals would vanish.
  context.imageSmoothingEnabled = blocks * window.side > size;
  context.imageSmoothingQuality = "high";
  context.clearRect(0, 0, size, size);
  const [x, y, side] = [window.x * blocks, window.y * blocks, window.side * blocks];
  context.drawImage(source, x, y, side, side, 0, 0, size, size);
  if (pair === null) return;
  const frame = (size * mask.tokensPerFrame) / block / blocks / window.side;
  const left = pair.key * frame - (window.x / window.side) * size;
  const top = pair.query * frame - (window.y / window.side) * size;
  context.fillStyle = theme === "light" ? "rgb(20 30 10 / 0.1)" : "rgb(255 255 255 / 0.11)";
  context.fillRect(0, top, size, frame);
  context.fillRect(left, 0, frame, size);
  context.strokeStyle = theme === "light" ? "#12170f" : "#fff";
  context.lineWidth = Math.max(1.5, size / 200);
  context.strokeRect(left, top, frame, frame);
}

/** Zooms around a point of the shown part (0 to 1 each way); never past the whole mask. */
export function zoomWindow(
  window: MaskWindow,
  factor: number,
  at: { readonly x: number; readonly y: number },
): MaskWindow {
  const side = Math.max(1 / MOST_ZOOM, Math.min(1, window.side / factor));
  const clamp = (value: number): number => Math.max(0, Math.min(1 - side, value));
  return {
    x: clamp(window.x + at.x * (window.side - side)),
    y: clamp(window.y + at.y * (window.side - side)),
    side,
  };
}

/** The part moved, in shares of itself. */
export function moveWindow(window: MaskWindow, x: number, y: number): MaskWindow {
  const clamp = (value: number): number => Math.max(0, Math.min(1 - window.side, value));
  return { ...window, x: clamp(window.x + x * window.side), y: clamp(window.y + y * window.side) };
}

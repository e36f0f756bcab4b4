/** Draws one moment of one or two clips into a canvas, in each of the player's views. */
import type { PlayerView } from "../stores/player.ts";
import { differencePicture } from "./difference-picture.ts";

export interface ViewPictures {
  readonly a: CanvasImageSource | null;
  readonly b: CanvasImageSource | null;
  /** Width over height of the clips. */
  readonly aspect: number;
}

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The largest box of an aspect in the middle of a space. */
export function fitBox(
  space: { readonly width: number; readonly height: number },
  aspect: number,
): Box {
  const width = Math.min(space.width, space.height * aspect);
  const height = width / aspect;
  return { x: (space.width - width) / 2, y: (space.height - height) / 2, width, height };
}

/** Boxes of A and B: one over the other, or halves with a hair between them. */
export function viewBoxes(
  view: PlayerView,
  space: { readonly width: number; readonly height: number },
  aspect: number,
): readonly [Box, Box] {
  if (view !== "side") {
    const box = fitBox(space, aspect);
    return [box, box];
  }
  const half = { width: (space.width - 2) / 2, height: space.height };
  const box = fitBox(half, aspect);
  return [box, { ...box, x: box.x + half.width + 2 }];
}

export function drawView(
  canvas: HTMLCanvasElement,
  view: PlayerView,
  { a, b, aspect }: ViewPictures,
  wipe: number,
): void {
  const context = canvas.getContext("2d", { willReadFrequently: view === "difference" });
  if (context === null) return;
  const { width, height } = canvas;
  context.clearRect(0, 0, width, height);
  context.imageSmoothingQuality = "high";
  const [left, right] = viewBoxes(view, canvas, aspect);
  if (view === "difference" && a !== null && b !== null) {
    drawDifference(context, a, b, left);
    return;
  }
  if (a !== null) draw(context, a, left);
  if (b === null || view === "single") return;
  if (view === "wipe") {
    context.save();
    context.beginPath();
    context.rect(left.x + left.width * wipe, left.y, left.width * (1 - wipe), left.height);
    context.clip();
    draw(context, b, right);
    context.restore();
  } else draw(context, b, right);
}

function draw(context: CanvasRenderingContext2D, picture: CanvasImageSource, box: Box): void {
  context.drawImage(picture, box.x, box.y, box.width, box.height);
}

function drawDifference(
  context: CanvasRenderingContext2D,
  a: CanvasImageSource,
  b: CanvasImageSource,
  box: Box,
): void {
  const width = Math.max(1, Math.round(box.width));
  const height = Math.max(1, Math.round(box.height));
  const [x, y] = [Math.round(box.x), Math.round(box.y)];
  context.drawImage(a, x, y, width, height);
  const first = context.getImageData(x, y, width, height);
  context.drawImage(b, x, y, width, height);
  const second = context.getImageData(x, y, width, height);
  differencePicture(first.data, second.data, first.data);
  context.putImageData(first, x, y);
}

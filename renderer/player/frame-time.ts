/** Frames of a clip, latent frames of its model, and time. A latent frame is the first frame, or four that follow. */

const FRAMES_A_LATENT = 4;

/** Frames are counted from 0 here and from 1 in words, latent frames from 0 in both: so the axes of masks do. */
export function latentOfFrame(frame: number): number {
  return Math.ceil(frame / FRAMES_A_LATENT);
}

export function firstFrameOfLatent(latent: number): number {
  return latent === 0 ? 0 : (latent - 1) * FRAMES_A_LATENT + 1;
}

/** Cells of the strip: one a latent frame, or one a frame where a clip is too short to tell. */
export function latentCount(frames: number): number {
  return Math.floor((frames - 1 + FRAMES_A_LATENT - 1) / FRAMES_A_LATENT) + 1;
}

/** The frame in the middle of a latent frame: the one that its cell shows. */
export function middleFrameOfLatent(latent: number, frames: number): number {
  return Math.min(frames - 1, latent === 0 ? 0 : firstFrameOfLatent(latent) + 1);
}

/** "00:02.688": minutes, seconds, thousandths. */
export function timecode(frame: number, fps: number): string {
  const thousandths = Math.round((frame / fps) * 1000);
  const part = (value: number, digits: number): string => String(value).padStart(digits, "0");
  const seconds = Math.floor(thousandths / 1000);
  return `${part(Math.floor(seconds / 60), 2)}:${part(seconds % 60, 2)}.${part(thousandths % 1000, 3)}`;
}

/** The frame after `step` more; past an end it wraps around when looping and stays otherwise. */
export function stepFrame(frame: number, step: number, frames: number, loop: boolean): number {
  const next = frame + step;
  if (loop) return ((next % frames) + frames) % frames;
  return Math.max(0, Math.min(frames - 1, next));
}

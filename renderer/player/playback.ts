/** Moves the player's frame on while it plays, by the clock: all that shows the frame is in step by itself. */
import { shownFps, shownFrames, type Player } from "../stores/player.ts";

/** Returns a function that ends it. */
export function runPlayback(player: Player): () => void {
  let request = 0;
  let start: { readonly time: number; readonly frame: number } | null = null;
  let expected = -1;

  const tick = (time: number): void => {
    const state = player.store.getState();
    const frames = shownFrames(state);
    if (!state.playing || frames < 2) {
      request = 0;
      start = null;
      return;
    }
    // A seek while it plays goes on from there.
    if (start === null || state.frame !== expected) start = { time, frame: state.frame };
    const passed = Math.floor(((time - start.time) / 1000) * shownFps(state) * state.rate);
    let frame = start.frame + passed;
    if (frame >= frames) {
      if (state.loop) frame %= frames;
      else {
        player.set({ frame: frames - 1, playing: false });
        request = 0;
        start = null;
        return;
      }
    }
    expected = frame;
    if (frame !== state.frame) player.set({ frame });
    request = requestAnimationFrame(tick);
  };

  const wake = (): void => {
    if (request === 0 && player.store.getState().playing) request = requestAnimationFrame(tick);
  };
  const unsubscribe = player.store.subscribe((state, before) => {
    if (state.rate !== before.rate || state.a !== before.a || state.live !== before.live)
      start = null;
    wake();
  });
  wake();
  return () => {
    unsubscribe();
    cancelAnimationFrame(request);
  };
}

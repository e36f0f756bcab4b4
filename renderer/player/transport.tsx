import { usePanels, usePanelStore } from "../panels/panels-context.tsx";
import { shownFps, shownFrames } from "../stores/player.ts";
import { IconButton } from "../ui/icon-button.tsx";
import { latentOfFrame, stepFrame, timecode } from "./frame-time.ts";

export function Transport({ latent = true }: { readonly latent?: boolean }) {
  const { player } = usePanels();
  const frames = usePanelStore((panels) => panels.player, shownFrames);
  const fps = usePanelStore((panels) => panels.player, shownFps);
  const frame = usePanelStore(
    (panels) => panels.player,
    (state) => Math.min(state.frame, shownFrames(state) - 1),
  );
  const playing = usePanelStore(
    (panels) => panels.player,
    (state) => state.playing,
  );
  const loop = usePanelStore(
    (panels) => panels.player,
    (state) => state.loop,
  );
  const live = usePanelStore(
    (panels) => panels.player,
    (state) => state.live !== null,
  );
  const empty = usePanelStore(
    (panels) => panels.player,
    (state) => state.a === null && state.live === null,
  );
  const step = (by: number) =>
    player.set({ frame: stepFrame(frame, by, frames, loop), playing: false });
  return (
    <div className="transport" role="group" aria-label="Playback">
      <IconButton
        icon="first"
        label="First frame"
        keys="Home"
        disabled={empty}
        onClick={() => player.set({ frame: 0 })}
      />
      <IconButton
        icon="prev"
        label="Frame back"
        keys="ArrowLeft"
        disabled={empty}
        onClick={() => step(-1)}
      />
      <IconButton
        icon={playing ? "pause" : "play"}
        label={playing ? "Pause" : "Play"}
        keys="Space"
        disabled={empty || frames < 2}
        pressed={playing}
        onClick={() => player.set({ playing: !playing })}
      />
      <IconButton
        icon="next"
        label="Frame on"
        keys="ArrowRight"
        disabled={empty}
        onClick={() => step(1)}
      />
      <IconButton
        icon="last"
        label="Last frame"
        keys="End"
        disabled={empty}
        onClick={() => player.set({ frame: frames - 1 })}
      />
      <IconButton
        icon="loop"
        label="Loop"
        keys="L"
        className={loop ? "live-icon" : ""}
        aria-pressed={loop}
        onClick={() => player.set({ loop: !loop })}
      />
      {!empty && (
        <>
          <span className="mono time">{timecode(frame, fps)}</span>
          <span className="t3 small">
            {live ? `latent frame ${frame}, ${frames} in all` : `frame ${frame + 1} of ${frames}`}
            {latent && !live && frames > 1 && ` · latent frame ${latentOfFrame(frame)}`}
          </span>
        </>
      )}
    </div>
  );
}

/** Keys of the player; true when one was meant for it. */
export function playerKey(key: string, player: ReturnType<typeof usePanels>["player"]): boolean {
  const state = player.store.getState();
  const frames = shownFrames(state);
  const step = (by: number) =>
    player.set({ frame: stepFrame(state.frame, by, frames, state.loop), playing: false });
  switch (key) {
    case " ":
      player.set({ playing: !state.playing });
      return true;
    case "ArrowLeft":
      step(-1);
      return true;
    case "ArrowRight":
      step(1);
      return true;
    case "Home":
      player.seek(0);
      return true;
    case "End":
      player.seek(frames - 1);
      return true;
    case "l":
    case "L":
      player.set({ loop: !state.loop });
      return true;
    case "w":
    case "W":
      if (state.b !== null) player.set({ view: state.view === "wipe" ? "single" : "wipe" });
      return state.b !== null;
    default:
      return false;
  }
}

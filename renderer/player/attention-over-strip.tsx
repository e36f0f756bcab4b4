import { useRef } from "react";
import { usePanelStore } from "../panels/panels-context.tsx";
import { useTheme } from "../panels/use-theme.ts";
import type { Clip, LiveClip } from "../stores/player.ts";
import { AttentionArcs, AttentionHeat } from "./attention-arcs.tsx";
import { useWidth } from "./frame-strip.tsx";
import { latentOfFrame } from "./frame-time.ts";
import { useClipAttention } from "./use-clip-attention.ts";

interface OverStripProps {
  readonly clip: Clip | null;
  readonly live: LiveClip | null;
  readonly height: number;
}

/** Arcs or columns from the latent frame in view, or under the pointer; a sentence where there is nothing to draw. */
export function AttentionOverStrip({ clip, live, height }: OverStripProps) {
  const mode = usePanelStore(
    (panels) => panels.player,
    (state) => state.attention,
  );
  const attention = useClipAttention(clip, live);
  const theme = useTheme();
  const frame = usePanelStore(
    (panels) => panels.player,
    (state) => (state.live === null ? latentOfFrame(state.frame) : state.frame),
  );
  const hovered = usePanelStore(
    (panels) => panels.player,
    (state) => state.hovered,
  );
  const marked = usePanelStore(
    (panels) => panels.player,
    (state) => state.pair,
  );
  const room = useRef<HTMLDivElement>(null);
  const width = useWidth(room);
  const Shown = mode === "heat" ? AttentionHeat : AttentionArcs;
  const frames = attention?.frames ?? 0;
  const pair = marked?.frames === frames ? marked : null;
  const from = Math.min(Math.max(0, frames - 1), pair?.query ?? hovered ?? frame);
  return (
    <div ref={room} className="over-strip" style={{ height }}>
      {mode !== "off" && attention?.shares && width > 0 && (
        <Shown
          shares={attention.shares}
          frames={frames}
          from={from}
          marked={pair?.key ?? null}
          width={width}
          height={height}
          theme={theme}
        />
      )}
      {mode !== "off" && attention?.kind === "dense" && (
        <span className="t3 small over-strip-words">
          Dense attention: every frame sees every other.
        </span>
      )}
    </div>
  );
}

/** "Attention from latent frame 11", counted from 0; nothing for a clip without radial attention. */
export function useAttentionWords(clip: Clip | null, live: LiveClip | null): string | null {
  const attention = useClipAttention(clip, live);
  const frame = usePanelStore(
    (panels) => panels.player,
    (state) =>
      state.pair?.query ??
      state.hovered ??
      (state.live === null ? latentOfFrame(state.frame) : state.frame),
  );
  return attention?.kind === "radial" ? `Attention from latent frame ${frame}` : null;
}

/** Under the viewer: arcs, the strips of A and B with one playhead, and PSNR and SSIM on the same axis. */
import { useMemo, type CSSProperties } from "react";
import { AttentionOverStrip } from "../../player/attention-over-strip.tsx";
import { useClipAttention } from "../../player/use-clip-attention.ts";
import { useComparison } from "../../player/clip-figures.tsx";
import { Curve } from "../../player/curve.tsx";
import { FrameStrip } from "../../player/frame-strip.tsx";
import { worstStretch, type Stretch } from "../../player/worst-stretch.ts";
import type { Clip } from "../../stores/player.ts";

interface TimeProps {
  readonly a: Clip;
  readonly b: Clip | null;
}

export function CompareTime({ a, b }: TimeProps) {
  const comparison = useComparison(a, b);
  const stretch = useMemo(
    () => (comparison === null ? null : worstStretch(comparison.psnrByFrame)),
    [comparison],
  );
  const attention = useClipAttention(a, null);
  return (
    <div className="compare-time">
      {attention?.kind === "radial" && (
        <>
          <span className="cap kept">
            Kept
            <br />
            by A
          </span>
          <AttentionOverStrip clip={a} live={null} height={52} />
        </>
      )}
      <span className="cap">A</span>
      <FrameStrip clip={a} live={null} labels={b === null} name="Frames of A" />
      {b !== null && (
        <>
          <span className="cap">B</span>
          <FrameStrip clip={b} live={null} name="Frames of B" />
        </>
      )}
      {b !== null && comparison !== null && (
        <>
          <div className="curve-name">
            <span className="cap">PSNR</span>
            <span className="t3 micro">dB</span>
          </div>
          <div className="curve-place">
            <Curve
              values={comparison.psnrByFrame}
              height={62}
              name="PSNR by frame"
              stretch={stretch}
              grid
            />
            {stretch !== null && (
              <span className="stretch-words" style={besideStretch(stretch, comparison.frames)}>
                differ most, frames {stretch.first + 1}–{stretch.last + 1}
              </span>
            )}
          </div>
          <div className="curve-name">
            <span className="cap">SSIM</span>
          </div>
          <Curve
            values={comparison.ssimByFrame}
            height={62}
            name="SSIM by frame"
            color="var(--t-IMAGE)"
            stretch={stretch}
            grid
          />
        </>
      )}
    </div>
  );
}

/** Words stand behind the stretch, or before it where it ends late. */
function besideStretch({ first, last }: Stretch, frames: number): CSSProperties {
  const at = (frame: number): number => frame / Math.max(1, frames - 1);
  return at(last) > 0.7 ? { right: `${(1 - at(first)) * 100}%` } : { left: `${at(last) * 100}%` };
}

import type { JobEntry } from "#runtime/protocol/service-values";
import { FrameThumb } from "../../player/frame-thumb.tsx";
import { PreviewThumb } from "../../player/preview-thumb.tsx";
import { Icon } from "../../ui/icon.tsx";
import { usePanels, usePanelStore } from "../panels-context.tsx";

interface JobPictureProps {
  readonly entry: JobEntry;
  /** Shows the clip that is being made. */
  readonly live?: boolean;
}

/** 72 x 42: the last result of a job, or what stands for none. */
export function JobPicture({ entry, live = false }: JobPictureProps) {
  const { results } = usePanels();
  const preview = usePanelStore(
    (panels) => panels.player,
    (state) => (live && state.live?.job === entry.job ? state.live.preview : null),
  );
  const clip = results.clipsOf(entry).at(-1);
  if (preview !== null) {
    return (
      <div className="job-picture">
        <PreviewThumb preview={preview} />
      </div>
    );
  }
  if (entry.state === "failed") {
    return (
      <div className="job-picture failed">
        <Icon name="error" />
      </div>
    );
  }
  return (
    <div className="job-picture">
      {clip === undefined ? (
        <Icon name={entry.state === "cancelled" ? "stop" : "film"} size={14} />
      ) : (
        <FrameThumb clip={clip} />
      )}
    </div>
  );
}

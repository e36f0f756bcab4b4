import type { Download } from "#runtime/protocol/service-values";
import { useEditor } from "../../editor-context.tsx";
import { Button } from "../../ui/button.tsx";
import { IconButton } from "../../ui/icon-button.tsx";
import { bytesOfText, bytesText, leftText } from "../figures.ts";

/** A download with its bar, host, speed and time left; pause, go on, cancel. */
export function DownloadRow({ download }: { readonly download: Download }) {
  const { client, toasts } = useEditor();
  const { id, name, host, state, received, total, error } = download;
  const control = (action: "pause" | "resume" | "cancel"): void => {
    client
      .call("models.control", { id, action })
      .catch((failure: unknown) => toasts.fail("The download was not changed", failure));
  };
  const share = total === null || total === 0 ? null : received / total;
  return (
    <div className="lacking-card" aria-label={name} role="group">
      <div className="row">
        <span className="medium ellipsis grow">{name}</span>
        <span className="t2 small">
          {total === null ? bytesText(received) : bytesOfText(received, total)}
        </span>
      </div>
      <div
        className={share === null ? "bar unknown" : "bar"}
        role="progressbar"
        aria-label={`Download of ${name}`}
        {...(share === null ? {} : { "aria-valuenow": Math.round(share * 100) })}
      >
        <i style={{ width: `${(share ?? 0) * 100}%` }} />
      </div>
      <div className="row t2 small">
        <span className={state === "failed" ? "grow failed-words" : "grow"}>
          {downloadWords(download)}
        </span>
        {state === "running" && (
          <IconButton icon="pause" label={`Pause ${name}`} small onClick={() => control("pause")} />
        )}
        {(state === "paused" || state === "failed") && (
          <Button kind="quiet" small icon="play" onClick={() => control("resume")}>
            {state === "failed" ? "Get it again" : "Go on"}
          </Button>
        )}
        <IconButton icon="close" label={`Cancel ${name}`} small onClick={() => control("cancel")} />
      </div>
      {state === "running" && error !== null && <p className="t2 small">{error.message}</p>}
      <span className="visually-hidden">{host}</span>
    </div>
  );
}

export function downloadWords(download: Download): string {
  const { host, state, received, total, bytesPerSecond, error } = download;
  if (state === "failed") return error?.message ?? "It failed.";
  if (state === "paused") return `${host} · paused`;
  const parts = [host];
  if (!navigatorOnline()) parts.push("waits for a network");
  else if (bytesPerSecond > 0) {
    parts.push(`${bytesText(bytesPerSecond)}/s`);
    if (total !== null) parts.push(`${leftText((total - received) / bytesPerSecond)} left`);
  }
  return parts.join(" · ");
}

function navigatorOnline(): boolean {
  return typeof navigator === "undefined" || navigator.onLine;
}

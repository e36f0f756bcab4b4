import { Button } from "../../ui/button.tsx";
import { Icon } from "../../ui/icon.tsx";
import type { IconName } from "../../ui/icon-paths.ts";
import { bytesText } from "../figures.ts";
import { deviceName } from "../gauges/device-gauge.tsx";
import { useAddFolder } from "../models/use-add-folder.ts";
import { usePanelStore } from "../panels-context.tsx";

/** What this machine is ready for. */
export function DeviceCard() {
  const info = usePanelStore(
    (panels) => panels.memory,
    (state) => state.info,
  );
  const bundled = usePanelStore(
    (panels) => panels.modelFiles,
    ({ files }) => files.some(({ name }) => name.startsWith("umbel_tiny_t2v")),
  );
  const addFolder = useAddFolder();
  return (
    <div className="device-card">
      {info !== null && (
        <Line
          icon="check"
          tone="ok"
          words={`${deviceName(info.device.label)}, ${bytesText(info.device.totalBytes)}`}
          aside="ready"
        />
      )}
      {bundled && (
        <Line icon="check" tone="ok" words="Bundled small model" aside="runs on any machine" />
      )}
      <div className="device-line">
        <Icon name="folder" />
        <span className="grow">Have a ComfyUI folder?</span>
        <Button kind="quiet" small className="point" onClick={addFolder}>
          Point at it
        </Button>
      </div>
      <Line icon="offline" words="No account, no network, nothing sent" aside="" />
    </div>
  );
}

interface LineProps {
  readonly icon: IconName;
  readonly tone?: "ok";
  readonly words: string;
  readonly aside: string;
}

function Line({ icon, tone, words, aside }: LineProps) {
  return (
    <div className="device-line">
      <span className={tone}>
        <Icon name={icon} />
      </span>
      <span className="grow ellipsis">{words}</span>
      <span className="t2 small">{aside}</span>
    </div>
  );
}

/** The device's memory in the top bar: what is held, what the graph in front will need; what holds it, and Free. */
import { Popover } from "radix-ui";
import { useEffect } from "react";
import { useEditor, useEditorStore } from "../../editor-context.tsx";
import { Button } from "../../ui/button.tsx";
import { bytesOfText, bytesText } from "../figures.ts";
import { usePanels, usePanelStore } from "../panels-context.tsx";
import "./gauges.css";

const REFRESH_MS = 2000;

export function DeviceGauge() {
  const editor = useEditor();
  const { memory } = usePanels();
  const info = usePanelStore(
    (panels) => panels.memory,
    (state) => state.info,
  );
  const report = usePanelStore(
    (panels) => panels.memory,
    (state) => state.report,
  );
  const plan = usePanelStore(
    (panels) => panels.plans,
    (state) => state.report,
  );
  const running = useEditorStore(
    (e) => e.runs,
    ({ queue }) => queue.running.length > 0,
  );
  const budget = useEditorStore(
    (e) => e.settings,
    (state) => state.memoryBudgetBytes,
  );
  useEffect(() => {
    if (!running) return undefined;
    const timer = setInterval(() => void memory.refresh().catch(() => undefined), REFRESH_MS);
    return () => clearInterval(timer);
  }, [running, memory]);
  if (info === null || report === null) return null;
  const total = budget ?? report.totalBytes;
  const used = report.usedBytes;
  const needed = plan?.peakBytes ?? null;
  const over = needed !== null && total > 0 && needed > total;
  const coming = needed === null ? 0 : Math.max(0, needed - used);
  const share = (bytes: number): string => `${Math.min(100, (bytes / Math.max(1, total)) * 100)}%`;
  const free = async (): Promise<void> => {
    try {
      await memory.free();
    } catch (error) {
      editor.toasts.fail("The memory was not freed", error);
    }
  };
  const words = over ? `needs ${bytesOfText(needed, total)}` : bytesOfText(used, total);
  return (
    <Popover.Root onOpenChange={(open) => open && void memory.refresh().catch(() => undefined)}>
      <Popover.Trigger asChild>
        <button type="button" className={over ? "gauge over-budget" : "gauge"}>
          <span className="medium gauge-name">{deviceName(info.device.label)}</span>
          <span className="bar gauge-bar" aria-hidden="true">
            <i style={{ width: share(used) }} />
            <i className="planned" style={{ width: share(coming) }} />
          </span>
          <span>{words}</span>
        </button>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content className="pop gauge-pop" align="end" sideOffset={8} collisionPadding={8}>
          <div className="medium">{info.device.label}</div>
          {info.device.note !== null && <p className="t2 small">{info.device.note}</p>}
          <dl className="facts">
            {report.held.map(({ name, bytes }, i) => (
              <div className="fact" key={`${name} ${i}`}>
                <dt>{name}</dt>
                <dd>{bytesText(bytes)}</dd>
              </div>
            ))}
            <div className="fact total">
              <dt>In use</dt>
              <dd>{bytesOfText(used, total)}</dd>
            </div>
            {needed !== null && (
              <div className="fact">
                <dt>The graph in front needs</dt>
                <dd className={over ? "bad" : undefined}>{bytesText(needed)}</dd>
              </div>
            )}
          </dl>
          {over && (
            <p className="small bad">
              Make the clip smaller or shorter, decode in tiles, or choose weights of a lower
              precision.
            </p>
          )}
          <div className="gauge-foot">
            <Button small disabled={running || used === 0} onClick={() => void free()}>
              Free
            </Button>
            <span className="t3 small">
              {running ? "After the job that runs." : "Loaded models are read again when needed."}
            </span>
          </div>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

/** "NVIDIA GeForce RTX 4090" is long for a bar: "RTX 4090". */
export function deviceName(label: string): string {
  return label.replace(/^NVIDIA (GeForce )?/, "").replace(/ \d+-Core Processor$/, "");
}

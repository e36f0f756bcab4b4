/** One or two values over a list or range: says how many runs and how long before it starts, then shows the grid. */
import { Dialog as Radix } from "radix-ui";
import { useMemo, useState } from "react";
import type { SweepAxis } from "#runtime/protocol/service-values";
import { useActive, useEditor, useEditorStore } from "../../editor-context.tsx";
import { Button } from "../../ui/button.tsx";
import { IconButton } from "../../ui/icon-button.tsx";
import { roughText } from "../figures.ts";
import { useLastSeconds } from "../history/use-last-seconds.ts";
import { usePanelStore } from "../panels-context.tsx";
import { AxisField, type AxisText } from "./axis-field.tsx";
import { firstText, sweepChoices, sweepValuesOf, type SweepChoice } from "./sweep-choices.ts";
import { SweepGrid } from "./sweep-grid.tsx";
import { sweepRuns } from "./sweep-values.ts";
import { useBatch } from "./use-batch.ts";
import "../panels.css";
import "./sweep.css";

export function SweepDialog() {
  const { layout } = useEditor();
  const [batch, setBatch] = useState<string | null>(null);
  const close = (): void => layout.set({ overlay: null });
  return (
    <Radix.Root open onOpenChange={(open) => !open && close()}>
      <Radix.Portal>
        <Radix.Overlay className="scrim" />
        <Radix.Content
          className={batch === null ? "pop sweep" : "pop sweep wide"}
          aria-describedby={undefined}
          onOpenAutoFocus={(event) => {
            event.preventDefault();
            document.querySelector<HTMLElement>(".axis select, .sweep .btn")?.focus();
          }}
        >
          {batch === null ? (
            <Setup onStart={setBatch} onClose={close} />
          ) : (
            <Running batch={batch} onClose={close} />
          )}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

interface SetupProps {
  readonly onStart: (batch: string) => void;
  readonly onClose: () => void;
}

function Setup({ onStart, onClose }: SetupProps) {
  const { client, toasts, runs } = useEditor();
  const active = useActive();
  const { descriptions, files } = useEditorStore(
    (editor) => editor.nodes,
    (state) => state,
  );
  const choices = useMemo(
    () => (active === null ? [] : sweepChoices(active.document, descriptions)),
    [active, descriptions],
  );
  const filesOf = (choice: SweepChoice): readonly string[] =>
    files[choice.input.folder ?? ""] ?? [];
  const [axes, setAxes] = useState<readonly AxisText[]>(() =>
    choices[0] === undefined
      ? []
      : [{ choice: choices[0], text: firstText(choices[0], filesOf(choices[0])) }],
  );
  const seconds = useRunSeconds(active?.title ?? "");
  const parsed = axes.map(({ choice, text }) => parseAxis(choice, text, filesOf(choice)));
  const ready = parsed.length > 0 && parsed.every((axis) => typeof axis !== "string");
  const runCount = ready ? sweepRuns(parsed as readonly SweepAxis[]) : 0;
  const start = async (): Promise<void> => {
    if (active === null || !ready) return;
    try {
      const sweep = parsed as SweepAxis[];
      const { batch } = await client.call("queue.add", {
        document: active.document,
        title: active.title,
        origin: { tab: active.id },
        sweep,
      });
      await runs.load();
      if (batch === null) onClose();
      else onStart(batch);
    } catch (error) {
      toasts.fail("The sweep was not queued", error);
    }
  };
  const put = (at: number, next: AxisText): void =>
    setAxes(axes.map((axis, i) => (i === at ? next : axis)));
  return (
    <>
      <header className="panel-head">
        <Radix.Title asChild>
          <h2>Sweep</h2>
        </Radix.Title>
        <span className="t3 ellipsis">{active?.title}</span>
        <span className="grow" />
        <span className="t2 small">
          {runCount > 0 && `${runCount} ${runCount === 1 ? "run" : "runs"}`}
          {runCount > 0 && seconds !== null && `, about ${roughText(runCount * seconds)}`}
        </span>
        <IconButton icon="close" label="Close" small onClick={onClose} />
      </header>
      <div className="sweep-body">
        {choices.length === 0 && <p className="t2">This graph has no values that can be swept.</p>}
        {axes.map((axis, i) => (
          <AxisField
            key={i}
            axis={axis}
            name={i === 0 ? "Across" : "Down"}
            choices={choices}
            problem={typeof parsed[i] === "string" ? (parsed[i] as string) : null}
            onChange={(next) => put(i, next)}
            onChoose={(choice) => put(i, { choice, text: firstText(choice, filesOf(choice)) })}
            {...(i === 1 ? { onRemove: () => setAxes(axes.slice(0, 1)) } : {})}
          />
        ))}
        {axes.length === 1 && choices.length > 1 && (
          <Button
            kind="quiet"
            small
            icon="plus"
            onClick={() => {
              const other = choices.find((choice) => choice !== axes[0]?.choice);
              if (other !== undefined)
                setAxes([...axes, { choice: other, text: firstText(other, filesOf(other)) }]);
            }}
          >
            A second value
          </Button>
        )}
      </div>
      <footer className="sweep-foot">
        <span className="t3 small">
          {axes.some(({ choice }) => choice.input.kind === "seed")
            ? "Everything else is the same in every run"
            : "Same seed in every run"}
        </span>
        <span className="grow" />
        <Button onClick={onClose}>Not now</Button>
        <Button kind="primary" disabled={!ready} onClick={() => void start()}>
          {runCount > 0 ? `Queue ${runCount} ${runCount === 1 ? "run" : "runs"}` : "Queue"}
        </Button>
      </footer>
    </>
  );
}

function parseAxis(
  choice: SweepChoice,
  text: string,
  files: readonly string[],
): SweepAxis | string {
  try {
    return {
      node: choice.node,
      value: choice.input.name,
      values: sweepValuesOf(choice.input, text, files),
    };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Of the last run of this graph; null when none is known. */
function useRunSeconds(title: string): number | null {
  const planned = usePanelStore(
    (panels) => panels.plans,
    (state) => state.report?.seconds ?? null,
  );
  const last = useLastSeconds(title);
  return planned ?? last;
}

interface RunningProps {
  readonly batch: string;
  readonly onClose: () => void;
}

function Running({ batch, onClose }: RunningProps) {
  const { client, toasts, layout } = useEditor();
  const { jobs } = useBatch(batch);
  const waiting = jobs.filter(({ state }) => state === "waiting");
  const stop = (): void => {
    Promise.all(waiting.map(({ job }) => client.call("queue.cancel", { job }))).catch(
      (error: unknown) => toasts.fail("The sweep was not stopped", error),
    );
  };
  return (
    <>
      <header className="panel-head">
        <Radix.Title asChild>
          <h2>Sweep</h2>
        </Radix.Title>
        <span className="grow" />
        <IconButton icon="close" label="Close; the queue goes on" small onClick={onClose} />
      </header>
      <div className="sweep-body">
        <SweepGrid batch={batch} />
      </div>
      <footer className="sweep-foot">
        <span className="t3 small">The gallery keeps this grid.</span>
        <span className="grow" />
        {waiting.length > 0 && <Button onClick={stop}>Stop after this</Button>}
        <Button kind="primary" onClick={() => layout.set({ overlay: null, panel: "gallery" })}>
          Open in the gallery
        </Button>
      </footer>
    </>
  );
}

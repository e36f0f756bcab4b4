/** All settings in one list, with search on top. Each is applied at once. */
import { Dialog as Radix } from "radix-ui";
import { useState, type ReactNode } from "react";
import type { Settings } from "#runtime/protocol/service-values";
import { useEditor, useEditorStore } from "../../editor-context.tsx";
import { useCommands } from "../../commands/command-context.tsx";
import { Button } from "../../ui/button.tsx";
import { Icon } from "../../ui/icon.tsx";
import { IconButton } from "../../ui/icon-button.tsx";
import { Segmented } from "../../ui/segmented.tsx";
import { Switch } from "../../ui/switch.tsx";
import { usePanelStore } from "../panels-context.tsx";
import { bytesText } from "../figures.ts";
import { useAddFolder } from "../models/use-add-folder.ts";
import { BudgetField } from "./budget-field.tsx";
import { findSettings } from "./find-settings.ts";
import "./settings.css";

interface Row {
  readonly id: string;
  readonly title: string;
  readonly words: string;
  readonly control: ReactNode;
}

export function SettingsPage() {
  const { layout } = useEditor();
  const [text, setText] = useState("");
  const rows = useRows();
  const shown = findSettings(rows, text);
  return (
    <Radix.Root open onOpenChange={(open) => !open && layout.set({ overlay: null })}>
      <Radix.Portal>
        <Radix.Overlay className="scrim" />
        <Radix.Content className="pop settings" aria-describedby={undefined}>
          <header className="panel-head">
            <Radix.Title asChild>
              <h2>Settings</h2>
            </Radix.Title>
            <span className="t3 small">applied at once</span>
            <span className="grow" />
            <IconButton
              icon="close"
              label="Close"
              small
              onClick={() => layout.set({ overlay: null })}
            />
          </header>
          <label className="panel-search">
            <Icon name="search" size={13} />
            <input
              autoFocus
              aria-label="Find a setting"
              placeholder="Find a setting"
              value={text}
              onChange={(event) => setText(event.target.value)}
            />
          </label>
          <div className="settings-list">
            {shown.map(({ id, title, words, control }) => (
              <div key={id} className="setting" role="group" aria-label={title}>
                <div className="setting-words">
                  <div className="medium">{title}</div>
                  <div className="t2 small">{words}</div>
                </div>
                <div className="setting-control">{control}</div>
              </div>
            ))}
            {shown.length === 0 && <p className="panel-note">No setting of that name.</p>}
          </div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

const THEMES = [
  { value: "system", label: "System" },
  { value: "dark", label: "Dark" },
  { value: "light", label: "Light" },
] as const;
const DEVICES = [
  { value: "auto", label: "Automatic" },
  { value: "cuda", label: "GPU" },
  { value: "cpu", label: "CPU" },
] as const;
const LINKS = [
  { value: "curved", label: "Curved" },
  { value: "straight", label: "Straight" },
  { value: "stepped", label: "Stepped" },
  { value: "hidden", label: "Hidden" },
] as const;

const GROUND_DRAGS = [
  { value: "pan", label: "Move" },
  { value: "select", label: "Select" },
] as const;

const BOX_SELECTS = [
  { value: "touched", label: "Touched" },
  { value: "whole", label: "Whole" },
] as const;

function useRows(): Row[] {
  const { settings: store, toasts, shell, layout } = useEditor();
  const commands = useCommands();
  const settings = useEditorStore(
    (editor) => editor.settings,
    (state) => state,
  );
  const info = usePanelStore(
    (panels) => panels.memory,
    (state) => state.info,
  );
  const total = usePanelStore(
    (panels) => panels.memory,
    (state) => state.report?.totalBytes ?? null,
  );
  const addFolder = useAddFolder();
  const set = (change: Partial<Settings>): void => {
    store.set(change).catch((error: unknown) => toasts.fail("The setting was not changed", error));
  };
  const pickOutput = async (): Promise<void> => {
    const path = await shell.pickFolder("Choose a folder");
    if (path !== null) set({ outputFolder: path });
  };
  const changedKeys = Object.keys(settings.keys).length;
  return [
    {
      id: "theme",
      title: "Theme",
      words: "Dark, light, or as the system has it.",
      control: (
        <Segmented
          label="Theme"
          segments={THEMES}
          value={settings.theme}
          onChange={(theme) => set({ theme })}
        />
      ),
    },
    {
      id: "folders",
      title: "Model folders",
      words: "Looked through for models besides the app's own. A ComfyUI folder is used in place.",
      control: (
        <>
          <ul className="folder-list">
            {settings.modelFolders.map((path) => (
              <li key={path}>
                <span className="ellipsis" title={path}>
                  {path}
                </span>
                <IconButton
                  icon="close"
                  label={`Do not look through ${path}`}
                  small
                  onClick={() =>
                    set({ modelFolders: settings.modelFolders.filter((other) => other !== path) })
                  }
                />
              </li>
            ))}
          </ul>
          <Button small icon="folder" onClick={addFolder}>
            Add a folder
          </Button>
        </>
      ),
    },
    {
      id: "output",
      title: "Output folder",
      words: "Where results are saved.",
      control: (
        <>
          <span className="ellipsis t2 small" title={settings.outputFolder ?? info?.outputFolder}>
            {settings.outputFolder ?? info?.outputFolder ?? ""}
          </span>
          <Button small onClick={() => void pickOutput()}>
            Choose
          </Button>
          {settings.outputFolder !== null && (
            <Button kind="quiet" small onClick={() => set({ outputFolder: null })}>
              As it was
            </Button>
          )}
        </>
      ),
    },
    {
      id: "device",
      title: "Device",
      words:
        info === null
          ? "What models run on."
          : `What models run on. Now: ${info.device.label}.${info.device.note === null ? "" : ` ${info.device.note}`}`,
      control: (
        <Segmented
          label="Device"
          segments={DEVICES}
          value={settings.device}
          onChange={(device) => set({ device })}
        />
      ),
    },
    {
      id: "budget",
      title: "Memory budget",
      words: `What models and results may hold on the device${total === null ? "" : `, which has ${bytesText(total)}`}. Empty: all of it.`,
      control: (
        <BudgetField
          value={settings.memoryBudgetBytes}
          onChange={(memoryBudgetBytes) => set({ memoryBudgetBytes })}
        />
      ),
    },
    {
      id: "links",
      title: "Link style",
      words: "How wires run between nodes.",
      control: (
        <Segmented
          label="Link style"
          segments={LINKS}
          value={settings.linkStyle}
          onChange={(linkStyle) => set({ linkStyle })}
        />
      ),
    },
    {
      id: "grid",
      title: "Snap to grid",
      words: "Nodes settle on the dots when they are moved.",
      control: (
        <Switch
          label="Snap to grid"
          checked={settings.snapToGrid}
          onChange={(snapToGrid) => set({ snapToGrid })}
        />
      ),
    },
    {
      id: "ground",
      title: "Drag on the ground",
      words:
        "What a plain drag does. With Shift it always selects; Space and the middle button move.",
      control: (
        <Segmented
          label="Drag on the ground"
          segments={GROUND_DRAGS}
          value={settings.groundDrag}
          onChange={(groundDrag) => set({ groundDrag })}
        />
      ),
    },
    {
      id: "box",
      title: "Box selection",
      words: "Takes every node that the box touches, or only those that lie in it whole.",
      control: (
        <Segmented
          label="Box selection"
          segments={BOX_SELECTS}
          value={settings.boxSelects}
          onChange={(boxSelects) => set({ boxSelects })}
        />
      ),
    },
    {
      id: "keys",
      title: "Keys",
      words:
        changedKeys === 0
          ? "Every command and its key."
          : `Every command and its key; ${changedKeys} changed.`,
      control: (
        <>
          <Button
            small
            onClick={() => {
              layout.set({ overlay: null });
              commands.openPalette({ kind: "keys" });
            }}
          >
            Show all keys
          </Button>
          {changedKeys > 0 && (
            <Button kind="quiet" small onClick={() => set({ keys: {} })}>
              As they were
            </Button>
          )}
        </>
      ),
    },
  ];
}

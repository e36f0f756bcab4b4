import { useEditor, useEditorStore } from "../editor-context.tsx";
import { useCommands } from "../commands/command-context.tsx";
import { Icon } from "../ui/icon.tsx";
import { showKeys } from "../ui/kbd.tsx";
import { Menu, type MenuEntry } from "../ui/menu.tsx";

export function RunButton() {
  const editor = useEditor();
  const commands = useCommands();
  const running = useEditorStore(
    (e) => e.runs,
    (state) => state.queue.running.length + state.queue.waiting.length > 0,
  );
  const active = useEditorStore(
    (e) => e.documents,
    (state) => state.active,
  );
  const errors = useEditorStore(
    (e) => e.problems,
    (state) =>
      (active === null ? [] : (state.byDocument[active] ?? [])).filter(
        ({ severity }) => severity === "error",
      ).length,
  );
  const count = useEditorStore(
    () => commands.runOptions,
    (state) => state.count,
  );
  const auto = useEditorStore(
    () => commands.runOptions,
    (state) => state.onChange,
  );
  const keys = commands.keysOf("run.run");
  const entries = (): readonly MenuEntry[] => [
    commands.item("run.run"),
    commands.item("run.first"),
    commands.item("run.selected"),
    commands.item("run.sweep"),
    "line",
    {
      id: "count",
      content: (close) => (
        <label key="count" className="menu-item">
          Batch count
          <input
            className="menu-number"
            type="number"
            min={1}
            max={1000}
            defaultValue={count}
            onKeyDown={(event) => {
              event.stopPropagation();
              if (event.key !== "Enter") return;
              event.preventDefault();
              close();
              if (event.ctrlKey || event.metaKey) commands.run("run.run");
            }}
            onChange={(event) => {
              const value = Math.round(event.currentTarget.valueAsNumber);
              if (value >= 1 && value <= 1000) commands.runOptions.store.setState({ count: value });
            }}
          />
        </label>
      ),
    },
    {
      label: "Run on every change",
      checked: auto,
      run: () => commands.runOptions.store.setState({ onChange: !auto }),
    },
    "line",
    commands.item("run.stop"),
  ];
  if (errors > 0) {
    return (
      <button
        type="button"
        className="btn run-problems"
        onClick={() => {
          if (active !== null) editor.problems.markTried(active);
          editor.layout.showDock("problems");
        }}
      >
        <Icon name="error" size={14} />
        {errors === 1 ? "1 problem" : `${errors} problems`}
      </button>
    );
  }
  return (
    <div className="run">
      <button
        type="button"
        disabled={active === null}
        title={keys === undefined ? undefined : showKeys(keys)}
        onClick={() => commands.run("run.run")}
      >
        <Icon name={running ? "plus" : "play"} size={14} />
        {running ? "Add to queue" : "Run"}
        {count > 1 && ` × ${count}`}
        {!running && keys !== undefined && <kbd>{showKeys(keys)}</kbd>}
      </button>
      <i className="run-line" />
      <Menu entries={entries} align="end">
        <button type="button" aria-label="More ways to run" disabled={active === null}>
          <Icon name="chevron-down" size={12} />
        </button>
      </Menu>
    </div>
  );
}

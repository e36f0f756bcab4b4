/** First start, and the page of templates: one line of promise, new, open, the device, and what can be made. */
import { Dialog as Radix } from "radix-ui";
import { useMemo, useState } from "react";
import { useCommands } from "../../commands/command-context.tsx";
import { useEditor, useEditorStore } from "../../editor-context.tsx";
import { isDirty } from "../../stores/documents.ts";
import { Button } from "../../ui/button.tsx";
import { Chip } from "../../ui/chip.tsx";
import { Icon } from "../../ui/icon.tsx";
import { Kbd } from "../../ui/kbd.tsx";
import { Mark } from "../../ui/mark.tsx";
import { Segmented } from "../../ui/segmented.tsx";
import { DeviceCard } from "./device-card.tsx";
import { TemplateCard } from "./template-card.tsx";
import { loadTemplates, type TemplateKind } from "./templates.ts";
import { openTemplate } from "./open-template.ts";
import { UmbelPicture } from "./umbel-picture.tsx";
import "./welcome.css";

const KINDS = [
  { value: "all", label: "All" },
  { value: "text", label: "Text" },
  { value: "picture", label: "Picture" },
  { value: "fast", label: "Fast" },
  { value: "research", label: "Research" },
] as const satisfies readonly { value: TemplateKind | "all"; label: string }[];

const STEPS: Readonly<Record<string, number>> = {
  ArrowRight: 1,
  ArrowLeft: -1,
  ArrowDown: 3,
  ArrowUp: -3,
};

export function WelcomePage() {
  const editor = useEditor();
  const commands = useCommands();
  const templates = useMemo(loadTemplates, []);
  const [kind, setKind] = useState<TemplateKind | "all">("all");
  const [chosen, setChosen] = useState(0);
  const shown = templates.filter(({ kinds }) => kind === "all" || kinds.includes(kind));
  const close = (): void => editor.layout.set({ overlay: null });
  const open = (at: number): void => {
    const template = shown[at];
    if (template !== undefined) openTemplate(editor, template);
    close();
  };
  return (
    <Radix.Root open onOpenChange={(now) => !now && close()}>
      <Radix.Portal>
        <Radix.Content
          className="welcome"
          aria-describedby={undefined}
          onOpenAutoFocus={(event) => {
            event.preventDefault();
            document.querySelector<HTMLElement>(".template.on")?.focus();
          }}
          onKeyDown={(event) => {
            const step = STEPS[event.key];
            if (step === undefined || (event.target as Element).closest(".template") === null)
              return;
            event.preventDefault();
            const next = Math.max(0, Math.min(shown.length - 1, chosen + step));
            setChosen(next);
            document.querySelectorAll<HTMLElement>(".template")[next]?.focus();
          }}
        >
          <div className="welcome-side">
            <UmbelPicture />
            <div className="welcome-words">
              <div className="row welcome-name">
                <Mark size={38} />
                <Radix.Title className="display">Umbel</Radix.Title>
              </div>
              <p className="t2 lead">
                Make a video on your own machine. Start from a template, or drop a video here to
                open the graph that made it.
              </p>
              <div className="row welcome-actions">
                <Button
                  kind="primary"
                  icon="plus"
                  className="tall"
                  onClick={() => {
                    close();
                    commands.run("file.new");
                  }}
                >
                  New graph
                </Button>
                <Button
                  icon="folder"
                  className="tall"
                  onClick={() => {
                    close();
                    commands.run("file.open");
                  }}
                >
                  Open
                </Button>
                <Kbd keys={commands.keysOf("file.open") ?? "$mod+KeyO"} />
              </div>
              <OpenGraphs onOpen={close} />
              <span className="grow" />
              <DeviceCard />
            </div>
          </div>
          <div className="welcome-templates">
            <div className="row">
              <h2 className="display">Templates</h2>
              <span className="grow" />
              <Segmented
                label="Templates"
                segments={KINDS}
                value={kind}
                onChange={(next) => {
                  setKind(next);
                  setChosen(0);
                }}
              />
            </div>
            <div className="template-grid">
              {shown.map((template, i) => (
                <TemplateCard
                  key={template.id}
                  template={template}
                  chosen={i === chosen}
                  onChoose={() => setChosen(i)}
                  onOpen={() => open(i)}
                />
              ))}
            </div>
            <div className="drop-here t2">
              <Icon name="drop" />
              Drop an MP4, WebM, WebP, PNG or JSON: its graph opens, ComfyUI graphs too
            </div>
            <div className="row t3 small welcome-foot">
              <span>Pictures: frames that the bundled model made with these graphs.</span>
              <span className="grow" />
              <span>
                <Kbd keys="ArrowUp" /> <Kbd keys="ArrowDown" /> choose
              </span>
              <span>
                <Kbd keys="?" /> all keys
              </span>
              <span>
                <Kbd keys={commands.keysOf("help.commands") ?? "$mod+Shift+KeyP"} /> commands
              </span>
            </div>
          </div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** Graphs that are open, as they were left. */
function OpenGraphs({ onOpen }: { readonly onOpen: () => void }) {
  const { documents } = useEditor();
  const { tabs, open } = useEditorStore(
    (editor) => editor.documents,
    (state) => state,
  );
  if (tabs.length === 0) return null;
  return (
    <section className="recent" aria-label="Open graphs">
      <h3 className="cap">Open</h3>
      {tabs.slice(0, 4).map((id) => {
        const entry = open[id];
        if (entry === undefined) return null;
        return (
          <button
            key={id}
            type="button"
            className="recent-row"
            onClick={() => {
              documents.activate(id);
              onOpen();
            }}
          >
            <span className="medium ellipsis">{entry.title}</span>
            {isDirty(entry) && <Chip tone="live">unsaved changes kept</Chip>}
            <span className="grow" />
            <span className="t3 ellipsis">{entry.path ?? "not in a file yet"}</span>
          </button>
        );
      })}
    </section>
  );
}

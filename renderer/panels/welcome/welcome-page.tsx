/** First start, and the page of templates: one line of promise, new, open, the device, and what can be made. */
import { Dialog as Radix } from "radix-ui";
import { useEffect, useMemo, useState } from "react";
import { useCommands } from "../../commands/command-context.tsx";
import { useEditor } from "../../editor-context.tsx";
import { Button } from "../../ui/button.tsx";
import { Icon } from "../../ui/icon.tsx";
import { Kbd } from "../../ui/kbd.tsx";
import { Mark } from "../../ui/mark.tsx";
import { Segmented } from "../../ui/segmented.tsx";
import { DeviceCard } from "./device-card.tsx";
import { RecentGraphs } from "./recent-graphs.tsx";
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
  // A graph that is opened otherwise, as by dropping a file, is what people want to see.
  useEffect(
    () =>
      editor.documents.store.subscribe(({ tabs }, before) => {
        if (tabs.some((tab) => !before.tabs.includes(tab))) editor.layout.set({ overlay: null });
      }),
    [editor],
  );
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
              <RecentGraphs onOpen={close} />
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

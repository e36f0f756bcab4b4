/** A file that the graph names and that is not here: have it, or get it after host and size were shown. */
import { useState } from "react";
import type { MissingModel } from "#runtime/protocol/service-values";
import { useEditor } from "../../editor-context.tsx";
import { Button } from "../../ui/button.tsx";
import { GetDialog, type ProbedFile } from "./get-dialog.tsx";

export function MissingRow({ model }: { readonly model: MissingModel }) {
  const { client, shell, toasts } = useEditor();
  const [probed, setProbed] = useState<ProbedFile | null>(null);
  const [asking, setAsking] = useState(false);
  const { url } = model;
  const probe = async (): Promise<void> => {
    if (url === null) return;
    setAsking(true);
    try {
      const found = await client.call("models.probe", { url });
      setProbed({ ...found, url });
    } catch (error) {
      toasts.fail(`${model.name} cannot be had there`, error);
    } finally {
      setAsking(false);
    }
  };
  const pick = async (): Promise<void> => {
    try {
      const path = await shell.pick("model");
      if (path === null) return;
      const { folder, name } = model;
      await client.call("models.addFile", { path, folder, name });
      toasts.show({ kind: "done", title: `${name} is there`, detail: `Linked to ${path}.` });
    } catch (error) {
      toasts.fail(`${model.name} was not linked`, error);
    }
  };
  return (
    <div className="lacking-card row" role="group" aria-label={model.name}>
      <div className="grow">
        <div className="medium ellipsis" title={model.name}>
          {model.name.replace(/\.(safetensors|gguf|sft)$/, "")}
        </div>
        <div className="t2 small ellipsis" title={model.target}>
          belongs into {model.folder}
        </div>
      </div>
      {shell.desktop && (
        <Button
          small
          onClick={() => void pick()}
          title={`Point at the file: it is linked as ${model.target} and stays where it is`}
        >
          I have it
        </Button>
      )}
      {url !== null && (
        <Button kind="primary" small icon="download" disabled={asking} onClick={() => void probe()}>
          Get
        </Button>
      )}
      {probed !== null && (
        <GetDialog model={model} probed={probed} onClose={() => setProbed(null)} />
      )}
    </div>
  );
}

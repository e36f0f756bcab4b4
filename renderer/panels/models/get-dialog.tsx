import type { MissingModel } from "#runtime/protocol/service-values";
import { useEditor } from "../../editor-context.tsx";
import { Fact } from "../../player/live-figures.tsx";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { bytesText } from "../figures.ts";
import { shortHash } from "./model-kinds.ts";

export interface ProbedFile {
  readonly url: string;
  readonly host: string;
  readonly name: string;
  readonly bytes: number | null;
}

interface GetDialogProps {
  readonly model: MissingModel;
  readonly probed: ProbedFile;
  readonly onClose: () => void;
}

/** Nothing is fetched before this is agreed to: where from, how large, where to, and how it is checked. */
export function GetDialog({ model, probed, onClose }: GetDialogProps) {
  const { client, toasts } = useEditor();
  const size = probed.bytes === null ? null : bytesText(probed.bytes);
  const get = (): void => {
    const { folder, name, sha256 } = model;
    client
      .call("models.download", { url: probed.url, folder, name, sha256 })
      .catch((error: unknown) => toasts.fail(`${name} was not fetched`, error));
    onClose();
  };
  return (
    <Dialog
      title={`Get ${model.name.replace(/\.(safetensors|gguf|sft)$/, "")}?`}
      icon="download"
      onClose={onClose}
      actions={
        <>
          <span className="t3 small">Resumes if cut</span>
          <Button onClick={onClose}>Not now</Button>
          <Button kind="primary" onClick={get}>
            {size === null ? "Get" : `Get ${size}`}
          </Button>
        </>
      }
    >
      <p>This graph names a file that is not here. Nothing is fetched unless you say so.</p>
      <dl className="facts get-facts">
        <Fact name="From" value={probed.host} />
        <Fact name="Size" value={size ?? "not told by the host"} />
        <Fact name="To" value={model.target} />
        <Fact
          name="Check"
          value={
            model.sha256 === null
              ? "none: the graph gives no SHA-256"
              : `SHA-256 ${shortHash(model.sha256)}, from the graph`
          }
        />
      </dl>
    </Dialog>
  );
}

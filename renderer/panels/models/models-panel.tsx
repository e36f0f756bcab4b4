/** What the graph in front lacks, then every model file by kind. */
import { useState } from "react";
import type { ModelFile } from "#runtime/protocol/service-values";
import { useActive, useEditorStore } from "../../editor-context.tsx";
import { Button } from "../../ui/button.tsx";
import { Chip } from "../../ui/chip.tsx";
import { Icon } from "../../ui/icon.tsx";
import { bytesText } from "../figures.ts";
import { EmptyState } from "../notices/empty-state.tsx";
import { LoadingArcs } from "../notices/loading-arcs.tsx";
import { PanelHead } from "../panel-head.tsx";
import { usePanels, usePanelStore } from "../panels-context.tsx";
import { DownloadRow } from "./download-row.tsx";
import { MissingRow } from "./missing-row.tsx";
import { kindGroups, namesInUse } from "./model-kinds.ts";
import { useAddFolder } from "./use-add-folder.ts";
import "./models.css";

export function ModelsPanel() {
  const { modelFiles } = usePanels();
  const { files, missing, downloads, loaded } = usePanelStore(
    (panels) => panels.modelFiles,
    (state) => state,
  );
  const active = useActive();
  const open = useEditorStore(
    (editor) => editor.documents,
    (state) => state.open,
  );
  const folders = useEditorStore(
    (editor) => editor.settings,
    (state) => state.modelFolders,
  );
  const [text, setText] = useState("");
  const used = namesInUse(Object.values(open).map(({ document }) => document));
  const found = files.filter(({ name, family }) =>
    `${name} ${family ?? ""}`.toLowerCase().includes(text.trim().toLowerCase()),
  );
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const moving = downloads.filter(({ state }) => state !== "done" && state !== "cancelled");
  const asked = new Set(moving.map(({ folder, name }) => `${folder}/${name}`));
  const lacking = missing.filter(({ folder, name }) => !asked.has(`${folder}/${name}`));
  const addFolder = useAddFolder();
  return (
    <div className="panel-content models">
      <PanelHead
        title="Models"
        count={
          loaded
            ? `${files.length} ${files.length === 1 ? "file" : "files"}, ${bytesText(total)}`
            : null
        }
      >
        <Button kind="quiet" small icon="folder" onClick={addFolder}>
          Add a folder
        </Button>
      </PanelHead>
      {missing.length + moving.length > 0 && (
        <section className="lacking" aria-label="Missing files and downloads">
          {lacking.length > 0 && active !== null && (
            <div className="lacking-title">
              <span className="warning">
                <Icon name="warn" />
              </span>
              <span className="medium ellipsis">
                {active.title} lacks {lacking.length} {lacking.length === 1 ? "file" : "files"}
              </span>
            </div>
          )}
          {moving.map((download) => (
            <DownloadRow key={download.id} download={download} />
          ))}
          {lacking.map((model) => (
            <MissingRow key={`${model.folder}/${model.name}`} model={model} />
          ))}
        </section>
      )}
      {!loaded && <LoadingArcs>Looking at the model folders</LoadingArcs>}
      {loaded && files.length === 0 && (
        <EmptyState
          icon="model"
          title="No model files"
          action={
            <Button small onClick={addFolder}>
              Add a folder
            </Button>
          }
        >
          Point at a folder of models. ComfyUI's is used in place, as it is.
        </EmptyState>
      )}
      {files.length > 8 && (
        <label className="panel-search">
          <Icon name="search" size={13} />
          <input
            aria-label="Find a model file"
            placeholder="Name or family"
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        </label>
      )}
      {kindGroups(found).map(({ title, files: members }) => (
        <section key={title} aria-label={title}>
          <h3 className="cap panel-cap">{title}</h3>
          <ul className="model-list">
            {members.map((file) => (
              <ModelRow
                key={`${file.folder}/${file.name}`}
                file={file}
                used={used.has(file.name)}
              />
            ))}
          </ul>
        </section>
      ))}
      <div className="panel-foot">
        <i className="used-dot" />
        used by an open graph
        <span className="grow" />
        <Button kind="quiet" small icon="loop" onClick={() => void modelFiles.load()}>
          Look again
        </Button>
        {folders.length > 0 && <span title={folders.join("\n")}>{folders.length} added</span>}
      </div>
    </div>
  );
}

function ModelRow({ file, used }: { readonly file: ModelFile; readonly used: boolean }) {
  const slash = file.name.lastIndexOf("/");
  const folder = file.name.slice(0, slash + 1);
  const name = file.name.slice(slash + 1).replace(/\.(safetensors|gguf|sft)$/, "");
  const words = [file.path, file.kind, file.problem].filter((word) => word !== null).join("\n");
  return (
    <li className="model-row" title={words}>
      <div className="grow">
        <div className="ellipsis">
          <span className="t3">{folder}</span>
          {name}
        </div>
        {file.problem === null ? (
          <div className="t3 small ellipsis">{file.family ?? file.kind ?? ""}</div>
        ) : (
          <div className="small failed-words ellipsis">{file.problem.split("\n")[0]}</div>
        )}
      </div>
      {file.precision !== null && <Chip>{file.precision}</Chip>}
      <span className="t2 small model-size">{bytesText(file.bytes)}</span>
      <i
        className={used ? "used-dot" : "used-dot none"}
        role="img"
        aria-label={used ? "in use" : "not in use"}
      />
    </li>
  );
}

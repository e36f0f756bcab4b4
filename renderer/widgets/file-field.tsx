import { useState } from "react";
import { useEditor } from "../editor-context.tsx";
import { Icon } from "../ui/icon.tsx";
import { ComboField, type ComboFieldProps } from "./combo-field.tsx";
import { shownValue } from "./field-props.ts";
import { valueText } from "./value-text.ts";

/** A picture or clip of the input folder: drop one, or choose one; then it is shown. */
export function FileField(props: ComboFieldProps) {
  const { input, onChange, onDone } = props;
  const { client, nodes, toasts } = useEditor();
  const [over, setOver] = useState(false);
  const value = valueText(shownValue(props));
  const add = async (file: File) => {
    try {
      const data = new Uint8Array(await file.arrayBuffer());
      const { name } = await client.call("files.add", { name: file.name, data });
      await nodes.loadFiles(input.folder ?? "input");
      onChange(name);
      onDone();
    } catch (error) {
      toasts.fail(`${file.name} was not added`, error);
    }
  };
  const choose = () => {
    const chooser = document.createElement("input");
    chooser.type = "file";
    chooser.accept = input.accept === "video" ? "video/*" : "image/*";
    chooser.addEventListener("change", () => {
      const file = chooser.files?.[0];
      if (file !== undefined) void add(file);
    });
    chooser.click();
  };
  const url = value === "" ? null : client.mediaUrl({ place: "input", path: value });
  const shows = url !== null && props.problem === null;
  return (
    <div
      className={over ? "file-field over nodrag" : "file-field nodrag"}
      onDragOver={(event) => {
        if (!event.dataTransfer.types.includes("Files")) return;
        event.preventDefault();
        event.stopPropagation();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        setOver(false);
        const file = event.dataTransfer.files[0];
        if (file === undefined) return;
        event.preventDefault();
        event.stopPropagation();
        void add(file);
      }}
    >
      <ComboField {...props} files />
      {shows ? (
        input.accept === "video" ? (
          <video
            className="file-preview"
            src={url}
            muted
            loop
            autoPlay
            playsInline
            aria-label={value}
          />
        ) : (
          <img className="file-preview" src={url} alt={value} draggable={false} />
        )
      ) : (
        <button type="button" className="drop-target" onClick={choose}>
          <Icon name="drop" size={13} />
          {input.accept === "video" ? "Drop a clip or click" : "Drop a picture or click"}
        </button>
      )}
    </div>
  );
}

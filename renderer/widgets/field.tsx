import { useMemo } from "react";
import { useActive, useEditor, useEditorStore } from "../editor-context.tsx";
import { unfitLoras } from "../panels/models/unfit-loras.ts";
import { usePanelStore } from "../panels/panels-context.tsx";
import type { SeedControl } from "../stores/edit/seeds.ts";
import { ChoiceField } from "./choice-field.tsx";
import { ColourField, isColour } from "./colour-field.tsx";
import { ComboField, type ComboFieldProps } from "./combo-field.tsx";
import type { FieldProps } from "./field-props.ts";
import { FileField } from "./file-field.tsx";
import { NumberField } from "./number-field.tsx";
import { SeedField } from "./seed-field.tsx";
import { SwitchField } from "./switch-field.tsx";
import { TextField } from "./text-field.tsx";
import "./fields.css";

export interface AnyFieldProps extends FieldProps {
  readonly control: SeedControl;
  readonly lastSeed: bigint | null;
  readonly onControl: (control: SeedControl) => void;
}

const FEW = 4;
const FEW_LETTERS = 18;

/** The field for an input, by what its description says of it. */
export function Field({ control, lastSeed, onControl, ...props }: AnyFieldProps) {
  const { input } = props;
  switch (input.kind) {
    case "int":
    case "float":
      return <NumberField {...props} />;
    case "seed":
      return <SeedField {...props} control={control} last={lastSeed} onControl={onControl} />;
    case "boolean":
      return <SwitchField {...props} />;
    case "combo": {
      const options = input.options ?? [];
      const few =
        options.length > 1 && options.length <= FEW && options.join("").length <= FEW_LETTERS;
      if (few && options.includes((props.value ?? input.default) as string))
        return <ChoiceField {...props} />;
      return <ComboField {...props} options={options} />;
    }
    case "file":
      return <FolderField {...props} />;
    case "text":
      return isColour(input.default) ? <ColourField {...props} /> : <TextField {...props} />;
    case "socket":
      return null;
  }
}

const NO_FILES: readonly string[] = [];

function FolderField(props: FieldProps) {
  const { layout } = useEditor();
  const { folder = "", options = [], accept } = props.input;
  const files = useEditorStore(
    (editor) => editor.nodes,
    (state) => state.files[folder] ?? NO_FILES,
  );
  const all = [...options, ...files];
  if (accept !== undefined) return <FileField {...props} options={all} />;
  const field = { ...props, files: true, options: all };
  const get = () => layout.set({ panel: "models" });
  return folder === "loras" ? (
    <LoraField {...field} onGet={get} />
  ) : (
    <ComboField {...field} onGet={get} />
  );
}

/** Those of another family than the graph's models come last, with the reason. */
function LoraField(props: ComboFieldProps) {
  const document = useActive()?.document ?? null;
  const files = usePanelStore(
    (panels) => panels.modelFiles,
    (state) => state.files,
  );
  const unfit = useMemo(() => unfitLoras(document, files), [document, files]);
  return <ComboField {...props} unfit={unfit} />;
}

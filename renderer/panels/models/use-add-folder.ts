import { useEditor } from "../../editor-context.tsx";
import { usePanels } from "../panels-context.tsx";
import { addModelFolder } from "./add-folder.ts";

export function useAddFolder(): () => void {
  const editor = useEditor();
  const { modelFiles } = usePanels();
  return () => void addModelFolder(editor, modelFiles);
}

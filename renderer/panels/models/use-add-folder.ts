import { useEditor } from "../../editor-context.tsx";
import { usePanels } from "../panels-context.tsx";

/** Asks for a folder and takes it in place. */
export function useAddFolder(): () => void {
  const { shell, client, toasts } = useEditor();
  const { modelFiles } = usePanels();
  return () => {
    void (async () => {
      try {
        const path = await shell.pickFolder("Add a model folder");
        if (path === null) return;
        const found = await client.call("models.addFolder", { path });
        await modelFiles.load();
        toasts.show({
          kind: "done",
          title: `Added ${path.replace(/^.*[\\/]/, "")}`,
          detail: `${found.files} model ${found.files === 1 ? "file" : "files"} found.`,
        });
      } catch (error) {
        toasts.fail("The folder was not added", error);
      }
    })();
  };
}

import type { Editor } from "../../stores/editor.ts";
import type { ModelFiles } from "../../stores/model-files.ts";

/** Asks for a folder and takes it in place. */
export async function addModelFolder(
  { shell, client, toasts }: Editor,
  modelFiles: ModelFiles,
): Promise<void> {
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
}

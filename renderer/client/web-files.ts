/** Files as a web page reaches them: a chooser, and a download to save. */
import type { Files, PickedFile } from "../stores/files.ts";

const ACCEPTED = ".json,.png,.webp,.mp4,.webm";

export const webFiles: Files = {
  pick: () =>
    new Promise<PickedFile | null>((resolve) => {
      const input = document.createElement("input");
      input.type = "file";
      input.accept = ACCEPTED;
      input.addEventListener("cancel", () => resolve(null));
      input.addEventListener("change", () => {
        const file = input.files?.[0];
        if (file === undefined) return resolve(null);
        file.arrayBuffer().then(
          (buffer) => resolve({ name: file.name, path: null, data: new Uint8Array(buffer) }),
          () => resolve(null),
        );
      });
      input.click();
    }),
  async save(name, _path, text) {
    const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    const link = document.createElement("a");
    link.href = url;
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
    return name;
  },
  pickFolder: async () => null,
  reveal: async () => {},
  pathOf: () => null,
};

import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { ModelFolders } from "#runtime/engine/model-folders";
import { temporaryFolder } from "../../helpers/safetensors-bytes.ts";

const base = temporaryFolder();
function put(...paths: string[]): void {
  for (const path of paths) {
    mkdirSync(dirname(join(base, path)), { recursive: true });
    writeFileSync(join(base, path), path);
  }
}
put(
  "own/diffusion_models/wan/b.safetensors",
  "own/diffusion_models/a.safetensors",
  "own/diffusion_models/notes.txt",
  "own/diffusion_models/.hidden.safetensors",
  "own/loras/style.safetensors",
  "comfy/models/unet/a.safetensors",
  "comfy/models/unet/old.ckpt",
  "comfy/models/clip/umt5_xxl.safetensors",
  "comfy/main.py",
  "elsewhere/big.safetensors",
  "secret.safetensors",
);
symlinkSync(join(base, "elsewhere"), join(base, "comfy/models/unet/linked"));
symlinkSync(
  join(base, "elsewhere/big.safetensors"),
  join(base, "own/diffusion_models/link.safetensors"),
);
symlinkSync(join(base, "own/diffusion_models"), join(base, "own/diffusion_models/circle"));
symlinkSync(join(base, "nowhere"), join(base, "own/diffusion_models/broken.safetensors"));

const folders = new ModelFolders([join(base, "own"), join(base, "absent"), join(base, "comfy")]);

describe("listing", () => {
  it("joins roots and both names of a folder, recursive, sorted, links followed once", () => {
    expect(folders.list("diffusion_models")).toEqual([
      "a.safetensors",
      "link.safetensors",
      "linked/big.safetensors",
      "old.ckpt",
      "wan/b.safetensors",
    ]);
    expect(folders.list("unet")).toEqual(folders.list("diffusion_models"));
    expect(folders.list("vae")).toEqual([]);
  });

  it("knows which folders there are", () => {
    expect(() => folders.list("../")).toThrow(
      expect.objectContaining({ code: "ERR_INVALID_ARGUMENT" }),
    );
  });
});

describe("finding", () => {
  it("takes the first root that has the name, with either separator", () => {
    expect(folders.path("diffusion_models", "a.safetensors")).toBe(
      join(base, "own/diffusion_models/a.safetensors"),
    );
    expect(folders.path("diffusion_models", "wan\\b.safetensors")).toBe(
      join(base, "own/diffusion_models/wan/b.safetensors"),
    );
    expect(folders.path("text_encoders", "umt5_xxl.safetensors")).toBe(
      join(base, "comfy/models/clip/umt5_xxl.safetensors"),
    );
    expect(folders.path("diffusion_models", "linked/big.safetensors")).toContain("linked");
  });

  it.each([
    "../secret.safetensors",
    "wan/../../../secret.safetensors",
    "..\\..\\secret.safetensors",
    "/etc/passwd",
    "C:\\x.safetensors",
    "C:x.safetensors",
    "",
    "a\0.safetensors",
  ])("refuses %j, which leaves the folder", (name) => {
    expect(() => folders.path("diffusion_models", name)).toThrow(
      expect.objectContaining({ code: "ERR_FILE", message: expect.stringContaining("inside") }),
    );
  });

  it.each([
    ["diffusion_models", "A.safetensor", 'Did you mean "a.safetensors"?'],
    ["diffusion_models", "other/b.safetensors", 'Did you mean "wan/b.safetensors"?'],
    ["loras", "something_else_entirely.safetensors", "There are: style.safetensors."],
    ["vae", "wan_2.1_vae.safetensors", "The folder is empty."],
    ["diffusion_models", "broken.safetensors", "no such file"],
    ["diffusion_models", "wan", "no such file"],
    ["diffusion_models", "n".repeat(5000), "no such file"],
  ])("says what is near in %s to %s", (folder, name, hint) => {
    expect(() => folders.path(folder, name)).toThrow(
      expect.objectContaining({ code: "ERR_FILE", message: expect.stringContaining(hint) }),
    );
  });
});

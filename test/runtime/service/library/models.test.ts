import { mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openGraphBytes } from "#runtime/engine/open-graph";
import { descriptionFacts } from "#runtime/graph/comfy/description-facts";
import { parseDocument } from "#runtime/graph/document";
import { contract } from "#runtime/protocol/contract";
import { libraryHandlers } from "#runtime/service/library/handlers";
import type { LibraryHandlers } from "#runtime/service/library/methods";
import { comfyGraph, comfyNode, input, output } from "../../../helpers/comfy.ts";
import { testContext, type TestLibrary } from "../../../helpers/library.ts";
import { safetensorsBytes } from "../../../helpers/safetensors-bytes.ts";
import { ROOT, scratchFolder } from "../../../helpers/umbel-process.ts";

async function using<T>(
  library: TestLibrary,
  use: (calls: LibraryHandlers) => Promise<T>,
): Promise<T> {
  await using calls = libraryHandlers(library.context);
  return await use(calls);
}

function put(folder: string, path: string, bytes: Uint8Array | string): string {
  const full = join(folder, path);
  mkdirSync(join(full, ".."), { recursive: true });
  writeFileSync(full, bytes);
  return full;
}

const loraBytes = (seed: number): Buffer => {
  const tensor = (from: number) => ({
    dtype: "BF16",
    shape: [1, 8],
    data_offsets: [from, from + 16],
  });
  const name = `diffusion_model.blocks.${seed % 30}.self_attn.q`;
  return safetensorsBytes(
    { [`${name}.lora_A.weight`]: tensor(0), [`${name}.lora_B.weight`]: tensor(16) },
    32,
  );
};

it("lists the bundled models with what they are", async () => {
  const files = await using(await testContext(), (calls) =>
    Promise.resolve(calls["models.list"]({})),
  );
  expect(contract["models.list"].result.parse(files)).toEqual(files);
  const named = Object.fromEntries(files.map((file) => [file.name, file]));
  expect(named["umbel_tiny_t2v_bf16.safetensors"]).toMatchObject({
    folder: "diffusion_models",
    family: "Wan 2.1",
    kind: "diffusion",
    precision: "bf16",
    problem: null,
    bytes: readFileSync(join(ROOT, "models/diffusion_models/umbel_tiny_t2v_bf16.safetensors"))
      .length,
  });
  expect(named["umbel_tiny_vae_bf16.safetensors"]).toMatchObject({ kind: "vae" });
  expect(named["umbel_tiny_umt5_bf16.safetensors"]).toMatchObject({ kind: "text-encoder" });
  expect(named["umbel_tiny_4step_lora.safetensors"]).toMatchObject({ kind: "lora", family: "Wan" });
});

it("says why files cannot be used, and notices when they change", async () => {
  const library = await testContext();
  put(library.folder, "models/checkpoints/old.ckpt", "pickle");
  put(library.folder, "models/vae/half.safetensors", "half");
  const empty = put(library.folder, "models/loras/empty.safetensors", safetensorsBytes({}));
  await using(library, async (calls) => {
    const problems = async () =>
      Object.fromEntries(
        (await calls["models.list"]({})).map(({ name, problem }) => [name, problem]),
      );
    const found = await problems();
    expect(found["old.ckpt"]).toMatch(/pickle/i);
    expect(found["half.safetensors"]).toMatch(/^Expected /);
    expect(found["empty.safetensors"]).toMatch(/^Expected a model or a LoRA/);
    writeFileSync(empty, loraBytes(3));
    utimesSync(empty, 1, 1);
    expect((await problems())["empty.safetensors"]).toBeNull();
    rmSync(empty);
    expect(await problems()).not.toHaveProperty("empty.safetensors");
  });
  // What was read is kept for the next start.
  expect(
    JSON.parse(readFileSync(join(library.folder, "data/model-facts.json"), "utf8")),
  ).toMatchObject({
    files: { [join(library.folder, "models/checkpoints/old.ckpt")]: { facts: { kind: null } } },
  });
  writeFileSync(join(library.folder, "data/model-facts.json"), "{damaged");
  expect(await using(library, (calls) => Promise.resolve(calls["models.list"]({})))).not.toEqual(
    [],
  );
});

it("a thousand files leave the event loop alone", async () => {
  const library = await testContext();
  for (let i = 0; i < 1000; i++)
    put(library.folder, `models/loras/pack ${i % 20}/lora ${i}.safetensors`, loraBytes(i));
  await using(library, async (calls) => {
    let longest = 0;
    const start = performance.now();
    let last = start;
    const timer = setInterval(() => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 5);
    const read = (files: readonly { kind: string | null }[]) =>
      files.filter(({ kind }) => kind !== null).length;
    let files = await calls["models.list"]({});
    expect(files.length).toBeGreaterThan(1000);
    while (read(files) < files.length) files = await calls["models.list"]({});
    clearInterval(timer);
    expect(read(files)).toBe(files.length);
    // Read here, the files would hold it up all the time.
    expect(longest).toBeLessThan((performance.now() - start) / 3);
  });
}, 60_000);

it("uses an existing ComfyUI folder in place, and the folders that it names elsewhere", async () => {
  const library = await testContext();
  const comfy = scratchFolder();
  const elsewhere = scratchFolder();
  put(comfy, "main.py", "");
  put(comfy, "models/unet/a.safetensors", loraBytes(1));
  put(elsewhere, "Lora/b.safetensors", loraBytes(1));
  put(elsewhere, "LyCORIS/c.safetensors", loraBytes(2));
  put(comfy, "more/d.safetensors", loraBytes(2));
  put(
    comfy,
    "extra_model_paths.yaml",
    `# a comment
a111:
    base_path: ${elsewhere}
    loras: |
         Lora
         LyCORIS
    controlnet: nothing/here
other:
    is_default: true
    loras: more
`,
  );
  await using(library, async (calls) => {
    const added = await calls["models.addFolder"]({ path: comfy });
    expect(added).toEqual({ folders: [comfy], files: 4 });
    expect(library.context.settings().modelFolders).toEqual([comfy]);
    expect(library.events).toContainEqual({ type: "models" });
    expect(await calls["models.addFolder"]({ path: `${comfy}/` })).toEqual(added);
    expect(await calls["files.list"]({ folder: "loras" })).toEqual(
      expect.arrayContaining(["b.safetensors", "c.safetensors", "d.safetensors"]),
    );
    expect(
      (await calls["models.list"]({})).find(({ name }) => name === "c.safetensors"),
    ).toMatchObject({
      folder: "loras",
      path: join(elsewhere, "LyCORIS/c.safetensors"),
    });
    // Its models folder alone is as good.
    expect(await calls["models.addFolder"]({ path: join(comfy, "models") })).toMatchObject({
      files: 4,
    });
  });
});

it.each([
  ["a relative path", "models"],
  ["nothing", "/no/such/folder"],
  ["a file", join(ROOT, "package.json")],
  ["a folder without models", join(ROOT, "docs")],
  ["a NUL", "/tmp\0"],
])("refuses %s as a model folder", async (_name, path) => {
  const library = await testContext();
  await using(library, async (calls) => {
    await expect(calls["models.addFolder"]({ path })).rejects.toMatchObject({ code: "ERR_FILE" });
  });
  expect(library.context.settings().modelFolders).toEqual([]);
});

it("an extra_model_paths.yaml that is damaged adds nothing", async () => {
  const library = await testContext();
  const comfy = scratchFolder();
  put(comfy, "models/vae/a.safetensors", "");
  for (const text of [
    ":\n  - ][",
    "[1, 2]",
    "a: &a [*a]",
    "a:\n  base_path: 5\n  loras: [x]",
    "\0",
  ]) {
    put(comfy, "extra_model_paths.yaml", text);
    await using(library, async (calls) => {
      expect(await calls["models.addFolder"]({ path: comfy })).toMatchObject({ files: 1 });
    });
  }
});

it("links a file that lies elsewhere under the name that a graph asks for", async () => {
  const library = await testContext();
  const elsewhere = scratchFolder();
  put(elsewhere, "mine.safetensors", loraBytes(1));
  const path = join(elsewhere, "mine.safetensors");
  const request = { path, folder: "loras", name: "wan/style.safetensors" };
  await using(library, async (calls) => {
    const { path: linked } = await calls["models.addFile"](request);
    expect(linked).toBe(join(library.context.modelFolder, "loras/wan/style.safetensors"));
    expect(readFileSync(linked)).toEqual(readFileSync(path));
    expect(library.events).toContainEqual({ type: "models" });
    expect(await calls["models.list"]({})).toContainEqual(
      expect.objectContaining({ folder: "loras", name: "wan/style.safetensors", problem: null }),
    );
    const refused = async (change: Partial<typeof request>) =>
      expect(calls["models.addFile"]({ ...request, ...change })).rejects.toMatchObject({
        code: expect.stringMatching(/^ERR_(FILE|INVALID_ARGUMENT)$/),
      });
    await refused({});
    await refused({ name: "../style.safetensors" });
    await refused({ name: "new.gguf" });
    await refused({ name: "new.safetensors", path: elsewhere });
    await refused({ name: "new.safetensors", path: "mine.safetensors" });
    await refused({ name: "new.safetensors", folder: "elsewhere" });
    expect(readdirSync(join(library.context.modelFolder, "loras"))).toEqual(["wan"]);
  });
});

it("says what a graph lacks, where it can be had and where it goes", async () => {
  const library = await testContext();
  const facts = descriptionFacts(library.context.registry.descriptions);
  const sha256 = "a".repeat(64);
  const graph = comfyGraph(
    [
      comfyNode(1, "UNETLoader", {
        values: ["wan2.1.safetensors", "default"],
        outputs: [output("MODEL", [1])],
        properties: {
          models: [
            {
              name: "wan2.1.safetensors",
              url: "https://example.org/wan2.1.safetensors?download=true",
              hash: sha256.toUpperCase(),
              hash_type: "SHA256",
              directory: "diffusion_models",
            },
          ],
        },
      }),
      comfyNode(2, "LoraLoaderModelOnly", {
        values: ["sub\\style.safetensors", 1],
        inputs: [input("model", "MODEL", 1)],
        properties: { models: [{ name: "style.safetensors", url: "file:///etc/passwd" }] },
      }),
      comfyNode(3, "VAELoader", { values: ["umbel_tiny_vae_bf16.safetensors"] }),
      comfyNode(4, "NobodyKnows", {
        inputs: [{ name: "file", type: "COMBO", link: null, widget: { name: "file" } }],
        values: ["other.safetensors"],
        properties: {
          models: [{ name: "other.safetensors", url: "http://h/x", directory: "loras" }],
        },
      }),
      comfyNode(5, "CLIPLoader", { values: ["umt5.safetensors", "wan", "default"] }),
    ],
    [[1, 1, 0, 2, 0, "MODEL"]],
    { models: [{ name: "umt5.safetensors", url: "https://example.org/umt5", directory: "x" }] },
  );
  const bytes = new TextEncoder().encode(JSON.stringify(graph));
  const { document } = await openGraphBytes("graph", bytes, facts);
  const saved = parseDocument(JSON.stringify(document));
  const found = await using(library, (calls) =>
    Promise.resolve(calls["models.missing"]({ document: saved })),
  );
  expect(contract["models.missing"].result.parse(found)).toEqual(found);
  const place = (folder: string) => join(library.folder, "models", folder);
  expect(found).toEqual([
    {
      node: "1",
      input: "unet_name",
      folder: "diffusion_models",
      name: "wan2.1.safetensors",
      url: "https://example.org/wan2.1.safetensors?download=true",
      sha256,
      target: place("diffusion_models"),
    },
    {
      node: "2",
      input: "lora_name",
      folder: "loras",
      name: "sub\\style.safetensors",
      url: null,
      sha256: null,
      target: place("loras"),
    },
    {
      node: "4",
      input: "file",
      folder: "loras",
      name: "other.safetensors",
      url: "http://h/x",
      sha256: null,
      target: place("loras"),
    },
    {
      node: "5",
      input: "clip_name",
      folder: "text_encoders",
      name: "umt5.safetensors",
      url: "https://example.org/umt5",
      sha256: null,
      target: place("text_encoders"),
    },
  ]);
});

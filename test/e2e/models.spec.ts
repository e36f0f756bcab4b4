import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { comfyGraph, comfyNode, input, output } from "../helpers/comfy.ts";
import { hostFile } from "../helpers/file-host.ts";
import { expectAccessible } from "./axe.ts";
import { answerDialogs } from "./dialogs.ts";
import { newHome, screenshot, startApp } from "./desktop-app.ts";

const LORA = resolve(
  import.meta.dirname,
  "../../models/loras/umbel_tiny_style_neon_lora.safetensors",
);
const bytes = readFileSync(LORA);
const sha256 = createHash("sha256").update(bytes).digest("hex");

/** A graph of ComfyUI's that names LoRAs which are not here, and says where some can be had. */
function lackingGraph(host: string): string {
  const lora = (id: number, name: string, hash: string | null) =>
    comfyNode(id, "LoraLoaderModelOnly", {
      values: [name, 1],
      inputs: [input("model", "MODEL", id - 1)],
      outputs: [output("MODEL", [id])],
      properties:
        hash === null
          ? {}
          : {
              models: [
                { name, url: `${host}/${name}`, hash, hash_type: "SHA256", directory: "loras" },
              ],
            },
    });
  const graph = comfyGraph(
    [
      comfyNode(1, "UNETLoader", {
        values: ["umbel_tiny_t2v_bf16.safetensors", "default"],
        outputs: [output("MODEL", [1])],
      }),
      lora(2, "linked.safetensors", null),
      lora(3, "fetched.safetensors", sha256),
      lora(4, "damaged.safetensors", "0".repeat(64)),
    ],
    [
      [1, 1, 0, 2, 0, "MODEL"],
      [2, 2, 0, 3, 0, "MODEL"],
      [3, 3, 0, 4, 0, "MODEL"],
    ],
  );
  return JSON.stringify(graph);
}

test("what a graph lacks is linked or fetched, checked, and a ComfyUI folder is used in place", async () => {
  // The connection is cut once on the way.
  await using host = await hostFile({ bytes, cuts: [600_000] });
  const home = newHome();
  const file = join(home, "lacking.json");
  writeFileSync(file, lackingGraph(host.origin));
  const app = await startApp({ home, args: [file] });
  const { page } = app;
  await page.getByRole("tab", { name: "lacking" }).waitFor();
  await page.getByRole("navigation").getByRole("button", { name: "Models" }).click();
  const missing = page.getByRole("region", { name: "Missing files and downloads" });
  await missing.getByText("lacking lacks 3 files").waitFor();
  await screenshot(page, "models-missing");

  await answerDialogs(app, LORA);
  const row = (name: string) => missing.getByRole("group", { name: `${name}.safetensors` });
  await row("linked").getByRole("button", { name: "I have it" }).click();
  await missing.getByText("lacking lacks 2 files").waitFor();
  expect(readFileSync(join(home, "Umbel/models/loras/linked.safetensors"))).toEqual(bytes);

  await row("fetched").getByRole("button", { name: "Get" }).click();
  const dialog = page.getByRole("dialog", { name: "Get fetched?" });
  await dialog.getByText(new URL(host.origin).host).waitFor();
  expect(host.requests.some(({ method }) => method === "GET")).toBe(false);
  await screenshot(page, "models-get");
  await dialog.getByRole("button", { name: /^Get 1\.\d+ MB$/ }).click();
  const fetched = join(home, "Umbel/models/loras/fetched.safetensors");
  await expect.poll(() => existsSync(fetched), { timeout: 30_000 }).toBe(true);
  expect(readFileSync(fetched)).toEqual(bytes);
  await missing.getByText("lacking lacks 1 file").waitFor();
  expect(host.requests.some(({ headers }) => headers.range?.startsWith("bytes=") === true)).toBe(
    true,
  );

  await row("damaged").getByRole("button", { name: "Get" }).click();
  await page.getByRole("button", { name: /^Get 1\.\d+ MB$/ }).click();
  await missing.getByText(/^Expected .*0000.*, got .*/).waitFor({ timeout: 30_000 });
  await missing.getByRole("button", { name: "Get it again" }).waitFor();
  await screenshot(page, "models-wrong-hash");
  await expectAccessible(page);

  const comfy = join(home, "ComfyUI");
  mkdirSync(join(comfy, "models/loras"), { recursive: true });
  cpSync(LORA, join(comfy, "models/loras/from_comfy.safetensors"));
  await answerDialogs(app, comfy);
  await page.getByRole("button", { name: "Add a folder" }).click();
  await page.getByRole("region", { name: "LoRAs" }).getByText("from_comfy").waitFor();
  await page.getByText("1 model file found.").waitFor();
});

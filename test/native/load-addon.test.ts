import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, expect, test, vi } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "umbel-addon-"));
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => vi.resetModules());
afterEach(() => vi.unstubAllEnvs());

test("an addon that is missing gives an error that says what to run", async () => {
  vi.stubEnv("UMBEL_ADDON", join(folder, "missing.node"));
  const { loadAddon } = await import("#native");
  expect(loadAddon).toThrow(
    expect.objectContaining({
      name: "UmbelError",
      code: "ERR_DEVICE",
      message: expect.stringMatching(/^Expected the native addon, got none.*native:build/),
    }),
  );
});

test("an addon that does not load gives the reason", async () => {
  const path = join(folder, "broken.node");
  writeFileSync(path, "no shared object");
  vi.stubEnv("UMBEL_ADDON", path);
  const { loadAddon } = await import("#native");
  expect(loadAddon).toThrow(
    expect.objectContaining({
      code: "ERR_DEVICE",
      message: expect.stringMatching(/^Expected the native addon to load, got: .*broken\.node/),
    }),
  );
});

test("errors of the addon become UmbelErrors, others keep their cause", async () => {
  const { fromNativeError } = await import("#native");
  const own = fromNativeError(Object.assign(new Error("full"), { code: "ERR_OUT_OF_MEMORY" }));
  expect(own).toMatchObject({ name: "UmbelError", code: "ERR_OUT_OF_MEMORY", message: "full" });
  const foreign = Object.assign(new Error("odd"), { code: "ENOENT" });
  expect(fromNativeError(foreign)).toMatchObject({ code: "ERR_INTERNAL", cause: foreign });
});

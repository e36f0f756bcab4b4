import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { mapFile, openDevice } from "#runtime/tensor/devices";
import { affine } from "#runtime/tensor/ops";
import { checkLiveTensorsAtEnd, testDevice } from "../../helpers/tensors.ts";

checkLiveTensorsAtEnd();
const device = testDevice();
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "umbel-mapping-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, values: Float32Array, shift = 0): string {
  const path = join(folder, name);
  writeFileSync(path, Buffer.concat([Buffer.alloc(shift), Buffer.from(values.buffer)]));
  return path;
}

test("tensors read from the file, also after close", async () => {
  const mapping = mapFile(file("plain.bin", Float32Array.of(1, 2, 3, 4)));
  expect(mapping.size).toBe(16);
  using x = device.fromMapping(mapping, 4, [3], "f32");
  mapping.willNeed(4, 12);
  expect([...mapping.read(0, 4)]).toEqual([0, 0, 128, 63]);
  mapping.close();
  using y = affine(x, 2, 0);
  expect([...(await y.read())]).toEqual([4, 6, 8]);
  expect(device.memory().liveBytes).toBe(12);
  expect(() => device.fromMapping(mapping, 0, [1], "f32")).toThrow(
    expect.objectContaining({ code: "ERR_DISPOSED" }),
  );
});

test("a misaligned tensor works", async () => {
  using mapping = mapFile(file("shifted.bin", Float32Array.of(1, 2, 3), 3));
  using x = device.fromMapping(mapping, 3, [3], "f32");
  using y = affine(x, 1, 1);
  expect([...(await y.read())]).toEqual([2, 3, 4]);
});

test("ranges outside the file are refused", () => {
  using mapping = mapFile(file("short.bin", new Float32Array(4)));
  for (const open of [device, openDevice("null")]) {
    expect(() => open.fromMapping(mapping, 8, [3], "f32")).toThrow(
      expect.objectContaining({ code: "ERR_FILE" }),
    );
    expect(() => open.fromMapping(mapping, -4, [1], "f32")).toThrow();
  }
  expect(() => mapping.read(12, 8)).toThrow(expect.objectContaining({ code: "ERR_FILE" }));
  expect(() => mapFile(join(folder, "missing.bin"))).toThrow(
    /Expected a readable file, got .*missing/,
  );
  expect(() => mapFile(folder)).toThrow(expect.objectContaining({ code: "ERR_FILE" }));
});

test("a file cut off after mapping gives an error, not a crash", async () => {
  const path = file("cut.bin", new Float32Array(100_000).fill(1));
  using mapping = mapFile(path);
  using x = device.fromMapping(mapping, 0, [100_000], "f32");
  truncateSync(path, 1000);
  using y = affine(x, 1, 1);
  await expect(y.read()).rejects.toMatchObject({
    code: "ERR_FILE",
    message: expect.stringContaining("got a file of 1000 bytes"),
  });
  expect(() => mapping.read(0, 2000)).toThrow(expect.objectContaining({ code: "ERR_FILE" }));
});

test("an empty file maps", () => {
  using mapping = mapFile(file("empty.bin", new Float32Array(0)));
  expect(mapping.size).toBe(0);
  expect([...mapping.read(0, 0)]).toEqual([]);
});

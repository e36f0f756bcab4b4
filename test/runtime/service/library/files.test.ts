import {
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { containedFolder, containedPath, nameParts } from "#runtime/service/library/contained-path";
import { libraryHandlers } from "#runtime/service/library/handlers";
import { writePng } from "#runtime/media/pictures";
import { testContext } from "../../../helpers/library.ts";
import { filesOf, scratchFolder } from "../../../helpers/umbel-process.ts";

const PIXEL = { data: new Float32Array(3), count: 1, width: 1, height: 1, channels: 3 } as const;

async function png(seed = 0): Promise<Uint8Array<ArrayBuffer>> {
  const path = join(scratchFolder(), "pixel.png");
  await writePng(path, { ...PIXEL, data: Float32Array.of(seed, 0, 0) }, 0, {});
  return new Uint8Array(readFileSync(path));
}

/** Names that lead, or may be taken to lead, out of a folder. */
const BAD = [
  "",
  ".",
  "..",
  "../x.png",
  "a/../../x.png",
  "a/../b.png",
  "/etc/passwd",
  "\\\\server\\share\\x.png",
  "C:\\x.png",
  "c:x.png",
  "a\\..\\x.png",
  "a//b.png",
  "a/./b.png",
  "a\0.png",
  "a\n.png",
  "x.png:stream",
  "con.png",
  "sub/NUL",
  "x.png.",
  "x.png ",
  `${"a".repeat(2000)}.png`,
];

describe("names", () => {
  it.each(BAD.map((name) => [name]))("%j is refused", async (name) => {
    const folder = scratchFolder();
    writeFileSync(join(folder, "b.png"), "");
    const refused = expect.objectContaining({ code: "ERR_FILE" });
    expect(() => nameParts(name)).toThrow(refused);
    await expect(containedPath([folder], name)).rejects.toThrow(refused);
  });

  it("any mix of parts stays inside or is refused", async () => {
    const outside = realpathSync(scratchFolder());
    const folder = join(outside, "root");
    mkdirSync(join(folder, "sub"), { recursive: true });
    for (const path of ["secret.txt", "root/a.txt", "root/sub/b.txt"])
      writeFileSync(join(outside, path), path);
    symlinkSync(outside, join(folder, "out"));
    symlinkSync("../../secret.txt", join(folder, "sub/leak.txt"));
    symlinkSync("b.txt", join(folder, "sub/inner.txt"));
    symlinkSync("sub", join(folder, "also"));
    const parts = ["..", ".", "", "sub", "out", "also", "a.txt", "b.txt", "secret.txt", "leak.txt"];
    parts.push("inner.txt", "root", "C:", outside, "\0", "%2e%2e");
    let inside = 0;
    for (let seed = 1; seed < 4000; seed++) {
      let state = Math.imul(seed, 2654435761) >>> 0;
      const next = (below: number): number => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return Math.floor((state / 2 ** 32) * below);
      };
      const name = Array.from({ length: 1 + next(4) }, () => parts[next(parts.length)]).join(
        next(4) === 0 ? "\\" : "/",
      );
      try {
        const path = await containedPath([folder], name);
        expect(path.startsWith(`${folder}/`)).toBe(true);
        inside++;
      } catch (error) {
        expect(error).toMatchObject({ code: "ERR_FILE" });
      }
    }
    expect(inside).toBeGreaterThan(100);
    expect(await containedPath([folder], "also/inner.txt")).toBe(join(folder, "sub/b.txt"));
    await expect(containedPath([folder], "sub/leak.txt")).rejects.toThrow("a link that leads out");
    await expect(containedFolder(folder, ["out", "new"])).rejects.toThrow("a link that leads out");
    expect(readdirSync(outside).toSorted()).toEqual(["root", "secret.txt"]);
  });
});

describe("files", () => {
  it("lists the files that nodes can take", async () => {
    const { context, folder } = await testContext();
    mkdirSync(join(folder, "input/sub"), { recursive: true });
    writeFileSync(join(folder, "input/sub/a.png"), "");
    const calls = libraryHandlers(context);
    expect(await calls["files.list"]({ folder: "input" })).toEqual(["sub/a.png"]);
    expect(await calls["files.list"]({ folder: "vae" })).toContain(
      "umbel_tiny_vae_bf16.safetensors",
    );
    expect(() => calls["files.list"]({ folder: "../input" })).toThrow("Expected a model folder");
  });

  it("adds pictures under a name of their own, once for each content", async () => {
    const { context, folder } = await testContext();
    const calls = libraryHandlers(context);
    const add = async (name: string, data: Uint8Array<ArrayBuffer>) =>
      (await calls["files.add"]({ name, data })).name;
    const [red, black] = [await png(1), await png()];
    expect(await add("cat.png", red)).toBe("cat.png");
    expect(await add("cat.png", red)).toBe("cat.png");
    expect(await add("cat.png", black)).toBe("cat (1).png");
    expect(await add("sub/dir/cat.html", red)).toBe("sub/dir/cat.html.png");
    expect(await add(".hidden", red)).toBe("hidden.png");
    expect(await add("photo.JPG", red)).toBe("photo.JPG.png");
    const together = await Promise.all(
      Array.from({ length: 8 }, async (_, i) => add("same.png", await png(i / 8))),
    );
    expect(new Set(together).size).toBe(8);
    expect(await calls["files.list"]({ folder: "input" })).toHaveLength(5 + 8);
    expect(new Uint8Array(readFileSync(join(folder, "input/cat (1).png")))).toEqual(black);
    expect(filesOf(join(folder, "input")).filter((name) => name.startsWith("."))).toEqual([]);
  });

  it("refuses other content and names that lead away, and leaves nothing behind", async () => {
    const { context, folder } = await testContext();
    const calls = libraryHandlers(context);
    const html = new TextEncoder().encode("<html><script>alert(1)</script></html>");
    await expect(calls["files.add"]({ name: "x.png", data: html })).rejects.toMatchObject({
      code: "ERR_MEDIA",
    });
    const data = await png();
    for (const name of BAD) {
      await expect(calls["files.add"]({ name, data }), name).rejects.toMatchObject({
        code: "ERR_FILE",
      });
    }
    const outside = scratchFolder();
    symlinkSync(outside, join(folder, "input/away"));
    await expect(calls["files.add"]({ name: "away/new/x.png", data })).rejects.toThrow(
      "a link that leads out of it",
    );
    expect(filesOf(outside)).toEqual([]);
    expect(readdirSync(outside)).toEqual([]);
    expect(filesOf(join(folder, "input"))).toEqual([]);
  });
});

/**
 * Kernel files are compiled once per instruction set and linked into one addon. A weak symbol (an inline function or
 * template that was not inlined) is merged by the linker into one arbitrary copy, maybe the AVX-512 one, which crashes
 * machines without it; static initialisers run on every machine, so they must not use vector registers.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, test } from "vitest";

const native = join(import.meta.dirname, "../../native");
const build = join(native, "build");
const kernels = readdirSync(join(native, "cpu")).filter((name) => name.endsWith(".cc"));

/** The build's list of compilations; absent where nothing was compiled. Objects of earlier builds are not in it. */
const database = join(build, "compile_commands.json");
interface Compilation {
  readonly file: string;
  readonly command: string;
}
const objectOf = ({ command }: Compilation) => / -o (\S+)/.exec(command)?.[1] ?? "";
const compilations: Compilation[] = existsSync(database)
  ? (JSON.parse(readFileSync(database, "utf8")) as Compilation[]).filter((compilation) =>
      /^CMakeFiles\/umbel_cpu_(?!scalar)/.test(objectOf(compilation)),
    )
  : [];
const objects = compilations.map(objectOf);

/** The kernel files of a compilation: its source, or those that a generated source includes. */
function sourcesOf({ file }: Compilation): string[] {
  const included = readFileSync(file, "utf8").matchAll(/^#include "[^"]*\/(\w+\.cc)"/gm);
  const names = [...included].map(([, name]) => name!);
  return names.length > 0 ? names : [basename(file)];
}

function run(tool: string, args: string[]): string {
  const { status, stdout, stderr } = spawnSync(tool, args, {
    cwd: build,
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(`Expected ${tool} to succeed, got ${stderr}`);
  return stdout;
}

const missing = (tool: string) => spawnSync(tool, ["--version"]).error !== undefined;

/** Defined weak (W), weak object (V) and unique (u) symbols, but for the pointer that every unwinding object has. */
function weakSymbols(paths: readonly string[]): string[] {
  const lines = run("nm", ["--print-file-name", "--defined-only", ...paths]).split("\n");
  return lines.filter(
    (line) => / [WVu] /.test(line) && !line.endsWith(" DW.ref.__gxx_personality_v0"),
  );
}

/** Instructions of the static initialisers that touch vector or mask registers. */
function vectorStartup(paths: readonly string[]): string[] {
  const code = run("objdump", ["--disassemble", "--section=.text.startup", ...paths]);
  return code.split("\n").filter((line) => /%([xyz]mm\d|k[0-7])\b/.test(line));
}

describe.skipIf(process.platform === "win32")("objects of one instruction set", () => {
  test("exist for each kernel file (else run `npm run native:build`)", () => {
    const compiled = new Set(compilations.flatMap(sourcesOf));
    expect([...compiled].toSorted()).toEqual(kernels.toSorted());
  });

  test.skipIf(missing("nm"))("hold no weak symbols", () => {
    expect(weakSymbols(objects)).toEqual([]);
  });

  test.skipIf(missing("nm"))("are told apart from objects with weak symbols", () => {
    expect(weakSymbols(["CMakeFiles/umbel.dir/binding/addon.cc.o"])).not.toEqual([]);
  });

  test.skipIf(missing("objdump") || process.arch !== "x64")(
    "use no vector registers before the machine is known",
    () => {
      expect(vectorStartup(objects)).toEqual([]);
    },
  );
});

import { statSync } from "node:fs";
import { resolve } from "node:path";

/** The files that a command line names. The program itself and, in a checkout, the app's folder come before them. */
export function filesOf(argv: readonly string[], folder: string): string[] {
  return argv
    .slice(1)
    .filter((argument) => argument !== "" && !argument.startsWith("-"))
    .map((argument) => resolve(folder, argument))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true);
}

/** npm run conformance -- DIR... [--device cpu|null|cuda] [--precision f32|bf16] [--json]: the runtime against folders of reference data. */
import { runConformance } from "./cli.ts";

process.exitCode = await runConformance(process.argv.slice(2), {
  out: (text) => console.log(text),
  error: (text) => console.error(text),
});

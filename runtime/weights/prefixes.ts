/** Where models sit in files that hold several, or that were saved as a part of something larger. */

const FIXED = [
  "model.diffusion_model.",
  "diffusion_model.",
  "model.model.",
  "model.",
  "module.",
  "transformer.",
  "net.",
  "first_stage_model.",
  "vae.",
  "text_encoder.",
  "cond_stage_model.transformer.",
  "cond_stage_model.",
];
/** "text_encoders.umt5xxl.transformer." and, for what lies beside the transformer, "text_encoders.umt5xxl.". */
const NAMED = /^((?:text_encoders|cond_stage_model)\.[\w-]+\.)(transformer\.)?/;
const MOST = 24;

/** Prefixes that tensors of the file have, "" (the whole file) first. */
export function prefixesOf(names: Iterable<string>): string[] {
  const found = new Set<string>();
  for (const name of names) {
    for (const prefix of FIXED) if (name.startsWith(prefix)) found.add(prefix);
    const [whole, part] = NAMED.exec(name) ?? [];
    if (whole !== undefined && part !== undefined) found.add(part).add(whole);
    if (found.size >= MOST) break;
  }
  return ["", ...found];
}

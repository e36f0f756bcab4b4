/** node-description.ts as a schema. */
import { z } from "zod";
import type { NodeDescription } from "./node-description.ts";

const input = z.looseObject({
  name: z.string(),
  type: z.string(),
  kind: z.enum(["socket", "int", "float", "seed", "text", "boolean", "combo", "file"]),
  optional: z.boolean(),
});

export const nodeDescriptionSchema = z.looseObject({
  type: z.string(),
  title: z.string(),
  category: z.string(),
  description: z.string(),
  version: z.number(),
  inputs: z.array(input),
  outputs: z.array(z.looseObject({ name: z.string(), type: z.string() })),
  output: z.boolean(),
  deprecated: z.boolean(),
  searchAliases: z.array(z.string()),
}) as unknown as z.ZodType<NodeDescription>;

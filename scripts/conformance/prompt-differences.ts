/** Where a prompt differs from the reference converter's, beyond what that one is known to do otherwise. */
import { isObject, type Json } from "#runtime/graph/json";
import { objectOf, sameJson, textOf, type JsonObject } from "#runtime/graph/comfy/comfy-json";
import type { NodeFacts } from "#runtime/graph/comfy/node-facts";

export interface PromptDifferences {
  /** "node.input" or "node" of what is missing, extra or other. */
  readonly different: readonly string[];
  /** Nodes of which the reference has no values, because it did not know their class. */
  readonly withoutValues: readonly string[];
}

/** `_meta`, defaults of sockets without a link and legacy group nodes, which the reference leaves, do not count. */
export function promptDifferences(
  ours: JsonObject,
  reference: JsonObject,
  facts: NodeFacts,
): PromptDifferences {
  const different: string[] = [];
  const withoutValues: string[] = [];
  const groups = Object.keys(reference).filter((id) =>
    /^workflow[>/]/.test(textOf(objectOf(reference[id])["class_type"])),
  );
  const isInGroup = (id: string): boolean =>
    groups.some((group) => id === group || id.startsWith(`${group}:`));
  const ids = new Set([...Object.keys(ours), ...Object.keys(reference)]);
  for (const id of [...ids].filter((name) => !isInGroup(name))) {
    const [own, other] = [ours[id], reference[id]];
    if (!isObject(own) || !isObject(other) || own["class_type"] !== other["class_type"]) {
      different.push(id);
      continue;
    }
    const [inputs, expected] = [objectOf(own["inputs"]), objectOf(other["inputs"])];
    const fact = facts.get(textOf(own["class_type"]));
    const isSocket = (name: string): boolean =>
      fact?.inputs.some((input) => input.name === name && input.widget === undefined) === true;
    const hasValues = (all: JsonObject): boolean => Object.values(all).some((v) => !isLink(v));
    const linksOnly = !hasValues(expected) && hasValues(inputs);
    if (linksOnly) withoutValues.push(id);
    for (const name of new Set([...Object.keys(inputs), ...Object.keys(expected)])) {
      const [value, wanted] = [inputs[name], expected[name]];
      const isDefault = value === undefined && isSocket(name) && !isLink(wanted);
      const isUnknown = linksOnly && wanted === undefined && !isLink(value);
      if (!isDefault && !isUnknown && !sameJson(value, wanted)) different.push(`${id}.${name}`);
    }
  }
  return { different, withoutValues };
}

function isLink(value: Json | undefined): boolean {
  return Array.isArray(value) && value.length === 2 && typeof value[1] === "number";
}

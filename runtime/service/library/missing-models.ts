/** Model files that a document names and that are not there, with what the graph says about where they can be had. */
import type { EngineFiles } from "#runtime/engine/files";
import { MODEL_FOLDERS } from "#runtime/engine/model-folders";
import { UmbelError } from "#runtime/errors";
import type { GraphDocument } from "#runtime/graph/document";
import { isObject, type Json } from "#runtime/graph/json";
import { resolveGraph, type ResolvedNode } from "#runtime/graph/resolve";
import { socketLookup } from "#runtime/graph/validate";
import type { NodeDescriptions } from "#runtime/protocol/node-description";
import type { MissingModel } from "#runtime/protocol/service-values";
import { webUrl } from "./web-url.ts";

/** An entry of ComfyUI's `properties.models`. */
interface Offer {
  readonly name: string;
  readonly url: string | null;
  readonly sha256: string | null;
  readonly folder: string | null;
}

export function missingModels(
  document: GraphDocument,
  descriptions: NodeDescriptions,
  files: Pick<EngineFiles, "modelPath">,
  target: (folder: string) => string,
): MissingModel[] {
  const graph = resolveGraph(document, socketLookup(descriptions));
  const everywhere = offersIn(fileOf(document)["models"]);
  return [...graph.values()].flatMap((node) => {
    const offers = [...offersIn(propertiesOf(node)["models"]), ...everywhere];
    return wantedFiles(node, descriptions, offers).flatMap(({ input, folder, name }) => {
      if (isThere(files, folder, name)) return [];
      const offer = offers.find((entry) => baseName(entry.name) === baseName(name));
      const { url = null, sha256 = null } = offer ?? {};
      return [{ node: node.id, input, folder, name, url, sha256, target: target(folder) }];
    });
  });
}

interface WantedFile {
  readonly input: string;
  readonly folder: string;
  readonly name: string;
}

/** By the class's inputs; of a class that is not known, the values that its own list of models names. */
function wantedFiles(
  { type, values, inputs }: ResolvedNode,
  descriptions: NodeDescriptions,
  offers: readonly Offer[],
): WantedFile[] {
  const description = descriptions.get(type);
  if (description !== undefined) {
    return description.inputs.flatMap(({ name: input, kind, folder, options = [] }) => {
      const name = values[input];
      const isFile = kind === "file" && folder !== undefined && folder !== "input";
      if (!isFile || Object.hasOwn(inputs, input)) return [];
      if (typeof name !== "string" || name === "" || options.includes(name)) return [];
      return [{ input, folder, name }];
    });
  }
  return Object.entries(values).flatMap(([input, name]) => {
    const offer = offers.find((entry) => entry.name === name && entry.folder !== null);
    return typeof name === "string" && offer?.folder ? [{ input, folder: offer.folder, name }] : [];
  });
}

function isThere(files: Pick<EngineFiles, "modelPath">, folder: string, name: string): boolean {
  try {
    files.modelPath(folder, name);
    return true;
  } catch (error) {
    if (error instanceof UmbelError) return false;
    throw error;
  }
}

function offersIn(list: Json | undefined): Offer[] {
  return (Array.isArray(list) ? (list as readonly Json[]) : [])
    .filter(isObject)
    .flatMap((entry) => {
      const { name, url, directory } = entry;
      if (typeof name !== "string") return [];
      const isKnown = typeof directory === "string" && MODEL_FOLDERS.includes(directory);
      return [
        {
          name,
          url: typeof url === "string" ? (webUrl(url)?.href ?? null) : null,
          sha256: sha256Of(entry),
          folder: isKnown ? directory : null,
        },
      ];
    });
}

function sha256Of(entry: { readonly [key: string]: Json }): string | null {
  const { hash, hash_type: type } = entry;
  const isSha = typeof type !== "string" || /^sha-?256$/i.test(type);
  return isSha && typeof hash === "string" && /^[0-9a-f]{64}$/i.test(hash)
    ? hash.toLowerCase()
    : null;
}

function propertiesOf(node: ResolvedNode): { readonly [key: string]: Json } {
  const { properties } = fileOf(node.origin);
  return isObject(properties) ? properties : {};
}

/** The element as a ComfyUI file had it. */
function fileOf(element: { readonly [key: string]: unknown }): { readonly [key: string]: Json } {
  const comfy = element["comfy"];
  const file = isObject(comfy) ? comfy["file"] : undefined;
  return isObject(file) ? file : {};
}

function baseName(name: string): string {
  return name.split(/[/\\]/).at(-1)?.toLowerCase() ?? "";
}

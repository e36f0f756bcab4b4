/** Node facts from `object_info`, the description of node classes that ComfyUI's server gives. */
import { uniqueNames } from "#runtime/graph/unique-names";
import { UmbelError } from "#runtime/errors";
import { isObject, type Json } from "#runtime/graph/json";
import {
  digitsOf,
  listOf,
  objectOf,
  parseComfyJson,
  textOf,
  type JsonObject,
} from "./comfy-json.ts";
import { type InputFact, type NodeFact, type NodeFacts, type WidgetFact } from "./node-facts.ts";

/** Types beyond numbers, text, switches and choices that have a widget. */
const WIDGET_TYPES: ReadonlySet<string> = new Set([
  "IMAGEUPLOAD",
  "AUDIOUPLOAD",
  "AUDIO_UI",
  "AUDIO_RECORD",
  "WEBCAM",
  "COLOR",
  "MARKDOWN",
  "TEXTAREA",
  "CURVE",
  "BOUNDING_BOX",
  "IMAGECOMPARE",
  "CHART",
  "GALLERIA",
  "LOAD_3D",
  "LOAD_3D_ANIMATION",
]);

const UPLOADS = ["image_upload", "video_upload", "audio_upload", "animated_image_upload"];
const SEEDS: ReadonlySet<string> = new Set(["seed", "noise_seed"]);

/** Reads the JSON of `object_info`. Classes are described when they are asked for. Throws ERR_DOCUMENT. */
export function readObjectInfo(text: string, what = "object_info"): NodeFacts {
  const json = parseComfyJson(text, what);
  if (!isObject(json)) {
    throw new UmbelError(
      "ERR_DOCUMENT",
      `Expected ${what} to be an object of node classes, got ${Array.isArray(json) ? "a list" : typeof json}.`,
    );
  }
  return objectInfoFacts(json);
}

export function objectInfoFacts(classes: JsonObject): NodeFacts {
  const known = new Map<string, NodeFact>();
  return {
    get(type) {
      const found = known.get(type);
      if (found !== undefined || !Object.hasOwn(classes, type)) return found;
      const fact = describe(type, objectOf(classes[type]));
      known.set(type, fact);
      return fact;
    },
  };
}

function describe(type: string, info: JsonObject): NodeFact {
  const input = objectOf(info["input"]);
  const order = objectOf(info["input_order"]);
  const inputs = ["required", "optional"].flatMap((section) => {
    const specs = objectOf(input[section]);
    const listed = listOf(order[section]).filter(
      (name): name is string => typeof name === "string" && Object.hasOwn(specs, name),
    );
    const names = new Set([...listed, ...Object.keys(specs)]);
    return [...names].map((name) =>
      describeInput(name, listOf(specs[name]), section === "optional"),
    );
  });
  const types = listOf(info["output"]).map(typeName);
  const names = listOf(info["output_name"]);
  const outputs = uniqueNames(types.map((t, i) => (typeof names[i] === "string" ? names[i] : t)));
  const title = info["display_name"];
  return {
    title: typeof title === "string" && title !== "" ? title : type,
    inputs,
    outputs: outputs.map((name, i) => ({ name, type: types[i] ?? "*" })),
    uploads: Object.values({ ...objectOf(input["required"]), ...objectOf(input["optional"]) })
      .map((spec) => objectOf(listOf(spec)[1]))
      .filter((options) => UPLOADS.some((key) => options[key] === true)).length,
  };
}

/** Socket types are text; choices are given as a list, and some old nodes give numbers. */
export function typeName(type: Json | undefined): string {
  if (typeof type === "string") return type;
  return Array.isArray(type) ? "COMBO" : "*";
}

function describeInput(name: string, spec: readonly Json[], optional: boolean): InputFact {
  const options = objectOf(spec[1]);
  const widget = describeWidget(name, spec[0], options);
  const type = spec[0] === "COMFY_DYNAMICCOMBO_V3" ? "COMBO" : typeName(spec[0]);
  const forced = options["forceInput"] === true;
  if (widget === null || forced) return { name, type, optional, forced };
  return {
    name,
    type,
    optional,
    forced,
    widget,
    ...(widget.default === undefined ? {} : { default: widget.default }),
  };
}

function describeWidget(
  name: string,
  type: Json | undefined,
  options: JsonObject,
): WidgetFact | null {
  const control = options["control_after_generate"];
  const controlled = control !== undefined && control !== null && control !== false;
  const common = { name, dynamicPrompts: options["dynamicPrompts"] === true };
  const given = defaultOf(options);
  switch (type) {
    case "INT":
      return {
        ...common,
        kind: "int",
        default: given ?? 0,
        controls: controlled || SEEDS.has(name) ? 1 : 0,
      };
    case "FLOAT":
      return { ...common, kind: "float", default: given ?? 0, controls: controlled ? 1 : 0 };
    case "BOOLEAN":
      return { ...common, kind: "boolean", default: given ?? false, controls: 0 };
    case "STRING":
      return { ...common, kind: "text", default: given ?? "", controls: 0 };
    case "COMFY_DYNAMICCOMBO_V3":
      return { ...common, ...dynamicCombo(name, options, given), controls: 0 };
    default: {
      if (type === "COMBO" || Array.isArray(type)) {
        const choices = Array.isArray(type)
          ? (type as readonly Json[])
          : listOf(options["options"]);
        const first = given ?? choices[0];
        return {
          ...common,
          kind: "combo",
          ...(first === undefined ? {} : { default: first }),
          ...(choices.length === 0 ? {} : { options: choices }),
          controls: controlled ? 2 : 0,
          ...variantsOf(options["formats"]),
        };
      }
      if (typeof type !== "string" || !WIDGET_TYPES.has(type)) return null;
      return {
        ...common,
        kind: "other",
        ...(given === undefined ? {} : { default: given }),
        controls: 0,
      };
    }
  }
}

function defaultOf(options: JsonObject): Json | undefined {
  const value = options["default"];
  if (value === undefined || value === null) return undefined;
  return digitsOf(value) ?? value;
}

/** Widgets that a video format adds: { format: [[name, type, options?], ...] }. */
function variantsOf(formats: Json | undefined): Pick<WidgetFact, "variants"> {
  if (!isObject(formats)) return {};
  const variants = Object.entries(formats).map(([format, widgets]) => [
    format,
    listOf(widgets).flatMap((entry) => {
      const [name, type, options] = listOf(entry);
      const widget =
        typeof name === "string" ? describeWidget(name, type, objectOf(options)) : null;
      return widget === null ? [] : [widget];
    }),
  ]);
  return { variants: Object.fromEntries(variants) as Record<string, readonly WidgetFact[]> };
}

/** A choice that brings inputs of its own, named "choice.input". */
function dynamicCombo(
  name: string,
  options: JsonObject,
  given: Json | undefined,
): Pick<WidgetFact, "kind" | "options" | "variants" | "default"> {
  const entries = listOf(options["options"]).map(objectOf);
  const keys = entries.map((entry) => entry["key"] ?? "");
  const variants = entries.map((entry) => {
    const inputs = objectOf(entry["inputs"]);
    const specs = { ...objectOf(inputs["required"]), ...objectOf(inputs["optional"]) };
    const widgets = Object.entries(specs).flatMap(([inner, spec]) => {
      const widget = describeWidget(`${name}.${inner}`, listOf(spec)[0], objectOf(listOf(spec)[1]));
      return widget === null ? [] : [widget];
    });
    return [textOf(entry["key"]), widgets] as const;
  });
  const first = given ?? keys[0];
  return {
    kind: "combo",
    options: keys,
    variants: Object.fromEntries(variants),
    ...(first === undefined ? {} : { default: first }),
  };
}

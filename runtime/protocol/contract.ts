/**
 * The runtime service's calls: the one place where a call is added. A call is a line here and a handler in
 * runtime/service. It travels over a MessagePort in the desktop app and over HTTP in a browser; both ends check
 * parameters and results with these schemas.
 */
import { z } from "zod";
import {
  binary,
  comparison,
  documentValue,
  download,
  importNote,
  jobEntry,
  journalEntry,
  maskReport,
  maskRequest,
  memoryReport,
  missingModel,
  modelFile,
  planReport,
  problem,
  queueState,
  resultFile,
  serviceInfo,
  settingsChange,
  settingsValue,
  sweepAxis,
} from "./service-values.ts";
import type { Json } from "#runtime/graph/json";
import { nodeDescriptionSchema } from "./node-description-schema.ts";

const json = z.json() as z.ZodType<Json>;
const id = z.string().min(1).max(200);
const nothing = z.object({});
const done = z.null();
const file = resultFile.pick({ place: true, path: true });

function call<P extends z.ZodType, R extends z.ZodType>(params: P, result: R) {
  return { params, result };
}

export const contract = {
  "service.info": call(nothing, serviceInfo),
  "settings.get": call(nothing, settingsValue),
  "settings.set": call(settingsChange, settingsValue),

  "nodes.list": call(nothing, z.array(nodeDescriptionSchema)),
  /** Names that a file input of this folder can take ("input", "loras", ...). */
  "files.list": call(z.object({ folder: z.string() }), z.array(z.string())),
  /** Puts a picture or clip into the input folder; the name it got. */
  "files.add": call(z.object({ name: z.string(), data: binary }), z.object({ name: z.string() })),

  /** Every problem of a document, including those that only nodes and files can tell. */
  "graph.check": call(z.object({ document: documentValue }), z.array(problem)),
  /** A plan for a slot ends an unfinished one for the same slot with ERR_INTERRUPTED: slots are views. */
  "graph.plan": call(
    z.object({ document: documentValue, targets: z.array(id).optional(), slot: id.optional() }),
    planReport,
  ),
  "graph.mask": call(maskRequest, maskReport),
  /** Reads a graph of any known format, or the one inside a picture or clip. */
  "graph.open": call(
    z.object({ name: z.string(), data: binary }),
    z.object({ document: documentValue, notes: z.array(importNote) }),
  ),
  "graph.export": call(
    z.object({ document: documentValue, format: z.enum(["umbel", "graph", "api"]) }),
    z.object({ text: z.string() }),
  ),

  "queue.state": call(
    z.object({
      offset: z.number().int().nonnegative().optional(),
      limit: z.number().int().min(0).max(10_000).optional(),
    }),
    queueState,
  ),
  /** Adds a document once, `count` times (seeds move on as their control says), or once for each cell of a sweep. */
  "queue.add": call(
    z.object({
      document: documentValue,
      title: z.string().max(200).optional(),
      targets: z.array(id).optional(),
      first: z.boolean().optional(),
      count: z.number().int().min(1).max(1000).optional(),
      sweep: z.array(sweepAxis).min(1).max(2).optional(),
      priority: z.number().int().min(-100).max(100).optional(),
      /** The id that the (single) job gets; ERR_INVALID_ARGUMENT when there is one of that id. */
      job: id.optional(),
      /** Kept with the job for whoever added it and given back by queue.origin; not looked at. */
      origin: json.optional(),
    }),
    z.object({ jobs: z.array(id), batch: id.nullable() }),
  ),
  "queue.document": call(z.object({ job: id }), documentValue),
  /** What came with the job, whether it waits, runs or has ended; null when nothing did. */
  "queue.origin": call(z.object({ job: id }), json),
  "queue.replace": call(z.object({ job: id, document: documentValue }), done),
  /** Before another waiting job, or to the end. */
  "queue.move": call(z.object({ job: id, before: id.nullable() }), done),
  /** Ends a running job inside its step, takes a waiting one out. */
  "queue.cancel": call(z.object({ job: id }), done),
  "queue.clear": call(nothing, done),
  "queue.pause": call(z.object({ paused: z.boolean() }), done),

  /** One job, whether it waits, runs or has ended. */
  "queue.job": call(z.object({ job: id }), jobEntry),

  /** Ended jobs, newest first; `before` is the `ended` of the last one of the page before. */
  "history.list": call(
    z.object({
      before: z.number().optional(),
      limit: z.number().int().min(1).max(500),
      batch: id.optional(),
      job: id.optional(),
    }),
    z.array(jobEntry),
  ),
  "history.document": call(z.object({ job: id }), documentValue),
  "history.remove": call(z.object({ jobs: z.array(id).max(10_000) }), done),
  "results.compare": call(z.object({ a: file, b: file }), comparison),

  "models.list": call(nothing, z.array(modelFile)),
  "models.missing": call(z.object({ document: documentValue }), z.array(missingModel)),
  "models.addFolder": call(
    z.object({ path: z.string() }),
    z.object({ folders: z.array(z.string()), files: z.number().int() }),
  ),
  /** A file that lies elsewhere, under the name by which a graph asks for it: linked, not copied. Its path there. */
  "models.addFile": call(
    z.object({ path: z.string(), folder: z.string(), name: z.string() }),
    z.object({ path: z.string() }),
  ),
  /** What a download would fetch; nothing is fetched yet. */
  "models.probe": call(
    z.object({ url: z.string() }),
    z.object({ host: z.string(), name: z.string(), bytes: z.number().nullable() }),
  ),
  "models.download": call(
    z.object({
      url: z.string(),
      folder: z.string(),
      name: z.string(),
      sha256: z.string().nullable(),
    }),
    download,
  ),
  "models.downloads": call(nothing, z.array(download)),
  "models.control": call(z.object({ id, action: z.enum(["pause", "resume", "cancel"]) }), done),

  /** Open graphs as they are now: written on every change, read after a crash. */
  "journal.write": call(journalEntry, done),
  "journal.list": call(nothing, z.array(journalEntry)),
  "journal.remove": call(z.object({ id }), done),

  /** Bytes that loaded models and cached results hold. */
  "memory.report": call(nothing, memoryReport),
  "memory.free": call(nothing, done),
} as const;

export type Contract = typeof contract;
export type Method = keyof Contract;
export type Params<M extends Method> = z.input<Contract[M]["params"]>;
export type Result<M extends Method> = z.output<Contract[M]["result"]>;

/** The handlers of runtime/service: parameters arrive checked. */
export type Handlers = {
  readonly [M in Method]: (
    params: z.output<Contract[M]["params"]>,
  ) => Promise<Result<M>> | Result<M>;
};

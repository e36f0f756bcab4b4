/** POST /upload/image and /upload/mask: files for the input folder. */
import { createHash, randomUUID } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { link, mkdir, realpath, rm, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { MultipartFile } from "@fastify/multipart";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { checkedName } from "#runtime/server/contained-file";
import { isInside } from "#runtime/service/library/contained-path";
import type { ServerContext } from "#runtime/server/context";
import { isMediaFile } from "#runtime/server/media-content";
import { mediaType } from "#runtime/server/media-types";
import { Refusal } from "#runtime/server/refusal";

interface Stored {
  readonly name: string;
  readonly subfolder: string;
  readonly type: string;
}

export function addUploadRoutes(app: FastifyInstance, context: ServerContext): void {
  app.post("/upload/image", async (request) => store(request, context));
  // A mask arrives as a whole picture with transparency; the original it belongs to is only named.
  app.post("/upload/mask", async (request) => store(request, context));
}

async function store(request: FastifyRequest, context: ServerContext): Promise<Stored> {
  if (!request.isMultipart())
    throw new Refusal(
      415,
      "content_type_refused",
      "Expected multipart/form-data with a part named image.",
    );
  const fields = new Map<string, string>();
  let temporary: { path: string; name: string; hash: string } | null = null;
  const root = context.folders.input;
  await mkdir(root, { recursive: true });
  try {
    // Fields may come behind the file, so it is received first and named afterwards.
    for await (const part of request.parts()) {
      if (part.type === "field") fields.set(part.fieldname, String(part.value));
      else if (part.fieldname === "image" && temporary === null)
        temporary = await receive(part, root, context.limits.uploadBytes);
      else part.file.resume();
    }
    if (temporary === null)
      throw new Refusal(400, "no_file", "Expected a part named image with a file, got none.");
    return await place(temporary, fields, root);
  } catch (error) {
    throw readable(error);
  } finally {
    if (temporary !== null) await rm(temporary.path, { force: true });
  }
}

/** Errors of the disk have a code, those of limits a status; what the parser says of a damaged form has neither. */
function readable(error: unknown): unknown {
  const { code, statusCode } = error as { code?: unknown; statusCode?: unknown };
  const isBroken = code === undefined || code === "ERR_STREAM_PREMATURE_CLOSE";
  if (error instanceof Refusal || statusCode !== undefined || !isBroken) return error;
  return new Refusal(
    400,
    "bad_form",
    "Expected a whole multipart form, got one that is damaged or ends early.",
  );
}

async function receive(
  part: MultipartFile,
  root: string,
  most: number,
): Promise<{ path: string; name: string; hash: string }> {
  const name = checkedName(part.filename.slice(part.filename.lastIndexOf("/") + 1));
  if (mediaType(name) === null) {
    part.file.resume();
    throw new Refusal(
      400,
      "file_type_refused",
      `Expected a picture, clip or sound, got ${JSON.stringify(name)}.`,
    );
  }
  const path = join(root, `.umbel-upload-${randomUUID()}`);
  const hash = createHash("sha256");
  part.file.on("data", (chunk: Buffer) => hash.update(chunk));
  try {
    await pipeline(part.file, createWriteStream(path, { flags: "wx" }));
    if (part.file.truncated)
      throw new Refusal(
        413,
        "too_large",
        `Expected a file of at most ${most} bytes, got a larger one.`,
      );
    if (!(await isMediaFile(path, name)))
      throw new Refusal(
        400,
        "file_type_refused",
        `Expected the contents of ${JSON.stringify(name)} to be what its name says.`,
      );
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
  return { path, name, hash: hash.digest("hex") };
}

async function place(
  file: { path: string; name: string; hash: string },
  fields: ReadonlyMap<string, string>,
  root: string,
): Promise<Stored> {
  const type = fields.get("type") ?? "input";
  if (type !== "input")
    throw new Refusal(
      400,
      "place_refused",
      `Expected type=input, got ${JSON.stringify(type)}: only the input folder takes files.`,
    );
  const given = fields.get("subfolder") ?? "";
  const subfolder = given === "" ? "" : checkedName(given.replace(/\/+$/, ""));
  const folder = join(root, subfolder);
  await mkdir(folder, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    throw NO_PLACE.has(error.code ?? "") ? takenPlace(subfolder, "a folder") : error;
  });
  if (subfolder !== "" && !isInside(await realpath(root), await realpath(folder)))
    throw new Refusal(
      403,
      "outside",
      "Expected a folder inside the input folder, got a link that leads out of it.",
    );
  const overwrite = ["true", "1"].includes(fields.get("overwrite") ?? "");
  const extension = extname(file.name);
  const stem = file.name.slice(0, file.name.length - extension.length);
  for (let n = 0; ; n++) {
    const name = n === 0 ? file.name : `${stem} (${n})${extension}`;
    const target = join(folder, name);
    const there = await stat(target).catch(() => null);
    if (there?.isDirectory() === true) {
      if (overwrite) throw takenPlace(name, "a file");
      continue;
    }
    if (overwrite) await rm(target, { force: true });
    try {
      await link(file.path, target);
      return { name, subfolder, type };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      if ((await hashOf(target)) === file.hash) return { name, subfolder, type };
    }
  }
}

/** What is in the way of a folder. */
const NO_PLACE: ReadonlySet<string> = new Set(["EEXIST", "ENOTDIR", "ENAMETOOLONG", "ELOOP"]);

function takenPlace(name: string, wanted: string): Refusal {
  return new Refusal(
    400,
    "place_refused",
    `Expected ${wanted} at ${JSON.stringify(name)}, got a name that something else has.`,
  );
}

async function hashOf(path: string): Promise<string | null> {
  const hash = createHash("sha256");
  try {
    await pipeline(createReadStream(path), hash);
    return hash.digest("hex");
  } catch {
    return null;
  }
}

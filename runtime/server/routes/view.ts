/** GET /view: a picture or clip, with ranges; as it is, or as a smaller picture. */
import type { FastifyInstance, FastifyReply } from "fastify";
import { byteRange } from "#runtime/protocol/byte-range";
import { openContained } from "#runtime/server/contained-file";
import type { Place, ServerContext } from "#runtime/server/context";
import { mediaType } from "#runtime/server/media-types";
import { Refusal } from "#runtime/server/refusal";

const PLACES: Readonly<Record<string, Place>> = {
  output: "output",
  temp: "temporary",
  temporary: "temporary",
  input: "input",
};
const MOST_PIXELS = 128 << 20;

export function addViewRoutes(app: FastifyInstance, context: ServerContext): void {
  app.get("/view", async (request, reply) => {
    const query = request.query as Record<string, string | undefined>;
    const { place, name } = named(query);
    const folder = context.folders[place];
    await context.service.bringResult({ place, path: name });
    const { handle, path, bytes } = await openContained(folder, name);
    const preview = picture(query["preview"]);
    const channel = query["channel"] ?? "rgba";
    const type = mediaType(name);
    if ((preview !== null || channel !== "rgba") && type?.startsWith("image/") === true) {
      await handle.close();
      return smaller(reply, path, preview ?? { format: "png", quality: 90 }, channel);
    }
    secure(reply);
    reply.header("accept-ranges", "bytes");
    reply.header("content-type", type ?? "application/octet-stream");
    const file = encodeURIComponent(name.slice(name.lastIndexOf("/") + 1));
    reply.header(
      "content-disposition",
      `${type === null ? "attachment" : "inline"}; filename*=UTF-8''${file}`,
    );
    const range = byteRange(request.headers.range, bytes);
    if (range === "unsatisfiable") {
      await handle.close();
      return reply.code(416).header("content-range", `bytes */${bytes}`).send();
    }
    const { start, end } = range ?? { start: 0, end: bytes - 1 };
    if (range !== null) reply.code(206).header("content-range", `bytes ${start}-${end}/${bytes}`);
    reply.header("content-length", Math.max(0, end - start + 1));
    if (bytes === 0 || request.method === "HEAD") {
      await handle.close();
      return reply.send();
    }
    return reply.send(handle.createReadStream({ start, end }));
  });
}

/** "a.png [temp]" names its place itself. */
function named(query: Record<string, string | undefined>): { place: Place; name: string } {
  const filename = query["filename"] ?? "";
  const annotated = /^(.*) \[(output|input|temp)\]$/.exec(filename);
  const place = PLACES[annotated?.[2] ?? query["type"] ?? "output"];
  if (place === undefined || filename === "")
    throw new Refusal(400, "bad_request", "Expected ?filename= and type=output, input or temp.");
  const name = annotated?.[1] ?? filename;
  if (name.startsWith("/") || name.includes(".."))
    throw new Refusal(400, "bad_name", `Expected a file name, got ${JSON.stringify(name)}.`);
  const subfolder = query["subfolder"] ?? "";
  return { place, name: subfolder === "" ? name : `${subfolder}/${name}` };
}

interface Picture {
  readonly format: "webp" | "jpeg" | "png";
  readonly quality: number;
}

/** "webp;90" */
function picture(text: string | undefined): Picture | null {
  if (text === undefined) return null;
  const [format, quality = ""] = text.split(";");
  const known = format === "jpeg" || format === "png" ? format : "webp";
  return {
    format: known,
    quality: /^\d{1,3}$/.test(quality) ? Math.min(100, Math.max(1, Number(quality))) : 90,
  };
}

async function smaller(
  reply: FastifyReply,
  path: string,
  { format, quality }: Picture,
  channel: string,
): Promise<FastifyReply> {
  // A server that hands out files as they are does without it.
  const { default: sharp } = await import("sharp");
  let image = sharp(path, { limitInputPixels: MOST_PIXELS });
  if (channel === "rgb") image = image.removeAlpha();
  if (channel === "a") image = image.ensureAlpha().extractChannel(3);
  secure(reply);
  reply.header("content-type", `image/${format}`);
  return reply.send(await image.toFormat(format, { quality }).toBuffer());
}

/** Whatever a file holds, a browser runs nothing of it. */
function secure(reply: FastifyReply): void {
  reply.header("x-content-type-options", "nosniff");
  reply.header("content-security-policy", "sandbox; default-src 'none'");
  reply.header("cross-origin-resource-policy", "same-origin");
}

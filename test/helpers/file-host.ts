/** A host of one file that does what hosts do: ranges, redirects, cut connections, changes. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Hosted {
  bytes: Buffer;
  etag: string | null;
  modified?: string;
  type?: string;
  disposition?: string;
  /** Ranges are answered. */
  ranges: boolean;
  /** Says how long the file is. */
  length: boolean;
  /** The length that it says instead. */
  claims?: number;
  /** Bytes after which each answer's connection is cut; further answers take the next. */
  cuts: number[];
  /** Waits until the client has read up to a place of the file: a cut connection loses what is on its way. */
  beforeCut?: (place: number) => Promise<void>;
  /** Statuses of the next answers, before any file. */
  statuses: number[];
  /** Bytes a write, with a pause after each. */
  slow?: number;
  /** Sends this many bytes and then nothing more. */
  stall?: number;
  refuseHead?: boolean;
  ignoreIfRange?: boolean;
}

export interface FileHost extends AsyncDisposable {
  readonly origin: string;
  readonly file: Hosted;
  readonly requests: IncomingMessage[];
  /** Path -> where it leads. */
  readonly redirects: Map<string, string>;
}

export async function hostFile(parts: Partial<Hosted> = {}): Promise<FileHost> {
  const file: Hosted = {
    bytes: Buffer.alloc(0),
    etag: '"one"',
    ranges: true,
    length: true,
    cuts: [],
    statuses: [],
    ...parts,
  };
  const requests: IncomingMessage[] = [];
  const redirects = new Map<string, string>();
  const server = createServer((request, response) => {
    requests.push(request);
    const target = redirects.get(request.url ?? "");
    if (target === undefined) void answer(file, request, response);
    else response.writeHead(302, { location: target }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    file,
    requests,
    redirects,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answer(
  file: Hosted,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const status = file.statuses.shift();
  if (status !== undefined) {
    response.writeHead(status, { "retry-after": "0" }).end("busy");
    return;
  }
  if (request.method === "HEAD" && file.refuseHead === true) {
    response.writeHead(405).end();
    return;
  }
  const { bytes, etag, modified } = file;
  if (etag !== null) response.setHeader("etag", etag);
  if (modified !== undefined) response.setHeader("last-modified", modified);
  if (file.disposition !== undefined) response.setHeader("content-disposition", file.disposition);
  response.setHeader("content-type", file.type ?? "application/octet-stream");
  const condition = request.headers["if-range"];
  const holds =
    file.ignoreIfRange === true ||
    condition === undefined ||
    [etag, modified].includes(String(condition));
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
  let start = 0;
  let end = bytes.length;
  if (file.ranges && holds && first !== undefined) {
    start = Number(first);
    if (last !== undefined && last !== "") end = Math.min(end, Number(last) + 1);
    if (start >= bytes.length) {
      response.writeHead(416, { "content-range": `bytes */${bytes.length}` }).end();
      return;
    }
    response.statusCode = 206;
    response.setHeader("content-range", `bytes ${start}-${end - 1}/${bytes.length}`);
  }
  if (file.length) response.setHeader("content-length", file.claims ?? end - start);
  response.flushHeaders();
  if (request.method === "HEAD") {
    response.end();
    return;
  }
  await send(file, bytes.subarray(start, end), response, start);
}

async function send(
  file: Hosted,
  body: Buffer,
  response: ServerResponse,
  start: number,
): Promise<void> {
  const cut = file.cuts.shift();
  const most = Math.min(body.length, cut ?? body.length, file.stall ?? body.length);
  const step = file.slow ?? 65_536;
  for (let at = 0; at < most; at += step) {
    if (response.destroyed) return;
    await new Promise((resolve) =>
      response.write(body.subarray(at, Math.min(most, at + step)), resolve),
    );
    if (file.slow !== undefined) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  if (cut !== undefined && most > 0) await file.beforeCut?.(start + most);
  if (cut !== undefined) response.destroy();
  else if (file.stall === undefined) response.end();
}

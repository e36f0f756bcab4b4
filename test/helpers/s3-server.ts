/**
 * A server that speaks as much S3 as a storage of results needs, path-style: objects, uploads in parts, signatures
 * (version 4) and errors as S3 words them. Objects are kept in memory, also while the server is away.
 */
import { createHash, createHmac, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll } from "vitest";

export const S3_KEYS = { id: "UMBELTESTKEY", secret: "umbel-test-secret" };

interface Answer {
  readonly status: number;
  readonly body?: string | Buffer;
  readonly headers?: Record<string, string>;
}

export class S3Server {
  readonly bucket = "results";
  readonly objects = new Map<string, Buffer>();
  /** "PUT clips/a.png", without queries but for "?part". */
  readonly requests: string[] = [];
  /** Hears of each request before it is answered. */
  seen: (request: string) => void = () => undefined;
  /** Requests that are answered with 503 from now on. */
  failures = 0;
  /** Whether answers end after half of their bytes. */
  cutsOff = false;
  readonly #uploads = new Map<string, Map<number, Buffer>>();
  #server: Server | null = null;
  #port = 0;

  get endpoint(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** The address of a storage in it. */
  storage(prefix = "", bucket = this.bucket): string {
    return `s3://${bucket}/${prefix}?endpoint=${this.endpoint}`;
  }

  /** Uploads in parts that were begun and neither completed nor aborted. */
  get openUploads(): number {
    return this.#uploads.size;
  }

  async start(): Promise<this> {
    const server = createServer((request, response) => void this.#serve(request, response));
    this.#server = server;
    await new Promise<void>((ready) => server.listen(this.#port, "127.0.0.1", ready));
    this.#port = (server.address() as AddressInfo).port;
    return this;
  }

  /** Nobody answers until it is started again. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    server?.closeAllConnections();
    await new Promise<void>((done) => (server === null ? done() : server.close(() => done())));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return;
    }
    const { status, body = "", headers = {} } = this.#answer(request, Buffer.concat(chunks));
    response.writeHead(status, { "content-length": Buffer.byteLength(body), ...headers });
    this.seen(this.requests.at(-1) ?? "");
    if (!this.cutsOff) response.end(body);
    else response.write(body.slice(0, body.length / 2), () => response.destroy());
  }

  #answer(request: IncomingMessage, body: Buffer): Answer {
    const url = new URL(request.url ?? "/", this.endpoint);
    const [, bucket = "", ...rest] = url.pathname.split("/").map(decodeURIComponent);
    const key = rest.join("/");
    const part = url.searchParams.get("partNumber");
    this.requests.push(`${request.method} ${key}${part === null ? "" : "?part"}`);
    if (this.failures > 0) {
      this.failures--;
      return failure(503, "SlowDown", "Please reduce your request rate.");
    }
    const refused = checkSignature(request, url);
    if (refused !== null) return refused;
    if (bucket !== this.bucket)
      return failure(404, "NoSuchBucket", "The specified bucket does not exist");
    const upload = url.searchParams.get("uploadId");
    if (upload !== null) return this.#upload(request.method ?? "", upload, part, key, body);
    switch (request.method) {
      case "POST": {
        const id = randomUUID();
        this.#uploads.set(id, new Map());
        return xml(
          "InitiateMultipartUploadResult",
          `<Bucket>${bucket}</Bucket><Key>${key}</Key><UploadId>${id}</UploadId>`,
        );
      }
      case "PUT":
        this.objects.set(key, body);
        return { status: 200, headers: { etag: etag(body) } };
      case "GET": {
        const object = this.objects.get(key);
        return object === undefined
          ? failure(404, "NoSuchKey", "The specified key does not exist.")
          : { status: 200, body: object, headers: { etag: etag(object) } };
      }
      case "DELETE":
        this.objects.delete(key);
        return { status: 204 };
      default:
        return failure(405, "MethodNotAllowed", "Not here.");
    }
  }

  #upload(method: string, id: string, part: string | null, key: string, body: Buffer): Answer {
    const parts = this.#uploads.get(id);
    if (parts === undefined) return failure(404, "NoSuchUpload", "The upload does not exist.");
    switch (method) {
      case "PUT":
        parts.set(Number(part), body);
        return { status: 200, headers: { etag: etag(body) } };
      case "DELETE":
        this.#uploads.delete(id);
        return { status: 204 };
      default: {
        const numbers = [...body.toString().matchAll(/<PartNumber>(\d+)<\/PartNumber>/g)];
        const list = numbers.map(([, number]) => parts.get(Number(number)));
        if (list.some((data) => data === undefined))
          return failure(400, "InvalidPart", "A part is missing.");
        this.#uploads.delete(id);
        this.objects.set(key, Buffer.concat(list as Buffer[]));
        return xml("CompleteMultipartUploadResult", `<Key>${key}</Key><ETag>"whole"</ETag>`);
      }
    }
  }
}

const servers = new Set<S3Server>();
afterAll(async () => {
  for (const server of servers) await server.stop();
});

export async function startS3(): Promise<S3Server> {
  const server = await new S3Server().start();
  servers.add(server);
  return server;
}

/** Refuses a key that is not known, and a signature that the secret does not give. */
function checkSignature({ method, headers }: IncomingMessage, url: URL): Answer | null {
  const pattern =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d+)\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=(\w+)$/;
  const match = pattern.exec(headers.authorization ?? "");
  if (match === null) return failure(403, "AccessDenied", "Access Denied");
  const [, id = "", day = "", region = "", signed = "", signature] = match;
  if (id !== S3_KEYS.id)
    return failure(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist");
  const query = [...url.searchParams]
    .map((pair) => pair.map(encodeURIComponent).join("="))
    .toSorted()
    .join("&");
  const lines = signed.split(";").map((name) => `${name}:${String(headers[name]).trim()}\n`);
  const content = String(headers["x-amz-content-sha256"]);
  const canonical = [method, url.pathname, query, lines.join(""), signed, content].join("\n");
  const scope = `${day}/${region}/s3/aws4_request`;
  const text = `AWS4-HMAC-SHA256\n${String(headers["x-amz-date"])}\n${scope}\n${createHash("sha256").update(canonical).digest("hex")}`;
  const hmac = (key: string | Buffer, data: string): Buffer =>
    createHmac("sha256", key).update(data).digest();
  const key = [day, region, "s3", "aws4_request"].reduce<string | Buffer>(
    hmac,
    `AWS4${S3_KEYS.secret}`,
  );
  if (hmac(key, text).toString("hex") === signature) return null;
  return failure(
    403,
    "SignatureDoesNotMatch",
    "The request signature we calculated does not match the signature you provided.",
  );
}

function failure(status: number, code: string, message: string): Answer {
  const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  return { status, body, headers: { "content-type": "application/xml" } };
}

function xml(name: string, inner: string): Answer {
  const body = `<?xml version="1.0"?><${name}>${inner}</${name}>`;
  return { status: 200, body, headers: { "content-type": "application/xml" } };
}

function etag(data: Buffer): string {
  return `"${createHash("md5").update(data).digest("hex")}"`;
}

import { UmbelError } from "#runtime/errors";
import type { ResultStorage } from "./result-storage.ts";

export interface S3Place {
  readonly bucket: string;
  /** Empty, or ending in "/". */
  readonly prefix: string;
  /** Of another service than Amazon's. */
  readonly endpoint: string | null;
  /** Null: as the environment or the user's settings say. */
  readonly region: string | null;
}

const EXAMPLE = "s3://bucket/prefix?endpoint=https://storage.example:9000&region=us-east-1";

/**
 * A storage by its address, tried once. Credentials are those that the SDK finds: the environment, the user's profile,
 * the machine's role. Throws ERR_INVALID_ARGUMENT for an address that is none, ERR_STORAGE when it cannot be used.
 */
export async function openStorage(address: string): Promise<ResultStorage> {
  const place = parseS3Address(address);
  // Which versions of Node later releases of the SDK want is nothing to tell people who run this one.
  process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";
  // The SDK is large and few need it.
  const { S3Storage } = await import("./s3-storage.ts");
  const storage = new S3Storage(place);
  await storage.check();
  return storage;
}

export function parseS3Address(address: string): S3Place {
  const refuse = (why: string): never => {
    throw new UmbelError(
      "ERR_INVALID_ARGUMENT",
      `Expected a storage like ${EXAMPLE}, got ${JSON.stringify(address.slice(0, 200))}: ${why}.`,
    );
  };
  if (!URL.canParse(address)) return refuse("it is no address");
  const { protocol, host, username, pathname, searchParams } = new URL(address);
  if (protocol !== "s3:") return refuse("it does not begin with s3://");
  if (username !== "") return refuse("credentials come from the environment, not from the address");
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(host)) return refuse("no bucket has that name");
  const unknown = [...searchParams.keys()].find((key) => key !== "endpoint" && key !== "region");
  if (unknown !== undefined) return refuse(`it has no ${unknown}`);
  const endpoint = searchParams.get("endpoint");
  if (endpoint !== null && !/^https?:\/\/[^/\s]+\/?$/.test(endpoint))
    return refuse("an endpoint is https://host:port");
  const folders = decodeURIComponent(pathname).split("/").filter(Boolean);
  if (folders.some((name) => name === "." || name === ".."))
    return refuse("a prefix does not go up");
  const prefix = folders.map((name) => `${name}/`).join("");
  return { bucket: host, prefix, endpoint, region: searchParams.get("region") };
}

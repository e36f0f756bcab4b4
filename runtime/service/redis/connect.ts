import { Redis } from "ioredis";
import { toUmbelError, UmbelError } from "#runtime/errors";

export type { Redis };

/**
 * A connection that comes back by itself. Throws ERR_INVALID_ARGUMENT for an address that is none or where nobody
 * answers now.
 */
export async function connectRedis(url: string): Promise<Redis> {
  if (!/^rediss?:\/\/[^\s]+$/.test(url)) {
    throw new UmbelError(
      "ERR_INVALID_ARGUMENT",
      `Expected an address like redis://host:6379, got ${JSON.stringify(url.slice(0, 100))}.`,
    );
  }
  const redis = new Redis(url, { maxRetriesPerRequest: null, lazyConnect: true });
  // Lost connections are tried again; what waits for an answer waits on.
  redis.on("error", () => undefined);
  try {
    await redis.connect();
  } catch (cause) {
    redis.disconnect();
    throw new UmbelError(
      "ERR_INVALID_ARGUMENT",
      `Expected Redis at ${hostOf(url)}, got ${toUmbelError(cause).message}. Start it, or correct the address.`,
      { cause },
    );
  }
  return redis;
}

/** Another connection to the same place, for what blocks or listens. Its owner disconnects it. */
export function anotherConnection(redis: Redis): Redis {
  const another = redis.duplicate({ lazyConnect: false });
  another.on("error", () => undefined);
  return another;
}

/** Without user and password. */
function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : "the given address";
}

/**
 * Where downloads may go. Whoever sits at the machine is asked and may go anywhere; clients of a server get files of
 * public https hosts, so that nobody reaches through it what only the server's own network can (server-side request
 * forgery). The address that was checked is the one that is connected to: a second look-up could tell another.
 */
import { lookup as systemLookup, type LookupAddress, type LookupOptions } from "node:dns";
import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import { Agent, type Dispatcher } from "undici";
import { UmbelError } from "#runtime/errors";

/** "anywhere", or public https hosts and these further ones, as `name` or `name:port`, which may be private. */
export type DownloadRule = "anywhere" | { readonly hosts: readonly string[] };

type Found = (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void;
/** All addresses of a name. */
export type Resolve = (name: string, options: LookupOptions & { all: true }, found: Found) => void;

export class WebAccess {
  readonly #hosts: ReadonlySet<string> | null;
  readonly #publicOnly: Agent;

  constructor(
    rule: DownloadRule,
    resolve: Resolve = systemLookup,
    mayReach: (address: string) => boolean = isPublicAddress,
  ) {
    this.#hosts =
      rule === "anywhere" ? null : new Set(rule.hosts.map((name) => name.toLowerCase()));
    this.#publicOnly = new Agent({
      connect: {
        lookup: (name, options, done) => {
          resolve(name, { ...options, all: true }, (error, addresses) => {
            const refused = addresses?.some(({ address }) => !mayReach(address)) ?? false;
            const problem = refused ? refusal(name) : error;
            const [first] = addresses ?? [];
            if (problem !== null) done(problem, []);
            else if (options.all === true) done(null, addresses);
            else done(null, first?.address ?? "", first?.family);
          });
        },
      },
    });
  }

  /** Throws ERR_DOWNLOAD for an address whose text alone tells that it is not allowed. */
  check(url: URL): void {
    if (this.#isOpen(url)) return;
    const name = url.hostname.replace(/^\[|\]$/g, "");
    const isAddress = isIP(name) !== 0;
    const isLocal = /(^|\.)localhost\.?$/.test(name) || (!isAddress && !name.includes("."));
    if (url.protocol !== "https:" || isLocal || (isAddress && !isPublicAddress(name)))
      throw refusal(url.origin);
  }

  /** What connects to this address. Throws as `check` does. */
  dispatcher(url: URL): Dispatcher | undefined {
    this.check(url);
    return this.#isOpen(url) ? undefined : this.#publicOnly;
  }

  async end(): Promise<void> {
    await this.#publicOnly.destroy();
  }

  #isOpen({ host, hostname }: URL): boolean {
    return this.#hosts === null || this.#hosts.has(host) || this.#hosts.has(hostname);
  }
}

/** Whether everybody on the internet means the same machine by it. */
export function isPublicAddress(text: string): boolean {
  if (isIP(text) === 0) return false;
  // 4 in 6 is what it stands for.
  const address = ipaddr.process(text);
  if (address.range() !== "unicast") return false;
  // Global unicast is 2000::/3; the rest is reserved, old forms of IPv4 addresses among it.
  return address instanceof ipaddr.IPv4 || (address.parts[0]! & 0xe000) === 0x2000;
}

function refusal(asked: string): UmbelError {
  return new UmbelError(
    "ERR_DOWNLOAD",
    `Expected an https address of a public host, got ${asked}. Get the file on the machine itself, or start the server with --download-host to allow its host.`,
  );
}

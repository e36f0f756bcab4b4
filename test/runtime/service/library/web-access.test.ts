/** Where a server's clients may have files fetched from, and that nothing else is ever connected to. */
import { createServer, type AddressInfo, type Server } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isPublicAddress, WebAccess, type Resolve } from "#runtime/service/library/web-access";
import { probeDownload } from "#runtime/service/library/probe-download";
import { hostFile } from "../../../helpers/file-host.ts";

/** Answers as a name server would, one list a question. */
function resolver(...answers: string[][]): Resolve {
  let asked = 0;
  return (_name, _options, found) => {
    const addresses = answers[Math.min(asked++, answers.length - 1)] ?? [];
    found(
      null,
      addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
    );
  };
}

let inner: Server;
let connections: number;
let port: number;
beforeEach(async () => {
  connections = 0;
  inner = createServer((socket) => {
    connections++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => inner.listen(0, "127.0.0.1", resolve));
  port = (inner.address() as AddressInfo).port;
});
afterEach(() => {
  inner.close();
});

async function refused(access: WebAccess, url: string): Promise<string> {
  const error: unknown = await probeDownload(url, access).then(
    () => null,
    (reason: unknown) => reason,
  );
  await access.end();
  expect(error).toMatchObject({ code: "ERR_DOWNLOAD" });
  return (error as Error).message;
}

describe("public addresses", () => {
  it.each([
    ["this host", ["0.0.0.0", "0.1.2.3", "::"]],
    ["loopback", ["127.0.0.1", "127.255.0.9", "::1"]],
    ["private", ["10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fd00::1", "fc00::1"]],
    ["link-local, with clouds' metadata", ["169.254.169.254", "169.254.0.1", "fe80::1"]],
    ["carriers' and benchmarks'", ["100.64.0.1", "100.100.100.200", "198.18.0.1"]],
    ["multicast and broadcast", ["224.0.0.1", "239.255.255.250", "255.255.255.255", "ff02::1"]],
    ["reserved and documentation", ["240.0.0.1", "192.0.2.1", "203.0.113.9", "2001:db8::1"]],
    ["IPv4 within IPv6", ["::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "::7f00:1"]],
    ["IPv4 behind translation", ["64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2001::1"]],
    ["no address", ["", "localhost", "1.2.3", "::g"]],
  ])("are not: %s", (_name, addresses) => {
    expect(addresses.filter(isPublicAddress)).toEqual([]);
  });

  it("are those of the internet", () => {
    const some = ["1.1.1.1", "18.155.202.1", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8"];
    expect(some.filter((address) => !isPublicAddress(address))).toEqual([]);
  });
});

describe("a server's downloads", () => {
  it.each([
    "http://models.example/x",
    "https://localhost:PORT/x",
    "https://a.localhost:PORT/x",
    "https://LOCALHOST.:PORT/x",
    "https://intranet:PORT/x",
    "https://127.0.0.1:PORT/x",
    "https://127.1:PORT/x",
    "https://0x7f000001:PORT/x",
    "https://017700000001:PORT/x",
    "https://[::1]:PORT/x",
    "https://[::ffff:7f00:1]:PORT/x",
    "https://169.254.169.254/x",
    "https://[fd00:ec2::254]/x",
  ])("are not from %s", async (text) => {
    const access = new WebAccess({ hosts: [] }, resolver(["127.0.0.1"]));
    const url = text.replace("PORT", String(port));
    expect(() => access.check(new URL(url))).toThrow("of a public host");
    expect(await refused(access, url)).toContain("Expected an https address of a public host");
    expect(connections).toBe(0);
  });

  it.each([
    ["loopback", ["127.0.0.1"]],
    ["a private network", ["192.168.0.7"]],
    ["clouds' metadata", ["169.254.169.254"]],
    ["IPv6's loopback", ["::1"]],
    ["a public address and a private one", ["1.1.1.1", "127.0.0.1"]],
  ])("are not from a name that leads to %s", async (_name, addresses) => {
    const access = new WebAccess({ hosts: [] }, resolver(addresses));
    const message = await refused(access, `https://models.example:${port}/x`);
    expect(message).toContain("got models.example.");
    expect(connections).toBe(0);
  });

  it("connect to the very address that was checked", async () => {
    let looked = 0;
    const counted = (resolve: Resolve): Resolve => {
      return (name, options, found) => {
        looked++;
        resolve(name, options, found);
      };
    };
    const rebinding = counted(resolver(["127.0.0.1"], ["10.0.0.1"]));
    const access = new WebAccess({ hosts: [] }, rebinding, (address) => address === "127.0.0.1");
    // The listener speaks no TLS: that it was reached is what counts.
    expect(await refused(access, `https://models.example:${port}/x`)).toContain("cut connection");
    expect([connections, looked]).toEqual([1, 1]);
  });

  it("are not where a redirect leads to such an address", async () => {
    await using outer = await hostFile({ bytes: Buffer.from("x") });
    const hosts = [new URL(outer.origin).host];
    for (const target of [
      `https://127.0.0.1:${port}/x`,
      `http://127.0.0.1:${port}/x`,
      `https://inner.example:${port}/x`,
      "https://169.254.169.254/latest/meta-data",
    ]) {
      outer.redirects.set("/x", target);
      const access = new WebAccess({ hosts }, resolver(["127.0.0.1"]));
      expect(await refused(access, `${outer.origin}/x`)).toContain("of a public host");
    }
    expect(outer.requests).toHaveLength(4);
    expect(connections).toBe(0);
  });

  it("are from hosts that the server was started with", async () => {
    await using host = await hostFile({ bytes: Buffer.from("model") });
    const { host: name, port: own } = new URL(host.origin);
    for (const hosts of [[name], ["127.0.0.1"], ["LocalHost"]]) {
      const access = new WebAccess({ hosts });
      const url = hosts[0] === "LocalHost" ? `http://localhost:${own}/x` : `${host.origin}/x`;
      expect(await probeDownload(url, access)).toMatchObject({ name: "x", bytes: 5 });
      expect(() => access.check(new URL(`http://other.example:${own}/x`))).toThrow("public host");
    }
    expect(() => new WebAccess({ hosts: [name] }).check(new URL("http://127.0.0.1:9/x"))).toThrow(
      "public host",
    );
  });
});

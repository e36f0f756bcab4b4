import { describe, expect, test } from "vitest";
import { checkAccess, hostNames, isLoopback, type Access, type Asked } from "#runtime/server/guard";
import { Refusal } from "#runtime/server/refusal";

const open: Access = { hosts: hostNames("127.0.0.1", 8188), origins: new Set(), token: null };
const closed: Access = { ...open, token: "a-secret" };

function asked(over: Partial<Asked> & { headers?: Asked["headers"] } = {}): Asked {
  return {
    method: "GET",
    path: "/prompt",
    queryToken: undefined,
    ...over,
    headers: { host: "127.0.0.1:8188", ...over.headers },
  };
}

/** Status of the refusal; 200 when there is none. */
function status(request: Asked, access: Access = open): number {
  try {
    checkAccess(request, access);
    return 200;
  } catch (error) {
    if (error instanceof Refusal) return error.status;
    throw error;
  }
}

describe("Host (DNS rebinding)", () => {
  test.each(["127.0.0.1:8188", "localhost:8188", "LOCALHOST:8188", "[::1]:8188"])(
    "lets %s in",
    (host) => {
      expect(status(asked({ headers: { host } }))).toBe(200);
    },
  );
  test.each([
    "evil.example:8188",
    "127.0.0.1:9999",
    "127.0.0.1.evil.example:8188",
    "localhost",
    "",
  ])("refuses %s", (host) => {
    expect(status(asked({ headers: { host } }))).toBe(403);
  });
  test("lets a name in that was allowed", () => {
    const hosts = hostNames("0.0.0.0", 8188, ["render.local"]);
    expect(status(asked({ headers: { host: "render.local:8188" } }), { ...open, hosts })).toBe(200);
  });
});

describe("Origin (pages of other sites)", () => {
  const json = { "content-type": "application/json", "content-length": "2" };
  test("lets its own page in", () => {
    expect(
      status(asked({ method: "POST", headers: { origin: "http://127.0.0.1:8188", ...json } })),
    ).toBe(200);
  });
  test.each([
    "https://evil.example",
    "null",
    "file://",
    "http://127.0.0.1:9999",
    "http://[::1",
    "",
  ])("refuses %s", (origin) => {
    expect(status(asked({ method: "POST", headers: { origin, ...json } }))).toBe(403);
    expect(status(asked({ headers: { origin } }))).toBe(403);
  });
  test("refuses what a page of another site loads without an Origin", () => {
    const headers = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" };
    expect(status(asked({ headers }))).toBe(403);
  });
  test("lets a link from another site open the page", () => {
    const headers = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" };
    expect(status(asked({ path: "/", headers }))).toBe(200);
  });
});

describe("bodies (forms of other sites)", () => {
  test.each(["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""])(
    "refuses %s for a change",
    (type) => {
      const headers = { "content-type": type, "content-length": "2" };
      expect(status(asked({ method: "POST", headers }))).toBe(415);
    },
  );
  test("takes text from programs, which no browser is", () => {
    const text = { "content-type": "text/plain;charset=UTF-8", "content-length": "2" };
    expect(status(asked({ method: "POST", headers: text }))).toBe(200);
    for (const mark of ["referer", "cookie", "sec-fetch-site"])
      expect(status(asked({ method: "POST", headers: { ...text, [mark]: "x" } }))).toBe(415);
  });
  test("takes a multipart body for an upload only", () => {
    const headers = { "content-type": "multipart/form-data; boundary=x", "content-length": "2" };
    expect(status(asked({ method: "POST", path: "/upload/image", headers }))).toBe(200);
    expect(status(asked({ method: "POST", path: "/api/upload/mask", headers }))).toBe(200);
    expect(status(asked({ method: "POST", path: "/uploads/image", headers }))).toBe(415);
  });
});

describe("token", () => {
  test("is asked for with every path", () => {
    expect(status(asked(), closed)).toBe(401);
    expect(status(asked({ path: "/ws" }), closed)).toBe(401);
    expect(status(asked({ path: "/view" }), closed)).toBe(401);
  });
  test("comes as a header, a cookie or in the address", () => {
    expect(status(asked({ headers: { authorization: "Bearer a-secret" } }), closed)).toBe(200);
    expect(status(asked({ headers: { cookie: "a=b; umbel_token=a-secret" } }), closed)).toBe(200);
    expect(status(asked({ queryToken: "a-secret" }), closed)).toBe(200);
  });
  test("must be right", () => {
    expect(status(asked({ headers: { authorization: "Bearer a-secre" } }), closed)).toBe(401);
    expect(status(asked({ headers: { authorization: "Basic a-secret" } }), closed)).toBe(401);
    expect(status(asked({ queryToken: "" }), closed)).toBe(401);
  });
});

test("knows which addresses only this machine reaches", () => {
  expect(["127.0.0.1", "127.8.9.1", "::1", "localhost"].map(isLoopback)).toEqual([
    true,
    true,
    true,
    true,
  ]);
  expect(["0.0.0.0", "::", "192.168.1.4", "localhost.evil"].map(isLoopback)).toEqual([
    false,
    false,
    false,
    false,
  ]);
});

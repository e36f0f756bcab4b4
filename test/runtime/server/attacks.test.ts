/** One test for each way in that ComfyUI and its extensions had: comfyui.md 8 names them. */
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import WebSocket from "ws";
import { hostFile } from "../../helpers/file-host.ts";
import { smallPrompt, startServer, type TestServer } from "../../helpers/server.ts";
import { scratchFolder } from "../../helpers/umbel-process.ts";

let running: TestServer;
let secret: string;
beforeAll(async () => {
  running = await startServer();
  const outside = scratchFolder();
  secret = join(outside, "secret.png");
  writeFileSync(secret, "secret");
  for (const folder of [running.folders.output, running.folders.input, running.folders.userdata])
    symlinkSync(outside, join(folder, "out"));
});
afterAll(async () => {
  await running[Symbol.asyncDispose]();
});

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;
}

/** Sends exactly this: fetch would tidy paths and refuse some headers. */
function send(
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body: string | Buffer = "",
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { port } = running.server;
    const call = request({ host: "127.0.0.1", port, method, path, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString("latin1"),
        }),
      );
    });
    call.on("error", reject);
    call.end(body);
  });
}

const json = (value: unknown) => JSON.stringify(value);
const JSON_TYPE = { "content-type": "application/json" };

function multipart(name: string, content: string, fields: Record<string, string> = {}) {
  const boundary = "umbel-boundary";
  const parts = Object.entries(fields).map(
    ([key, value]) =>
      `--${boundary}\r\ncontent-disposition: form-data; name="${key}"\r\n\r\n${value}\r\n`,
  );
  parts.push(
    `--${boundary}\r\ncontent-disposition: form-data; name="image"; filename="${name}"\r\ncontent-type: image/png\r\n\r\n${content}\r\n--${boundary}--\r\n`,
  );
  return {
    headers: { "content-type": `multipart/form-data; boundary=${boundary}` },
    body: Buffer.from(parts.join(""), "latin1"),
  };
}
const PNG = "\x89PNG\r\n\x1a\n............";

describe("pages among the results (CVE-2024-10099)", () => {
  test.each(["page.html", "page.xhtml", "page.svg", "page.js", "page.css", "page.xml", "page"])(
    "%s is handed out as bytes to save",
    async (name) => {
      writeFileSync(join(running.folders.output, name), "<script>alert(1)</script>");
      const { status, headers } = await send("GET", `/view?filename=${name}`);
      expect(status).toBe(200);
      expect(headers["content-type"]).toBe("application/octet-stream");
      expect(headers["content-disposition"]).toMatch(/^attachment/);
      expect(headers["x-content-type-options"]).toBe("nosniff");
      expect(headers["content-security-policy"]).toMatch(/sandbox/);
    },
  );
  test.each(["a.html", "a.svg", "a.png.html", "a"])("%s is not taken", async (name) => {
    const { headers, body } = multipart(name, "<script>alert(1)</script>");
    expect((await send("POST", "/upload/image", headers, body)).status).toBe(400);
    expect(readdirSync(running.folders.input)).not.toContain(name);
  });
  test("a page under a picture's name is not taken", async () => {
    const { headers, body } = multipart("a.png", "<script>alert(1)</script>");
    expect((await send("POST", "/upload/image", headers, body)).status).toBe(400);
    expect(readdirSync(running.folders.input)).not.toContain("a.png");
  });
});

describe("files beside the folder (CVE-2025-67303, CVE-2024-21575)", () => {
  const names = [
    "../secret.png",
    "..%2fsecret.png",
    "%2e%2e/secret.png",
    "..\\secret.png",
    "a/../../secret.png",
    "/etc/passwd",
    "C:\\secret.png",
    "out/secret.png",
    "%00.png",
    "....//secret.png",
  ];
  test.each(names)("/view gives nothing for %s", async (name) => {
    const raw = name.includes("%") ? name : encodeURIComponent(name);
    for (const type of ["output", "input", "temp"]) {
      const { status, body } = await send("GET", `/view?filename=${raw}&type=${type}`);
      expect([400, 403, 404]).toContain(status);
      expect(body).not.toContain("secret\n");
      expect(body).not.toMatch(/^secret$/);
    }
    const { status } = await send("GET", `/view?filename=secret.png&subfolder=${raw}`);
    expect([400, 403, 404]).toContain(status);
  });
  test.each(names)("/userdata neither reads nor writes %s", async (name) => {
    const raw = encodeURIComponent(decodeURIComponent(name));
    expect([400, 403, 404]).toContain((await send("GET", `/userdata/${raw}`)).status);
    const written = await send("POST", `/userdata/${raw}`, JSON_TYPE, json({ a: 1 }));
    expect([400, 403, 404]).toContain(written.status);
    expect([400, 403, 404]).toContain((await send("DELETE", `/userdata/${raw}`)).status);
  });
  test("an upload stays in the input folder", async () => {
    for (const subfolder of ["../x", "/tmp/x", "out", "a/../../x"]) {
      const { headers, body } = multipart("a.png", PNG, { subfolder });
      expect([400, 403]).toContain((await send("POST", "/upload/image", headers, body)).status);
    }
    for (const name of ["..", "../a.png", ".png/..", "a\0.png"]) {
      const { headers, body } = multipart(name, PNG);
      const { status } = await send("POST", "/upload/image", headers, body);
      expect([200, 400]).toContain(status);
    }
    expect(readdirSync(join(running.folders.input, ".."))).not.toContain("a.png");
    for (const type of ["output", "temp", "models"]) {
      const { headers, body } = multipart("a.png", PNG, { type });
      expect((await send("POST", "/upload/image", headers, body)).status).toBe(400);
    }
  });
  test("a damaged form, or a place that something else has, is refused with words", async () => {
    const whole = multipart("whole.png", PNG);
    const upload = async (headers: Record<string, string>, body: Buffer) => {
      const answer = await send("POST", "/upload/image", headers, body);
      return [answer.status, (JSON.parse(answer.body) as { error?: object }).error];
    };
    for (const end of [1, 60, whole.body.length - 30, whole.body.length - 4]) {
      const answer = await upload(whole.headers, whole.body.subarray(0, end));
      expect(answer).toMatchObject([400, { type: expect.stringMatching(/bad_form|no_file/) }]);
    }
    const headless = { "content-type": "multipart/form-data" };
    expect(await upload(headless, whole.body)).toMatchObject([400, { type: "bad_form" }]);
    expect((await send("POST", "/upload/image", whole.headers, whole.body)).status).toBe(200);
    const below = multipart("b.png", PNG, { subfolder: "whole.png" });
    expect(await upload(below.headers, below.body)).toMatchObject([400, { type: "place_refused" }]);
    mkdirSync(join(running.folders.input, "folder.png"));
    const over = multipart("folder.png", PNG, { overwrite: "true" });
    expect(await upload(over.headers, over.body)).toMatchObject([400, { type: "place_refused" }]);
    const beside = multipart("folder.png", PNG);
    const { body } = await send("POST", "/upload/image", beside.headers, beside.body);
    expect(JSON.parse(body)).toMatchObject({ name: "folder (1).png" });
    expect(readdirSync(running.folders.input).filter((name) => name.startsWith("."))).toEqual([]);
  });
  test("a prompt reads and writes in its folders only", async () => {
    const prompt = smallPrompt();
    prompt["50"]!.inputs["filename_prefix"] = "../../escaped";
    const queued = await send("POST", "/prompt", JSON_TYPE, json({ prompt }));
    const { prompt_id } = JSON.parse(queued.body) as { prompt_id: string };
    await expect
      .poll(async () => JSON.parse((await send("GET", `/history/${prompt_id}`)).body) as object, {
        timeout: 30_000,
      })
      .toMatchObject({ [prompt_id]: { status: { status_str: "error" } } });
    expect(readdirSync(join(running.folders.output, "../.."))).not.toContain("escaped_00001_.mp4");
  });
});

describe("other sites' pages (GHSA-5xxr-jvhm-jxmj, DNS rebinding)", () => {
  test("a rebound name is refused everywhere", async () => {
    for (const path of [
      "/",
      "/prompt",
      "/view?filename=a.png",
      "/api/queue",
      "/umbel/call/queue.state",
    ]) {
      const { status } = await send("GET", path, { host: "evil.example:8188" });
      expect(status).toBe(403);
    }
  });
  test("a form cannot queue, interrupt or delete", async () => {
    for (const type of [
      "text/plain",
      "application/x-www-form-urlencoded",
      "multipart/form-data; boundary=x",
    ])
      for (const path of ["/prompt", "/queue", "/interrupt", "/history", "/free", "/settings"]) {
        const referer = `http://${running.host}/`;
        const own = await send("POST", path, { "content-type": type, referer }, "{}");
        expect(own.status).toBe(415);
        const foreign = await send(
          "POST",
          path,
          { "content-type": type, origin: "https://evil.example" },
          "{}",
        );
        expect(foreign.status).toBe(403);
      }
  });
  test("nothing changes by GET", async () => {
    for (const path of [
      "/interrupt",
      "/free",
      "/upload/image",
      "/jobs/cancel",
      "/umbel/call/queue.clear",
    ])
      expect((await send("GET", path)).status).toBe(404);
  });
  test("no origin is granted anything", async () => {
    const { status, headers } = await send("OPTIONS", "/prompt", {
      origin: "https://evil.example",
      "access-control-request-method": "POST",
    });
    expect(status).toBe(403);
    expect(headers["access-control-allow-origin"]).toBeUndefined();
  });
  test("a page without an origin of its own (a sandboxed frame, a file) is refused", async () => {
    for (const origin of ["null", "file://"]) {
      const { status } = await send("POST", "/prompt", { ...JSON_TYPE, origin }, "{}");
      expect(status).toBe(403);
    }
  });
  test("a socket is refused as well", async () => {
    const { port } = running.server;
    for (const path of ["/ws", "/api/ws", "/umbel/events"])
      for (const origin of ["https://evil.example", "null"]) {
        const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { origin });
        await expect(opened(socket)).rejects.toThrow(/403/);
      }
  });
});

describe("lines in values (CVE-2026-22777)", () => {
  test("stay inside their value", async () => {
    const value = "a\r\n[default]\r\nsecurity_level = weak";
    await send("POST", "/settings/one", JSON_TYPE, json(value));
    expect(JSON.parse((await send("GET", "/settings")).body)).toEqual({ one: value });
    expect((await send("GET", "/settings/__proto__")).body).toBe("null");
    await send("POST", "/settings", JSON_TYPE, '{"__proto__": {"polluted": true}}');
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    const name = encodeURIComponent("a\r\nset-cookie: x=1.png");
    expect((await send("GET", `/view?filename=${name}`)).headers["set-cookie"]).toBeUndefined();
  });
});

describe("settings and packages (CVE-2025-67303, CVE-2024-21574, overwriting by install)", () => {
  test("nobody chooses folders of the machine from elsewhere", async () => {
    const call = (method: string, params: unknown) =>
      send("POST", `/umbel/call/${method}`, JSON_TYPE, json(params));
    const folders = { outputFolder: "/etc", modelFolders: ["/"] };
    for (const [name, value] of Object.entries(folders)) {
      const { status, body } = await call("settings.set", { theme: "dark", [name]: value });
      expect([status, JSON.parse(body).error.type]).toEqual([403, "local_only"]);
    }
    expect((await call("models.addFolder", { path: "/" })).status).toBe(403);
    const settings = await running.service.call("settings.get", {});
    expect(settings).toMatchObject({
      result: { theme: "system", outputFolder: null, modelFolders: [] },
    });
  });
  test("nothing is installed, and nothing that a client keeps is a setting of the server", async () => {
    for (const path of [
      "/manager/db_mode?value=local",
      "/api/manager/queue/install",
      "/customnode/install/pip",
      "/customnode/install/git_url",
      "/v2/manager/queue/task",
      "/snapshot/restore",
    ])
      for (const method of ["GET", "POST"])
        expect(
          (await send(method, path, JSON_TYPE, method === "POST" ? "{}" : "")).status,
          `${method} ${path}`,
        ).toBe(404);
    // Another user's folder is not chosen by a header.
    const user = { ...JSON_TYPE, "comfy-user": "../../data" };
    const config = "[default]\nsecurity_level = weak";
    expect((await send("POST", "/userdata/config.ini", user, json(config))).status).toBe(200);
    expect(readdirSync(running.folders.userdata)).toContain("config.ini");
    expect((await send("GET", "/prompt", { host: "evil.example" })).status).toBe(403);
  });
  test("a download goes into a model folder, under a name that stays in it", async () => {
    for (const [folder, name] of [
      ["loras", "../../escaped.safetensors"],
      ["loras", "/tmp/escaped.safetensors"],
      ["../input", "escaped.safetensors"],
      ["loras", "escaped.py"],
    ]) {
      const request = { url: "https://models.example/x", folder, name, sha256: null };
      const { body } = await send("POST", "/umbel/call/models.download", JSON_TYPE, json(request));
      expect(body).toMatch(/ERR_(FILE|INVALID_ARGUMENT)/);
    }
    for (const url of ["file:///etc/passwd", "http://user:secret@127.0.0.1/x"]) {
      const { body } = await send("POST", "/umbel/call/models.probe", JSON_TYPE, json({ url }));
      expect(body).toMatch(/ERR_INVALID_ARGUMENT/);
    }
  });
});

describe("addresses that only the server reaches (server-side request forgery)", () => {
  test("nothing of the machine or its network is fetched for a client", async () => {
    await using inner = await hostFile({ bytes: Buffer.from("secret") });
    const port = new URL(inner.origin).port;
    for (const url of [
      inner.origin,
      `https://127.0.0.1:${port}/x.safetensors`,
      `https://localhost:${port}/x.safetensors`,
      `https://2130706433:${port}/x.safetensors`,
      `https://[::ffff:127.0.0.1]:${port}/x.safetensors`,
      "https://169.254.169.254/latest/meta-data/x.safetensors",
      "https://10.0.0.1/x.safetensors",
      "http://models.example/x.safetensors",
    ]) {
      const wanted = { url, folder: "loras", name: "x.safetensors", sha256: null };
      for (const [method, params] of [
        ["models.probe", { url }],
        ["models.download", wanted],
      ] as const) {
        const { body } = await send("POST", `/umbel/call/${method}`, JSON_TYPE, json(params));
        expect(body, `${method} ${url}`).toMatch(/ERR_DOWNLOAD.+of a public host/s);
      }
    }
    expect(inner.requests).toEqual([]);
    expect((await send("POST", "/umbel/call/models.downloads", JSON_TYPE, "{}")).body).not.toMatch(
      /safetensors/,
    );
  });
});

describe("code in graphs (eval nodes, pickles)", () => {
  test("a node that is not here is refused", async () => {
    const prompt = { "1": { class_type: "FL_CodeNode", inputs: { code: "import os" } } };
    const { status, body } = await send("POST", "/prompt", JSON_TYPE, json({ prompt }));
    expect(status).toBe(400);
    expect(JSON.parse(body)).toMatchObject({ error: { type: "missing_node_type" } });
  });
  test("a pickle is not a model", async () => {
    const prompt = smallPrompt();
    prompt["37"]!.inputs["unet_name"] = "evil.ckpt";
    const { status, body } = await send("POST", "/prompt", JSON_TYPE, json({ prompt }));
    expect(status).toBe(400);
    expect(JSON.parse(body)).toMatchObject({
      node_errors: { "37": { errors: [{ type: "value_not_in_list" }] } },
    });
  });
});

describe("a token", () => {
  test("is asked for by every route and socket", async () => {
    await using guarded = await startServer({ token: "a-secret-token" });
    const base = `http://${guarded.host}`;
    for (const path of [
      "/prompt",
      "/queue",
      "/view?filename=a.png",
      "/object_info",
      "/metrics",
      "/",
    ])
      expect((await fetch(base + path)).status).toBe(401);
    const authorization = "Bearer a-secret-token";
    expect((await fetch(`${base}/prompt`, { headers: { authorization } })).status).toBe(200);
    const page = await fetch(`${base}/?token=a-secret-token`);
    expect(page.headers.get("set-cookie")).toMatch(/HttpOnly; SameSite=Strict/);
    await expect(opened(new WebSocket(`ws://${guarded.host}/ws`))).rejects.toThrow(/401/);
    const socket = new WebSocket(`ws://${guarded.host}/ws?token=a-secret-token`);
    await opened(socket);
    socket.close();
  });
  test("is a must where others can reach the server", async () => {
    await expect(startServer({ address: "0.0.0.0" })).rejects.toThrow(/token/);
  });
});

function opened(socket: WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.on("open", resolve);
    socket.on("error", reject);
  });
}

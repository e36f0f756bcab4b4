import { expect, test } from "vitest";
import { onEditor, startApp } from "./desktop-app.ts";

test("2,000 malformed messages from the page break nothing", async () => {
  const app = await startApp();
  const outcome = await app.page.evaluate(async () => {
    const { umbelDesktop: bridge } = globalThis as unknown as {
      umbelDesktop: {
        call(name: unknown, params: unknown): Promise<unknown>;
        on(name: unknown, listener: unknown): unknown;
        dropped(file: unknown): Promise<unknown>;
      };
    };
    const names = [
      "files.read",
      "files.save",
      "files.claim",
      "files.release",
      "files.showOther",
      "files.reveal",
      "recents.remove",
      "window.state",
      "window.theme",
      "window.guard",
      "app.info",
      "__proto__",
      "constructor",
      "toString",
      "",
      "umbel:drop",
    ];
    const junk: unknown[] = [
      undefined,
      null,
      0,
      -1,
      NaN,
      "",
      "x".repeat(10_000),
      [],
      {},
      { path: 3 },
      { path: "" },
      { path: "/etc/passwd" },
      { path: "../../etc/passwd", version: 3 },
      { path: "\0", data: "x" },
      { path: "/etc/passwd", data: new Uint8Array(3), version: null },
      { title: {}, dirty: 1 },
      { theme: "x" },
      { on: "yes" },
      new Uint8Array(100),
      [[[]]],
      { place: "output", path: "../../../etc/passwd" },
      { kind: "graph" },
      { __proto__: { path: "/etc/passwd" } },
    ];
    const counts = { answered: 0, refused: 0, read: 0 };
    for (let i = 0; i < 2000; i++) {
      const name = names[i % names.length];
      const params = junk[(i * 7 + Math.floor(i / names.length)) % junk.length];
      try {
        const answer = await bridge.call(name, params);
        counts.answered++;
        if (answer instanceof Object && "data" in answer) counts.read++;
      } catch (error) {
        if (typeof (error as { code?: unknown }).code === "string" || error instanceof Error)
          counts.refused++;
      }
    }
    for (const file of junk)
      await bridge.dropped(file).then(
        () => counts.read++,
        () => undefined,
      );
    return counts;
  });
  expect(outcome.read).toBe(0);
  expect(outcome.answered + outcome.refused).toBe(2000);
  expect(outcome.refused).toBeGreaterThan(1500);
  expect(
    await onEditor(app.page, (editor) => editor.client.call("service.info", {})),
  ).toMatchObject({
    device: { name: "cpu" },
  });
  expect(app.printed.filter((line) => /uncaught|unhandled/i.test(line))).toEqual([]);
});

test("malformed files that are opened through the window are refused in words", async () => {
  const app = await startApp();
  const answers = await onEditor(app.page, async (editor) => {
    const texts = [
      "",
      "{",
      "null",
      "[]",
      '{"nodes":3}',
      '{"umbel":999,"nodes":{},"links":[]}',
      "\u0000\u0001",
      '{"last_node_id":1,"nodes":[{"id":1}],"links":[[1]]}',
      "\u0089PNG\r\n",
      "GIF89a",
    ];
    const codes: string[] = [];
    for (const [i, text] of texts.entries())
      for (const ending of ["json", "png", "mp4", "webp"]) {
        const data = new TextEncoder().encode(text);
        await editor.client.call("graph.open", { name: `bad${i}.${ending}`, data }).then(
          () => codes.push("opened"),
          (error: unknown) => codes.push((error as { code: string }).code),
        );
      }
    return codes;
  });
  expect(answers).toHaveLength(40);
  expect(
    [...new Set(answers)].filter((code) => !/^(ERR_(DOCUMENT|MEDIA|FILE)|opened)$/.test(code)),
  ).toEqual([]);
  expect(answers.filter((code) => code !== "opened").length).toBeGreaterThanOrEqual(36);
});

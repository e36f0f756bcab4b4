import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { expectAccessible } from "./axe.ts";
import { graphFile, newHome, onEditor, screenshot, SMALL, startApp } from "./desktop-app.ts";

test("the app starts, opens a file that it is given and ends when its window is closed", async () => {
  const home = newHome();
  const file = graphFile(home, "dawn.json", SMALL);
  const app = await startApp({ home, args: [file] });
  await app.page.getByRole("tab", { name: "dawn" }).waitFor();
  expect(await app.page.title()).toBe("Umbel");
  await expect
    .poll(() =>
      app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]!.getTitle()),
    )
    .toBe("dawn - Umbel");
  await screenshot(app.page, "start");
  const ended = new Promise((resolve) => app.electron.process().once("exit", resolve));
  await app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]!.close());
  expect(await ended).toBe(0);
  expect(app.printed.filter((line) => /error/i.test(line) && line.startsWith("page"))).toEqual([]);
});

test("the page is shut in: no Node, no foreign code, no other page, no permission", async () => {
  const { page, electron } = await startApp();
  const found = await page.evaluate(async () => {
    const refused = async (use: () => unknown): Promise<boolean> => {
      try {
        return (await use()) === null;
      } catch {
        return true;
      }
    };
    const script = (fill: (element: HTMLScriptElement) => void) =>
      new Promise<boolean>((resolve) => {
        const element = document.createElement("script");
        fill(element);
        element.addEventListener("error", () => resolve(true));
        document.head.append(element);
        setTimeout(() => resolve(!("planted" in globalThis)), 500);
      });
    return {
      node:
        typeof (globalThis as { require?: unknown }).require === "undefined" &&
        typeof (globalThis as { process?: unknown }).process === "undefined",
      // Not at once: what the debugger evaluates may itself do this.
      evaluate: await refused(
        () =>
          new Promise((resolve, reject) =>
            setTimeout(() => {
              try {
                // oxlint-disable-next-line typescript/no-implied-eval -- it must not work
                resolve(new Function("return 1")());
              } catch (error) {
                reject(error as Error);
              }
            }),
          ),
      ),
      inline: await script((element) => (element.textContent = "globalThis.planted = 1")),
      remote: await script((element) => (element.src = "https://localhost/planted.js")),
      fetch: await refused(() => fetch("https://localhost/")),
      window: await refused(() => window.open("https://localhost/")),
      file: await refused(() => fetch("file:///etc/hostname")),
      notifications: (await Notification.requestPermission()) === "denied",
      camera: await refused(() => navigator.mediaDevices.getUserMedia({ video: true })),
      bridge: Object.keys((globalThis as { umbelDesktop?: object }).umbelDesktop ?? {}).toSorted(),
    };
  });
  expect(found).toEqual({
    node: true,
    evaluate: true,
    inline: true,
    remote: true,
    fetch: true,
    window: true,
    file: true,
    notifications: true,
    camera: true,
    bridge: ["call", "dropped", "on"],
  });
  const before = page.url();
  await page.evaluate(() => void (location.href = "https://localhost/"));
  await page.waitForTimeout(300);
  expect(page.url()).toBe(before);
  expect(await onEditor(page, (editor) => editor.shell.desktop)).toBe(true);
  const windows = await electron.evaluate(
    ({ BrowserWindow }) => BrowserWindow.getAllWindows().length,
  );
  expect(windows).toBe(1);
});

test("a runtime that cannot start says why, and is tried again", async () => {
  const home = newHome();
  writeFileSync(join(home, "Umbel"), "in the way of the folder");
  const { page } = await startApp({ home, waits: false });
  await page.getByRole("heading", { name: "The runtime does not start" }).waitFor();
  await page
    .getByText(/^Expected to make the folder .*Umbel.*, got: /)
    .first()
    .waitFor();
  await expectAccessible(page);
  await screenshot(page, "runtime-failed");
  rmSync(join(home, "Umbel"));
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByRole("heading", { name: "Templates" }).waitFor();
});

test("an engine that does not start says why above the graph; another device mends it", async () => {
  const home = newHome();
  const { page } = await startApp({ home, args: [graphFile(home, "dawn.json", SMALL)] });
  await page.getByRole("tab", { name: "dawn" }).waitFor();
  await onEditor(page, (editor) => editor.settings.set({ device: "cuda" }));
  const bar = page.getByRole("alert").filter({ hasText: "The engine does not start." });
  await bar.waitFor();
  await screenshot(page, "engine-failed");
  await bar.getByRole("button", { name: "Try again" }).click();
  await bar.getByRole("button", { name: "Try again" }).waitFor();
  await onEditor(page, (editor) => editor.settings.set({ device: "cpu" }));
  await bar.waitFor({ state: "detached" });
});

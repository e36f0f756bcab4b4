import { test } from "vitest";
import { expectAccessible } from "./axe.ts";
import { graphFile, newHome, SMALL, startApp } from "./desktop-app.ts";

test("axe finds nothing serious in the window with a graph", async () => {
  const home = newHome();
  const { page } = await startApp({ home, args: [graphFile(home, "dawn.json", SMALL)] });
  await page.getByRole("tab", { name: "dawn" }).waitFor();
  await expectAccessible(page);
});

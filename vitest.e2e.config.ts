import { defineConfig } from "vitest/config";

/** The whole app in a real Electron: `npm run test:e2e`. */
export default defineConfig({
  test: {
    include: ["test/e2e/**/*.spec.ts"],
    setupFiles: ["test/helpers/setup.ts"],
    pool: "forks",
    // One app at a time: each has an engine that takes all cores.
    maxWorkers: 1,
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 60_000,
    // What the window does shows after a while on a busy machine; a poll ends as soon as it does.
    expect: { poll: { timeout: 20_000 } },
  },
});

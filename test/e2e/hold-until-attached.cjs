// Loaded by Electron before the app: it is told that it is ready once Playwright's debugger has attached. A debugger that
// comes while the first, blank page gives way to the app's can wait for ever. Playwright loads this by itself only for an
// Electron that it finds itself.
const path = require("node:path");

const playwright = path.dirname(require.resolve("playwright-core/package.json"));
require(path.join(playwright, "lib/server/electron/loader.js"));
// The app takes what its command line names for files to open.
process.argv.splice(process.argv.indexOf("-r"), 2);

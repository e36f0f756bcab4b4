// Draws the app's icon from electron/resources/icon.svg in every size that a desktop asks for: `node scripts/icons.js`. The
// results are kept beside it, so that a build draws nothing.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";

const resources = fileURLToPath(new URL("../electron/resources/", import.meta.url));
const SIZES = [16, 24, 32, 48, 64, 128, 256, 512];
/** macOS and Windows icons are made of this one. */
const LARGEST = 1024;
/** Below this the outer stalks run together: the small drawing has five. */
const SMALL = 32;

const read = (name) => readFileSync(join(resources, name));
const draw = async (size, path) => {
  const source = read(size <= SMALL ? "icon-small.svg" : "icon.svg");
  const density = (72 * size) / 64;
  const drawn = sharp(source, { density }).resize(size, size).png({ compressionLevel: 9 });
  writeFileSync(path, await drawn.toBuffer());
};

mkdirSync(join(resources, "icons"), { recursive: true });
for (const size of SIZES) await draw(size, join(resources, "icons", `${size}x${size}.png`));
await draw(LARGEST, join(resources, "icon.png"));
// The window's own, and the page's in a browser.
const pages = fileURLToPath(new URL("../renderer/public/", import.meta.url));
mkdirSync(pages, { recursive: true });
await draw(256, join(pages, "icon.png"));
console.log(`Drew ${SIZES.length + 2} icons in ${resources}`);

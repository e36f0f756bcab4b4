/** Made by vite.config.ts from the repository's nodes. */
declare module "virtual:node-descriptions" {
  import type { NodeDescription } from "#runtime/protocol/node-description";
  export const descriptions: readonly NodeDescription[];
}

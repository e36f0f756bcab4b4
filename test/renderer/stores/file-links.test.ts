import { expect, test, vi } from "vitest";
import { createWebShell } from "../../../renderer/client/web-shell.ts";
import type { Shell, ShellEvents } from "../../../renderer/client/shell.ts";
import { createDocuments, emptyDocument } from "../../../renderer/stores/documents.ts";
import { createFileLinks } from "../../../renderer/stores/file-links.ts";

const PATH = "/graphs/a.json";

function setUp(overrides: Partial<Shell> = {}) {
  const listeners: Partial<ShellEvents> = {};
  const claim = vi.fn<Shell["claim"]>(async () => false);
  const release = vi.fn<Shell["release"]>(async () => undefined);
  const shell: Shell = {
    ...createWebShell(({ path }) => path),
    claim,
    release,
    on: (event, listener) => {
      listeners[event] = listener;
      return () => delete listeners[event];
    },
    ...overrides,
  };
  const documents = createDocuments();
  return { claim, release, documents, listeners, links: createFileLinks(shell, documents) };
}

test("a file is claimed while a tab shows it, and released with its tab", () => {
  const { claim, release, documents, links } = setUp();
  links.opened(PATH, "v1");
  const id = documents.open(emptyDocument(), { path: PATH });
  documents.open(emptyDocument());
  expect(claim).toHaveBeenCalledExactlyOnceWith(PATH, "v1");
  expect(release).not.toHaveBeenCalled();
  documents.close(id);
  expect(release).toHaveBeenCalledExactlyOnceWith(PATH);
  expect(links.store.getState().links).toEqual({});
  links.stop();
});

test("another window on the file is known, from the claim and later on", async () => {
  const { documents, listeners, links } = setUp({ claim: async () => true });
  documents.open(emptyDocument(), { path: PATH });
  await vi.waitFor(() => expect(links.store.getState().links[PATH]?.shared).toBe(true));
  listeners.shared!(PATH, false);
  expect(links.store.getState().links[PATH]?.shared).toBe(false);
});

test("a save gives the version that was read, and after a refusal none", async () => {
  const save = vi.fn<Shell["save"]>(async () => ({ state: "changed", version: "v9" }));
  const { documents, links } = setUp({ save });
  const data = new TextEncoder().encode("{}");
  links.opened(PATH, "v1");
  documents.open(emptyDocument(), { path: PATH });
  expect(await links.save(PATH, data)).toEqual({ state: "changed", version: "v9" });
  expect(save).toHaveBeenLastCalledWith(PATH, data, "v1");
  expect(links.store.getState().links[PATH]).toMatchObject({ version: "v1", changed: "written" });

  save.mockResolvedValue({ state: "saved", version: "v2" });
  await links.save(PATH, data, true);
  expect(save).toHaveBeenLastCalledWith(PATH, data, null);
  expect(links.store.getState().links[PATH]).toMatchObject({ version: "v2", changed: null });
});

test("news of a file's own version are none; others are shown until they are dealt with", () => {
  const { documents, listeners, links } = setUp();
  links.opened(PATH, "v1");
  documents.open(emptyDocument(), { path: PATH });
  const changed = () => links.store.getState().links[PATH]?.changed;
  listeners.changed!(PATH, "v1");
  listeners.changed!("/graphs/other.json", "v5");
  expect(changed()).toBeNull();
  expect(Object.keys(links.store.getState().links)).toEqual([PATH]);
  listeners.changed!(PATH, "v2");
  expect(changed()).toBe("written");
  listeners.changed!(PATH, null);
  expect(changed()).toBe("removed");
  links.keep(PATH);
  expect(changed()).toBeNull();
});

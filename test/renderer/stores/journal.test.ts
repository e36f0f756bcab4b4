import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createFakeClient } from "../../../renderer/fake/fake-client.ts";
import { createDocuments, emptyDocument, isDirty } from "../../../renderer/stores/documents.ts";
import { addNode } from "../../../renderer/stores/edit/nodes.ts";
import { createJournal } from "../../../renderer/stores/journal.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const withNode = (id: string) => ({
  ...emptyDocument(),
  ...addNode(emptyDocument(), id, { type: "A", values: {} }),
});

test("steady typing is written within half a second, and what is closed is taken out", async () => {
  const client = createFakeClient({ nodes: [] });
  const documents = createDocuments();
  const journal = createJournal(client, documents, (error) => {
    throw error;
  });
  const id = documents.open(emptyDocument(), { title: "one" });
  for (let i = 0; i < 10; i++) {
    documents.edit("Add", () => withNode(`n${i}`));
    await vi.advanceTimersByTimeAsync(100);
  }
  await vi.advanceTimersByTimeAsync(400);
  const writes = client.calls.filter(({ method }) => method === "journal.write");
  expect(writes.length).toBeGreaterThanOrEqual(3);
  expect(writes.at(-1)!.params).toMatchObject({ id, document: withNode("n9"), dirty: true });
  documents.close(id);
  await vi.advanceTimersByTimeAsync(10);
  expect(client.calls.at(-1)).toEqual({ method: "journal.remove", params: { id } });
  journal.stop();
});

test("a graph comes back with its title, its file and its dirty mark", async () => {
  const entry = {
    id: "x",
    title: "dawn",
    path: "dawn.json",
    dirty: true,
    changed: 5,
    document: withNode("a"),
  };
  const client = createFakeClient({ nodes: [], journal: [entry] });
  const documents = createDocuments();
  const journal = createJournal(client, documents, () => {});
  expect(await journal.recover()).toEqual({ graphs: 1, unsaved: 1, until: 5 });
  expect(documents.active()).toMatchObject({ id: "x", title: "dawn", path: "dawn.json" });
  expect(isDirty(documents.active()!)).toBe(true);
  journal.stop();
});

test("a graph that another window has left becomes this one's, and one of others stays theirs", async () => {
  const left = { id: "gone/1", title: "dawn", path: null, dirty: true, changed: 5 };
  const open = { ...left, id: "open/1", title: "dusk" };
  const journaled = [left, open].map((entry) => ({ ...entry, document: withNode("a") }));
  const client = createFakeClient({ nodes: [], journal: journaled });
  const documents = createDocuments();
  const journal = createJournal(client, documents, (error) => {
    throw error;
  });
  const own = (id: string) => (id.startsWith("gone/") ? "own/1" : null);
  expect(await journal.recover(own)).toMatchObject({ graphs: 1, unsaved: 1 });
  expect(documents.store.getState().tabs).toEqual(["own/1"]);
  const changes = client.calls.filter(({ method }) => method !== "journal.list");
  expect(changes).toEqual([
    { method: "journal.write", params: { ...journaled[0], id: "own/1" } },
    { method: "journal.remove", params: { id: "gone/1" } },
  ]);
  journal.stop();
});

test("a save takes the dirty mark out of the journal, and a write that failed is tried again", async () => {
  const client = createFakeClient({ nodes: [] });
  const documents = createDocuments();
  const errors: unknown[] = [];
  let refuse = true;
  const call: typeof client.call = (method, params) =>
    refuse ? Promise.reject(new Error("no service")) : client.call(method, params);
  const journal = createJournal({ ...client, call }, documents, (error) => errors.push(error));
  const id = documents.open(emptyDocument(), { title: "one" });
  documents.edit("Add", () => withNode("a"));
  expect(await journal.flush()).toBe(false);
  expect(errors).toHaveLength(1);

  refuse = false;
  expect(await journal.flush()).toBe(true);
  expect(client.calls.at(-1)!.params).toMatchObject({ id, document: withNode("a"), dirty: true });

  documents.markSaved(id, "/one.json", documents.get(id)!.document);
  await vi.advanceTimersByTimeAsync(400);
  expect(client.calls.at(-1)!.params).toMatchObject({ id, path: "/one.json", dirty: false });
  journal.stop();
});

import { readFileSync, writeFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { openStorage, parseS3Address } from "#runtime/service/storage/open-storage";
import { persist } from "#runtime/service/storage/persist";
import { jobFolder } from "#runtime/service/storage/result-storage";
import { S3_KEYS, startS3, type S3Server } from "../../../helpers/s3-server.ts";
import { filesOf, scratchFolder } from "../../../helpers/umbel-process.ts";

let s3: S3Server;
beforeEach(async () => {
  s3 = await startS3();
  setKeys(S3_KEYS.id, S3_KEYS.secret);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await s3.stop();
});

function setKeys(id: string, secret: string): void {
  vi.stubEnv("AWS_ACCESS_KEY_ID", id);
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", secret);
  // No retries of the SDK's own: they only take time here.
  vi.stubEnv("AWS_MAX_ATTEMPTS", "1");
}

const forever = new AbortController().signal;

function file(bytes: number): { path: string; data: Buffer } {
  const path = join(scratchFolder(), "clip.mp4");
  const data = randomBytes(bytes);
  writeFileSync(path, data);
  return { path, data };
}

describe("S3", () => {
  it("keeps files, small ones and such that go up in parts", async () => {
    const storage = await openStorage(s3.storage("team/a"));
    const [small, large] = [file(100), file((20 << 20) + 7)];
    await storage.put("job/small one.mp4", small.path, forever);
    await storage.put("job/large.mp4", large.path, forever);
    expect(s3.objects.get("team/a/job/small one.mp4")).toEqual(small.data);
    expect(s3.objects.get("team/a/job/large.mp4")?.equals(large.data)).toBe(true);
    expect(s3.requests.filter((line) => line === "PUT team/a/job/large.mp4?part")).toHaveLength(3);

    const folder = scratchFolder();
    const back = join(folder, "back.mp4");
    expect(await storage.get("job/large.mp4", back)).toBe(true);
    expect(readFileSync(back).equals(large.data)).toBe(true);
    expect(await storage.get("job/none.mp4", join(folder, "none.mp4"))).toBe(false);
    expect(filesOf(folder)).toEqual(["back.mp4"]);

    await storage.putText("note", "äöü");
    expect(await storage.getText("note")).toBe("äöü");
    await storage.remove("note");
    expect(await storage.getText("note")).toBeNull();
    expect([...s3.objects.keys()].toSorted()).toEqual([
      "team/a/job/large.mp4",
      "team/a/job/small one.mp4",
    ]);
  });

  it.each([
    [
      "a key that is not known",
      "NOBODY",
      S3_KEYS.secret,
      /InvalidAccessKeyId: .*\. Check the cred/,
    ],
    ["a wrong secret", S3_KEYS.id, "wrong", /SignatureDoesNotMatch: .*\. Check the credentials/],
  ])("is refused with words: %s", async (_name, id, secret, words) => {
    setKeys(id, secret);
    await expect(openStorage(s3.storage())).rejects.toMatchObject({
      code: "ERR_STORAGE",
      message: expect.stringMatching(words),
    });
  });

  it("says when there are no credentials, no bucket and nobody", async () => {
    await expect(openStorage(s3.storage("", "other"))).rejects.toThrow(/no such bucket\. Make it/);
    await s3.stop();
    await expect(openStorage(s3.storage())).rejects.toThrow(
      /^Expected to write .* in s3:\/\/results\/ at http:.*ECONNREFUSED.*Check the address/,
    );
    for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"])
      vi.stubEnv(name, undefined);
    vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
    vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", join(scratchFolder(), "none"));
    vi.stubEnv("AWS_CONFIG_FILE", join(scratchFolder(), "none"));
    await expect(openStorage(s3.storage())).rejects.toThrow(/no credentials\. Set AWS_ACCESS_KEY/);
  });

  it("leaves nothing of an upload that fails or is ended", async () => {
    const storage = await openStorage(s3.storage());
    const { path } = file(20 << 20);
    const ending = new AbortController();
    const put = storage.put("a.mp4", path, ending.signal);
    await vi.waitFor(() => expect(s3.openUploads).toBe(1));
    ending.abort();
    await expect(put).rejects.toMatchObject({ code: "ERR_INTERRUPTED" });
    await vi.waitFor(() => expect(s3.openUploads).toBe(0));
    expect(s3.objects.size).toBe(0);
    await expect(storage.put("a.mp4", `${path}.none`, forever)).rejects.toMatchObject({
      code: "ERR_FILE",
    });
    const aborted = storage.put("a.mp4", path, AbortSignal.abort());
    await expect(aborted).rejects.toMatchObject({ code: "ERR_INTERRUPTED" });
  });

  it("leaves no broken file when a download is cut off", async () => {
    const storage = await openStorage(s3.storage());
    s3.objects.set("a.mp4", Buffer.alloc(1 << 20));
    s3.cutsOff = true;
    const folder = scratchFolder();
    const got = storage.get("a.mp4", join(folder, "a.mp4"));
    await expect(got).rejects.toMatchObject({ code: "ERR_STORAGE" });
    expect(filesOf(folder)).toEqual([]);
  });
});

describe("a storage that cannot be used", () => {
  it("is tried until it can, and told about once a reason", async () => {
    const storage = await openStorage(s3.storage());
    const { path, data } = file(10);
    const told: string[] = [];
    s3.failures = 2;
    const tell = (reason: string) => void told.push(reason);
    const put = () => storage.put("a.mp4", path, forever);
    await persist(put, { signal: forever, patience: 10_000, tell });
    expect(s3.objects.get("a.mp4")).toEqual(data);
    expect(told).toEqual([expect.stringMatching(/SlowDown.*HTTP 503/)]);
  });

  it("is given up when patience ends, or by its signal", async () => {
    const storage = await openStorage(s3.storage());
    const { path } = file(10);
    s3.failures = Infinity;
    const tell = () => undefined;
    const put = () => storage.put("a.mp4", path, forever);
    await expect(persist(put, { signal: forever, patience: 700, tell })).rejects.toMatchObject({
      code: "ERR_STORAGE",
    });
    const ending = new AbortController();
    const waits = persist(put, { signal: ending.signal, patience: 60_000, tell });
    ending.abort();
    await expect(waits).rejects.toMatchObject({ code: "ERR_INTERRUPTED" });
    // What no time mends is not tried again.
    const none = () => storage.put("a.mp4", `${path}.none`, forever);
    await expect(persist(none, { signal: forever, patience: 60_000, tell })).rejects.toMatchObject({
      code: "ERR_FILE",
    });
  });
});

describe("an address of a storage", () => {
  it("names bucket, prefix, endpoint and region", () => {
    expect(parseS3Address("s3://clips")).toEqual({
      bucket: "clips",
      prefix: "",
      endpoint: null,
      region: null,
    });
    const address = "s3://clips/a/b/?endpoint=https://minio:9000&region=eu-west-1";
    expect(parseS3Address(address)).toEqual({
      bucket: "clips",
      prefix: "a/b/",
      endpoint: "https://minio:9000",
      region: "eu-west-1",
    });
  });

  it.each([
    ["/srv/results", "it is no address"],
    ["https://clips/a", "does not begin with s3:"],
    ["s3://key:secret@clips", "credentials come from the environment"],
    ["s3://-/a", "no bucket has that name"],
    ["s3://clips?endpoint=minio", "an endpoint is https:"],
    ["s3://clips?secret=x", "it has no secret"],
  ])("%s is refused", (address, words) => {
    expect(() => parseS3Address(address)).toThrow(words);
  });
});

it("a job's folder is its id where that is a name", () => {
  expect(jobFolder("0f8c-A_1")).toBe("0f8c-A_1");
  for (const id of ["../a", "", ".umbel", "a/b", "a".repeat(65), "con:"])
    expect(jobFolder(id)).toMatch(/^[0-9a-f]{32}$/);
});

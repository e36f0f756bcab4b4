import { expect, test, vi } from "vitest";
import type { RuntimeClient } from "#runtime/protocol/client";
import type { MaskReport, MaskRequest } from "#runtime/protocol/service-values";
import { createMasks, maskKey } from "../../../renderer/stores/masks.ts";

const request = (decay: number): MaskRequest => ({
  kind: "wan",
  width: 64,
  height: 64,
  frames: 5,
  decay,
  block: 128,
});
const report = (density: number): MaskReport => ({
  blocks: 1,
  tokens: 32,
  tokensPerFrame: 16,
  latentFrames: 2,
  kept: new Uint8Array([1]),
  density,
  attentionShare: density,
  stepFlopShare: null,
  layers: null,
});

function client(answer: (request: MaskRequest) => Promise<MaskReport>) {
  const call = vi.fn((_method: string, params: MaskRequest) => answer(params));
  return { call, client: { call } as unknown as RuntimeClient };
}

test("a mask is asked for once, whoever wants it", async () => {
  const { call, client: runtime } = client(() => Promise.resolve(report(0.5)));
  const masks = createMasks(runtime);
  masks.want("node", request(0.2));
  masks.want("clip", request(0.2));
  await vi.waitFor(() => expect(masks.store.getState().known.size).toBe(1));
  masks.want("other", request(0.2));
  expect(call).toHaveBeenCalledTimes(1);
  expect(masks.store.getState().last["other"]?.report.density).toBe(0.5);
});

test("the last mask of a place stays until the next is there, and when there is none", async () => {
  const { client: runtime } = client(({ decay }) =>
    decay === 0.9 ? Promise.reject(new Error("no mask")) : Promise.resolve(report(decay)),
  );
  const masks = createMasks(runtime);
  masks.want("node", request(0.2));
  await vi.waitFor(() => expect(masks.store.getState().last["node"]).toBeDefined());
  masks.want("node", request(0.9));
  await Promise.resolve();
  expect(masks.store.getState().last["node"]?.request.decay).toBe(0.2);
  masks.want("node", request(0.4));
  await vi.waitFor(() => expect(masks.store.getState().last["node"]?.request.decay).toBe(0.4));
});

test("few masks are kept, the latest", async () => {
  const { client: runtime } = client(({ decay }) => Promise.resolve(report(decay)));
  const masks = createMasks(runtime);
  for (let i = 0; i < 40; i++) masks.want("node", request(i / 40));
  await vi.waitFor(() =>
    expect(masks.store.getState().known.has(maskKey(request(39 / 40)))).toBe(true),
  );
  expect(masks.store.getState().known.size).toBe(24);
});

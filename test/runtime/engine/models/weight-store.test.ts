import { expect, test } from "vitest";
import { sourceStore } from "#runtime/engine/models/weight-store";
import { affine, conv3d } from "#runtime/tensor/ops";
import { checkLiveTensorsAtEnd, testDevice } from "../../../helpers/tensors.ts";

checkLiveTensorsAtEnd();

test("a weight whose preparation was interrupted is made again by the next job", async () => {
  const device = testDevice();
  const source = {
    device,
    has: () => true,
    names: () => ["w"],
    layout: () => ({ shape: [4], dtype: "bf16" }) as const,
    loadBytes: () => 0,
    realise: () => ({ tensor: device.zeros([4], "bf16"), mapped: false }),
  };
  using store = sourceStore(source);
  const preparation = {
    key: "plus-one",
    apply: (t: Parameters<typeof affine>[0]) => affine(t, 1, 1),
  };

  // A long op in front keeps the preparation in the queue.
  using x = device.zeros([8, 128, 128, 128]);
  using weight = device.zeros([256, 3, 3, 3, 128]);
  using long = conv3d(x, weight, null, { padding: [1, 1, 1, 1, 1, 1] });
  const first = store.get("w", preparation);
  device.interrupt();
  await expect(first.read()).rejects.toMatchObject({ code: "ERR_INTERRUPTED" });
  expect([long.failed, first.failed]).toEqual([true, true]);

  expect([...(await store.get("w", preparation).read())]).toEqual([1, 1, 1, 1]);
  expect(first.disposed).toBe(true);
  expect(store.get("w", preparation)).toBe(store.get("w", preparation));
  expect(store.bytes).toBe(16);
});

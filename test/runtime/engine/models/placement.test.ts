import { describe, expect, test } from "vitest";
import { leastBytes, placeBlocks } from "#runtime/engine/models/placement";

const even = (count: number, bytes: number) => Array.from({ length: count }, () => bytes);
const pattern = (streamed: readonly boolean[]) => streamed.map((is) => (is ? "s" : "r")).join("");

describe("where blocks go", () => {
  test("all stay where they fit, without slots", () => {
    const placement = placeBlocks(10, even(4, 100), 410);
    expect(placement).toMatchObject({ slots: 0, slotBytes: 0, deviceBytes: 410 });
    expect(pattern(placement?.streamed ?? [])).toBe("rrrr");
  });

  test("one byte less costs two slots, and the streamed are spread evenly", () => {
    const placement = placeBlocks(10, even(8, 100), 809);
    expect(pattern(placement?.streamed ?? [])).toBe("rrsrrsrs");
    expect(placement).toMatchObject({ slots: 2, slotBytes: 100, deviceBytes: 710 });
  });

  test("with room for two slots only, all are streamed", () => {
    const placement = placeBlocks(10, even(8, 100), 210);
    expect(pattern(placement?.streamed ?? [])).toBe("ssssssss");
    expect(leastBytes(10, even(8, 100))).toBe(210);
    expect(placeBlocks(10, even(8, 100), 209)).toBeNull();
  });

  test("never takes more than there is, and leaves less than two blocks unused", () => {
    for (let available = 200; available <= 3000; available += 37) {
      const placement = placeBlocks(0, even(20, 100), available);
      expect(placement?.deviceBytes).toBeLessThanOrEqual(available);
      if (available < 2000)
        expect(placement?.deviceBytes).toBeGreaterThan(Math.min(1900, available) - 200);
    }
  });

  test("slots are as large as the largest streamed block", () => {
    expect(placeBlocks(0, [100, 300, 100, 300], 600)).toMatchObject({ slotBytes: 300, slots: 2 });
  });

  test("a model without blocks fits or does not", () => {
    expect(placeBlocks(50, [], 50)).toMatchObject({ deviceBytes: 50, slots: 0 });
    expect(placeBlocks(50, [], 49)).toBeNull();
  });
});

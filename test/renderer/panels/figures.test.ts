import { expect, test } from "vitest";
import {
  bytesOfText,
  bytesText,
  clockText,
  dayText,
  durationText,
  flopsText,
  groupedText,
  leftText,
  paceText,
  percentText,
  roughText,
} from "../../../renderer/panels/figures.ts";

test("bytes", () => {
  expect([0, 999, 1000, 307e6, 14.3e9, 1.26e9, 118e9].map(bytesText)).toEqual([
    "0 B",
    "999 B",
    "1 KB",
    "307 MB",
    "14.3 GB",
    "1.26 GB",
    "118 GB",
  ]);
  expect(bytesOfText(9.6e9, 16.4e9)).toBe("9.6 of 16.4 GB");
  expect(bytesOfText(9.6e6, 16.4e9)).toBe("9.6 MB of 16.4 GB");
});

test("times", () => {
  expect([0.42, 9.5, 52, 331, 3730].map(durationText)).toEqual([
    "0.4 s",
    "9.5 s",
    "52 s",
    "5:31",
    "1:02:10",
  ]);
  expect([9, 123].map(leftText)).toEqual(["0:09", "2:03"]);
  expect([30, 950, 9000].map(roughText)).toEqual(["30 s", "16 min", "2.5 h"]);
  expect([9.5, 0.31].map(paceText)).toEqual(["9.5 s/it", "3.2 it/s"]);
});

test("shares, work and seeds", () => {
  expect(percentText(0.339)).toBe("33.9 %");
  expect(flopsText(4.67e12)).toBe("4.67 TFLOP");
  expect(groupedText("840113577204")).toBe("840 113 577 204");
  expect(groupedText("7")).toBe("7");
});

test("days and clocks", () => {
  const now = new Date(2026, 10, 24, 21, 0).getTime();
  const at = (...parts: [number, number, number]): number => new Date(...parts, 9, 38).getTime();
  expect(dayText(at(2026, 10, 24), now)).toBe("Today");
  expect(dayText(at(2026, 10, 23), now)).toBe("Yesterday");
  expect(dayText(at(2026, 10, 21), now)).toBe("21 Nov");
  expect(dayText(at(2025, 10, 21), now)).toBe("21 Nov 2025");
  expect(clockText(at(2026, 10, 24))).toBe("09:38");
});

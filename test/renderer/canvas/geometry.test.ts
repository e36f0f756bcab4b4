import { expect, test } from "vitest";
import { changedNodes } from "../../../renderer/canvas/changed-nodes.ts";
import { align } from "../../../renderer/canvas/guides.ts";
import { labelsOf, shortLabel } from "../../../renderer/canvas/labels.ts";
import { isInside } from "../../../renderer/canvas/lasso.tsx";
import { detailAt } from "../../../renderer/canvas/level-of-detail.ts";
import { socketLook } from "../../../renderer/canvas/socket-types.ts";
import { isStacked, reroutePlace, wirePath } from "../../../renderer/canvas/wire-path.ts";

const shape = (from: [number, number], to: [number, number], via: [number, number][] = []) => ({
  from,
  to,
  via,
});

test("a wire leaves to the right and enters from the left, through each of its reroutes", () => {
  expect(wirePath(shape([0, 0], [200, 0]), "straight")).toBe("M0 0L200 0");
  expect(wirePath(shape([0, 0], [200, 50], [[100, 80]]), "straight")).toBe("M0 0L100 80L200 50");
  const curved = wirePath(shape([0, 0], [200, 40]), "curved");
  expect(curved).toMatch(/^M0 0C10[0-9.]+ 0 9[0-9.]+ 40 200 40$/);
});

test("below in the same column a wire goes round through the gap", () => {
  const stacked = {
    ...shape([200, 40], [0, 160]),
    fromBox: { x: 0, y: 0, width: 200, height: 80 },
    toBox: { x: 0, y: 120, width: 200, height: 80 },
  };
  expect(isStacked(stacked)).toBe(true);
  const path = wirePath(stacked, "curved");
  expect(path).toContain("H208");
  expect(path).toContain("V91");
  expect(path).toContain("H-8");
  expect(
    isStacked({ ...stacked, toBox: { x: 400, y: 120, width: 200, height: 80 }, to: [400, 160] }),
  ).toBe(false);
});

test("a new reroute takes its place between its neighbours", () => {
  const wire = shape([0, 0], [300, 0], [[100, 100]]);
  expect(reroutePlace(wire, [40, 45])).toBe(0);
  expect(reroutePlace(wire, [220, 40])).toBe(1);
});

test("edges that nearly lie in line are drawn into line", () => {
  const own = { x: 103, y: 50, width: 50, height: 20 };
  const other = { x: 100, y: 200, width: 80, height: 20 };
  expect(align(own, [other], 6)).toEqual({ dx: -3, dy: 0, guides: { x: [100], y: [] } });
  expect(align(own, [other], 2).guides).toBe(null);
});

test("what has its middle inside a lasso is in it", () => {
  const line = [
    [0, 0],
    [10, 0],
    [10, 10],
    [0, 10],
  ] as const;
  expect(isInside([5, 5], line)).toBe(true);
  expect(isInside([15, 5], line)).toBe(false);
});

test("nodes are tiles below 45 % and blocks below 20 %", () => {
  expect([0.1, 0.2, 0.44, 0.45, 1].map(detailAt)).toEqual([
    "block",
    "tile",
    "tile",
    "full",
    "full",
  ]);
});

test("labels are short, and full where two would be equal", () => {
  expect(shortLabel("latent_image")).toBe("latent");
  expect(shortLabel("CONDITIONING")).toBe("conditioning");
  expect(labelsOf(["strength_model", "strength_clip", "seed"]).get("strength_model")).toBe(
    "strength",
  );
  expect([...labelsOf(["clip_name", "clip"]).values()]).toEqual(["clip name", "clip"]);
});

test("types that are not known have a colour of their own, unions the ring of all", () => {
  expect(socketLook("AUDIO").color).toMatch(/^oklch/);
  expect(socketLook("AUDIO").color).not.toBe(socketLook("MESH").color);
  expect(socketLook("IMAGE,MASK").shape).toBe("any");
  expect(socketLook("*").shape).toBe("any");
  expect(socketLook("latent").color).toBe("var(--t-LATENT)");
});

test("what runs again is what changed and all that depends on it", () => {
  const before = {
    nodes: {
      a: { type: "A", values: { n: 1 } },
      b: { type: "B", values: {} },
      c: { type: "C", values: {} },
    },
    links: [{ from: ["a", "x"] as [string, string], to: ["b", "x"] as [string, string] }],
  };
  const after = { ...before, nodes: { ...before.nodes, a: { type: "A", values: { n: 2 } } } };
  expect([...changedNodes(before, after)].toSorted()).toEqual(["a", "b"]);
  const moved = {
    ...before,
    nodes: { ...before.nodes, a: { ...before.nodes.a, at: [9, 9] as [number, number] } },
  };
  expect(changedNodes(before, moved).size).toBe(0);
  expect([...changedNodes(before, { ...before, links: [] })]).toEqual(["b"]);
});

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { isUmbelError } from "#runtime/errors";
import { SentencePiece } from "#runtime/text/sentencepiece";
import { modelFile, type PieceSpec } from "../../helpers/sentencepiece-file.ts";
import { sharedDir, sharedJson, sharedPath } from "../../helpers/shared.ts";

interface Case {
  readonly text: string;
  readonly ids: readonly number[];
  readonly pieces: readonly string[];
}

const toy = (): Uint8Array => readFileSync(sharedPath("goldens/wan/sentencepiece/toy.model"));

describe.skipIf(sharedDir() === null)("the reference's model", () => {
  test("gives the reference's ids and pieces for every text", () => {
    const tokenizer = new SentencePiece(toy());
    const cases = sharedJson<Case[]>("goldens/wan/sentencepiece/cases.json");
    expect(cases.length).toBeGreaterThan(8);
    for (const { text, ids, pieces } of cases) {
      expect([...tokenizer.encode(text)], JSON.stringify(text)).toEqual(ids);
      expect([...tokenizer.encode(text)].map((id) => tokenizer.piece(id))).toEqual(pieces);
    }
  });

  test("1,000 mutations end in a coded error or a working tokeniser", () => {
    const original = toy();
    let state = 12345;
    const random = (below: number): number => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return (state >>> 8) % below;
    };
    let refused = 0;
    for (let round = 0; round < 1000; round++) {
      let bytes = Uint8Array.from(original);
      for (let i = random(4); i >= 0; i--)
        bytes[random(round % 2 === 0 ? bytes.length : 9000)] = random(256);
      if (random(4) === 0) bytes = bytes.subarray(0, random(bytes.length));
      try {
        const tokenizer = new SentencePiece(bytes);
        const ids = tokenizer.encode("A cat walks, ＡＢＣ \t 😀 ﬁn!");
        expect(ids.every((id) => id >= 0 && id < tokenizer.vocabularySize)).toBe(true);
      } catch (error) {
        if (!isUmbelError(error)) throw error;
        expect(error.code).toBe("ERR_TOKENIZER");
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(200);
  }, 60_000);
});

const BASIC: readonly PieceSpec[] = [
  { text: "<unk>", type: 2 },
  { text: "</s>", type: 3 },
  { text: "▁", score: -2 },
  { text: "a", score: -3 },
  { text: "b", score: -4 },
  { text: "▁ab", score: -5 },
  { text: "abab", score: -1, type: 5 },
];

test("the best path wins, unused pieces are passed over", () => {
  const tokenizer = new SentencePiece(modelFile(BASIC));
  expect([...tokenizer.encode("ab")]).toEqual([5]);
  expect([...tokenizer.encode("abab")]).toEqual([5, 3, 4]);
  expect(tokenizer.endId).toBe(1);
});

test("unknown characters in a row become one unknown piece", () => {
  expect([...new SentencePiece(modelFile(BASIC)).encode("a€¥b")]).toEqual([2, 3, 0, 4]);
});

test("user-defined pieces win over any score", () => {
  const pieces = [...BASIC, { text: "ab", type: 4 }, { text: "▁aab", score: -0.1 }];
  expect([...new SentencePiece(modelFile(pieces)).encode("aab")]).toEqual([8]);
  expect([...new SentencePiece(modelFile(pieces)).encode("baab")]).toEqual([2, 4, 3, 7]);
});

test("spaces are collapsed, trimmed and marked unless the model says otherwise", () => {
  expect([...new SentencePiece(modelFile(BASIC)).encode("  a   b ")]).toEqual([2, 3, 2, 4]);
  const keep = modelFile(BASIC, { removeExtraSpaces: false, addDummyPrefix: false });
  expect([...new SentencePiece(keep).encode(" a  b")]).toEqual([2, 3, 2, 2, 4]);
  const suffix = modelFile(BASIC, { spaceIsSuffix: true });
  expect([...new SentencePiece(suffix).encode("a b")]).toEqual([3, 2, 4, 2]);
});

test("lone surrogates and empty texts do no harm", () => {
  const tokenizer = new SentencePiece(modelFile(BASIC));
  expect([...tokenizer.encode("\ud800")]).toEqual([2, 0]);
  expect([...tokenizer.encode("")]).toEqual([]);
  expect([...tokenizer.encode("   ")]).toEqual([]);
});

test.each([
  ["no bytes", new Uint8Array(0)],
  ["a picture", Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)],
  ["a length beyond the end", Uint8Array.of(0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f, 1)],
  ["an endless number", new Uint8Array(64).fill(0xff)],
  ["no unknown piece", modelFile(BASIC.slice(1))],
  ["a piece twice", modelFile([...BASIC, { text: "a" }])],
  ["an empty piece", modelFile([...BASIC, { text: "" }])],
  ["BPE", modelFile(BASIC, { modelType: 2 })],
  ["byte fallback without bytes", modelFile(BASIC, { byteFallback: true })],
  [
    "a character map beyond its end",
    modelFile(BASIC, { charsmap: Uint8Array.of(255, 255, 255, 127, 0) }),
  ],
])("refuses %s", (_, bytes) => {
  expect(() => new SentencePiece(bytes)).toThrow(
    expect.objectContaining({ code: "ERR_TOKENIZER" }),
  );
});

test("a quarter of a million pieces load in less than half a second of processor time", () => {
  const pieces: PieceSpec[] = [...BASIC];
  for (let i = 0; i < 256_000; i++)
    pieces.push({ text: `▁${i.toString(36)}é${(i * 7919) % 1000}`, score: -i / 1e4 });
  const file = modelFile(pieces);
  new SentencePiece(modelFile(pieces.slice(0, 20_000)));
  const start = process.cpuUsage();
  const tokenizer = new SentencePiece(file);
  expect(process.cpuUsage(start).user / 1e6).toBeLessThan(0.5);
  expect([...tokenizer.encode(`${(777).toString(36)}é${(777 * 7919) % 1000}`)]).toEqual([
    BASIC.length + 777,
  ]);
});

import type { Random } from "./random.ts";

const TOKEN =
  /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|[{}[\],:]|\s+|./gs;

const NUMBERS = [
  "0",
  "-1",
  "1",
  "2",
  "1.5",
  "255",
  "65536",
  "2147483647",
  "2147483648",
  "4294967296",
  "9007199254740991",
  "9007199254740992",
  "9223372036854775807",
  "18446744073709551616",
  "1e308",
  "-0",
  "1e999",
];
const STRINGS = [
  '""',
  '"__proto__"',
  '"constructor"',
  '"a"',
  '"..\\/..\\/x"',
  '"\\u0000"',
  '"\\ud800"',
  `"${"n".repeat(3000)}"`,
  '"F32"',
  '"BF16"',
  '"I64"',
  '"F8_E4M3"',
  '"weight"',
  '"dtype"',
  '"id"',
  '"type"',
  '"nodes"',
  '"links"',
];
const VALUES = [
  "null",
  "true",
  "{}",
  "[]",
  "[[]]",
  '{"a":{}}',
  ...NUMBERS.slice(0, 6),
  ...STRINGS.slice(0, 4),
];

const BREAKS = ["[", "{", "]", "}", ",", ":", "[".repeat(2000), '{"a":'.repeat(500)];

/** One to four edits of a JSON text, by its tokens: most results are JSON that says something else. */
export function mutateJson(text: string, random: Random): string {
  const tokens = text.match(TOKEN) ?? [];
  const edits = 1 + random.below(random.pick([1, 1, 4]));
  for (let i = 0; i < edits && tokens.length > 0; i++) edit(tokens, random);
  return tokens.join("");
}

function edit(tokens: string[], random: Random): void {
  const at = random.chance(0.8) ? valueAt(tokens, random) : random.below(tokens.length);
  const token = tokens[at] ?? "";
  const isNumber = /^-?\d/.test(token);
  switch (random.below(16)) {
    case 0:
      tokens.splice(at, 1 + random.below(6));
      break;
    case 1:
      tokens.splice(random.below(tokens.length), 0, ...tokens.slice(at, at + 1 + random.below(24)));
      break;
    case 2:
      tokens.splice(at, 0, random.pick(BREAKS));
      break;
    case 3:
      tokens[at] = token.slice(0, random.below(token.length + 1));
      break;
    case 4:
      // A value of another type.
      tokens[at] = random.pick(VALUES);
      break;
    case 5:
    case 6:
    case 7:
      // Another value of the same text: a name twice, a link to something else.
      tokens[at] = tokens[valueAt(tokens, random)] ?? "";
      break;
    default:
      if (isNumber && random.chance(0.4)) tokens[at] = near(token, random);
      else tokens[at] = random.pick(isNumber ? NUMBERS : token.startsWith('"') ? STRINGS : VALUES);
  }
}

/** Some string, number or literal. */
function valueAt(tokens: readonly string[], random: Random): number {
  let at = 0;
  for (let tries = 0; tries < 16; tries++) {
    at = random.below(tokens.length);
    if (/^["\d-]|^[tfn]/.test(tokens[at] ?? "")) break;
  }
  return at;
}

function near(token: string, random: Random): string {
  const number = Number(token);
  return String(
    random.pick([number + 1, number - 1, number * 2, -number, number + 8, Math.floor(number / 2)]),
  );
}

/** umbel mask: the radial mask of any size and length as a picture, with its density. */
import { InvalidArgumentError, Option, type Command } from "commander";
import { clipGeometry } from "#runtime/attention/clip-geometry";
import { attendedShare, blockCount, density } from "#runtime/attention/csr";
import { maskPicture } from "#runtime/attention/mask-picture";
import { radialMask } from "#runtime/attention/radial";
import { writePng } from "#runtime/media/pictures";

interface Flags {
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  readonly decay: number;
  readonly block: "64" | "128";
  readonly kind: "wan" | "hunyuan";
  readonly text: number;
  readonly out?: string;
  readonly json?: true;
}

const whole = (value: string): number => {
  const n = Number(value);
  if (!Number.isInteger(n) || n < 0) throw new InvalidArgumentError("Expected a whole number.");
  return n;
};

export function addMask(program: Command): void {
  program
    .command("mask")
    .description("draw the radial attention mask of a clip and say how dense it is")
    .option("--width <pixels>", "", whole, 1280)
    .option("--height <pixels>", "", whole, 768)
    .option("--frames <n>", "frames of the clip", whole, 69)
    .option("--decay <factor>", "smaller is sparser", Number, 0.2)
    .addOption(new Option("--block <tokens>", "").choices(["64", "128"]).default("128"))
    .addOption(new Option("--kind <model>", "").choices(["wan", "hunyuan"]).default("wan"))
    .option("--text <tokens>", "text tokens in the same attention", whole, 0)
    .option("--out <file.png>", "where the picture goes")
    .option("--json", "figures as JSON")
    .action(mask);
}

async function mask(flags: Flags): Promise<void> {
  const { tokensPerFrame, latentFrames: frames } = clipGeometry(
    flags.width,
    flags.height,
    flags.frames,
  );
  const made = radialMask({
    tokensPerFrame,
    frames,
    textTokens: flags.text,
    decayFactor: flags.decay,
    blockSize: flags.block === "64" ? 64 : 128,
    kind: flags.kind,
  });
  const facts = {
    tokens: made.tokens,
    blocks: blockCount(made),
    blockSize: made.blockSize,
    density: density(made),
    flopShare: attendedShare(made),
  };
  if (flags.out !== undefined)
    await writePng(flags.out, maskPicture(made, { tokensPerFrame, frames }), 0, {});
  if (flags.json) process.stdout.write(`${JSON.stringify(facts)}\n`);
  else {
    process.stdout.write(
      `${facts.tokens} tokens (${frames} latent frames of ${tokensPerFrame}) in ${facts.blocks} blocks of ${facts.blockSize}\n` +
        `density ${(facts.density * 100).toFixed(2)} %, ${(facts.flopShare * 100).toFixed(2)} % of the work of dense attention\n` +
        `${flags.out === undefined ? "" : `saved ${flags.out}\n`}`,
    );
  }
}

import { expect, it } from "vitest";
import clipText from "../../runtime/models/clip-text.ts";
import hunyuanVae from "../../runtime/models/hunyuan-vae.ts";
import hunyuanVideo from "../../runtime/models/hunyuan-video.ts";
import llama from "../../runtime/models/llama.ts";
import mochi from "../../runtime/models/mochi.ts";
import mochiVae from "../../runtime/models/mochi-vae.ts";
import umt5 from "../../runtime/models/umt5.ts";
import wan, { variants } from "../../runtime/models/wan.ts";
import wanVae from "../../runtime/models/wan-vae.ts";
import wan22Vae from "../../runtime/models/wan22-vae.ts";
import type { TensorSpec } from "#runtime/sdk/model";

/** A header that holds exactly these tensors. */
function header(specs: readonly TensorSpec[]) {
  return {
    tensors: new Map(specs.map(({ name, shape }) => [name, { shape, dtype: "bf16" as const }])),
    metadata: {},
  };
}

it("published configurations are what detection reads off their own tensors", () => {
  for (const { config } of wan.published)
    expect(wan.detect(header(wan.tensors(config)))).toEqual(config);
  for (const family of variants)
    for (const { config } of family.published)
      expect(family.detect(header(family.tensors(config)))).toEqual(config);
  for (const { config } of wan22Vae.published)
    expect(wan22Vae.detect(header(wan22Vae.tensors(config)))).toEqual(config);
  for (const { config } of umt5.published)
    expect(umt5.detect(header(umt5.tensors(config)))).toEqual(config);
  for (const { config } of hunyuanVideo.published)
    expect(hunyuanVideo.detect(header(hunyuanVideo.tensors(config)))).toEqual(config);
  for (const { config } of llama.published)
    expect(llama.detect(header(llama.tensors(config)))).toEqual(config);
  for (const { config } of clipText.published)
    expect(clipText.detect(header(clipText.tensors(config)))).toEqual(config);
  for (const { config } of mochi.published)
    expect(mochi.detect(header(mochi.tensors(config)))).toEqual(config);
  for (const { config } of mochiVae.published)
    expect(mochiVae.detect(header(mochiVae.tensors(config)))).toEqual(config);
  for (const { config } of hunyuanVae.published)
    expect(hunyuanVae.detect(header(hunyuanVae.tensors(config)))).toEqual(config);
  for (const { config } of wanVae.published) {
    expect(wanVae.detect(header(wanVae.tensors(config)))).toEqual(config);
  }
});

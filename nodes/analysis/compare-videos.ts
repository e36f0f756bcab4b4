import { psnr, psnrPerFrame } from "#runtime/media/psnr";
import { sideBySide } from "#runtime/media/side-by-side";
import { ssimPerFrame } from "#runtime/media/ssim";
import { socket } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";

export default defineNode({
  type: "CompareVideos",
  title: "Compare videos",
  category: "analysis",
  description:
    "How near two clips are: PSNR in dB and SSIM of the clip and of its worst frame, and both side by side.",
  version: 1,
  inputs: { reference: socket("IMAGE"), images: socket("IMAGE") },
  outputs: { psnr: output("FLOAT"), ssim: output("FLOAT"), IMAGE: output("IMAGE") },
  output: true,
  run: (context, { reference, images }) => {
    const similar = ssimPerFrame(reference, images);
    const ssim = similar.reduce((sum, value) => sum + value, 0) / similar.length;
    const decibels = psnr(reference, images);
    context.publish({
      kind: "metrics",
      values: {
        psnr: decibels,
        psnr_worst_frame: Math.min(...psnrPerFrame(reference, images)),
        ssim,
        ssim_worst_frame: Math.min(...similar),
      },
    });
    return { psnr: decibels, ssim, IMAGE: sideBySide(reference, images) };
  },
});

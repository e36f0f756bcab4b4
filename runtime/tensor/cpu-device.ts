import type { NativeDeviceOptions } from "#native";
import { AddonDevice } from "./addon-device.ts";

/** The CPU: each op is spread over a thread pool. */
export class CpuDevice extends AddonDevice {
  readonly name = "cpu";
  readonly compute: "f32" | "bf16";
  readonly activations = "f32";

  constructor(options: Omit<NativeDeviceOptions, "device"> = {}) {
    const isa = process.env["UMBEL_ISA"];
    super(isa === undefined || isa === "" ? options : { isa, ...options });
    this.compute = options.precision ?? "f32";
  }
}

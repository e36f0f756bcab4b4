/**
 * What stands in the window's regions. The window knows regions by these names only; each is filled by a component of
 * renderer/panels or renderer/player.
 */
import type { ComponentType } from "react";
import { HistoryPanel } from "./panels/history/history-panel.tsx";
import { ModelsPanel } from "./panels/models/models-panel.tsx";
import { QueuePanel } from "./panels/queue/queue-panel.tsx";
import { RadialNode } from "./panels/radial/radial-node.tsx";
import { StepMask } from "./panels/radial/step-mask.tsx";
import { TemplatesPanel } from "./panels/welcome/templates-panel.tsx";
import { NodesPanel } from "./palette/nodes-panel.tsx";
import type { PanelName } from "./stores/layout.ts";

export { DeviceGauge } from "./panels/gauges/device-gauge.tsx";
export { JobGauge } from "./panels/gauges/job-gauge.tsx";
/** Right of the canvas, 272 wide. */
export { Inspector } from "./panels/inspector/inspector.tsx";
/** Settings, welcome, sweep and the gallery's page, by `layout.overlay` and `layout.panel`. */
export { Overlays } from "./panels/overlays.tsx";
export { ToastStack } from "./panels/notices/toast-stack.tsx";
/** Number on a rail button; null: none. */
export { RailBadge } from "./panels/rail-badge.tsx";
/** Below the canvas: player, problems, log. */
export { Dock } from "./player/dock.tsx";

/** The gallery fills the window, see Overlays. */
const Empty = () => null;

/** Rail panels, 320 wide. */
export const PANELS: Readonly<Record<PanelName, ComponentType>> = {
  nodes: NodesPanel,
  templates: TemplatesPanel,
  models: ModelsPanel,
  queue: QueuePanel,
  history: HistoryPanel,
  gallery: Empty,
};

export interface NodeFeatureProps {
  readonly document: string;
  readonly node: string;
}

/** What a node class shows above its fields, by class: the mask of RadialAttention. */
export const NODE_FEATURES: Readonly<Record<string, ComponentType<NodeFeatureProps>>> = {
  RadialAttention: RadialNode,
  RadialAttentionSampler: RadialNode,
  PatchRadialAttn: RadialNode,
  PatchRadialAttention: RadialNode,
  WanVideoSetRadialAttention: RadialNode,
};
/** Over the preview of a sampler: the mask of the step, "radial step". */
export const PREVIEW_FEATURES: Readonly<Record<string, ComponentType<NodeFeatureProps>>> = {
  KSampler: StepMask,
  KSamplerAdvanced: StepMask,
  RadialAttentionSampler: StepMask,
  SamplerCustom: StepMask,
  SamplerCustomAdvanced: StepMask,
  WanVideoSampler: StepMask,
};

/**
 * What stands in the window's regions. The window knows regions by these names only; each is filled by a component of
 * renderer/panels or renderer/player.
 */
import type { ComponentType } from "react";
import type { PanelName } from "./stores/layout.ts";

const Empty = () => null;

/** Rail panels, 320 wide. */
export const PANELS: Readonly<Record<PanelName, ComponentType>> = {
  nodes: Empty,
  templates: Empty,
  models: Empty,
  queue: Empty,
  history: Empty,
  gallery: Empty,
};

/** Right of the canvas, 272 wide. */
export const Inspector: ComponentType = Empty;
/** Below the canvas: player, problems, log. */
export const Dock: ComponentType = Empty;
/** Settings, keys, welcome, sweep, gallery page, by `layout.overlay`; and dialogs. */
export const Overlays: ComponentType = Empty;
export const ToastStack: ComponentType = Empty;
export const DeviceGauge: ComponentType = Empty;
export const JobGauge: ComponentType = Empty;
/** Number on a rail button; null: none. */
export const RailBadge: ComponentType<{ readonly panel: PanelName }> = Empty;

export interface NodeFeatureProps {
  readonly document: string;
  readonly node: string;
}

/** What a node class shows above its fields, by class: the mask of RadialAttention. */
export const NODE_FEATURES: Readonly<Record<string, ComponentType<NodeFeatureProps>>> = {};
/** Over the preview of a sampler: the mask of the step, "radial step". */
export const PREVIEW_FEATURES: Readonly<Record<string, ComponentType<NodeFeatureProps>>> = {};

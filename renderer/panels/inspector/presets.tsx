import { useEffect, useMemo } from "react";
import { useEditor } from "../../editor-context.tsx";
import { withGraph, type GraphRef } from "../../stores/edit/graph-at.ts";
import { changeNodes } from "../../stores/edit/nodes.ts";
import { maskKey } from "../../stores/masks.ts";
import { percentText, ratioText } from "../figures.ts";
import { usePanels, usePanelStore } from "../panels-context.tsx";
import { maskRequestOf, type RadialGeometry } from "../radial/geometry.ts";
import { isPreset, presetsFor, runSpeedUp, type Preset } from "./presets-for.ts";
import { Section } from "./section.tsx";

interface PresetsProps {
  readonly document: string;
  readonly node: string;
  readonly geometry: RadialGeometry;
}

/** Each with the density of its mask and, where the model's work is known, the whole run's speed-up by that work. */
export function Presets({ document, node, geometry }: PresetsProps) {
  const presets = presetsFor(geometry.steps ?? 50);
  const known = presets.some((preset) => isPreset(preset, geometry.settings));
  return (
    <Section
      title={geometry.steps === null ? "Preset" : "Preset, work of a whole run"}
      className="presets"
    >
      {presets.map((preset) => (
        <PresetRow
          key={preset.name}
          preset={preset}
          document={document}
          node={node}
          geometry={geometry}
          chosen={isPreset(preset, geometry.settings)}
        />
      ))}
      {!known && <p className="t3 small presets-own">Own settings</p>}
    </Section>
  );
}

interface RowProps extends PresetsProps {
  readonly preset: Preset;
  readonly chosen: boolean;
}

function PresetRow({ preset, document, node, geometry, chosen }: RowProps) {
  const { documents } = useEditor();
  const { masks } = usePanels();
  const request = useMemo(
    () => maskRequestOf({ ...geometry, settings: { ...geometry.settings, decay: preset.decay } }),
    [geometry, preset.decay],
  );
  const key = request === null ? null : maskKey(request);
  useEffect(() => {
    if (request !== null) masks.want(`preset ${preset.name}`, request);
    // The key says all of the request.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [masks, key, preset.name]);
  const report = usePanelStore(
    (panels) => panels.masks,
    ({ known }) => (key === null ? undefined : known.get(key)?.report),
  );
  const share = report?.stepFlopShare ?? null;
  const apply = (): void => {
    documents.edit(
      `Preset ${preset.name}`,
      (value) =>
        withGraph(value, refOf(value, node), (graph) =>
          changeNodes(graph, [node], (each) => ({
            ...each,
            values: {
              ...each.values,
              decay_factor: preset.decay,
              dense_steps: preset.denseSteps,
            },
          })),
        ),
      { id: document },
    );
  };
  return (
    <button
      type="button"
      className={chosen ? "preset on" : "preset"}
      aria-pressed={chosen}
      onClick={apply}
    >
      <span className="medium preset-name">{preset.name}</span>
      <span className="t3 small grow">
        {preset.decay.toFixed(2)}, {preset.denseSteps} dense
      </span>
      {report !== undefined && <span className="t2 small">{percentText(report.density, 0)}</span>}
      {share !== null && geometry.steps !== null && (
        <span className="medium preset-speed">
          {ratioText(runSpeedUp(geometry.steps, preset.denseSteps, share))}×
        </span>
      )}
    </button>
  );
}

/** The subgraph that holds a node; null for the document's own graph. */
function refOf(
  value: { nodes: object; subgraphs?: Record<string, { nodes: object }> | undefined },
  node: string,
): GraphRef {
  if (node in value.nodes) return null;
  const inner = Object.entries(value.subgraphs ?? {}).find(([, { nodes }]) => node in nodes);
  return inner?.[0] ?? null;
}

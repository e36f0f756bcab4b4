import { usePanels, usePanelStore } from "../panels/panels-context.tsx";
import type { PlayerView } from "../stores/player.ts";
import { Segmented, type Segment } from "../ui/segmented.tsx";

const VIEWS: readonly Segment<PlayerView>[] = [
  { value: "single", label: "Single", icon: "eye" },
  { value: "side", label: "Side by side", icon: "side" },
  { value: "wipe", label: "Wipe", icon: "wipe" },
  { value: "difference", label: "Difference", icon: "difference" },
];

/** Only where there are two clips to see. */
export function ViewSwitch() {
  const { player } = usePanels();
  const view = usePanelStore(
    (panels) => panels.player,
    (state) => state.view,
  );
  const two = usePanelStore(
    (panels) => panels.player,
    (state) => state.b !== null && state.live === null,
  );
  if (!two) return null;
  return (
    <Segmented
      label="View"
      segments={VIEWS}
      value={view}
      onChange={(next) => player.set({ view: next })}
    />
  );
}

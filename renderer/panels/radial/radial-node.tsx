/** What a RadialAttention node shows above its fields: its mask, and what it saves. */
import { useState } from "react";
import { useEditorStore } from "../../editor-context.tsx";
import { MaskDialog } from "./mask-dialog.tsx";
import { MaskView } from "./mask-view.tsx";
import { RadialFigures } from "./radial-figures.tsx";
import { useGeometry, useMask } from "./use-mask.ts";

interface RadialNodeProps {
  /** The open document's id. */
  readonly document: string;
  readonly node: string;
}

const SIZE = 232;

export function RadialNode({ document, node }: RadialNodeProps) {
  const [large, setLarge] = useState(false);
  const open = useEditorStore(
    (editor) => editor.documents,
    (state) => state.open[document]?.document ?? null,
  );
  const geometry = useGeometry(open, node);
  const shown = useMask(`${document} ${node}`, geometry);
  return (
    <div className="radial-feature">
      {shown === null ? (
        <div className="mask-unknown" style={{ height: SIZE }}>
          Connect a latent to see its size.
        </div>
      ) : (
        <MaskView shown={shown} size={SIZE} onOpen={() => setLarge(true)} />
      )}
      {shown !== null && geometry?.size === null && (
        <div className="mask-words">Connect a latent to see its size.</div>
      )}
      <RadialFigures geometry={geometry} shown={shown} />
      {large && shown !== null && <MaskDialog shown={shown} onClose={() => setLarge(false)} />}
    </div>
  );
}

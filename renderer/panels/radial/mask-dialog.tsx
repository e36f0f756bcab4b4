import { Dialog as Radix } from "radix-ui";
import { percentText } from "../figures.ts";
import { IconButton } from "../../ui/icon-button.tsx";
import { MaskView } from "./mask-view.tsx";
import type { ShownMask } from "./use-mask.ts";

interface MaskDialogProps {
  readonly shown: ShownMask;
  readonly onClose: () => void;
}

/** The mask as large as the window allows. */
export function MaskDialog({ shown, onClose }: MaskDialogProps) {
  const size = Math.max(232, Math.min(innerWidth - 160, innerHeight - 140, 880));
  const { report, request } = shown.mask;
  return (
    <Radix.Root open onOpenChange={(open) => !open && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="scrim" />
        <Radix.Content
          className="pop mask-dialog"
          aria-describedby={undefined}
          onOpenAutoFocus={(event) => {
            event.preventDefault();
            document.querySelector<HTMLElement>(".mask-dialog .mask canvas")?.focus();
          }}
        >
          <div className="mask-dialog-head">
            <Radix.Title className="dialog-title">Block mask</Radix.Title>
            <span className="t3 small">
              {report.blocks.toLocaleString("en")} × {report.blocks.toLocaleString("en")} blocks of{" "}
              {request.block} tokens · {percentText(report.density)} kept · scroll to zoom, drag to
              move
            </span>
            <span className="grow" />
            <IconButton icon="close" label="Close" small onClick={onClose} />
          </div>
          <MaskView shown={shown} size={size} tipSide="right" />
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

import { Dialog as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { Icon } from "./icon.tsx";
import type { IconName } from "./icon-paths.ts";

interface DialogProps {
  readonly title: string;
  readonly icon?: IconName;
  readonly tone?: "plain" | "error" | "warning";
  readonly width?: number;
  /** Sentences and what else stands above the choices. */
  readonly children: ReactNode;
  /** Buttons: quiet ones first, the primary one last. */
  readonly actions?: ReactNode;
  readonly onClose: () => void;
}

const TONES = { plain: "var(--text-2)", error: "var(--error)", warning: "var(--warn)" };

export function Dialog(props: DialogProps) {
  const { title, icon, tone = "plain", width, children, actions, onClose } = props;
  return (
    <Radix.Root open onOpenChange={(open) => !open && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="scrim" />
        <Radix.Content
          className="pop dialog"
          style={width === undefined ? undefined : { width }}
          aria-describedby={undefined}
        >
          <div className="dialog-body">
            {icon && (
              <span style={{ color: TONES[tone], paddingTop: 2 }}>
                <Icon name={icon} />
              </span>
            )}
            <div className="grow">
              <Radix.Title className="dialog-title">{title}</Radix.Title>
              {children}
            </div>
          </div>
          {actions && <div className="dialog-foot">{actions}</div>}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

import { Icon } from "./icon.tsx";
import type { IconName } from "./icon-paths.ts";
import { Button, type ButtonProps } from "./button.tsx";
import { Tooltip } from "./tooltip.tsx";

interface IconButtonProps extends Omit<ButtonProps, "icon" | "children" | "aria-label"> {
  readonly icon: IconName;
  /** Its accessible name and tooltip. */
  readonly label: string;
  readonly keys?: string | undefined;
  readonly side?: "top" | "right" | "bottom" | "left";
}

export function IconButton({
  icon,
  label,
  keys,
  side = "bottom",
  className,
  kind = "quiet",
  ...rest
}: IconButtonProps) {
  return (
    <Tooltip label={label} keys={keys} side={side}>
      <Button kind={kind} className={`icon-only ${className ?? ""}`} aria-label={label} {...rest}>
        <Icon name={icon} size={rest.small ? 13 : 16} />
      </Button>
    </Tooltip>
  );
}

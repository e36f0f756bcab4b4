import type { ComponentProps } from "react";
import { Icon } from "./icon.tsx";
import type { IconName } from "./icon-paths.ts";

export interface ButtonProps extends ComponentProps<"button"> {
  readonly kind?: "primary" | "secondary" | "quiet";
  readonly small?: boolean;
  readonly icon?: IconName;
  readonly pressed?: boolean | undefined;
}

export function Button({
  kind = "secondary",
  small,
  icon,
  pressed,
  className,
  children,
  ...rest
}: ButtonProps) {
  const classes = ["btn", kind, small && "small", pressed && "on", className];
  return (
    <button
      type="button"
      className={classes.filter(Boolean).join(" ")}
      {...(pressed === undefined ? {} : { "aria-pressed": pressed })}
      {...rest}
    >
      {icon && <Icon name={icon} size={small ? 13 : 14} />}
      {children}
    </button>
  );
}

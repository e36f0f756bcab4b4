import type { ComponentProps, ReactNode } from "react";
import { isChanged, type FieldProps } from "./field-props.ts";

interface FrameProps extends Omit<ComponentProps<"div">, "onChange"> {
  readonly field: FieldProps;
  readonly hideLabel?: boolean;
  readonly children?: ReactNode;
}

/** The box of a one-line field: label left, value right; the dot says that it was changed from its default. */
export function FieldFrame({ field, hideLabel = false, className, children, ...rest }: FrameProps) {
  const classes = [
    "field",
    field.problem !== null && "bad",
    field.disabled && "disabled",
    className,
  ];
  return (
    <div
      className={classes.filter(Boolean).join(" ")}
      data-field={field.input.name}
      title={field.input.tooltip}
      {...rest}
    >
      {isChanged(field) && <i className="field-changed" title="Changed from its default" />}
      {!hideLabel && <span className="field-label ellipsis">{field.label}</span>}
      {children}
    </div>
  );
}

export const fieldName = ({ label, owner }: FieldProps): string => `${label}, ${owner}`;

import { FieldFrame, fieldName } from "./field-frame.tsx";
import { shownValue, type FieldProps } from "./field-props.ts";
import { valueText } from "./value-text.ts";

export const isColour = (value: unknown): boolean =>
  typeof value === "string" && /^#[0-9a-f]{6}$/i.test(value);

export function ColourField(props: FieldProps) {
  const value = valueText(shownValue(props));
  return (
    <FieldFrame field={props} className="nodrag">
      <span className="field-value mono">{value.toUpperCase()}</span>
      <input
        type="color"
        className="swatch"
        aria-label={fieldName(props)}
        disabled={props.disabled}
        value={isColour(value) ? value : "#000000"}
        onChange={(event) => props.onChange(event.currentTarget.value)}
        onBlur={props.onDone}
      />
    </FieldFrame>
  );
}

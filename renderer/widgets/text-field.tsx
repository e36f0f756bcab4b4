import { FieldFrame, fieldName } from "./field-frame.tsx";
import { shownValue, type FieldProps } from "./field-props.ts";

/** Grows with its lines up to 240 px; Tab leaves it. */
export function TextField(props: FieldProps) {
  const { input, onChange, onDone, disabled = false } = props;
  const value = shownValue(props);
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const common = {
    "aria-label": fieldName(props),
    "aria-invalid": props.problem !== null,
    disabled,
    value: text,
    spellCheck: false,
    onBlur: onDone,
    onKeyDown: (event: React.KeyboardEvent) => {
      if (event.key === "Escape") (event.currentTarget as HTMLElement).blur();
      if (!event.ctrlKey && !event.metaKey && event.key !== "F6") event.stopPropagation();
    },
  };
  if (input.multiline) {
    return (
      <textarea
        className={
          props.problem === null
            ? "field text-area nodrag nowheel"
            : "field text-area bad nodrag nowheel"
        }
        data-field={input.name}
        title={input.tooltip}
        placeholder={props.label}
        rows={1}
        {...common}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
    );
  }
  return (
    <FieldFrame field={props} className="nodrag">
      <input
        className="field-input"
        {...common}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
    </FieldFrame>
  );
}

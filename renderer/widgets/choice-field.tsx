import { FieldFrame, fieldName } from "./field-frame.tsx";
import { shownValue, type FieldProps } from "./field-props.ts";

/** A choice of few, as segments inside the field. */
export function ChoiceField(props: FieldProps) {
  const { input, disabled = false, onChange, onDone } = props;
  const value = shownValue(props);
  const options = input.options ?? [];
  const sorted = options.every((option) => typeof option === "number")
    ? options.toSorted((a, b) => Number(a) - Number(b))
    : options;
  return (
    <FieldFrame field={props} className="choice nodrag">
      <span
        className="choices"
        role="radiogroup"
        aria-label={fieldName(props)}
        onKeyDown={(event) => {
          const step = /^Arrow(Right|Down)$/.test(event.key)
            ? 1
            : /^Arrow(Left|Up)$/.test(event.key)
              ? -1
              : 0;
          const next = sorted[sorted.indexOf(value as string) + step];
          if (step === 0) return;
          event.preventDefault();
          event.stopPropagation();
          if (next === undefined) return;
          onChange(next);
          const buttons = event.currentTarget.querySelectorAll("button");
          buttons[sorted.indexOf(next)]?.focus();
        }}
      >
        {sorted.map((option) => (
          <button
            key={option}
            type="button"
            role="radio"
            disabled={disabled}
            aria-checked={option === value}
            tabIndex={option === value ? 0 : -1}
            className={option === value ? "on" : undefined}
            onClick={() => {
              onChange(option);
              onDone();
            }}
          >
            {option}
          </button>
        ))}
      </span>
    </FieldFrame>
  );
}

import { useRef, useState } from "react";
import { toBigInt } from "#runtime/graph/validate-value";
import { readableSeed, seedValue, type SeedControl } from "../stores/edit/seeds.ts";
import type { IconName } from "../ui/icon-paths.ts";
import { Icon } from "../ui/icon.tsx";
import { FieldFrame, fieldName } from "./field-frame.tsx";
import { shownValue, type FieldProps } from "./field-props.ts";
import { groupDigits } from "./number-value.ts";
import { valueText } from "./value-text.ts";

export interface SeedFieldProps extends FieldProps {
  readonly control: SeedControl;
  /** Seed of the last run; null: there was none. */
  readonly last: bigint | null;
  readonly onControl: (control: SeedControl) => void;
}

const CONTROLS: readonly { control: SeedControl; icon: IconName; label: string }[] = [
  { control: "fixed", icon: "lock", label: "Fixed: the same seed in every run" },
  { control: "random", icon: "dice", label: "Random: a new seed before each run" },
  { control: "increment", icon: "increment", label: "Count up: one more after each run" },
];

export function SeedField(props: SeedFieldProps) {
  const { control, last, onControl, onChange, onDone, disabled = false } = props;
  const digits = valueText(shownValue(props));
  const [editing, setEditing] = useState(false);
  const finished = useRef(false);
  const finish = (text: string | null) => {
    if (finished.current) return;
    finished.current = true;
    setEditing(false);
    const seed = text === null ? null : toBigInt(text.replace(/\D/g, ""));
    if (seed !== null) onChange(seedValue(seed));
    onDone();
  };
  return (
    <FieldFrame field={props} className={editing ? "seed focused nodrag" : "seed nodrag"}>
      {editing ? (
        <input
          className="field-input mono"
          aria-label={fieldName(props)}
          inputMode="numeric"
          autoFocus
          defaultValue={digits}
          onFocus={(event) => event.currentTarget.select()}
          onBlur={(event) => finish(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter" && !event.ctrlKey) finish(event.currentTarget.value);
            if (event.key === "Escape") finish(null);
            if (!event.ctrlKey && !event.metaKey) event.stopPropagation();
          }}
        />
      ) : (
        <button
          type="button"
          className="field-value mono seed-digits ellipsis"
          disabled={disabled}
          title={digits}
          onClick={() => {
            finished.current = false;
            setEditing(true);
          }}
        >
          <span className="visually-hidden">{fieldName(props)}, </span>
          {groupDigits(digits)}
        </button>
      )}
      <span
        className="seed-controls"
        role="group"
        aria-label={`What the seed does, ${props.owner}`}
      >
        {CONTROLS.map(({ control: one, icon, label }) => (
          <button
            key={one}
            type="button"
            disabled={disabled}
            className={control === one ? "on" : undefined}
            aria-pressed={control === one}
            aria-label={label}
            title={label}
            onClick={() => {
              if (one === "random" && control === "random") onChange(seedValue(readableSeed()));
              onControl(one);
              onDone();
            }}
          >
            <Icon name={icon} size={12} />
          </button>
        ))}
        <button
          type="button"
          disabled={disabled || last === null}
          aria-label="Keep the seed of the last run"
          title={
            last === null ? "Keep the last one: nothing ran yet" : `Keep the last one: ${last}`
          }
          onClick={() => {
            if (last !== null) onChange(seedValue(last));
            onControl("fixed");
            onDone();
          }}
        >
          <Icon name="keep" size={12} />
        </button>
      </span>
    </FieldFrame>
  );
}

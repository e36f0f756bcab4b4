import { useId } from "react";
import { IconButton } from "../../ui/icon-button.tsx";
import type { SweepChoice } from "./sweep-choices.ts";

export interface AxisText {
  readonly choice: SweepChoice;
  readonly text: string;
}

interface AxisFieldProps {
  readonly axis: AxisText;
  readonly name: string;
  readonly choices: readonly SweepChoice[];
  readonly problem: string | null;
  readonly onChange: (axis: AxisText) => void;
  readonly onChoose: (choice: SweepChoice) => void;
  readonly onRemove?: () => void;
}

const keyOf = ({ node, input }: SweepChoice): string => `${node} ${input.name}`;

/** Which value, and its values as a list or a range. */
export function AxisField(props: AxisFieldProps) {
  const { axis, name, choices, problem, onChange, onChoose, onRemove } = props;
  const id = useId();
  const numbers = axis.choice.input.kind !== "combo" && axis.choice.input.kind !== "file";
  return (
    <div className="axis" role="group" aria-label={name}>
      <div className="row axis-head">
        <span className="cap grow">{name}</span>
        {onRemove !== undefined && (
          <IconButton icon="close" label="Sweep one value only" small onClick={onRemove} />
        )}
      </div>
      <select
        className="text-field"
        aria-label={`${name}: value`}
        value={keyOf(axis.choice)}
        onChange={(event) => {
          const chosen = choices.find((choice) => keyOf(choice) === event.target.value);
          if (chosen !== undefined) onChoose(chosen);
        }}
      >
        {choices.map((choice) => (
          <option key={keyOf(choice)} value={keyOf(choice)}>
            {choice.label} (now {choice.current})
          </option>
        ))}
      </select>
      <input
        className="text-field mono"
        aria-label={`${name}: values`}
        aria-invalid={problem !== null}
        aria-describedby={id}
        value={axis.text}
        onChange={(event) => onChange({ ...axis, text: event.target.value })}
      />
      <div id={id} className={problem === null ? "t3 micro" : "field-error"}>
        {problem ??
          (numbers ? "A list (0.1, 0.2) or a range (0.1 to 0.8 by 0.1)" : "With commas between")}
      </div>
    </div>
  );
}

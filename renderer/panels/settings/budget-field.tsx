import { useEffect, useState } from "react";
import { budgetText, parseBudget } from "./memory-budget.ts";

interface BudgetFieldProps {
  readonly value: number | null;
  readonly onChange: (bytes: number | null) => void;
}

/** Taken when the field is left, or with Enter. */
export function BudgetField({ value, onChange }: BudgetFieldProps) {
  const [text, setText] = useState(budgetText(value));
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => setText(budgetText(value)), [value]);
  const take = (): void => {
    try {
      const bytes = parseBudget(text);
      setProblem(null);
      if (bytes !== value) onChange(bytes);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <div className="budget">
      <input
        className="text-field"
        inputMode="decimal"
        aria-label="Memory budget in GB"
        aria-invalid={problem !== null}
        value={text}
        placeholder="all"
        onChange={(event) => setText(event.target.value)}
        onBlur={take}
        onKeyDown={(event) => event.key === "Enter" && take()}
      />
      <span className="t3">GB</span>
      {problem !== null && (
        <div className="field-error" role="alert">
          {problem}
        </div>
      )}
    </div>
  );
}

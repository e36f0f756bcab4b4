import { useEffect, useRef, useState } from "react";
import { evaluate, isSum } from "./arithmetic.ts";
import { FieldFrame, fieldName } from "./field-frame.tsx";
import { shownValue, type FieldProps } from "./field-props.ts";
import { clampNumber, formatNumber, levelOf, stepOf } from "./number-value.ts";

/** Drag sideways, wheel while focused, arrows, or type: sums are worked out. */
export function NumberField(props: FieldProps) {
  const { input, onChange, onDone, disabled = false } = props;
  const value = Number(shownValue(props));
  const [editing, setEditing] = useState<string | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const step = stepOf(input);
  const set = (next: number) => {
    const clamped = clampNumber(next, input);
    if (clamped !== value && Number.isFinite(clamped)) onChange(clamped);
  };
  useWheel(box, (direction, factor) => set(value + direction * step * factor));

  if (editing !== null) {
    return (
      <NumberInput
        field={props}
        start={editing}
        onFinish={(text) => {
          setEditing(null);
          const result = text === null ? null : evaluate(text);
          // What is typed stands as typed: out of range is said, not bent.
          if (result !== null) onChange(input.kind === "int" ? Math.round(result) : result);
          onDone();
          requestAnimationFrame(() => box.current?.focus({ preventScroll: true }));
        }}
      />
    );
  }
  const level = levelOf(value, input);
  const shown = formatNumber(value, input);
  return (
    <FieldFrame
      field={props}
      ref={box}
      className="number nodrag"
      role="spinbutton"
      tabIndex={disabled ? -1 : 0}
      aria-label={fieldName(props)}
      aria-valuenow={Number.isFinite(value) ? value : undefined}
      aria-valuetext={shown}
      aria-valuemin={input.min === undefined ? undefined : Number(input.min)}
      aria-valuemax={input.max === undefined ? undefined : Number(input.max)}
      aria-invalid={props.problem !== null}
      aria-disabled={disabled}
      onBlur={onDone}
      onPointerDown={(event) => {
        if (!disabled && event.button === 0 && !event.altKey)
          drag(event, value, step, set, onDone, () => setEditing(shown));
      }}
      onKeyDown={(event) => {
        if (disabled || event.metaKey || event.altKey) return;
        const factor = event.shiftKey ? 0.1 : event.ctrlKey ? 10 : 1;
        if (event.key === "ArrowUp" || event.key === "ArrowRight") set(value + step * factor);
        else if (event.key === "ArrowDown" || event.key === "ArrowLeft") set(value - step * factor);
        else if (event.key === "PageUp") set(value + step * 10);
        else if (event.key === "PageDown") set(value - step * 10);
        else if (event.key === "Home" && input.min !== undefined) set(Number(input.min));
        else if (event.key === "End" && input.max !== undefined) set(Number(input.max));
        else if (event.key === "Enter" && !event.ctrlKey) setEditing(shown);
        else if (/^[\d.(-]$/.test(event.key) && !event.ctrlKey) setEditing(event.key);
        else return;
        event.preventDefault();
        event.stopPropagation();
      }}
    >
      {level !== null && <i className="field-level" style={{ width: `${level * 100}%` }} />}
      <button
        type="button"
        className="field-step left"
        tabIndex={-1}
        aria-hidden="true"
        onPointerDown={(event) => event.stopPropagation()}
        onClick={() => (set(value - step), onDone())}
      >
        ‹
      </button>
      <span className="field-value">{shown}</span>
      <button
        type="button"
        className="field-step right"
        tabIndex={-1}
        aria-hidden="true"
        onPointerDown={(event) => event.stopPropagation()}
        onClick={() => (set(value + step), onDone())}
      >
        ›
      </button>
    </FieldFrame>
  );
}

const CLICK_PX = 3;
const PX_PER_STEP = 4;

function drag(
  down: React.PointerEvent<HTMLElement>,
  start: number,
  step: number,
  set: (value: number) => void,
  onDone: () => void,
  onClick: () => void,
): void {
  const element = down.currentTarget;
  let last = down.clientX;
  let moved = 0;
  let value = start;
  let dragging = false;
  const move = (event: PointerEvent) => {
    if (!dragging && Math.abs(event.clientX - down.clientX) < CLICK_PX) return;
    if (!dragging) {
      dragging = true;
      element.setPointerCapture(down.pointerId);
      last = event.clientX;
    }
    moved += (event.clientX - last) * (event.shiftKey ? 0.1 : event.ctrlKey ? 10 : 1);
    last = event.clientX;
    const steps = Math.trunc(moved / PX_PER_STEP);
    if (steps === 0 && !event.shiftKey) return;
    value = start + (event.shiftKey ? moved / PX_PER_STEP : steps) * step;
    set(value);
  };
  const up = () => {
    window.removeEventListener("pointermove", move);
    window.removeEventListener("pointerup", up);
    window.removeEventListener("pointercancel", up);
    if (dragging) onDone();
    else onClick();
  };
  window.addEventListener("pointermove", move);
  window.addEventListener("pointerup", up);
  window.addEventListener("pointercancel", up);
}

/** The wheel changes a value only while its field has the focus; else it moves the canvas. */
function useWheel(
  box: React.RefObject<HTMLDivElement | null>,
  onTurn: (direction: 1 | -1, factor: number) => void,
): void {
  const turn = useRef(onTurn);
  turn.current = onTurn;
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const listen = (event: WheelEvent) => {
      if (document.activeElement !== element || event.deltaY === 0) return;
      event.preventDefault();
      event.stopPropagation();
      turn.current(event.deltaY < 0 ? 1 : -1, event.shiftKey ? 0.1 : event.ctrlKey ? 10 : 1);
    };
    element.addEventListener("wheel", listen, { passive: false });
    return () => element.removeEventListener("wheel", listen);
  });
}

function NumberInput(props: {
  readonly field: FieldProps;
  readonly start: string;
  readonly onFinish: (text: string | null) => void;
}) {
  const [text, setText] = useState(props.start);
  const finished = useRef(false);
  const finish = (result: string | null) => {
    if (finished.current) return;
    finished.current = true;
    props.onFinish(result);
  };
  const result = isSum(text) ? evaluate(text) : null;
  return (
    <FieldFrame field={props.field} className="focused nodrag">
      <input
        className="field-input"
        aria-label={fieldName(props.field)}
        autoFocus
        value={text}
        onFocus={(event) => props.start.length > 1 && event.currentTarget.select()}
        onChange={(event) => setText(event.currentTarget.value)}
        onBlur={() => finish(text)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) finish(text);
          else if (event.key === "Escape") finish(null);
          else if (event.key === "Tab") finish(text);
          else if (event.ctrlKey || event.metaKey) return;
          event.stopPropagation();
        }}
      />
      {result !== null && <span className="t3">= {formatNumber(result, props.field.input)}</span>}
    </FieldFrame>
  );
}

import { Popover } from "radix-ui";
import { useRef, useState } from "react";
import { Icon } from "../ui/icon.tsx";
import { FieldFrame, fieldName } from "./field-frame.tsx";
import { shownValue, type FieldProps } from "./field-props.ts";
import { filterOptions, splitFolder, type ListedOption } from "./fuzzy-list.ts";
import { valueText } from "./value-text.ts";

export interface ComboFieldProps extends FieldProps {
  readonly options: readonly (string | number)[];
  /** Names are files: folders dim, no label. */
  readonly files?: boolean;
  /** Options that do not fit, with the reason: they come last, and can be chosen all the same. */
  readonly unfit?: ReadonlyMap<string | number, string>;
  /** Offered beside a name that is not there. */
  readonly onGet?: (() => void) | undefined;
}

const NONE_UNFIT: ReadonlyMap<string, string> = new Map();

export function ComboField(props: ComboFieldProps) {
  const { options, files = false, onGet, onChange, onDone, disabled = false } = props;
  const value = shownValue(props);
  const [open, setOpen] = useState(false);
  const missing = props.problem !== null && value !== "";
  const [folder, name] = files ? splitFolder(valueText(value)) : ["", valueText(value)];
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <FieldFrame
        field={props}
        hideLabel={files}
        className={open ? "combo focused nodrag" : "combo nodrag"}
      >
        {missing && files && <Icon name="warn" size={12} />}
        <Popover.Trigger asChild>
          <button
            type="button"
            className={files ? "field-open file-name" : "field-open"}
            disabled={disabled}
            aria-label={`${fieldName(props)}, ${value === "" ? (files ? "Choose a file" : "None") : valueText(value)}`}
            title={files ? valueText(value) : undefined}
            onKeyDown={(event) => {
              const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
              if (step === 0 || event.altKey) return;
              event.preventDefault();
              event.stopPropagation();
              const next = options[options.indexOf(value as string) + step];
              if (next !== undefined) onChange(next);
            }}
          >
            <span className="ellipsis">
              <span className="t3">{folder}</span>
              {value === "" ? <span className="t3">{files ? "Choose a file" : "None"}</span> : name}
            </span>
            <Icon name={files ? "chevron-down" : "up-down"} size={12} />
          </button>
        </Popover.Trigger>
        {missing && onGet !== undefined && (
          <button type="button" className="field-get" onClick={onGet}>
            Get
          </button>
        )}
      </FieldFrame>
      <Popover.Portal>
        <Popover.Content
          className="pop combo-list"
          align="start"
          sideOffset={4}
          collisionPadding={8}
          onCloseAutoFocus={onDone}
        >
          <OptionList
            label={fieldName(props)}
            options={options}
            value={value}
            files={files}
            unfit={props.unfit ?? NONE_UNFIT}
            onChoose={(next) => {
              onChange(next);
              setOpen(false);
            }}
          />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

function OptionList(props: {
  readonly label: string;
  readonly options: readonly (string | number)[];
  readonly value: unknown;
  readonly files: boolean;
  readonly unfit: ReadonlyMap<string | number, string>;
  readonly onChoose: (value: string | number) => void;
}) {
  const [filter, setFilter] = useState("");
  const { unfit } = props;
  const listed = filterOptions(props.options, filter).toSorted(
    (a, b) => Number(unfit.has(a.value)) - Number(unfit.has(b.value)),
  );
  const chosen = Math.max(
    0,
    listed.findIndex(({ value }) => value === props.value),
  );
  const [at, setAt] = useState(chosen);
  const list = useRef<HTMLDivElement>(null);
  const go = (to: number) => {
    const next = Math.max(0, Math.min(listed.length - 1, to));
    setAt(next);
    list.current?.children[next]?.scrollIntoView({ block: "nearest" });
  };
  return (
    <div
      onKeyDown={(event) => {
        if (event.key === "ArrowDown") go(at + 1);
        else if (event.key === "ArrowUp") go(at - 1);
        else if (event.key === "Enter" && listed[at] !== undefined)
          props.onChoose(listed[at].value);
        else return;
        event.preventDefault();
      }}
    >
      <div className="combo-filter">
        <Icon name="search" size={13} />
        <input
          role="combobox"
          aria-expanded="true"
          aria-controls="combo-options"
          aria-activedescendant={listed[at] === undefined ? undefined : `combo-option-${at}`}
          aria-label={`Filter ${props.label}`}
          placeholder="Filter"
          autoFocus
          value={filter}
          onChange={(event) => {
            setFilter(event.currentTarget.value);
            setAt(0);
          }}
        />
      </div>
      <div
        ref={list}
        id="combo-options"
        role="listbox"
        aria-label={props.label}
        className="combo-options"
      >
        {listed.map((option, i) => (
          <div
            key={option.value}
            id={`combo-option-${i}`}
            role="option"
            aria-selected={i === at}
            className={[
              "list-item",
              i === at ? "on" : "",
              unfit.has(option.value) ? "unfit" : "",
            ].join(" ")}
            onPointerMove={() => setAt(i)}
            onClick={() => props.onChoose(option.value)}
          >
            <OptionText option={option} files={props.files} />
            {unfit.has(option.value) && (
              <span className="small unfit-reason">{unfit.get(option.value)}</span>
            )}
            {option.value === props.value && <Icon name="check" size={13} />}
          </div>
        ))}
      </div>
      {listed.length === 0 && (
        <p className="combo-none t3">
          {filter === "" ? "There is nothing here yet." : "Nothing matches."}
        </p>
      )}
    </div>
  );
}

function OptionText({ option, files }: { readonly option: ListedOption; readonly files: boolean }) {
  const [folder, name] = files ? splitFolder(option.text) : ["", option.text];
  const letters = (text: string, from: number) =>
    text
      .split("")
      .map((letter, i) => (option.marks.has(from + i) ? <mark key={i}>{letter}</mark> : letter));
  return (
    <span className="ellipsis grow">
      <span className="t3">{letters(folder, 0)}</span>
      {letters(name, folder.length)}
    </span>
  );
}

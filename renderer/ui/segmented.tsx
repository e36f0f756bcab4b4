import { ToggleGroup } from "radix-ui";
import { Icon } from "./icon.tsx";
import type { IconName } from "./icon-paths.ts";

export interface Segment<T extends string> {
  readonly value: T;
  readonly label: string;
  readonly icon?: IconName;
}

interface SegmentedProps<T extends string> {
  /** Its accessible name. */
  readonly label: string;
  readonly segments: readonly Segment<T>[];
  readonly value: T;
  readonly onChange: (value: T) => void;
}

export function Segmented<T extends string>(props: SegmentedProps<T>) {
  const { label, segments, value, onChange } = props;
  return (
    <ToggleGroup.Root
      type="single"
      className="segmented"
      aria-label={label}
      value={value}
      onValueChange={(next) => next !== "" && onChange(next as T)}
    >
      {segments.map((segment) => (
        <ToggleGroup.Item key={segment.value} value={segment.value}>
          {segment.icon && <Icon name={segment.icon} size={13} />}
          {segment.label}
        </ToggleGroup.Item>
      ))}
    </ToggleGroup.Root>
  );
}

import { Switch } from "../ui/switch.tsx";
import { FieldFrame, fieldName } from "./field-frame.tsx";
import { shownValue, type FieldProps } from "./field-props.ts";

export function SwitchField(props: FieldProps) {
  return (
    <FieldFrame field={props} className="nodrag">
      <span className="grow" />
      <Switch
        label={fieldName(props)}
        checked={shownValue(props) === true}
        disabled={props.disabled ?? false}
        onChange={(checked) => {
          props.onChange(checked);
          props.onDone();
        }}
      />
    </FieldFrame>
  );
}

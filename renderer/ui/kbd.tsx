const SHOWN: Readonly<Record<string, string>> = {
  $mod: "Ctrl",
  Control: "Ctrl",
  Enter: "↵",
  Escape: "Esc",
  ArrowUp: "↑",
  ArrowDown: "↓",
  ArrowLeft: "←",
  ArrowRight: "→",
  " ": "Space",
  Delete: "Del",
};

/** "$mod+Shift+KeyP" as people write it: "Ctrl Shift P". */
export function showKeys(keys: string): string {
  return keys
    .split("+")
    .map((key) => SHOWN[key] ?? key.replace(/^(Key|Digit)/, ""))
    .map((key) => (key.length === 1 ? key.toUpperCase() : key))
    .join(" ");
}

export function Kbd({ keys }: { readonly keys: string }) {
  return <kbd className="kbd">{showKeys(keys)}</kbd>;
}

/** One list of entries, shown as a drop-down, or as a context menu. */
import { ContextMenu as RadixContext, DropdownMenu as RadixDropdown } from "radix-ui";
import { useState, type ReactNode } from "react";
import { Icon } from "./icon.tsx";
import type { IconName } from "./icon-paths.ts";
import { showKeys } from "./kbd.tsx";

export interface MenuItem {
  readonly label: string;
  readonly run: () => void;
  readonly icon?: IconName | undefined;
  readonly keys?: string | undefined;
  readonly disabled?: boolean;
  readonly danger?: boolean;
  readonly checked?: boolean;
}

export type MenuEntry =
  | MenuItem
  | "line"
  | { readonly heading: string }
  | { readonly label: string; readonly icon?: IconName; readonly items: readonly MenuEntry[] }
  /** Something other than an entry, which may close the menu. */
  | { readonly content: (close: () => void) => ReactNode; readonly id: string };

interface MenuProps {
  readonly entries: readonly MenuEntry[] | (() => readonly MenuEntry[]);
  readonly children: ReactNode;
}

type Kit = typeof RadixContext | typeof RadixDropdown;

export function Menu({
  entries,
  children,
  align = "start",
}: MenuProps & { readonly align?: "start" | "end" }) {
  const [open, setOpen] = useState(false);
  return (
    <RadixDropdown.Root modal={false} open={open} onOpenChange={setOpen}>
      <RadixDropdown.Trigger asChild>{children}</RadixDropdown.Trigger>
      <RadixDropdown.Portal>
        <RadixDropdown.Content className="menu" align={align} sideOffset={6} collisionPadding={8}>
          <Entries kit={RadixDropdown} entries={entries} onClose={() => setOpen(false)} />
        </RadixDropdown.Content>
      </RadixDropdown.Portal>
    </RadixDropdown.Root>
  );
}

export function ContextMenu({ entries, children }: MenuProps) {
  return (
    <RadixContext.Root modal={false}>
      <RadixContext.Trigger asChild>{children}</RadixContext.Trigger>
      <RadixContext.Portal>
        <RadixContext.Content className="menu" collisionPadding={8}>
          <Entries kit={RadixContext} entries={entries} />
        </RadixContext.Content>
      </RadixContext.Portal>
    </RadixContext.Root>
  );
}

/** A menu at a point of the window, for places that decide by themselves when to open it. */
export function MenuAt({
  at,
  entries,
  onClose,
}: {
  readonly at: { readonly x: number; readonly y: number };
  readonly entries: readonly MenuEntry[];
  readonly onClose: () => void;
}) {
  return (
    <RadixDropdown.Root open modal={false} onOpenChange={(open) => !open && onClose()}>
      <RadixDropdown.Trigger asChild>
        <span style={{ position: "fixed", left: at.x, top: at.y, width: 1, height: 1 }} />
      </RadixDropdown.Trigger>
      <RadixDropdown.Portal>
        <RadixDropdown.Content className="menu" align="start" collisionPadding={8}>
          <Entries kit={RadixDropdown} entries={entries} onClose={onClose} />
        </RadixDropdown.Content>
      </RadixDropdown.Portal>
    </RadixDropdown.Root>
  );
}

interface EntriesProps {
  readonly kit: Kit;
  readonly entries: MenuProps["entries"];
  readonly onClose?: () => void;
}

function Entries({ kit, entries, onClose = () => {} }: EntriesProps) {
  const list = typeof entries === "function" ? entries() : entries;
  return list.map((entry, i) => <Entry key={i} kit={kit} entry={entry} onClose={onClose} />);
}

interface EntryProps {
  readonly kit: Kit;
  readonly entry: MenuEntry;
  readonly onClose: () => void;
}

function Entry({ kit: Kit, entry, onClose }: EntryProps) {
  if (entry === "line") return <Kit.Separator className="menu-line" />;
  if ("heading" in entry) return <Kit.Label className="menu-label cap">{entry.heading}</Kit.Label>;
  if ("content" in entry) return entry.content(onClose);
  if ("items" in entry) {
    return (
      <Kit.Sub>
        <Kit.SubTrigger className="menu-item">
          {entry.icon && <Icon name={entry.icon} size={14} />}
          {entry.label}
          <span className="keys">
            <Icon name="chevron-right" size={12} />
          </span>
        </Kit.SubTrigger>
        <Kit.Portal>
          <Kit.SubContent className="menu" sideOffset={4} collisionPadding={8}>
            <Entries kit={Kit} entries={entry.items} onClose={onClose} />
          </Kit.SubContent>
        </Kit.Portal>
      </Kit.Sub>
    );
  }
  return (
    <Kit.Item
      className={entry.danger ? "menu-item danger" : "menu-item"}
      disabled={entry.disabled ?? false}
      onSelect={entry.run}
    >
      {entry.checked !== undefined ? (
        <span style={{ width: 14 }}>{entry.checked && <Icon name="check" size={14} />}</span>
      ) : (
        entry.icon && <Icon name={entry.icon} size={14} />
      )}
      {entry.label}
      {entry.keys && <span className="keys">{showKeys(entry.keys)}</span>}
    </Kit.Item>
  );
}

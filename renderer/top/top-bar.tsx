import { useCommands } from "../commands/command-context.tsx";
import { DeviceGauge, JobGauge } from "../slots.tsx";
import { Icon } from "../ui/icon.tsx";
import { Kbd } from "../ui/kbd.tsx";
import { Mark } from "../ui/mark.tsx";
import { Menu } from "../ui/menu.tsx";
import { RunButton } from "./run-button.tsx";
import { Tabs } from "./tabs.tsx";
import "./top-bar.css";

export function TopBar() {
  const commands = useCommands();
  const keys = commands.keysOf("help.commands");
  return (
    <header className="top-bar">
      <h1 className="visually-hidden">Umbel</h1>
      <Menu entries={() => commands.mainMenu()}>
        <button type="button" className="logo" aria-label="Umbel menu">
          <Mark size={22} />
        </button>
      </Menu>
      <Tabs />
      <div className="grow" />
      <button type="button" className="hint" onClick={() => commands.run("help.commands")}>
        <Icon name="search" size={13} />
        <span>Search or run a command</span>
        {keys !== undefined && <Kbd keys={keys} />}
      </button>
      <DeviceGauge />
      <JobGauge />
      <RunButton />
    </header>
  );
}

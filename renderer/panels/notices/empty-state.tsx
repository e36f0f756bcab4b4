import type { ReactNode } from "react";
import { Icon } from "../../ui/icon.tsx";
import type { IconName } from "../../ui/icon-paths.ts";
import { Mark } from "../../ui/mark.tsx";
import "./notices.css";

interface EmptyStateProps {
  readonly icon?: IconName;
  readonly tone?: "plain" | "error";
  readonly title: string;
  readonly children: ReactNode;
  readonly action?: ReactNode;
}

/** What stands where there is nothing to show: why, and what to do. */
export function EmptyState({ icon, tone = "plain", title, children, action }: EmptyStateProps) {
  return (
    <div className="empty-state">
      <span className={tone === "error" ? "empty-icon error" : "empty-icon"}>
        {icon === undefined ? <Mark size={40} /> : <Icon name={icon} />}
      </span>
      <span className="medium">{title}</span>
      <span className="t2 small">{children}</span>
      {action}
    </div>
  );
}

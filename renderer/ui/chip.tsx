import type { ReactNode } from "react";

interface ChipProps {
  readonly tone?: "neutral" | "live" | "warning" | "error";
  readonly children: ReactNode;
}

export function Chip({ tone = "neutral", children }: ChipProps) {
  return <span className={`chip ${tone}`}>{children}</span>;
}

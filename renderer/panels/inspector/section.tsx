import type { ReactNode } from "react";

interface SectionProps {
  readonly title: string;
  /** At the right of the title. */
  readonly aside?: ReactNode;
  readonly children: ReactNode;
  readonly className?: string;
}

export function Section({ title, aside, children, className = "" }: SectionProps) {
  return (
    <section className={`section ${className}`}>
      <div className="section-head">
        <h3 className="cap">{title}</h3>
        <span className="t3 small">{aside}</span>
      </div>
      {children}
    </section>
  );
}

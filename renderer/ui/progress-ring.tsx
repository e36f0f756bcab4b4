/** Share done, 0 to 1, as a ring that starts at the top. */
export function ProgressRing({
  share,
  size = 16,
}: {
  readonly share: number;
  readonly size?: number;
}) {
  const radius = size / 2 - 1.5;
  const length = 2 * Math.PI * radius;
  return (
    <svg width={size} height={size} aria-hidden="true" style={{ rotate: "-90deg", flex: "none" }}>
      <circle
        cx={size / 2}
        cy={size / 2}
        r={radius}
        fill="none"
        stroke="var(--line-2)"
        strokeWidth="2.5"
      />
      <circle
        cx={size / 2}
        cy={size / 2}
        r={radius}
        fill="none"
        stroke="var(--accent)"
        strokeWidth="2.5"
        strokeDasharray={`${Math.max(0, Math.min(1, share)) * length} ${length}`}
      />
    </svg>
  );
}

import "./notices.css";

/** Three growing arcs and what is read. Nothing shows for the first 300 ms. */
export function LoadingArcs({ children }: { readonly children: React.ReactNode }) {
  return (
    <div className="loading" role="status">
      <svg width="40" height="40" viewBox="-20 -20 40 40" aria-hidden="true">
        {[6, 11, 16].map((radius, i) => (
          <circle
            key={radius}
            r={radius}
            fill="none"
            stroke="var(--accent)"
            strokeWidth="2"
            strokeLinecap="round"
            opacity={1 - 0.3 * i}
            strokeDasharray={`${radius * 1.7} ${radius * 9}`}
            transform={`rotate(${-90 + i * 50})`}
          />
        ))}
      </svg>
      <span className="t2 small">{children}</span>
    </div>
  );
}

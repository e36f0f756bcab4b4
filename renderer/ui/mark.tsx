/** The umbel: stalks from one point, each step from the middle thinner and smaller. */
export function Mark({ size = 22 }: { readonly size?: number }) {
  const steps = size <= 16 ? [-2, -1, 0, 1, 2] : [-3, -2, -1, 0, 1, 2, 3];
  const foot = 8.2;
  const stalks = steps.map((step) => {
    const distance = Math.abs(step);
    const angle = (step * 27 * Math.PI) / 180;
    const length = 15.2 - distance * 0.55;
    const x = Math.sin(angle) * length;
    const y = foot - Math.cos(angle) * length;
    return { step, x, y, width: 1.35 * 0.86 ** distance, radius: 2.55 * 0.76 ** distance };
  });
  return (
    <svg
      className="mark"
      width={size}
      height={size}
      viewBox="-12.5 -10.5 25 25"
      role="img"
      aria-label="Umbel"
    >
      <path d={`M0 ${foot}V13`} strokeWidth="1.5" />
      {stalks.map(({ step, x, y, width, radius }) => (
        <g key={step}>
          <path
            d={`M0 ${foot}Q${x * 0.22} ${foot - (foot - y) * 0.55} ${x} ${y}`}
            strokeWidth={width}
          />
          <circle cx={x} cy={y} r={radius} className={step === 0 ? "mark-centre" : undefined} />
        </g>
      ))}
    </svg>
  );
}

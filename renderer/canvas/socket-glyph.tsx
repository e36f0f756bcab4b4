import { memo } from "react";
import { membersOf, socketLook, type SocketLook } from "./socket-types.ts";

const SHAPES: Readonly<Record<Exclude<SocketLook["shape"], "any">, React.ReactNode>> = {
  square: <rect x="-4.4" y="-4.4" width="8.8" height="8.8" rx="1.9" />,
  diamond: <path d="M0-5.6 5.6 0 0 5.6-5.6 0z" />,
  circle: <circle r="4.8" />,
  hexagon: <path d="M-2.7-4.8h5.4L5.5 0 2.7 4.8h-5.4L-5.5 0z" />,
  triangle: <path d="M-3.9-4.7q0-1 .9-.5l7.9 4.5q.8.7 0 1.3l-7.9 4.6q-.9.4-.9-.6z" />,
  pill: <rect x="-5.4" y="-3.1" width="10.8" height="6.2" rx="3.1" />,
};

/** A socket's sign, 14 px square, with a cut in the ground's colour around it. */
export const SocketGlyph = memo(function SocketGlyph({ type }: { readonly type: string }) {
  const look = socketLook(type);
  if (look.shape === "any") return <AnyGlyph type={type} />;
  const shape = SHAPES[look.shape];
  return (
    <svg className="socket-glyph" viewBox="-7 -7 14 14" aria-hidden="true">
      <g className="socket-cut">{shape}</g>
      <g fill={look.color}>{shape}</g>
      <Mark look={look} />
    </svg>
  );
});

function Mark({ look }: { readonly look: SocketLook }) {
  const pill = look.shape === "pill";
  switch (look.mark) {
    case "solid":
      return null;
    case "hole":
      return pill ? (
        <rect className="socket-hole" x="-2.4" y="-1" width="4.8" height="2" rx="1" />
      ) : (
        <circle className="socket-hole" r="1.8" />
      );
    case "split":
      return <path className="socket-line" d="M0-6V6" strokeWidth="1.7" />;
    case "bars":
      return <path className="socket-line" d="M-1.6-1.6v3.2M1.6-1.6v3.2" strokeWidth="1.3" />;
    case "half":
      return <path className="socket-hole" d="M0-2.4h1.9a2.4 2.4 0 0 1 0 4.8H0z" />;
  }
}

/** "*": a dashed ring. A union: a ring whose parts have its members' colours. */
function AnyGlyph({ type }: { readonly type: string }) {
  const members = membersOf(type);
  const length = 2 * Math.PI * 3.6;
  return (
    <svg className="socket-glyph" viewBox="-7 -7 14 14" aria-hidden="true">
      <circle className="socket-cut" r="4.6" />
      {members.length === 0 ? (
        <g>
          <circle r="4.6" fill="var(--t-ANY)" />
          <circle className="socket-line" r="3.4" strokeWidth="1.6" strokeDasharray="2.2 2.1" />
        </g>
      ) : (
        members.map((member, i) => (
          <circle
            key={member}
            r="3.6"
            fill="none"
            stroke={socketLook(member).color}
            strokeWidth="2.4"
            strokeDasharray={`${length / members.length - 0.8} ${length}`}
            strokeDashoffset={(-i * length) / members.length}
          />
        ))
      )}
    </svg>
  );
}

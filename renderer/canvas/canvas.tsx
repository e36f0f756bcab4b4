import { useActive } from "../editor-context.tsx";

export function Canvas() {
  const active = useActive();
  return <p className="t3">{active?.title}</p>;
}

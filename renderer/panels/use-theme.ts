import { useSyncExternalStore } from "react";
import type { Theme } from "./radial/distance-ramp.ts";

/** The theme on screen, for what is drawn by hand. */
export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, current);
}

function current(): Theme {
  return document.documentElement.dataset["theme"] === "light" ? "light" : "dark";
}

function subscribe(changed: () => void): () => void {
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  return () => observer.disconnect();
}

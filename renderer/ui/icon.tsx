import { ICON_PATHS, type IconName } from "./icon-paths.ts";

/** A decoration: what it says stands in words beside it, or in its button's name. */
export function Icon({ name, size = 16 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg
      className="icon"
      width={size}
      height={size}
      viewBox="0 0 16 16"
      aria-hidden="true"
      // The paths are constants of icon-paths.ts.
      dangerouslySetInnerHTML={{ __html: ICON_PATHS[name] }}
    />
  );
}

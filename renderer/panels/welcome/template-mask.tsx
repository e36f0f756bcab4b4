import { useEffect, useMemo, useRef } from "react";
import { useTheme } from "../use-theme.ts";
import { Icon } from "../../ui/icon.tsx";
import { drawMask, WHOLE } from "../radial/draw-mask.ts";
import { useGeometry, useMask } from "../radial/use-mask.ts";
import { templateRadial, type Template } from "./templates.ts";

/** The block mask of a template that nobody ran here: what it computes, instead of a picture that it never made. */
export function TemplateMask({ template }: { readonly template: Template }) {
  const theme = useTheme();
  const canvas = useRef<HTMLCanvasElement>(null);
  const geometry = useGeometry(template.document, templateRadial(template));
  // Without the model: what a step costs with it takes seconds to count, and is not shown here.
  const alone = useMemo(
    () => (geometry === null ? null : { ...geometry, model: null }),
    [geometry],
  );
  const shown = useMask(`template ${template.id}`, alone);
  useEffect(() => {
    const element = canvas.current;
    if (element === null || shown === null) return;
    element.width = 480;
    element.height = 480;
    const { report } = shown.mask;
    drawMask(element, { mask: report, block: shown.block, theme, window: WHOLE, pair: null });
  }, [shown, theme]);
  if (shown === null) {
    return (
      <span className="template-none">
        <Icon name="film" />
      </span>
    );
  }
  return <canvas ref={canvas} className="template-mask" aria-hidden="true" />;
}

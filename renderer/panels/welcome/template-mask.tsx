import { useEffect, useRef } from "react";
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
  const shown = useMask(`template ${template.id}`, geometry);
  useEffect(() => {
    const element = canvas.current;
    if (element === null || shown === null) return;
    element.width = 480;
    element.height = 480;
    const { report } = shown.mask;
    drawMask(element, { mask: report, block: shown.block, theme, window: WHOLE, pair: null });
  }, [shown, theme]);
  if (geometry === null) {
    return (
      <span className="template-none">
        <Icon name="film" />
      </span>
    );
  }
  return <canvas ref={canvas} className="template-mask" aria-hidden="true" />;
}

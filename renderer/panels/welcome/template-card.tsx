import { durationText } from "../figures.ts";
import { useLastSeconds } from "../history/use-last-seconds.ts";
import { Icon } from "../../ui/icon.tsx";
import { TemplateMask } from "./template-mask.tsx";
import type { Template } from "./templates.ts";

interface TemplateCardProps {
  readonly template: Template;
  readonly chosen: boolean;
  readonly onChoose: () => void;
  readonly onOpen: () => void;
}

export function TemplateCard({ template, chosen, onChoose, onOpen }: TemplateCardProps) {
  const { id, title, words, picture, size } = template;
  const seconds = useLastSeconds(id);
  const facts = [
    size === null ? null : `${size.frames} frames`,
    // Only where this machine ran it.
    seconds === null ? null : durationText(seconds),
  ].filter((fact) => fact !== null);
  return (
    <button
      type="button"
      className={chosen ? "template on" : "template"}
      onFocus={onChoose}
      onClick={onOpen}
    >
      <span className="template-picture">
        {picture === null ? <TemplateMask template={template} /> : <img src={picture} alt="" />}
        {chosen && (
          <span className="template-open">
            <Icon name="play" size={13} /> Open ↵
          </span>
        )}
      </span>
      <span className="row template-words">
        <span className="template-title grow ellipsis">{title}</span>
        <span className="t3 small">{facts.join(" · ")}</span>
      </span>
      <span className="t2 template-about">{words}</span>
    </button>
  );
}

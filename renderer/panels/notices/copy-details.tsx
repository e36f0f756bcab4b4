import { useState } from "react";
import { useEditor } from "../../editor-context.tsx";
import { Button } from "../../ui/button.tsx";

/** Copies what helps whoever is asked: the app's version and system first. */
export function CopyDetails({
  details,
  small = false,
}: {
  readonly details: string;
  readonly small?: boolean;
}) {
  const { window: info } = useEditor();
  const [copied, setCopied] = useState(false);
  return (
    <Button
      icon={copied ? "check" : "copy"}
      small={small}
      onClick={() => {
        const text = `Umbel ${info.version}, ${info.platform}\n${details.trim()}`;
        void navigator.clipboard.writeText(text).then(() => setCopied(true));
      }}
    >
      {copied ? "Copied" : "Copy details"}
    </Button>
  );
}

import type { DocumentNode } from "#runtime/graph/document";
import type { NodeDescription } from "#runtime/protocol/node-description";
import { useEditor, useEditorStore } from "../../editor-context.tsx";
import { Button } from "../../ui/button.tsx";
import { Fact } from "../../player/live-figures.tsx";
import { valueText } from "../compare/document-differences.ts";
import { bytesText, durationText } from "../figures.ts";
import { Section } from "./section.tsx";

interface NodeFactsProps {
  readonly document: string;
  readonly node: string;
  readonly value: DocumentNode;
  readonly description: NodeDescription | undefined;
}

/** What a node is for, what it was given, and how its last run went. */
export function NodeFacts({ document, node, value, description }: NodeFactsProps) {
  const { toasts } = useEditor();
  const run = useEditorStore(
    (editor) => editor.runs,
    ({ nodes }) => nodes[document]?.[node] ?? null,
  );
  const inputs = description?.inputs.filter(({ kind }) => kind !== "socket") ?? [];
  const copy = async (text: string): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
    } catch (error) {
      toasts.fail("The details were not copied", error);
    }
  };
  const error = run?.error ?? null;
  return (
    <>
      {error !== null && (
        <Section title="Failed">
          <p className="node-error">{error.message}</p>
          <Button
            small
            icon="copy"
            onClick={() => void copy(`${error.code} at ${node} (${value.type})\n${error.message}`)}
          >
            Copy details
          </Button>
        </Section>
      )}
      {run !== null && run.seconds !== null && (
        <Section title="Last run">
          <dl className="facts">
            <Fact name="time" value={durationText(run.seconds)} />
            {run.peakBytes !== null && run.peakBytes > 0 && (
              <Fact name="peak memory" value={bytesText(run.peakBytes)} />
            )}
          </dl>
        </Section>
      )}
      {run !== null && run.warnings.length > 0 && (
        <Section title="Warnings">
          {run.warnings.map((warning, i) => (
            <p key={i} className="t2 small">
              {warning}
            </p>
          ))}
        </Section>
      )}
      <Section title="About">
        <p className="t2 about">
          {description?.description ??
            "This class is not known here. It keeps its values and links and is saved as it was."}
        </p>
        <dl className="facts">
          {inputs.map(({ name, tooltip }) => {
            const given = value.values[name];
            return given === undefined ||
              (typeof given === "string" && given.length > 40) ? null : (
              <div className="fact" key={name} title={tooltip}>
                <dt>{name.replaceAll("_", " ")}</dt>
                <dd>{valueText(given)}</dd>
              </div>
            );
          })}
        </dl>
      </Section>
    </>
  );
}

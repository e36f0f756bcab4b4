import { useEditor } from "../../editor-context.tsx";
import type { Clip } from "../../stores/player.ts";
import { Button } from "../../ui/button.tsx";

/** A result on its way out: a copy where people want it, or the file itself in its folder. */
export function ShareClip({
  clip,
  copy = "Save a copy",
  small = false,
}: {
  readonly clip: Clip;
  /** Words on its first button. */
  readonly copy?: string;
  readonly small?: boolean;
}) {
  const { shell, toasts } = useEditor();
  const name = clip.file.path.split("/").at(-1) ?? clip.name;
  const doing = (failed: string, work: () => Promise<unknown>) => () =>
    void work().catch((error: unknown) => toasts.fail(failed, error));
  const saveCopy = async (): Promise<void> => {
    if (await shell.exportResult(clip.file, name))
      toasts.show({ kind: "done", title: `Saved a copy of ${name}`, detail: GRAPH_INSIDE });
  };
  return (
    <div className="row share-clip">
      <Button
        small={small}
        icon="save"
        title={GRAPH_INSIDE}
        onClick={doing("The copy was not saved", saveCopy)}
      >
        {copy}
      </Button>
      {shell.desktop && (
        <Button
          small={small}
          icon="folder"
          onClick={doing("Its folder was not shown", () => shell.reveal(clip.file))}
        >
          Show in folder
        </Button>
      )}
    </div>
  );
}

const GRAPH_INSIDE = "Its graph is inside: dropped on Umbel, it opens.";

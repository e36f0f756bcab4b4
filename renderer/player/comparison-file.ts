/** What the player shows of two clips, as a clip of its own. */
import { resultWords } from "../panels/history/job-words.ts";
import type { Editor } from "../stores/editor.ts";
import type { PastRuns } from "../stores/past-runs.ts";
import type { Clip, PlayerState } from "../stores/player.ts";

export interface Compared {
  readonly a: Clip;
  readonly b: Clip;
  readonly view: Exclude<PlayerState["view"], "single">;
  readonly wipe: number;
}

/** Null where there are not two clips in one view. */
export function comparedNow({ a, b, live, view, wipe }: PlayerState): Compared | null {
  if (a === null || b === null || live !== null || view === "single") return null;
  return { a, b, view, wipe };
}

/** Encodes it, asks where it goes, and says that it is there, or why it is not. */
export async function saveComparison(
  { shell, toasts }: Pick<Editor, "shell" | "toasts">,
  pastRuns: PastRuns,
  { a, b, view, wipe }: Compared,
): Promise<void> {
  const named = async (clip: Clip) => {
    const document = clip.job === null ? null : await pastRuns.document(clip.job);
    return { ...clip, words: (document && resultWords(document, clip.node)) ?? "" };
  };
  try {
    const { encodeComparison } = await import("./encode-comparison.ts");
    const { data, ending } = await encodeComparison({
      a: await named(a),
      b: await named(b),
      view,
      wipe,
    });
    const saved = await shell.saveAs("video", `${a.name} and ${b.name}.${ending}`, data);
    if (saved !== null) toasts.show({ kind: "done", title: `Saved ${saved.name}` });
  } catch (error) {
    toasts.fail("The comparison was not saved", error);
  }
}

/** The session of a browser's tab: it keeps it when it is loaded anew, and no two open tabs have the same. */
import { newId } from "../stores/new-id.ts";

export interface TabSession {
  readonly session: string;
  /** Of all tabs that are open, in any browser, as the server knows them, and this one. */
  readonly sessions: readonly string[];
}

const KEY = "umbel.session";
/** Milliseconds for the server to notice that the page before this one is gone. */
const PATIENCE = 1500;
const APART = 150;

export async function openTabSession(
  base: string,
  storage: Pick<Storage, "getItem" | "setItem"> | null,
): Promise<TabSession> {
  const kept = storage?.getItem(KEY) ?? null;
  let others = await openSessions(base);
  for (let waited = 0; kept !== null && others.includes(kept); waited += APART) {
    // A tab that was copied has what the other one, which is open, keeps.
    if (waited >= PATIENCE) return tabSession(newId(), others, storage);
    await new Promise((done) => setTimeout(done, APART));
    others = await openSessions(base);
  }
  return tabSession(kept ?? newId(), others, storage);
}

function tabSession(
  session: string,
  others: readonly string[],
  storage: Pick<Storage, "setItem"> | null,
): TabSession {
  storage?.setItem(KEY, session);
  return { session, sessions: [session, ...others] };
}

async function openSessions(base: string): Promise<readonly string[]> {
  const answer = await fetch(`${base}/umbel/sessions`);
  const { sessions } = (await answer.json()) as { sessions?: readonly string[] };
  return sessions ?? [];
}

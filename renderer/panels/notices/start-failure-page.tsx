/** In place of the window, when the runtime does not start: why, what is safe, and what to do. */
import { useState } from "react";
import { useEditor } from "../../editor-context.tsx";
import { failureDetails, type StartFailure } from "../../stores/startup.ts";
import { Button } from "../../ui/button.tsx";
import { Icon } from "../../ui/icon.tsx";
import { Mark } from "../../ui/mark.tsx";
import { CopyDetails } from "./copy-details.tsx";
import "./notices.css";

export function StartFailurePage({ failure }: { readonly failure: StartFailure }) {
  const { startup } = useEditor();
  const [trying, setTrying] = useState(false);
  const retry = async (): Promise<void> => {
    setTrying(true);
    await startup.retry();
    setTrying(false);
  };
  return (
    <main className="start-failure">
      <Mark size={40} />
      <h1>The runtime does not start</h1>
      <p role="alert" className="start-failure-words">
        <Icon name="error" />
        <span>{failure.message}</span>
      </p>
      <p className="t2">
        Your graphs, results and models are as they were. Unsaved changes are kept in the journal.
      </p>
      <div className="row">
        <Button kind="primary" icon="loop" disabled={trying} onClick={() => void retry()}>
          {trying ? "Starting" : "Try again"}
        </Button>
        <CopyDetails details={failureDetails(failure)} />
      </div>
      {failure.printed.trim() !== "" && <pre tabIndex={0}>{failure.printed.trim()}</pre>}
    </main>
  );
}

import { createRoot } from "react-dom/client";

// The connection to the runtime comes with the shell; without one there is nothing to edit with.
createRoot(document.getElementById("root")!).render(<p>Umbel runs in its desktop window.</p>);

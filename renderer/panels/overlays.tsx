/** What covers the window: pages and dialogs that are opened by a command. */
import { useEditorStore } from "../editor-context.tsx";
import { ErrorBoundary } from "../ui/error-boundary.tsx";
import { GalleryPage } from "./gallery/gallery-page.tsx";
import { SettingsPage } from "./settings/settings-page.tsx";
import { SweepDialog } from "./sweep/sweep-dialog.tsx";
import { WelcomePage } from "./welcome/welcome-page.tsx";

export function Overlays() {
  const overlay = useEditorStore(
    (editor) => editor.layout,
    (state) => state.overlay,
  );
  const gallery = useEditorStore(
    (editor) => editor.layout,
    (state) => state.panel === "gallery",
  );
  return (
    <ErrorBoundary name="The page">
      {(gallery || overlay === "gallery") && <GalleryPage />}
      {overlay === "settings" && <SettingsPage />}
      {overlay === "sweep" && <SweepDialog />}
      {overlay === "welcome" && <WelcomePage />}
    </ErrorBoundary>
  );
}

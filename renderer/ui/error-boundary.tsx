import { Component, type ReactNode } from "react";
import { Button } from "./button.tsx";

interface Props {
  /** What it holds, in words: "The inspector". */
  readonly name: string;
  readonly children: ReactNode;
}

/** Keeps a fault in one region from taking the window with it. */
export class ErrorBoundary extends Component<Props, { readonly error: Error | null }> {
  override state: { readonly error: Error | null } = { error: null };

  static getDerivedStateFromError(error: unknown) {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === null) return this.props.children;
    return (
      <div className="region-error" role="alert">
        <p className="medium">{this.props.name} stopped.</p>
        <p className="t2">Your graphs are safe. {error.message}</p>
        <Button small onClick={() => this.setState({ error: null })}>
          Show it again
        </Button>
      </div>
    );
  }
}

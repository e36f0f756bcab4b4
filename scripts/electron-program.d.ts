export function electronProgram():
  | { readonly program: string; readonly reason: null }
  | { readonly program: null; readonly reason: string };

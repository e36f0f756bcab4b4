/** What an input takes from a link: a list of choices or files takes text and numbers. */
export const acceptedType = (kind: string, type: string): string =>
  kind === "combo" || kind === "file" ? "COMBO,STRING,INT,FLOAT" : type;

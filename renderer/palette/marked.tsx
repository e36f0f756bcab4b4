/** A text with the letters marked that matched. */
export function Marked(props: { readonly text: string; readonly marks: ReadonlySet<number> }) {
  const { text, marks } = props;
  if (marks.size === 0) return text;
  return text.split("").map((letter, i) => (marks.has(i) ? <mark key={i}>{letter}</mark> : letter));
}

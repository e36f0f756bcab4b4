/** What prompts go through before an encoder reads them. */
export interface Tokenizer {
  /** Id of the token that begins every text; null: none does. */
  readonly startId: number | null;
  /** Id of the token that ends every text; null: the file does not say. */
  readonly endId: number | null;
  /** Id of the token that fills texts up; absent: the file has none, or does not say. */
  readonly padId?: number | undefined;
  /** Ids of a text without those two. */
  encode(text: string): Int32Array;
}

/** The end of what a process prints, kept for whoever asks why it ended; all of it goes on to where it would have gone. */
const MOST = 8000;

export class LastWords {
  #text = "";

  constructor(from: NodeJS.ReadableStream | null, to: NodeJS.WritableStream) {
    from?.on("data", (data: Buffer | string) => {
      this.#text = (this.#text + data.toString()).slice(-MOST);
      to.write(data);
    });
  }

  get text(): string {
    return this.#text;
  }
}

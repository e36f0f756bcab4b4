/** A request that is refused, with its HTTP status. */
export class Refusal extends Error {
  readonly status: number;
  readonly type: string;

  constructor(status: number, type: string, message: string) {
    super(message);
    this.name = "Refusal";
    this.status = status;
    this.type = type;
  }
}

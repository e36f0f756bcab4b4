/** What a client may ask for; beyond it requests are refused with words. */

export interface Limits {
  /** Bytes of a JSON body. */
  readonly bodyBytes: number;
  /** Bytes of an uploaded file. */
  readonly uploadBytes: number;
  readonly nodes: number;
  /** Jobs that wait. */
  readonly queue: number;
  readonly sockets: number;
  /** Bytes of one WebSocket message from a client. */
  readonly messageBytes: number;
  /** Bytes that wait for a client that does not read; then its socket is closed. */
  readonly backlogBytes: number;
  /** Pixels of a frame, and frames of a clip, that a prompt may ask for. */
  readonly pixels: number;
  readonly frames: number;
  /** Files of one user, and bytes of one of them. */
  readonly userFiles: number;
  readonly userFileBytes: number;
}

export const DEFAULT_LIMITS: Limits = {
  bodyBytes: 16 << 20,
  uploadBytes: 512 << 20,
  nodes: 2000,
  queue: 10_000,
  sockets: 1000,
  messageBytes: 1 << 20,
  backlogBytes: 64 << 20,
  pixels: 4096 * 4096,
  frames: 4097,
  userFiles: 10_000,
  userFileBytes: 16 << 20,
};

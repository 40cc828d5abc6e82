/** What the page and its worker for small pictures say to each other. */
export interface ShrinkRequest {
  readonly id: number;
  readonly image: Blob;
  /** Pixels of the long side, at most. */
  readonly longSide: number;
}

export interface ShrinkAnswer {
  readonly id: number;
  /** Null: `problem` says, for people, why not. */
  readonly small: Blob | null;
  readonly problem: string;
}

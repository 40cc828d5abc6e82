/**
 * The annotation has boxes that are not the panel's, and nobody has said that more may be added. The bridge refuses with
 * it, whatever the panel believes of the annotation, and the panel asks.
 */
export class OccupiedError extends Error {
  override readonly name = 'OccupiedError';
  readonly code = 'occupied';

  constructor() {
    super('This annotation has boxes by now. Pre-label again, and say whether more may be added.');
  }
}

import { transferHandlers } from 'comlink';
import { EngineError } from './errors.ts';
import type { EngineErrorCode } from './errors.ts';

interface WireError {
  readonly engineError: { readonly code: EngineErrorCode; readonly detail: string | undefined };
}

function isWireError(value: unknown): value is WireError {
  return typeof value === 'object' && value !== null && 'engineError' in value;
}

/**
 * Lets `EngineError` cross comlink as itself. comlink's own handler rebuilds every error as a plain
 * `Error` and loses class and code. To be called once on both sides of the border.
 */
export function registerErrorTransfer(): void {
  const plain = transferHandlers.get('throw');
  if (plain === undefined) throw new Error('comlink has no handler for thrown values.');
  transferHandlers.set('throw', {
    canHandle: (value): value is unknown => plain.canHandle(value),
    serialize: (thrown) => {
      const value = (thrown as { readonly value: unknown }).value;
      if (!(value instanceof EngineError)) return plain.serialize(thrown);
      const wire: WireError = { engineError: { code: value.code, detail: value.detail } };
      return [wire, []];
    },
    deserialize: (wire: unknown) => {
      if (isWireError(wire)) throw new EngineError(wire.engineError.code, wire.engineError.detail);
      return plain.deserialize(wire);
    },
  });
}

export const LABEL_STUDIO_VERSION: string;
/** The folder of the virtual environment with the pinned Label Studio. */
export function environmentFolder(): string;
/** Its python; the environment is made when it is missing. */
export function labelStudioPython(): Promise<string>;

/** The python of the trainer's virtual environment; the environment is made when it is missing. */
export function trainerPython(options?: { readonly cuda?: boolean }): Promise<string>;

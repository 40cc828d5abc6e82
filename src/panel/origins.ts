/** Whose pages may show the panel: the list as the relay gives it. */
import * as v from 'valibot';

export const panelOriginListSchema = v.object({
  /** Oldest first. */
  origins: v.pipe(
    v.array(
      v.object({
        /** 'http://localhost:8080' */
        origin: v.string(),
        /** ISO 8601. */
        added: v.string(),
      }),
    ),
    v.readonly(),
  ),
});

/** The answer of GET, POST and DELETE `/api/panel/origins`. */
export type PanelOriginList = Readonly<v.InferOutput<typeof panelOriginListSchema>>;
export type PanelOrigin = PanelOriginList['origins'][number];

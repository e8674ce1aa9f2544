import { useEffect, useEffectEvent, useMemo, useSyncExternalStore } from "react";
import type { LiveView, ViewSpec } from "../live-view";
import { type LiveState, nothing } from "../live-view";
import type { Mutate } from "../mutations";
import type { AnyRow, ChangeHandlers, RowDeleted, RowInserted, RowUpdated } from "../rows";
import { useHub } from "./context";

export type LiveTableSpec = ViewSpec & {
  /** False opens nothing: for what is not known yet. */
  enabled?: boolean | undefined;
};

export type LiveRows<
  Row extends AnyRow,
  New = Partial<Row>,
  Changes = Partial<Row>,
> = LiveState<Row> & {
  /** Reads everything again; happens by itself whenever something may have been missed. */
  resync: () => Promise<void>;
  /** Keeps the rows as they are until the function that it returns is called. */
  hold: () => () => void;
  mutate: Mutate<Row, New, Changes>;
};

const keepNothing = () => () => {};

/**
 * The rows of a table that a filter lets through, live.
 *
 * Handlers are called once for every change of the filter, this page's own among them (see `isMine`), and
 * never for what a read finds. They may be other functions at each rendering.
 */
export function useLiveTable<Row extends AnyRow, New = Partial<Row>, Changes = Partial<Row>>(
  { enabled = true, ...spec }: LiveTableSpec,
  handlers: ChangeHandlers<Row> = {},
): LiveRows<Row, New, Changes> {
  const hub = useHub();
  // A spec is written anew at each rendering; what it says is what counts.
  const said = JSON.stringify(spec);
  const view = useMemo(() => hub.view<Row>(JSON.parse(said) as ViewSpec), [hub, said]);
  const state = useSyncExternalStore(
    enabled ? view.subscribe : keepNothing,
    enabled ? view.getState : nothing<Row>,
    nothing<Row>,
  );
  useHandlers(view, handlers, enabled);
  return {
    ...state,
    resync: view.resync,
    hold: view.hold,
    // The same functions, typed by what the table takes.
    mutate: view.mutate as unknown as Mutate<Row, New, Changes>,
  };
}

function useHandlers<Row extends AnyRow>(
  view: LiveView<Row>,
  handlers: ChangeHandlers<Row>,
  enabled: boolean,
): void {
  const onInsert = useEffectEvent((change: RowInserted<Row>) => handlers.onInsert?.(change));
  const onUpdate = useEffectEvent((change: RowUpdated<Row>) => handlers.onUpdate?.(change));
  const onDelete = useEffectEvent((change: RowDeleted<Row>) => handlers.onDelete?.(change));
  useEffect(() => {
    if (!enabled) return;
    return view.listen({
      onInsert: (change) => onInsert(change),
      onUpdate: (change) => onUpdate(change),
      onDelete: (change) => onDelete(change),
    });
  }, [view, enabled]);
}

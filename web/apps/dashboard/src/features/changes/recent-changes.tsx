import { Button, EmptyState, Loading, Skeleton, useNow } from "@slotcast/ui";
import { History } from "lucide-react";
import { useMemo, useState } from "react";
import type { Desk } from "../desk/desk";
import { type Change, type ChangeFilter, fits } from "./change";
import { ChangeFilterBar } from "./change-filter";
import { ChangeItem } from "./change-item";
import { ChangeList } from "./change-list";
import { useTexts } from "./texts";
import { PAGE_SIZE, useChanges } from "./use-changes";
import { useSeen } from "./use-seen";
import { useWords } from "./use-words";

export interface RecentChangesProps {
  desk: Desk;
  onShow: (appointmentId: string, start: string | null) => void;
  /** Whether a change can be taken back now; without it, nothing can. */
  canUndo?: (change: Change) => boolean;
  onUndo?: (change: Change) => void;
}

/** What happened to the workspace's appointments: who, what and when, newest first. */
export function RecentChanges({ desk, onShow, canUndo, onUndo }: RecentChangesProps) {
  const t = useTexts();
  const nowMs = useNow();
  const [limit, setLimit] = useState(PAGE_SIZE);
  const [filter, setFilter] = useState<ChangeFilter>({ kind: null, memberId: null });
  const { changes, error, isLoading, resync } = useChanges(desk, limit);
  const words = useWords(desk, nowMs);
  const fitting = useMemo(
    () => changes.filter((change) => fits(change, filter)),
    [changes, filter],
  );
  const seenId = useSeen(desk, changes[0]?.id ?? 0);

  const older = changes.length >= limit && <Older onClick={() => setLimit(limit + PAGE_SIZE)} />;

  return (
    // In a sheet, which has this title already and on phones no height of its own, it brings its own height.
    <section
      aria-label={t("changes.title")}
      className="flex h-full min-h-0 flex-col in-[[role=dialog]]:-mx-3 in-[[role=dialog]]:max-sm:h-[72dvh]"
    >
      <h2 className="px-3 pt-3 pb-2 font-semibold text-md in-[[role=dialog]]:hidden">
        {t("changes.title")}
      </h2>
      <ChangeFilterBar members={desk.members} filter={filter} onChange={setFilter} />
      {isLoading ? (
        <ListSkeleton />
      ) : fitting.length > 0 ? (
        <ChangeList changes={fitting} seenId={seenId} me={desk.me} footer={older}>
          {(change) => (
            <ChangeItem
              change={change}
              words={words}
              zone={desk.zone}
              nowMs={nowMs}
              isNew={Date.parse(change.at) > nowMs}
              onShow={onShow}
              onUndo={canUndo?.(change) ? onUndo : undefined}
            />
          )}
        </ChangeList>
      ) : error ? (
        <EmptyState
          icon={History}
          title={t("changes.failed")}
          action={<Button onClick={() => void resync()}>{t("changes.retry")}</Button>}
        />
      ) : changes.length > 0 ? (
        <EmptyState icon={History} title={t("changes.nothingMatches")} action={older} />
      ) : (
        <EmptyState icon={History} title={t("changes.empty")}>
          {t("changes.emptyHint")}
        </EmptyState>
      )}
    </section>
  );
}

function Older({ onClick }: { onClick: () => void }) {
  const t = useTexts();
  return (
    <div className="flex justify-center p-3">
      <Button size="sm" variant="quiet" onClick={onClick}>
        {t("changes.older")}
      </Button>
    </div>
  );
}

function ListSkeleton() {
  return (
    <Loading className="flex flex-col gap-4 px-3 py-2">
      {["a", "b", "c", "d", "e"].map((row) => (
        <div key={row} className="flex gap-2.5">
          <Skeleton className="size-6 rounded-full" />
          <div className="flex-1 space-y-1.5">
            <Skeleton className="h-4 w-11/12" />
            <Skeleton className="h-3 w-1/2" />
          </div>
        </div>
      ))}
    </Loading>
  );
}

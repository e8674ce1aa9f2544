/** The shapes of what is on its way, so that nothing jumps when it arrives. */
import { Loading, Skeleton } from "@slotcast/ui";

/** The shape of a day: hours at the start, columns with some appointments. */
export function GridSkeleton() {
  return (
    <Loading className="flex h-full gap-3 p-4 ps-16">
      {[0, 1, 2].map((column) => (
        <div key={column} className="flex flex-1 flex-col gap-3">
          <Skeleton className="mx-auto h-5 w-24" />
          {[12, 20, 8, 16].map((height, index) => (
            <Skeleton
              key={height}
              style={{ height: `${height * 4}px`, marginTop: `${((index + column) % 3) * 12}px` }}
            />
          ))}
        </div>
      ))}
    </Loading>
  );
}

export function AgendaSkeleton() {
  return (
    <Loading className="flex flex-col gap-2 p-4">
      {[0, 1, 2, 3, 4].map((row) => (
        <Skeleton key={row} className="h-14" />
      ))}
    </Loading>
  );
}

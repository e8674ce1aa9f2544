import { Button } from "@slotcast/ui";
import { ArrowUp } from "lucide-react";
import { type ReactNode, useRef } from "react";
import type { Change } from "./change";
import { holdBack, listRows } from "./rows";
import { useTexts } from "./texts";
import { useStill } from "./use-still";

export interface ChangeListProps {
  /** Newest first. */
  changes: readonly Change[];
  seenId: number | null;
  me: string;
  children: (change: Change) => ReactNode;
  /** Stands below the last one. */
  footer?: ReactNode;
}

/** The list: it stays still under the reader's hand, and the browser lays out only what is in sight. */
export function ChangeList({ changes, seenId, me, children, footer }: ChangeListProps) {
  const t = useTexts();
  const scroller = useRef<HTMLDivElement>(null);
  const { heldAt, letIn } = useStill(scroller, changes[0]?.id ?? 0);
  const { shown, newCount } = holdBack(changes, heldAt);
  const rows = listRows(shown, seenId, me);

  return (
    <div className="relative min-h-0 flex-1">
      {newCount > 0 && (
        <div className="absolute inset-x-0 top-2 z-10 flex justify-center">
          <Button size="sm" variant="primary" className="rounded-full shadow-float" onClick={letIn}>
            {t("changes.newAbove", { count: newCount })}
            <ArrowUp aria-hidden className="size-4" strokeWidth={2} />
          </Button>
        </div>
      )}
      {/* The log can be scrolled with the keyboard, so it takes focus. */}
      <div
        ref={scroller}
        role="log"
        aria-live="off"
        aria-label={t("changes.title")}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard
        tabIndex={0}
        className="h-full overflow-y-auto overscroll-contain -outline-offset-2"
      >
        <ol>
          {rows.map((row) => (
            // Two lines of words and one of who and when, until it has been laid out.
            <li
              key={row.key}
              className="[contain-intrinsic-size:auto_3.75rem] [content-visibility:auto]"
            >
              {row.kind === "divider" ? <Divider /> : children(row.change)}
            </li>
          ))}
        </ol>
        {footer}
      </div>
    </div>
  );
}

function Divider() {
  const t = useTexts();
  return (
    <p className="flex items-center gap-2 px-3 py-1.5 font-medium text-accent-text text-xs">
      <ArrowUp aria-hidden className="size-3.5" strokeWidth={2} />
      {t("changes.sinceLastLook")}
      <span aria-hidden className="h-px flex-1 bg-accent" />
    </p>
  );
}

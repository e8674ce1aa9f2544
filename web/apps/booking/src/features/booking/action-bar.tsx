import { Button, Refused } from "@slotcast/ui";
import type { ReactNode } from "react";
import { PRIMARY_ID } from "../times/primary-action";

export interface ActionBarProps {
  /** The form that the button belongs to. */
  formId: string;
  label: string;
  /** What it is about, in a line; for phones, where the summary does not fit. */
  line: string;
  /** What has happened meanwhile. It stands here so that nothing in the page moves under the finger. */
  children?: ReactNode;
  /** Why it cannot be done right now. */
  obstacle?: ReactNode;
  /** Why it was not done. Here and not in the form, whose end may be out of sight. */
  error?: unknown;
  disabled?: boolean;
  busy?: boolean;
}

/** The one thing to do: under the thumb on phones, below the summary elsewhere. */
export function ActionBar(props: ActionBarProps) {
  const { formId, label, line, children, obstacle, error, disabled, busy } = props;
  return (
    <div className="fixed inset-x-0 bottom-0 z-30 border-line border-t bg-surface px-4 pt-3 pb-[max(0.75rem,env(safe-area-inset-bottom))] lg:static lg:z-auto lg:mt-4 lg:border-0 lg:bg-transparent lg:p-0">
      {children}
      <p className="figures mb-2 truncate text-ink-soft text-sm lg:hidden">{line}</p>
      <div role="status" className="empty:hidden">
        {obstacle && <p className="mb-2 text-danger text-md">{obstacle}</p>}
      </div>
      <div className="not-empty:mb-3">
        <Refused error={error} />
      </div>
      {/* Not `disabled`: a button that loses its slot must not lose focus as well. */}
      <Button
        id={PRIMARY_ID}
        type="submit"
        form={formId}
        variant="primary"
        size="lg"
        className="w-full"
        aria-disabled={disabled || busy || undefined}
        busy={busy ?? false}
      >
        {label}
      </Button>
    </div>
  );
}

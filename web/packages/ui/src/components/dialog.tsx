import { X } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import type { ComponentProps, ReactNode } from "react";
import { cn } from "../cn";
import { useTexts } from "../texts";
import { IconButton } from "./button";

export interface DialogProps {
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
  /** Opens it; leave it out when *open* is yours. */
  trigger?: ReactNode;
  title: ReactNode;
  description?: ReactNode;
  children?: ReactNode;
  /** Buttons; the primary one last. */
  footer?: ReactNode;
  className?: string;
  /** Where focus goes first; the first field, or else the first control, when left out. */
  onOpenAutoFocus?: (event: Event) => void;
}

/** Asks one thing, in the middle of the page; on phones it comes from below. */
export function Dialog(props: DialogProps) {
  return (
    <Shell
      {...props}
      look={cn(
        "inset-x-0 bottom-0 max-h-[92dvh] animate-sheet-bottom rounded-t-card",
        "sm:inset-x-auto sm:start-1/2 sm:bottom-auto sm:top-[12vh] sm:w-[min(30rem,calc(100vw-2rem))] sm:max-h-[76vh]",
        "sm:-translate-x-1/2 sm:animate-fade sm:rounded-card rtl:sm:translate-x-1/2",
      )}
    />
  );
}

export interface SheetProps extends DialogProps {
  /** Whether the page behind stays usable. */
  modal?: boolean;
}

/** Holds details at the end of the page; on phones it comes from below. */
export function Sheet({ modal = true, ...props }: SheetProps) {
  return (
    <Shell
      {...props}
      modal={modal}
      look={cn(
        "inset-x-0 bottom-0 max-h-[92dvh] animate-sheet-bottom rounded-t-card",
        "sm:inset-x-auto sm:end-0 sm:inset-y-0 sm:max-h-none sm:w-[min(26rem,100vw)] sm:animate-sheet-end sm:rounded-none sm:rounded-s-card",
      )}
    />
  );
}

interface ShellProps extends DialogProps {
  look: string;
  modal?: boolean;
}

function Shell(props: ShellProps) {
  const { open, onOpenChange, trigger, title, description, children, footer, className } = props;
  const { look, modal = true, onOpenAutoFocus = focusFirstField } = props;
  const t = useTexts();
  return (
    <Radix.Root
      modal={modal}
      {...(open === undefined ? {} : { open })}
      {...(onOpenChange ? { onOpenChange } : {})}
    >
      {trigger && <Radix.Trigger asChild>{trigger}</Radix.Trigger>}
      <Radix.Portal>
        {modal && <Radix.Overlay className="fixed inset-0 z-40 animate-fade bg-scrim" />}
        <Radix.Content
          className={cn(
            "fixed z-50 flex flex-col overflow-hidden border border-line bg-surface shadow-sheet outline-none",
            look,
            className,
          )}
          onOpenAutoFocus={onOpenAutoFocus}
          {...(description ? {} : { "aria-describedby": undefined })}
          {...(modal ? {} : { onInteractOutside: (event: Event) => event.preventDefault() })}
        >
          {/* No <header>: outside of the page it would be a second banner. */}
          <div className="flex items-start justify-between gap-3 px-5 pt-4 pb-2">
            <div className="min-w-0 pt-1">
              <Radix.Title className="font-semibold text-lg">{title}</Radix.Title>
              {description && (
                <Radix.Description className="mt-1 text-ink-soft text-md">
                  {description}
                </Radix.Description>
              )}
            </div>
            <Radix.Close asChild>
              <IconButton icon={X} label={t("close")} className="-me-2 max-sm:size-11" />
            </Radix.Close>
          </div>
          <div className="min-h-0 flex-1 overflow-y-auto px-5 pt-1 pb-5">{children}</div>
          {footer && (
            <div className="flex flex-wrap justify-end gap-2 border-line border-t px-5 py-3 pb-[max(0.75rem,env(safe-area-inset-bottom))]">
              {footer}
            </div>
          )}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** Who opens a form wants to write, and not to close it again. */
function focusFirstField(event: Event): void {
  if (!(event.target instanceof Element)) return;
  const field = event.target.querySelector<HTMLElement>(
    "input:not([type=hidden], :disabled), textarea:not(:disabled), [role=combobox]:not(:disabled)",
  );
  if (!field) return;
  event.preventDefault();
  field.focus();
}

/** Closes the dialog or sheet around it when its one child is clicked. */
export function DialogClose(props: ComponentProps<typeof Radix.Close>) {
  return <Radix.Close asChild {...props} />;
}

import { useEffect, useEffectEvent } from "react";
import { Toaster, toast } from "sonner";
import { useTexts } from "../texts";
import { useTheme } from "../theme";

export type Sonner = typeof toast;

export interface ToastListProps {
  /** Called once toasts can be shown, and without any when they no longer can. */
  onReady: (sonner?: Sonner) => void;
}

/** Where toasts appear; loaded with the first of them. */
export function ToastList({ onReady }: ToastListProps) {
  const t = useTexts();
  const { theme } = useTheme();
  const ready = useEffectEvent(onReady);
  useEffect(() => {
    // A frame later, when the live region is in the page: what comes along with one is not read aloud.
    const frame = requestAnimationFrame(() => ready(toast));
    return () => {
      cancelAnimationFrame(frame);
      ready();
    };
  }, []);
  return (
    <Toaster
      theme={theme}
      position="bottom-right"
      duration={6_000}
      gap={8}
      closeButton
      containerAriaLabel={t("notifications")}
      mobileOffset={{ bottom: "calc(5.5rem + env(safe-area-inset-bottom))" }}
      toastOptions={{
        closeButtonAriaLabel: t("dismiss"),
        classNames: {
          toast:
            "!rounded-card !border !border-line-strong !bg-raised !text-ink !shadow-float !font-sans !items-start !gap-3 !p-4 !text-md",
          title: "!font-medium !leading-snug",
          description: "!text-ink-soft !text-sm",
          actionButton:
            "!h-9 !rounded-control !bg-accent !px-3 !font-medium !text-on-accent !text-sm",
          cancelButton:
            "!h-9 !rounded-control !bg-transparent !px-3 !font-medium !text-ink-soft !text-sm",
          closeButton:
            "!border-line-strong !bg-raised !text-ink-soft hover:!bg-sunken hover:!text-ink",
          icon: "!mt-0.5",
        },
      }}
    />
  );
}

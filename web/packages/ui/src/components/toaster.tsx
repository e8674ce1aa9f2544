import { Toaster as Sonner } from "sonner";
import { useTexts } from "../texts";
import { useTheme } from "../theme";

export { toast } from "sonner";

/**
 * Where toasts appear; mount it once, in the shell. Its list is a polite live region: do not announce the same
 * text as well. `toast(title, { id, description, action: { label, onClick }, duration })`; a toast that must stay
 * until it is dismissed has `duration: Number.POSITIVE_INFINITY`.
 */
export function Toaster() {
  const t = useTexts();
  const { theme } = useTheme();
  return (
    <Sonner
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

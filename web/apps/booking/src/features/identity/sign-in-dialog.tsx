import { Dialog, SignIn, type SignInView, useSession } from "@slotcast/ui";
import { useEffect, useEffectEvent } from "react";
import { useTexts } from "../../texts";

export interface SignInDialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  initial?: SignInView;
  /** The name to begin signing up with. */
  name?: string;
}

/** Signs in without leaving the page, so that nothing that was chosen or typed is lost. */
export function SignInDialog({ open, onOpenChange, initial, name }: SignInDialogProps) {
  const t = useTexts();
  const { user, isGuest } = useSession();
  const isKnown = user !== null && !isGuest;
  const close = useEffectEvent(() => onOpenChange(false));
  useEffect(() => {
    if (isKnown) close();
  }, [isKnown]);
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={t("account.signIn")}>
      <SignIn
        size="lg"
        title={null}
        {...(initial ? { initial } : {})}
        {...(name ? { name } : {})}
        offers={({ role }) => role === "customer"}
      />
    </Dialog>
  );
}

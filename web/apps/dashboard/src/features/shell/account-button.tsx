import { Avatar, Button, type ButtonProps, nameOf, useSession } from "@slotcast/ui";
import { useTexts } from "./texts";

/** Who is signed in; what opens the menu of their account, once that is loaded. */
export function AccountButton(props: ButtonProps) {
  const t = useTexts();
  const { user } = useSession();
  return (
    <Button
      variant="quiet"
      aria-label={t("shell.account")}
      className="size-9 rounded-full p-0"
      {...props}
    >
      <Avatar name={nameOf(user)} size="sm" className="size-8" />
    </Button>
  );
}

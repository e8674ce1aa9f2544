import {
  Button,
  Dialog,
  DialogClose,
  DropdownMenu,
  LanguageMenuItems,
  MenuItem,
  MenuLabel,
  MenuSeparator,
  nameOf,
  ThemeMenuItems,
  useSession,
} from "@slotcast/ui";
import { LogIn, LogOut } from "lucide-react";
import { useState } from "react";
import { SignInDialog } from "../features/identity/sign-in-dialog";
import { useTexts } from "../texts";
import { AccountTrigger } from "./account-button";

/** Who is signed in, and how the page looks and speaks. It is loaded when somebody asks for it, and opens at once. */
export function AccountMenu() {
  const t = useTexts();
  const { user, isGuest, signOut } = useSession();
  const [asks, setAsks] = useState<"sign-in" | "leave">();
  const name = isGuest ? nameOf(user) || t("account.guest") : nameOf(user);
  const close = () => setAsks(undefined);
  return (
    <>
      <DropdownMenu startsOpen trigger={<AccountTrigger name={name} />}>
        {user ? (
          <>
            <MenuLabel>{user.email || name}</MenuLabel>
            {isGuest && (
              <MenuItem icon={LogIn} onSelect={() => setAsks("sign-in")}>
                {t("account.signIn")}
              </MenuItem>
            )}
            <MenuItem icon={LogOut} onSelect={() => (isGuest ? setAsks("leave") : void signOut())}>
              {t("account.signOut")}
            </MenuItem>
          </>
        ) : (
          <MenuItem icon={LogIn} onSelect={() => setAsks("sign-in")}>
            {t("account.signIn")}
          </MenuItem>
        )}
        <MenuSeparator />
        <LanguageMenuItems />
        <MenuSeparator />
        <ThemeMenuItems />
      </DropdownMenu>
      <SignInDialog open={asks === "sign-in"} onOpenChange={close} />
      <Dialog
        open={asks === "leave"}
        onOpenChange={close}
        title={t("account.leaveTitle")}
        description={t("account.leaveWhy")}
        footer={
          <>
            <DialogClose>
              <Button size="lg">{t("account.stay")}</Button>
            </DialogClose>
            <DialogClose>
              <Button size="lg" variant="danger" onClick={() => void signOut()}>
                {t("account.signOut")}
              </Button>
            </DialogClose>
          </>
        }
      />
    </>
  );
}

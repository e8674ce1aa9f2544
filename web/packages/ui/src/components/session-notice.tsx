import { useSession } from "../session";
import { useTexts } from "../texts";
import { Banner } from "./banner";

/** Why nobody is signed in who was to be; nothing where that is as it was asked for. */
export function SessionNotice({ className }: { className?: string }) {
  const t = useTexts();
  const { notice } = useSession();
  return (
    <div role="alert" className="empty:hidden">
      {notice && (
        <Banner tone="warning" {...(className ? { className } : {})}>
          {t(notice === "ended" ? "error.expired" : "signIn.notEntered")}
        </Banner>
      )}
    </div>
  );
}

import { Button, EmptyState, Loading, useErrorText, useSession } from "@slotcast/ui";
import { useQuery } from "@tanstack/react-query";
import { MailOpen } from "lucide-react";
import { useEffect, useEffectEvent } from "react";
import { Outside } from "./outside";
import { useTexts } from "./texts";

export interface AcceptInvitationProps {
  token: string;
  /** *slug*: of the workspace that let them in; undefined if none did. */
  onDone: (slug?: string) => void;
}

/** Accepts an invitation as whoever is signed in, or says why that cannot be. */
export function AcceptInvitation({ token, onDone }: AcceptInvitationProps) {
  const t = useTexts();
  const errorText = useErrorText();
  const { supabase, user, signOut } = useSession();
  const { data: slug, error } = useQuery({
    queryKey: ["accept", token],
    queryFn: async () => {
      const answer = await supabase.rpc("accept_invitation", { p_token: token }).throwOnError();
      return answer.data as string;
    },
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const done = useEffectEvent(onDone);
  useEffect(() => {
    if (slug !== undefined) done(slug);
  }, [slug]);
  if (!error) {
    return (
      <Outside>
        <Loading>{null}</Loading>
      </Outside>
    );
  }
  return (
    <Outside>
      <div role="alert">
        <EmptyState
          icon={MailOpen}
          heading="h1"
          title={t("shell.invitation.title")}
          action={
            <div className="flex flex-wrap justify-center gap-2">
              <Button variant="primary" onClick={() => onDone()}>
                {t("shell.invitation.goOn")}
              </Button>
              <Button onClick={() => void signOut()}>{t("shell.invitation.other")}</Button>
            </div>
          }
        >
          {errorText(error)}
          <span className="mt-3 block">{t("shell.signedInAs", { name: user?.email ?? "" })}</span>
        </EmptyState>
      </div>
    </Outside>
  );
}

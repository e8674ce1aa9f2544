import type { SupabaseClient } from "@supabase/supabase-js";
import { type Config, loadDemoAccounts } from "./config";

const PARAMETER = "as";

/**
 * In demo mode, signs in as the account that the address names (`?as=EMAIL`), so that the start page can open the
 * apps as somebody. The address loses the name, and whoever was signed in is signed in no more.
 */
export async function enterDemo(client: SupabaseClient, config: Config): Promise<void> {
  const address = new URL(location.href);
  const email = address.searchParams.get(PARAMETER);
  if (!config.demo || !email) return;
  address.searchParams.delete(PARAMETER);
  history.replaceState(history.state, "", address);
  const { data } = await client.auth.getSession();
  if (data.session?.user.email === email) return;
  const account = (await loadDemoAccounts()).find((offered) => offered.email === email);
  if (account) await client.auth.signInWithPassword(account);
}

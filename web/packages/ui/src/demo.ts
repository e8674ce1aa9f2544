import type { SupabaseClient } from "@supabase/supabase-js";
import { type Config, loadDemoAccounts } from "./config";

const PARAMETER = "as";

/**
 * In demo mode, signs in as the account that the address names (`?as=EMAIL`), so that the start page can open the
 * apps as somebody; whoever was signed in is signed in no more. To be called before anything is shown.
 *
 * The address keeps the name until that is done: reloading meanwhile, or after it failed, tries again.
 *
 * @returns False if somebody was asked for and could not be signed in.
 */
export async function enterDemo(client: SupabaseClient, config: Config): Promise<boolean> {
  const address = new URL(location.href);
  const email = address.searchParams.get(PARAMETER);
  if (!config.demo || !email) return true;
  if (!(await signInAs(client, email))) return false;
  address.searchParams.delete(PARAMETER);
  history.replaceState(history.state, "", address);
  return true;
}

async function signInAs(client: SupabaseClient, email: string): Promise<boolean> {
  const { data } = await client.auth.getSession();
  if (data.session?.user.email === email) return true;
  const account = (await loadDemoAccounts()).find((offered) => offered.email === email);
  if (!account) return false;
  const { error } = await client.auth.signInWithPassword(account);
  return error === null;
}

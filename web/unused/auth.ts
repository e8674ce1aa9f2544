/**
 * In place of those modules of @supabase/auth-js that sign in with passkeys, security keys and wallets: the server
 * knows none of them, and says so itself to whoever asks.
 */
export class WebAuthnApi {}
export const webAuthnAbortService = {};
export {
  leftOut as browserSupportsWebAuthn,
  leftOut as createCredential,
  leftOut as createSiweMessage,
  leftOut as deserializeCredentialCreationOptions,
  leftOut as deserializeCredentialRequestOptions,
  leftOut as fromHex,
  leftOut as getAddress,
  leftOut as getCredential,
  leftOut as serializeCredentialCreationResponse,
  leftOut as serializeCredentialRequestResponse,
  leftOut as toHex,
};

function leftOut(): never {
  throw new Error("This way to sign in is not part of the apps");
}

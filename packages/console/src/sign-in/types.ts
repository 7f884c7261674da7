/** The ways to sign in that this console offers; its routes are in `http/routes/sign-in.ts`. */
export interface SignIn {
  readonly ways: {
    readonly password: true;
    /** Present: GitHub is set up. */
    readonly github?: { readonly name: string };
    readonly oidc?: { readonly name: string };
  };
  /** A link that signs in the first owner once, within ten minutes; its secret is behind the `#`. */
  ownerLink(): Promise<string>;
}

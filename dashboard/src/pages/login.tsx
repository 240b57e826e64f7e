import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { CodeField, ErrorMessage, Field, Notice, PasswordField, RuleList, Submit } from "../components/elements";
import { Logo } from "../components/icons";
import { authErrorMessage, isAlreadyConfirmed, isUnconfirmed, needsNewPassword } from "../data/error-messages";
import { useAction } from "../data/hooks";
import { isPassword, PASSWORD_RULES } from "../data/password";
import {
  answer,
  confirm,
  forgot,
  resendCode,
  reset,
  type SignInStep,
  type SignOutReason,
  session,
  signedUpInThisTab,
  signIn,
  signUp,
} from "../data/session";

type View =
  | "sign-in"
  | "sign-up"
  | "confirm"
  | "confirm-elsewhere"
  | "totp"
  | "new-password"
  | "forgot"
  | "must-reset"
  | "reset";

const HEADINGS: Record<View, string> = {
  "sign-in": "Sign in",
  "sign-up": "Create an account",
  confirm: "Confirm your e-mail address",
  "confirm-elsewhere": "Confirm your e-mail address",
  totp: "Enter your authenticator code",
  "new-password": "Choose a password",
  forgot: "Reset your password",
  "must-reset": "Choose a new password",
  reset: "Choose a new password",
};

/** Why a code is sent to an address that was not confirmed where the account was created. */
const CODE_REASONS = {
  "confirm-elsewhere": (
    <>
      The account with this e-mail address was not created in this tab, so somebody else may have created it. We send
      you a new code. After you have confirmed the address, choose a new password: the first password is no longer
      valid.
    </>
  ),
  "must-reset": (
    <>
      The first password of this account is not valid, because the e-mail address was not confirmed in the tab where the
      account was created, or because another code was requested. We send you a code to choose a new password. The first
      password then stays invalid.
    </>
  ),
};

/** Messages about why the session ended. */
const SIGN_OUT_MESSAGES: Partial<Record<SignOutReason, string>> = {
  expired: "Your session has ended. Sign in again to continue where you were.",
  everywhere: "You are signed out everywhere.",
  deleted: "Your account is deleted.",
  "address-changed": "Your e-mail address is changed, and you are signed out everywhere. Sign in with the new address.",
  "password-changed": "Your password is changed, and you are signed out everywhere. Sign in with the new password.",
  "new-password": "You are signed out: this account needs a new password. Sign in to choose one.",
  blocked: "You are signed out: this account is blocked. Contact support.",
};

/** Sign-up, confirmation, sign-in and password reset. */
export default function Login() {
  const { query } = useLocation();
  const now = session();
  const [view, setView] = useState<View>(query.view === "sign-up" ? "sign-up" : "sign-in");
  const [email, setEmail] = useState("");
  const [name, setName] = useState("");
  // Kept in memory from sign-up to confirmation, so that it is typed once; never stored.
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [notice, setNotice] = useState(
    SIGN_OUT_MESSAGES["expired" in query ? "expired" : now.state === "signed-out" ? now.reason : "not-signed-in"] ?? "",
  );
  const [rulesViolated, setRulesViolated] = useState(false);
  const heading = useRef<HTMLHeadingElement>(null);
  const first = useRef(true);

  useEffect(() => {
    document.title = `${HEADINGS[view]} · Tenantry`;
    if (!first.current) heading.current?.focus();
    first.current = false;
  }, [view]);

  const go = (to: View, message = "") => {
    setView(to);
    setNotice(message);
    setCode("");
    setRulesViolated(false);
    action.clear();
  };
  const follow = (next: SignInStep) => {
    if (next === "confirm") unconfirmed();
    else if (next !== "done") go(next);
  };
  // A sign-up in this tab has sent a code. Otherwise the user requests one: somebody else may have created the account.
  const unconfirmed = () =>
    go(signedUpInThisTab(email) ? "confirm" : "confirm-elsewhere", "Your e-mail address is not confirmed yet.");

  const askForReset = async () => {
    await forgot(email);
    setPassword("");
    go("reset", `If an account with ${email} exists, we have sent a code to it.`);
  };
  const steps: Record<View, () => Promise<void>> = {
    "sign-in": async () => follow(await signIn(email, password)),
    "sign-up": async () => {
      await signUp(email, name, password);
      go("confirm", `We have sent a code to ${email}.`);
    },
    confirm: async () => {
      const own = signedUpInThisTab(email);
      try {
        await confirm(email, code.trim());
      } catch (error) {
        if (!isAlreadyConfirmed(error)) throw error;
      }
      if (!own) return go("must-reset", "Your e-mail address is confirmed.");
      if (!password) return go("sign-in", "Your e-mail address is confirmed. Sign in.");
      try {
        follow(await signIn(email, password));
      } catch (error) {
        if (needsNewPassword(error)) throw error;
        go("sign-in", "Your e-mail address is confirmed. Sign in.");
      }
    },
    "confirm-elsewhere": async () => {
      if (signedUpInThisTab(email)) return go("confirm", `We have sent a code to ${email}.`);
      try {
        await resendCode(email);
      } catch (error) {
        if (!isAlreadyConfirmed(error)) throw error;
        return go("sign-in", "Your e-mail address is confirmed. Sign in.");
      }
      setPassword("");
      go("confirm", `If an account with ${email} exists, we have sent a code to it.`);
    },
    totp: async () => follow(await answer(code.trim())),
    "new-password": async () => follow(await answer(password)),
    forgot: askForReset,
    "must-reset": askForReset,
    reset: async () => {
      await reset(email, code.trim(), password);
      follow(await signIn(email, password));
    },
  };
  const action = useAction(async () => {
    try {
      await steps[view]();
    } catch (error) {
      if (isUnconfirmed(error)) unconfirmed();
      else if (needsNewPassword(error)) go("must-reset");
      else throw error;
    }
  }, authErrorMessage);
  const again = useAction(async () => {
    await resendCode(email);
    setNotice(`We have sent another code to ${email}. After you have confirmed the address, choose a new password.`);
  }, authErrorMessage);

  const choosesPassword = view === "sign-up" || view === "reset" || view === "new-password";
  const submit = (event: Event) => {
    event.preventDefault();
    const broken = choosesPassword && !isPassword(password);
    setRulesViolated(broken);
    if (!broken) void action.run();
  };

  const emailField = (
    <Field
      label="E-mail address"
      name="email"
      type="email"
      inputMode="email"
      autocomplete="username"
      value={email}
      onValue={setEmail}
    />
  );
  const codeField = (label?: string) => <CodeField label={label} value={code} onValue={setCode} />;
  const backToSignIn = <LinkButton onClick={() => go("sign-in")}>Back to sign-in</LinkButton>;
  const newPassword = (
    <PasswordField
      label={view === "sign-up" ? "Password" : "New password"}
      name="new-password"
      autocomplete="new-password"
      value={password}
      onValue={setPassword}
      hint={<RuleList rules={PASSWORD_RULES} value={password} />}
    />
  );

  return (
    <div class="sign-in">
      <aside class="intro" aria-label="About Tenantry">
        <p class="wordmark">
          <Logo />
          Tenantry
        </p>
        <p class="intro-line">Your data, isolated from every other tenant.</p>
        <p class="intro-text">
          A multi-tenant platform on AWS. Your data is accessed with short-lived credentials that are limited to your
          tenant.
        </p>
      </aside>
      <main class="sign-in-main">
        <form class="sign-in-form" onSubmit={submit} noValidate={false} aria-labelledby="heading">
          <h1 id="heading" ref={heading} tabIndex={-1}>
            {HEADINGS[view]}
          </h1>
          <Notice>{notice}</Notice>
          <ErrorMessage>
            {rulesViolated
              ? "The password does not meet every rule. Change it until each rule below is met."
              : (action.error ?? again.error)}
          </ErrorMessage>

          {view === "sign-in" && (
            <>
              {emailField}
              <PasswordField
                label="Password"
                name="password"
                autocomplete="current-password"
                value={password}
                onValue={setPassword}
              />
              <Submit busy={action.busy}>Sign in</Submit>
              <p class="links">
                <LinkButton onClick={() => go("forgot")}>Forgot your password?</LinkButton>
                <LinkButton onClick={() => go("sign-up")}>Create an account</LinkButton>
              </p>
            </>
          )}

          {view === "sign-up" && (
            <>
              <Field label="Your name" name="name" autocomplete="name" maxLength={256} value={name} onValue={setName} />
              {emailField}
              {newPassword}
              <Submit busy={action.busy}>Create account</Submit>
              <p class="links">
                <LinkButton onClick={() => go("sign-in")}>I already have an account</LinkButton>
                <LinkButton onClick={() => go("confirm-elsewhere")}>My e-mail address is not confirmed yet</LinkButton>
              </p>
            </>
          )}

          {view === "confirm" && (
            <>
              {!email && emailField}
              {codeField()}
              <Submit busy={action.busy}>Confirm</Submit>
              <p class="links">
                <LinkButton onClick={() => void again.run()}>Send another code</LinkButton>
                {backToSignIn}
              </p>
            </>
          )}

          {(view === "confirm-elsewhere" || view === "must-reset") && (
            <>
              <p>{CODE_REASONS[view]}</p>
              {emailField}
              <Submit busy={action.busy}>Send code</Submit>
              <p class="links">{backToSignIn}</p>
            </>
          )}

          {view === "totp" && (
            <>
              {codeField("Code from your authenticator app")}
              <Submit busy={action.busy}>Sign in</Submit>
              <p class="links">{backToSignIn}</p>
            </>
          )}

          {view === "new-password" && (
            <>
              <p>Your account was created with a temporary password. Choose a password that only you know.</p>
              {newPassword}
              <Submit busy={action.busy}>Save and sign in</Submit>
            </>
          )}

          {view === "forgot" && (
            <>
              <p>We send you a code to choose a new password.</p>
              {emailField}
              <Submit busy={action.busy}>Send code</Submit>
              <p class="links">
                {backToSignIn}
                <LinkButton onClick={() => go("confirm-elsewhere")}>My e-mail address is not confirmed yet</LinkButton>
              </p>
            </>
          )}

          {view === "reset" && (
            <>
              {codeField()}
              {newPassword}
              <Submit busy={action.busy}>Save and sign in</Submit>
              <p class="links">
                <LinkButton onClick={() => go("forgot")}>Send another code</LinkButton>
                <LinkButton onClick={() => go("confirm-elsewhere")}>My e-mail address is not confirmed yet</LinkButton>
                {backToSignIn}
              </p>
            </>
          )}
        </form>
      </main>
    </div>
  );
}

function LinkButton({ onClick, children }: { onClick: () => void; children: ComponentChildren }) {
  return (
    <button type="button" class="link" onClick={onClick}>
      {children}
    </button>
  );
}

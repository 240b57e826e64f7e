import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { useAction } from "../data/hooks";
import { isPassword, PASSWORD_RULES } from "../data/password";
import {
  answer,
  confirm,
  forgot,
  resend,
  reset,
  type SignInStep,
  session,
  signedUpHere,
  signIn,
  signUp,
  type Why,
} from "../data/session";
import { isConfirmedAlready, isUnconfirmed, needsNewPassword, signingWords } from "../data/words";
import { Field, Notice, PasswordField, Problem, Rules, Submit } from "../parts/bits";
import { Logo } from "../parts/icons";

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
  "sign-up": "Make an account",
  confirm: "Confirm your address",
  "confirm-elsewhere": "Confirm your address",
  totp: "Your second factor",
  "new-password": "Choose a password",
  forgot: "Forgotten your password?",
  "must-reset": "Choose a new password",
  reset: "Choose a new password",
};

/** Why one is here, in words. */
const REASONS: Partial<Record<Why, string>> = {
  expired: "Your session has ended. Sign in again, and you are back where you were.",
  everywhere: "You are signed out everywhere.",
  deleted: "Your account is deleted.",
  "address-changed": "Your address is changed, and you are signed out everywhere. Sign in with the new address.",
  "password-changed": "Your password is changed, and you are signed out everywhere. Sign in with the new password.",
  "new-password": "You are signed out: this account needs a new password. Sign in to choose one.",
  blocked: "You are signed out: this account is blocked. Contact support.",
};

/** Everything between a stranger and a session. */
export default function Login() {
  const { query } = useLocation();
  const now = session();
  const [view, setView] = useState<View>(query.view === "sign-up" ? "sign-up" : "sign-in");
  const [email, setEmail] = useState("");
  const [name, setName] = useState("");
  // Kept while one goes from signing up to confirming, so that it need not be typed again; never stored.
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [notice, setNotice] = useState(
    REASONS["expired" in query ? "expired" : now.state === "out" ? now.why : "stranger"] ?? "",
  );
  const [ruleBroken, setRuleBroken] = useState(false);
  const heading = useRef<HTMLHeadingElement>(null);
  const first = useRef(true);

  useEffect(() => {
    document.title = `${HEADINGS[view]} · Tenantry`;
    if (!first.current) heading.current?.focus();
    first.current = false;
  }, [view]);

  const go = (to: View, said = "") => {
    setView(to);
    setNotice(said);
    setCode("");
    setRuleBroken(false);
    action.clear();
  };
  const follow = (next: SignInStep) => {
    if (next === "confirm") unconfirmed();
    else if (next !== "done") go(next);
  };
  // Who signed up in this tab has a code on the way. Anybody else asks for one: the account may be a stranger's.
  const unconfirmed = () =>
    go(signedUpHere(email) ? "confirm" : "confirm-elsewhere", "Your address is not confirmed yet.");

  const askForReset = async () => {
    await forgot(email);
    setPassword("");
    go("reset", `If ${email} has an account, a code is on its way there.`);
  };
  const steps: Record<View, () => Promise<void>> = {
    "sign-in": async () => follow(await signIn(email, password)),
    "sign-up": async () => {
      await signUp(email, name, password);
      go("confirm", `We have sent a code to ${email}.`);
    },
    confirm: async () => {
      const own = signedUpHere(email);
      try {
        await confirm(email, code.trim());
      } catch (error) {
        if (!isConfirmedAlready(error)) throw error;
      }
      if (!own) return go("must-reset", "Your address is confirmed.");
      if (!password) return go("sign-in", "Your address is confirmed. Sign in.");
      try {
        follow(await signIn(email, password));
      } catch (error) {
        if (needsNewPassword(error)) throw error;
        go("sign-in", "Your address is confirmed. Sign in.");
      }
    },
    "confirm-elsewhere": async () => {
      if (signedUpHere(email)) return go("confirm", `We have sent a code to ${email}.`);
      try {
        await resend(email);
      } catch (error) {
        if (!isConfirmedAlready(error)) throw error;
        return go("sign-in", "Your address is confirmed. Sign in.");
      }
      setPassword("");
      go("confirm", `If ${email} has an account, a code is on its way there.`);
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
  }, signingWords);
  const again = useAction(async () => {
    await resend(email);
    setNotice(`We have sent another code to ${email}. After you have confirmed it, you choose a new password.`);
  }, signingWords);

  const choosesPassword = view === "sign-up" || view === "reset" || view === "new-password";
  const submit = (event: Event) => {
    event.preventDefault();
    const broken = choosesPassword && !isPassword(password);
    setRuleBroken(broken);
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
  const codeField = (label: string) => (
    <Field
      label={label}
      name="code"
      inputMode="numeric"
      autocomplete="one-time-code"
      maxLength={12}
      value={code}
      onValue={setCode}
    />
  );
  const newPassword = (
    <PasswordField
      label={view === "sign-up" ? "Password" : "New password"}
      name="new-password"
      autocomplete="new-password"
      value={password}
      onValue={setPassword}
      hint={<Rules rules={PASSWORD_RULES} value={password} />}
    />
  );

  return (
    <div class="door">
      <aside class="pitch" aria-label="About Tenantry">
        <p class="wordmark">
          <Logo />
          Tenantry
        </p>
        <p class="pitch-line">One house, many tenants. Nobody has a key to your rooms but you.</p>
        <p class="pitch-small">
          What is yours can be reached with credentials made for your tenant alone. No mistake of ours opens your door.
        </p>
      </aside>
      <main class="door-main">
        <form class="door-form" onSubmit={submit} noValidate={false} aria-labelledby="heading">
          <h1 id="heading" ref={heading} tabIndex={-1}>
            {HEADINGS[view]}
          </h1>
          <Notice>{notice}</Notice>
          <Problem>{ruleBroken ? "The password does not meet every rule yet." : (action.error ?? again.error)}</Problem>

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
              <p class="turns">
                <Turn onClick={() => go("forgot")}>Forgotten your password?</Turn>
                <Turn onClick={() => go("sign-up")}>Make an account</Turn>
              </p>
            </>
          )}

          {view === "sign-up" && (
            <>
              <Field label="Your name" name="name" autocomplete="name" maxLength={256} value={name} onValue={setName} />
              {emailField}
              {newPassword}
              <Submit busy={action.busy}>Make my account</Submit>
              <p class="turns">
                <Turn onClick={() => go("sign-in")}>I have an account</Turn>
                <Turn onClick={() => go("confirm-elsewhere")}>My address is not confirmed yet</Turn>
              </p>
            </>
          )}

          {view === "confirm" && (
            <>
              {!email && emailField}
              {codeField("Code from the message")}
              <Submit busy={action.busy}>Confirm</Submit>
              <p class="turns">
                <Turn onClick={() => void again.run()}>Send another code</Turn>
                <Turn onClick={() => go("sign-in")}>Back to signing in</Turn>
              </p>
            </>
          )}

          {view === "confirm-elsewhere" && (
            <>
              <p>
                The account with this address was not made in this tab: somebody else may have made it. So we send you a
                new code, and you choose a new password after that. The first password does not count any more.
              </p>
              {emailField}
              <Submit busy={action.busy}>Send the code</Submit>
              <p class="turns">
                <Turn onClick={() => go("sign-in")}>Back to signing in</Turn>
              </p>
            </>
          )}

          {view === "must-reset" && (
            <>
              <p>
                The password that this account was made with does not count: the address was confirmed in another place
                than where the account was made, or another code was asked for. We send you a code with which you choose
                a new password. Then you can sign in, and nobody else can.
              </p>
              {emailField}
              <Submit busy={action.busy}>Send the code</Submit>
              <p class="turns">
                <Turn onClick={() => go("sign-in")}>Back to signing in</Turn>
              </p>
            </>
          )}

          {view === "totp" && (
            <>
              {codeField("Code from your authenticator")}
              <Submit busy={action.busy}>Sign in</Submit>
              <p class="turns">
                <Turn onClick={() => go("sign-in")}>Start again</Turn>
              </p>
            </>
          )}

          {view === "new-password" && (
            <>
              <p>Whoever made your account gave you a password for once. Choose one that only you know.</p>
              {newPassword}
              <Submit busy={action.busy}>Save and sign in</Submit>
            </>
          )}

          {view === "forgot" && (
            <>
              <p>We send you a code with which you can choose a new one.</p>
              {emailField}
              <Submit busy={action.busy}>Send the code</Submit>
              <p class="turns">
                <Turn onClick={() => go("sign-in")}>Back to signing in</Turn>
                <Turn onClick={() => go("confirm-elsewhere")}>My address is not confirmed yet</Turn>
              </p>
            </>
          )}

          {view === "reset" && (
            <>
              {codeField("Code from the message")}
              {newPassword}
              <Submit busy={action.busy}>Save and sign in</Submit>
              <p class="turns">
                <Turn onClick={() => go("forgot")}>Send another code</Turn>
                <Turn onClick={() => go("confirm-elsewhere")}>My address is not confirmed yet</Turn>
                <Turn onClick={() => go("sign-in")}>Back to signing in</Turn>
              </p>
            </>
          )}
        </form>
      </main>
    </div>
  );
}

function Turn({ onClick, children }: { onClick: () => void; children: ComponentChildren }) {
  return (
    <button type="button" class="link" onClick={onClick}>
      {children}
    </button>
  );
}

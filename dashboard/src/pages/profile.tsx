import { useState } from "preact/hooks";
import {
  Card,
  CodeField,
  CopyableId,
  ErrorMessage,
  Field,
  Notice,
  PageTitle,
  PasswordField,
  RuleList,
  Submit,
} from "../components/elements";
import { changeAddress, changePassword, deleteAccount, signOut, signOutEverywhere } from "../data/account";
import { accountErrorMessage, authErrorMessage } from "../data/error-messages";
import { useAction, useUser } from "../data/hooks";
import { isPassword, PASSWORD_RULES } from "../data/password";
import { requestAddressChange } from "../data/session";

/** The user's account, sessions and password. */
export default function Profile() {
  const user = useUser();
  const here = useAction(signOut);
  const everywhere = useAction(signOutEverywhere);
  return (
    <>
      <PageTitle lead="Your account, your sessions and your password.">Your profile</PageTitle>
      <div class="cards">
        <Card title="Account">
          <dl class="facts">
            <div>
              <dt>Name</dt>
              <dd>{user.name}</dd>
            </div>
            <div>
              <dt>E-mail address</dt>
              <dd>{user.email}</dd>
            </div>
            <div>
              <dt>User id</dt>
              <dd>
                <CopyableId what="your user id">{user.userId}</CopyableId>
              </dd>
            </div>
          </dl>
        </Card>
        <Card title="Sessions">
          <p>
            You signed in at{" "}
            {user.signedInAt.toLocaleString("en", { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" })}. You
            stay signed in until you sign out or close this tab.
          </p>
          <p class="hint">“Sign out everywhere” ends all your sessions at once, including this one.</p>
          <ErrorMessage>{everywhere.error}</ErrorMessage>
          <div class="row">
            <button type="button" class="button" aria-busy={here.busy} onClick={() => void here.run()}>
              Sign out here
            </button>
            <button
              type="button"
              class="button danger"
              aria-disabled={everywhere.busy}
              aria-busy={everywhere.busy}
              onClick={() => void everywhere.run()}
            >
              Sign out everywhere
            </button>
          </div>
        </Card>
        <Password email={user.email} />
        <Address present={user.email} />
        <Delete email={user.email} />
      </div>
    </>
  );
}

const PASSWORD_CHANGE_MESSAGES = {
  ended: "Your password is changed, and your other sessions have ended.",
  "not-ended":
    "Your password is changed. Your other sessions could not be ended: choose “Sign out everywhere” to end them.",
  "signed-out": "",
};

function Password({ email }: { email: string }) {
  const [present, setPresent] = useState("");
  const [next, setNext] = useState("");
  const [notice, setNotice] = useState("");
  const [rulesViolated, setRulesViolated] = useState(false);
  const change = useAction(
    async () => {
      setNotice("");
      const outcome = await changePassword(email, present, next);
      setPresent("");
      setNext("");
      setNotice(PASSWORD_CHANGE_MESSAGES[outcome]);
    },
    (error) =>
      (error as Error).name === "NotAuthorizedException"
        ? "The current password is wrong. Enter it again."
        : accountErrorMessage(error),
  );
  return (
    <Card title="Password">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          setRulesViolated(!isPassword(next));
          if (isPassword(next)) void change.run();
        }}
      >
        <p class="hint">Changing the password ends all your other sessions.</p>
        <ErrorMessage>
          {rulesViolated
            ? "The new password does not meet every rule. Change it until each rule below is met."
            : change.error}
        </ErrorMessage>
        <Notice>{notice}</Notice>
        {/* For password managers: the account of the password. */}
        <input
          class="hidden"
          type="text"
          autocomplete="username"
          value={email}
          readOnly
          aria-hidden="true"
          tabIndex={-1}
        />
        <PasswordField
          label="Current password"
          name="current-password"
          autocomplete="current-password"
          value={present}
          onValue={setPresent}
        />
        <PasswordField
          label="New password"
          name="new-password"
          autocomplete="new-password"
          value={next}
          onValue={setNext}
          hint={<RuleList rules={PASSWORD_RULES} value={next} />}
        />
        <div>
          <Submit busy={change.busy}>Change password</Submit>
        </div>
      </form>
    </Card>
  );
}

function Address({ present }: { present: string }) {
  const [email, setEmail] = useState("");
  const [code, setCode] = useState("");
  const [sentTo, setSentTo] = useState("");
  const ask = useAction(async () => {
    await requestAddressChange(email.trim());
    setSentTo(email.trim());
  }, authErrorMessage);
  const change = useAction(() => changeAddress(code.trim()), accountErrorMessage);
  return (
    <Card title="E-mail address">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void (sentTo ? change : ask).run();
        }}
      >
        <ErrorMessage>{change.error ?? ask.error}</ErrorMessage>
        <Notice>{sentTo && `We have sent a code to ${sentTo}. Enter it here to change your address.`}</Notice>
        {sentTo ? (
          <CodeField value={code} onValue={setCode} />
        ) : (
          <>
            <p class="hint">
              You sign in with {present}. We send a code to the new address. After you have entered the code, the
              address changes and all your sessions end.
            </p>
            <Field
              label="New e-mail address"
              name="email"
              type="email"
              inputMode="email"
              autocomplete="email"
              value={email}
              onValue={setEmail}
            />
          </>
        )}
        <div class="row">
          <Submit busy={ask.busy || change.busy}>{sentTo ? "Change address" : "Send code"}</Submit>
          {sentTo && (
            <button
              type="button"
              class="quiet"
              onClick={() => {
                setSentTo("");
                setCode("");
                change.clear();
              }}
            >
              Cancel
            </button>
          )}
        </div>
      </form>
    </Card>
  );
}

function Delete({ email }: { email: string }) {
  const [open, setOpen] = useState(false);
  const [typed, setTyped] = useState("");
  const remove = useAction(deleteAccount);
  const confirmed = typed.trim().toLowerCase() === email.toLowerCase();
  return (
    <Card title="Delete your account">
      <p>
        This deletes your account, all your memberships, your name and your e-mail address. It cannot be undone. If you
        are the only admin of a tenant, make another member an admin first.
      </p>
      {open ? (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (confirmed) void remove.run();
          }}
        >
          <ErrorMessage>{remove.error && `Your account was not deleted. ${remove.error}`}</ErrorMessage>
          <Field
            label={`Type ${email} to confirm`}
            name="confirmation"
            type="email"
            autocomplete="off"
            value={typed}
            onValue={setTyped}
          />
          <div class="row">
            <Submit busy={remove.busy} disabled={!confirmed} danger>
              Delete my account
            </Submit>
            <button type="button" class="quiet" onClick={() => setOpen(false)}>
              Cancel
            </button>
          </div>
        </form>
      ) : (
        <div>
          <button type="button" class="button danger" onClick={() => setOpen(true)}>
            Delete my account…
          </button>
        </div>
      )}
    </Card>
  );
}

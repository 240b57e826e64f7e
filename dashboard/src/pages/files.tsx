import { Fragment } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import {
  Card,
  count,
  EmptyState,
  ErrorMessage,
  Field,
  LoadFailed,
  Loading,
  Notice,
  PageTitle,
  Submit,
} from "../components/elements";
import { FileIcon } from "../components/icons";
import { PARTITION_MODES } from "../components/partition-modes";
import { listFiles, PARTITIONS, type Partition, readFile, WRITERS, writeFile } from "../data/api";
import { ApiError, errorMessage } from "../data/error-messages";
import { useAction, useLoad, useSettings, useUser } from "../data/hooks";

const MAX_BYTES = 4_000_000;

interface Opened {
  readonly partition: Partition;
  readonly key: string;
}

/** The user's files in each partition mode. */
export default function Files() {
  const { tenant, userId } = useUser();
  const settings = useSettings(tenant);
  const mayWrite = settings.value?.roles.some((role) => WRITERS.includes(role));
  const [version, setVersion] = useState<Record<string, number>>({});
  const [opened, open] = useState<Opened | undefined>();
  return (
    <>
      <PageTitle lead="Your files in each of five partition modes. Only you can access them.">Files</PageTitle>
      {mayWrite ? (
        <Upload
          onStored={(partitions) =>
            setVersion((before) => ({
              ...before,
              ...Object.fromEntries(partitions.map((partition) => [partition, (before[partition] ?? 0) + 1])),
            }))
          }
        />
      ) : (
        <Card title="Store a file">
          {settings.value && (
            <EmptyState title="Members and admins only">
              Visitors can list and open their files. To store files, ask an admin for the role member.
            </EmptyState>
          )}
          {settings.error && !settings.value && (
            <LoadFailed what="Your roles" error={settings.error} retry={settings.reload} />
          )}
          {!settings.value && !settings.error && <Loading />}
        </Card>
      )}
      <div class="columns">
        {PARTITIONS.map((partition) => (
          <Column
            key={partition}
            partition={partition}
            whose={`${userId} in ${tenant}`}
            version={version[partition] ?? 0}
            onOpen={(key) => open({ partition, key })}
          />
        ))}
      </div>
      {opened && <Content opened={opened} onClose={() => open(undefined)} />}
    </>
  );
}

function Column({
  partition,
  whose,
  version,
  onOpen,
}: {
  partition: Partition;
  whose: string;
  version: number;
  onOpen: (key: string) => void;
}) {
  const files = useLoad(`files of ${whose} by ${partition}`, (signal) => listFiles(partition, signal));
  const { reload } = files;
  useEffect(() => {
    if (version) reload();
  }, [version, reload]);
  return (
    <Card title={PARTITION_MODES[partition].name} aside={files.value && count(files.value.length, "file")}>
      <p class="hint">{PARTITION_MODES[partition].by}</p>
      {files.error && !files.value && <LoadFailed what="Files" error={files.error} retry={files.reload} />}
      {!files.value && !files.error && <Loading />}
      {files.value?.length === 0 && <EmptyState title="No files yet" />}
      {!!files.value?.length && (
        <ul class="files" aria-label={`Files in ${PARTITION_MODES[partition].name.toLowerCase()}`}>
          {files.value.map((key) => (
            <li key={key}>
              <button type="button" class="file" onClick={() => onOpen(key)}>
                <FileIcon />
                <span>
                  {key.split("/").map((level, index) => (
                    <Fragment key={`${index} ${level}`}>
                      {index > 0 && (
                        <>
                          /<wbr />
                        </>
                      )}
                      {level}
                    </Fragment>
                  ))}
                </span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function Upload({ onStored }: { onStored: (partitions: readonly Partition[]) => void }) {
  const [key, setKey] = useState("");
  const [text, setText] = useState("");
  const [into, setInto] = useState<readonly Partition[]>(PARTITIONS);
  const [notice, setNotice] = useState("");
  const id = useId();
  const store = useAction(async () => {
    setNotice("");
    const outcomes = await Promise.allSettled(into.map((partition) => writeFile(partition, key, text)));
    const stored = into.filter((_, index) => outcomes[index]?.status === "fulfilled");
    if (stored.length) {
      onStored(stored);
      setNotice(`${key} was stored in ${names(stored)}.`);
    }
    const failed = into.filter((_, index) => outcomes[index]?.status === "rejected");
    const first = outcomes.find((outcome) => outcome.status === "rejected");
    if (first) throw new ApiError(400, `Not stored in ${names(failed)}: ${errorMessage(first.reason)}`);
    setKey("");
    setText("");
  });
  const choose = useAction(async (file: File) => {
    setNotice("");
    if (file.size > MAX_BYTES) throw new ApiError(400, `${file.name} is larger than 4 MB. Choose a smaller file.`);
    try {
      setText(new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer()));
    } catch {
      throw new ApiError(400, `${file.name} is not UTF-8 text. Choose a text file.`);
    }
    setKey(file.name);
  });
  return (
    <Card title="Store a file">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void store.run();
        }}
      >
        <ErrorMessage>{store.error ?? choose.error}</ErrorMessage>
        <Notice>{notice}</Notice>
        <div class="upload">
          <div class="field">
            <label for={`${id}-file`}>Choose a file (optional)</label>
            <input
              id={`${id}-file`}
              type="file"
              onChange={(event) => {
                const file = event.currentTarget.files?.[0];
                if (file) void choose.run(file);
              }}
            />
          </div>
          <Field
            label="File name"
            hint="Use / for folders, for example notes/plan.txt."
            name="key"
            autocomplete="off"
            maxLength={900}
            value={key}
            onValue={setKey}
          />
          <div class="field">
            <label for={`${id}-text`}>Text</label>
            <textarea
              id={`${id}-text`}
              value={text}
              spellcheck={false}
              onInput={(event) => setText(event.currentTarget.value)}
            />
          </div>
          <fieldset class="choice">
            <legend class="label">Partition modes</legend>
            {PARTITIONS.map((partition) => {
              const chosen = into.includes(partition);
              return (
                <label key={partition}>
                  <input
                    type="checkbox"
                    checked={chosen}
                    disabled={chosen && into.length === 1}
                    onChange={() =>
                      setInto(PARTITIONS.filter((one) => (one === partition ? !chosen : into.includes(one))))
                    }
                  />
                  {PARTITION_MODES[partition].name}
                </label>
              );
            })}
          </fieldset>
        </div>
        <div>
          <Submit busy={store.busy}>Store</Submit>
        </div>
      </form>
    </Card>
  );
}

/** The content of a file, always shown as text. */
function Content({ opened: { partition, key }, onClose }: { opened: Opened; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const content = useLoad(`${key} by ${partition}`, (signal) => readFile(partition, key, signal));
  const id = useId();
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby={id} onClose={onClose}>
      <header>
        <h2 id={id}>{key}</h2>
        <p class="hint">Partition mode: {PARTITION_MODES[partition].name.toLowerCase()}</p>
      </header>
      {content.error && <LoadFailed what="The file" error={content.error} retry={content.reload} />}
      {content.value === undefined && !content.error && <Loading />}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: long text must be scrollable by keyboard */}
      {content.value !== undefined && <pre tabIndex={0}>{content.value || " "}</pre>}
      <form method="dialog">
        <button type="submit" class="button">
          Close
        </button>
      </form>
    </dialog>
  );
}

function names(partitions: readonly Partition[]): string {
  const all = partitions.map((partition) => PARTITION_MODES[partition].name.toLowerCase());
  return new Intl.ListFormat("en").format(all);
}

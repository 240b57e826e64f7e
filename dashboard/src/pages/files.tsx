import { Fragment } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { listFiles, PARTITIONS, type Partition, readFile, writeFile } from "../data/api";
import { useAction, useLoad, usePerson, useSettings } from "../data/hooks";
import { ApiError, wordsOf } from "../data/words";
import { Card, count, Empty, Failed, Field, Loading, Notice, Problem, Submit, Title } from "../parts/bits";
import { Page } from "../parts/icons";
import { MODES } from "../parts/modes";

const LARGEST = 4_000_000;

interface Opened {
  readonly partition: Partition;
  readonly key: string;
}

/** The same files through each of the five partitions. */
export default function Files() {
  const { tenant, userId } = usePerson();
  const settings = useSettings(tenant);
  const mayWrite = settings.value?.roles.some((role) => role !== "visitor");
  const [version, setVersion] = useState<Record<string, number>>({});
  const [opened, open] = useState<Opened | undefined>();
  return (
    <>
      <Title lead="Your files in each of five partition modes. Only you can access them.">Files</Title>
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
            <Empty title="Members and admins only">
              Visitors can list and open their files. To store files, ask an admin for the role member.
            </Empty>
          )}
          {settings.error && !settings.value && (
            <Failed what="Your roles" error={settings.error} retry={settings.reload} />
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
    <Card title={MODES[partition].name} aside={files.value && count(files.value.length, "file")}>
      <p class="hint">{MODES[partition].by}</p>
      {files.error && !files.value && <Failed what="Files" error={files.error} retry={files.reload} />}
      {!files.value && !files.error && <Loading />}
      {files.value?.length === 0 && <Empty title="No files yet" />}
      {!!files.value?.length && (
        <ul class="files" aria-label={`Files in ${MODES[partition].name.toLowerCase()}`}>
          {files.value.map((key) => (
            <li key={key}>
              <button type="button" class="file" onClick={() => onOpen(key)}>
                <Page />
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
  const [said, say] = useState("");
  const id = useId();
  const store = useAction(async () => {
    say("");
    const outcomes = await Promise.allSettled(into.map((partition) => writeFile(partition, key, text)));
    const stored = into.filter((_, index) => outcomes[index]?.status === "fulfilled");
    if (stored.length) {
      onStored(stored);
      say(`${key} was stored in ${names(stored)}.`);
    }
    const failed = into.filter((_, index) => outcomes[index]?.status === "rejected");
    const first = outcomes.find((outcome) => outcome.status === "rejected");
    if (first) throw new ApiError(400, `Not stored in ${names(failed)}: ${wordsOf(first.reason)}`);
    setKey("");
    setText("");
  });
  const choose = useAction(async (file: File) => {
    say("");
    if (file.size > LARGEST) throw new ApiError(400, `${file.name} is larger than 4 MB. Choose a smaller file.`);
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
        <Problem>{store.error ?? choose.error}</Problem>
        <Notice>{said}</Notice>
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
                  {MODES[partition].name}
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

/** What a file holds, as text and as nothing else. */
function Content({ opened: { partition, key }, onClose }: { opened: Opened; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const content = useLoad(`${key} by ${partition}`, (signal) => readFile(partition, key, signal));
  const id = useId();
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} class="sheet" aria-labelledby={id} onClose={onClose}>
      <header>
        <h2 id={id}>{key}</h2>
        <p class="hint">Partition mode: {MODES[partition].name.toLowerCase()}</p>
      </header>
      {content.error && <Failed what="The file" error={content.error} retry={content.reload} />}
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
  const all = partitions.map((partition) => MODES[partition].name.toLowerCase());
  return new Intl.ListFormat("en").format(all);
}
